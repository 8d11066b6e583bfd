#include <casement/protocol/file.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/core/codec.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/step.hpp>
#include <casement/protocol/lease.hpp>
#include "machine/machine_laws.hpp"

namespace casement::testing::file_test {
namespace {

using protocol::file;
using protocol::lease;
using protocol::lease_seq;
using protocol::obj_id;

constexpr obj_id text{obj_id::file, {}};

// A file's life, by the compiler.
static_assert(*step<file>(file::cooling{}, file::reopen{{0}, {11}}) == file::working{{1}, {11}});
static_assert(*step<file>(file::working{{1}, {11}}, file::close{{1}}) == file::cooling{{1}, {11}});
static_assert(*step<file>(file::cooling{{1}, {11}}, file::prepare{{1}}) ==
              file::finalizing{{1}, {11}});
static_assert(*step<file>(file::finalizing{{1}, {11}}, file::commit{{1}, text}) ==
              file::finalized{{1}, text});
static_assert(*step<file>(file::finalizing{{1}, {11}}, file::abort{{1}}) ==
              file::cooling{{1}, {11}});
static_assert(*step<file>(file::finalized{{1}, text}, file::reopen{{1}, {12}}) ==
              file::working{{2}, {12}});

// While it is hashed nobody writes, and what is written is not hashed (SPEC F4f, F15).
static_assert(!accepts<file, file::finalizing, file::reopen>);
static_assert(!accepts<file, file::finalizing, file::write>);
static_assert(!accepts<file, file::finalizing, file::flush>);
static_assert(!accepts<file, file::working, file::prepare>);
static_assert(!accepts<file, file::working, file::commit>);
static_assert(!accepts<file, file::cooling, file::write>);
static_assert(!accepts<file, file::cooling, file::commit>);
static_assert(!accepts<file, file::working, file::reopen>, "revoke first: each grant is its own");

TEST(File, RevocationMovesTheNumber) {
    EXPECT_EQ(apply<file>(file::working{{3}, {11}}, file::revoke{{3}}),
              (state<file>{file::cooling{{4}, {11}}}));
}

TEST(File, ExpiredWriterCannotCloseOverTheNext) {
    // Race 3: A's lease is revoked, B opens, and A closes late.
    state<file> now = file::working{{1}, {11}};
    now = *apply<file>(now, file::revoke{{1}});
    now = *apply<file>(now, file::reopen{{2}, {12}});
    const auto late = apply<file>(now, file::close{{1}});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), errc::fenced);
    EXPECT_EQ(late.error().message(), "file: close refused: lease_seq is 3, not 1");
    EXPECT_TRUE((apply<without<file, lease_seq>>(now, file::close{{1}})))
        << "the guard is what stops it";
}

TEST(File, StaleFinalizerIsFenced) {
    state<file> now = file::finalizing{{1}, {11}};
    now = *apply<file>(now, file::abort{{1}});
    now = *apply<file>(now, file::reopen{{1}, {12}});
    now = *apply<file>(now, file::close{{2}});
    now = *apply<file>(now, file::prepare{{2}});
    EXPECT_EQ(apply<file>(now, file::commit{{1}, text}).error().code(), errc::fenced);
}

TEST(File, ANumberLeftBehindIsNeverAcceptedAgain) {
    law("once the file's number has moved past s, no event that carries s succeeds", [] {
        state<file> now = file::cooling{};
        std::vector<lease_seq> behind;
        const auto number = [&] { return std::visit([](auto& s) { return s.seq; }, now); };
        for (int i = 0; i < 40; ++i) {
            auto e = arbitrary_event<file>();
            const auto before = number();
            const bool stale = !behind.empty() && *rc::gen::arbitrary<bool>();
            const auto seq = stale ? *rc::gen::elementOf(behind) : before;
            std::visit([&](auto& event) { event.seq = seq; }, e);
            const auto after = apply<file>(now, e);
            RC_ASSERT((!stale || !after.has_value()));
            if (!after) continue;
            now = *after;
            if (number() != before) behind.push_back(before);
        }
    });
}

TEST(File, AndItsLeaseCountTogether) {
    law("the two rows carry one number through grants, closings and revocations", [] {
        state<file> bytes = file::cooling{};
        state<lease> right = lease::free{};
        const auto both = [&](const event<lease>& on_right, const event<file>& on_bytes) {
            const auto r = apply<lease>(right, on_right);
            const auto b = apply<file>(bytes, on_bytes);
            RC_ASSERT(r.has_value() == b.has_value());
            if (r) right = *r, bytes = *b;
        };
        for (int i = 0; i < 20; ++i) {
            const auto seq = std::visit([](auto& s) { return s.seq; }, right);
            switch (*rc::gen::inRange(0, 4)) {
                case 0: both(lease::grant{{1}, seq, {9}}, file::reopen{seq, {11}}); break;
                case 1: both(lease::use{{1}, seq}, file::write{seq}); break;
                case 2: both(lease::close{{1}, seq}, file::close{seq}); break;
                default: both(lease::revoke{seq}, file::revoke{seq});
            }
            RC_ASSERT(std::visit([](auto& s) { return s.seq; }, right) ==
                      std::visit([](auto& s) { return s.seq; }, bytes));
        }
    });
}

TEST(File, ObeysItsTable) { obeys_its_table<file>(); }
TEST(File, GuardsHoldAndFail) { guards_hold_and_fail<file>(); }
TEST(File, StatesHaveOneEncoding) { states_have_one_encoding<file>(); }

TEST(File, BytesOnDiskNeverChange) {
    const auto bytes = [](const state<file>& s) { return encode(s); };
    EXPECT_EQ(bytes(file::working{{3}, {300}}), "\x01\x03\xac\x02");
    EXPECT_EQ(bytes(file::cooling{{3}, {9}}), "\x02\x03\x09");
    EXPECT_EQ(bytes(file::finalizing{{3}, {9}}), "\x03\x03\x09");
    EXPECT_EQ(bytes(file::finalized{{3}, text}), "\x04\x03\x01" + std::string(32, '\0'));
    EXPECT_FALSE(decode<state<file>>("\x05\x03\x09")) << "no such tag";
}

}  // namespace
}  // namespace casement::testing::file_test
