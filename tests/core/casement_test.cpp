// A user's first page needs the umbrella and nothing else: a protocol, its rows, and a commit that
// a writer who was overtaken cannot make.

#include <casement/casement.hpp>

#include <gtest/gtest.h>

namespace two_writers {

using namespace casement;

// clang-format off
struct writer_tag { static constexpr std::string_view name = "writer"; };
struct fence_tag  { static constexpr std::string_view name = "fence"; };
struct file_tag   { static constexpr std::string_view name = "file"; };
using writer = strong<writer_tag>;
using fence  = strong<fence_tag>;
using file   = strong<file_tag>;

struct idle { static constexpr std::uint8_t tag = 0; fence last; };
struct held { static constexpr std::uint8_t tag = 1; writer by; fence with; };
struct acquire { writer by; };
struct expire  {};

struct lease {
    static constexpr auto states = hana::tuple_t<idle, held>;
    static constexpr auto events = hana::tuple_t<acquire, expire>;
    using initial = idle;

    constexpr held operator()(idle s, acquire e) const { return {e.by, {s.last.value + 1}}; }
    constexpr idle operator()(held s, expire)    const { return {s.with}; }
};

struct lock    { static constexpr char table = 'l'; using key = file; state<lease> now; };
struct content { static constexpr char table = 'c'; using key = file; std::string text; };
// clang-format on

static_assert(prove<lease>());
static_assert(step<lease>(idle{{6}}, acquire{{1}}).with == fence{7});
static_assert(!accepts<lease, held, acquire>);

constexpr file report{7};
constexpr writer alice{1}, bob{2};

/// The lock after `what`, as whoever did it now sees it.
result<seen<lock>> after(memory_store& kv, const event<lease>& what) {
    auto old = read<lock>(kv, report);
    if (!old) return passed(old);
    auto now = apply<lease>(old->exists() ? (*old)->now : state<lease>{}, what);
    if (!now) return passed(now);
    auto done = transaction{kv}.replace(*old, lock{*now}, "the lock is as it was seen").commit();
    if (!done) return passed(done);
    return read<lock>(kv, report);
}

result<receipt> publish(memory_store& kv, const seen<lock>& mine, const std::string& text) {
    return transaction{kv}.expect(mine, "the lock is mine").put<content>(report, {text}).commit();
}

std::string published(const memory_store& kv) {
    const auto row = read<content>(kv, report);
    return row && row->exists() ? (*row)->text : "nothing";
}

TEST(TwoWriters, TheOneWhoWasOvertakenCannotPublish) {
    memory_store kv;
    const auto alices = after(kv, acquire{alice});
    ASSERT_TRUE(alices);
    EXPECT_TRUE(publish(kv, *alices, "by Alice"));

    ASSERT_TRUE(after(kv, expire{}));
    const auto bobs = after(kv, acquire{bob});
    ASSERT_TRUE(bobs);
    const auto late = publish(kv, *alices, "by Alice, late");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::conflict);
    EXPECT_EQ(published(kv), "by Alice");
    EXPECT_TRUE(publish(kv, *bobs, "by Bob"));
    EXPECT_EQ(published(kv), "by Bob");
}

TEST(TwoWriters, NobodyTakesALockThatIsHeld) {
    memory_store kv;
    ASSERT_TRUE(after(kv, acquire{alice}));
    const auto taken = after(kv, acquire{bob});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code(), errc::illegal);
}

// The protocols that come with Casement are under the umbrella too.
static_assert(prove<protocol::dentry>() && prove<protocol::file>() && prove<protocol::lease>());
static_assert(prove<protocol::directory>() && prove<protocol::staging>() &&
              prove<protocol::blob>());

TEST(Umbrella, DrawsWhatItCompiles) {
    EXPECT_NE(mermaid<lease>().find("acquire"), std::string::npos);
}

}  // namespace two_writers
