#include <casement/machine/machine.hpp>

#include <type_traits>
#include <variant>

#include <gtest/gtest.h>
#include <boost/hana/equal.hpp>
#include <boost/hana/length.hpp>

#include "machine/door.hpp"

namespace casement::testing::machine_test {
namespace {

static_assert(machine<door>);
static_assert(!machine<int>);
static_assert(!machine<closed>, "no states, no events");

static_assert(accepts<door, ajar, push>);
static_assert(!accepts<door, ajar, pull>, "not written");
static_assert(!accepts<door, push, ajar>, "an event is no state");
static_assert(accepts<door, locked, force>, "parameters by reference count as well");

// Ways in which a C++ call succeeds although nobody wrote the transition.
struct wet {};
struct soaked : wet {};
struct dripping {
    operator wet() const { return {}; }
};
struct dry {
    dry() = default;
    dry(wet) {}
};
struct soak {};
struct rinse {};

struct sponge {
    static constexpr auto states = hana::tuple_t<wet, soaked, dripping, dry>;
    static constexpr auto events = hana::tuple_t<soak, rinse>;

    constexpr dry operator()(wet, soak) const { return {}; }
    constexpr wet operator()(dry, rinse) const { return {}; }
};

static_assert(std::is_invocable_v<sponge, soaked, soak> && !accepts<sponge, soaked, soak>,
              "a base class is another state");
static_assert(std::is_invocable_v<sponge, dripping, soak> && !accepts<sponge, dripping, soak>,
              "a conversion makes no edge");
static_assert(std::is_invocable_v<sponge, wet, rinse> && !accepts<sponge, wet, rinse>,
              "a converting constructor makes no edge");
static_assert(accepts<sponge, wet, soak> && accepts<sponge, dry, rinse>);

struct careless {
    static constexpr auto states = hana::tuple_t<wet, dry>;
    static constexpr auto events = hana::tuple_t<soak, rinse>;

    constexpr dry operator()(auto, soak) const { return {}; }
    constexpr wet operator()(dry, rinse) const { return {}; }
};

static_assert(std::is_invocable_v<careless, wet, soak> && !accepts<careless, wet, soak>,
              "a template parameter makes no edge");
static_assert(accepts<careless, dry, rinse>);

TEST(Machine, ListsEachLegalPairOnce) {
    constexpr auto expected =
        hana::tuple_t<edge<ajar, push, closed>, edge<closed, pull, ajar>,
                      edge<closed, turn, locked>, edge<closed, brick, bricked>,
                      edge<locked, open, closed>, edge<locked, force, ajar>>;
    EXPECT_TRUE(decltype(edges<door> == expected)::value);
    EXPECT_EQ(decltype(hana::length(edges<sponge>))::value, 2u);
    EXPECT_EQ(decltype(hana::length(edges<careless>))::value, 1u);
}

TEST(Machine, HasVariantsOfItsStatesAndEvents) {
    EXPECT_TRUE((std::is_same_v<state<door>, std::variant<ajar, closed, locked, bricked>>));
    EXPECT_TRUE((std::is_same_v<event<door>, std::variant<push, pull, turn, open, force, brick>>));
    EXPECT_TRUE((state_of<locked, door> && !state_of<push, door>));
    EXPECT_TRUE((event_of<push, door> && !event_of<soak, door>));
}

TEST(Machine, StartsWhereItSaysOrAtItsFirstState) {
    EXPECT_TRUE((std::is_same_v<initial_state<door>, closed>));
    EXPECT_TRUE((std::is_same_v<initial_state<sponge>, wet>));
}

TEST(Machine, KnowsTheFieldsOfEachGuard) {
    EXPECT_TRUE(decltype(guard_fields<door, locked, open> == hana::tuple_t<key, owner>)::value);
    EXPECT_TRUE(decltype(guard_fields<door, closed, pull> == hana::tuple_t<>)::value);
    EXPECT_TRUE(decltype(guard_fields<door, locked, force> == hana::tuple_t<>)::value);
    EXPECT_TRUE((std::is_same_v<answer_of<door, locked, open>, guarded<closed, key, owner>>));
    EXPECT_TRUE((std::is_same_v<answer_of<door, locked, force>, result<ajar>>));
}

TEST(Machine, IsNamedForPeople) { EXPECT_EQ(machine_name<door>(), "door"); }

}  // namespace
}  // namespace casement::testing::machine_test
