#include <casement/machine/check.hpp>

#include <cstdint>

#include <gtest/gtest.h>
#include <boost/hana/equal.hpp>

#include "machine/door.hpp"

// One machine for each defect, and that defect alone is found. That `prove` says it in words is
// tested in tests/fail.

namespace casement::testing::check_test {
namespace {

struct a {};
struct b {};
struct c {};
struct go {};
struct back {};

struct sound {
    static constexpr auto states = hana::tuple_t<a, b>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr b operator()(a, go) const { return {}; }
    constexpr a operator()(b, back) const { return {}; }
};
static_assert(prove<sound>());

template <class M, class... D>
constexpr bool has_just = decltype(defects<M> == hana::tuple_t<D...>)::value && !proven<M>;

TEST(Check, SoundMachine) {
    EXPECT_TRUE(proven<sound>);
    EXPECT_TRUE(decltype(defects<sound> == hana::tuple_t<>)::value);
}

struct twice {
    static constexpr auto states = hana::tuple_t<a, b>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr b operator()(a, go) const { return {}; }
    constexpr b operator()(const a&, go) const { return {}; }
    constexpr b operator()(a, back) const { return {}; }
    constexpr a operator()(b, go) const { return {}; }
};

TEST(Check, AmbiguousPair) {
    EXPECT_TRUE((has_just<twice, ambiguous_transition<twice, from<a>, on<go>>>));
}

struct sub : a {};
struct sliced {
    static constexpr auto states = hana::tuple_t<a, sub>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr sub operator()(a, go) const { return {}; }
    constexpr a operator()(sub, back) const { return {}; }
};

TEST(Check, BaseClassTakesTheTransition) {
    EXPECT_TRUE((has_just<sliced, inexact_transition<sliced, from<sub>, on<go>>>));
}

struct from_b {
    from_b() = default;
    from_b(b) {}
};
struct converting {
    static constexpr auto states = hana::tuple_t<from_b, b>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr b operator()(from_b, go) const { return {}; }
    constexpr from_b operator()(b, back) const { return {}; }
};

TEST(Check, ConversionTakesTheTransition) {
    EXPECT_TRUE((has_just<converting, inexact_transition<converting, from<b>, on<go>>>));
}

struct generic {
    static constexpr auto states = hana::tuple_t<a, b>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr b operator()(a, go) const { return {}; }
    constexpr a operator()(auto, back) const { return {}; }
    constexpr a operator()(b, go) const { return {}; }
};

TEST(Check, TemplateParameterTakesTheTransition) {
    EXPECT_TRUE(
        (has_just<generic, inexact_transition<generic, from<a>, on<back>>,
                  inexact_transition<generic, from<b>, on<back>>, unused_event<generic, back>>));
}

struct island {
    static constexpr auto states = hana::tuple_t<a, b, c>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr b operator()(a, go) const { return {}; }
    constexpr a operator()(b, back) const { return {}; }
    constexpr a operator()(c, go) const { return {}; }
};
struct from_the_island : island {
    using initial = c;
};

TEST(Check, UnreachableState) {
    EXPECT_TRUE((has_just<island, unreachable_state<island, c>>));
    EXPECT_TRUE(proven<from_the_island>) << "the same table, begun elsewhere";
}

struct trap {
    static constexpr auto states = hana::tuple_t<a, b>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr b operator()(a, go) const { return {}; }
    constexpr b operator()(b, back) const { return {}; }
};
struct harbour : trap {
    static constexpr auto final_states = hana::tuple_t<b>;
};

TEST(Check, DeadEnd) {
    EXPECT_TRUE((has_just<trap, dead_end<trap, b>>)) << "a loop is no way out";
    EXPECT_TRUE(proven<harbour>);
}

struct idle_event : sound {
    static constexpr auto events = hana::tuple_t<go, back, c>;
};

TEST(Check, UnusedEvent) { EXPECT_TRUE((has_just<idle_event, unused_event<idle_event, c>>)); }

template <std::uint8_t N>
struct numbered {
    static constexpr std::uint8_t tag = N;
};
template <class First, class Second>
struct pair_of {
    static constexpr auto states = hana::tuple_t<First, Second>;
    static constexpr auto events = hana::tuple_t<go, back>;
    constexpr Second operator()(First, go) const { return {}; }
    constexpr First operator()(Second, back) const { return {}; }
};
struct also_one : numbered<1> {};

TEST(Check, SharedTag) {
    using one = numbered<1>;
    using two = numbered<2>;
    EXPECT_TRUE((proven<pair_of<one, two>>));
    using same = pair_of<one, also_one>;
    EXPECT_FALSE(proven<same>);
    using partly = pair_of<one, a>;
    EXPECT_TRUE((has_just<partly, shared_tag<partly, a>>));
}

struct reasonless : sound {
    using sound::operator();
    static constexpr auto events = hana::tuple_t<go, back, c>;
    result<a> operator()(a, c) const { return a{}; }
};

TEST(Check, GuardThatNamesNoField) {
    EXPECT_TRUE((has_just<reasonless, unnamed_guard<reasonless, from<a>, on<c>>>));
    EXPECT_TRUE((has_just<door, unnamed_guard<door, from<locked>, on<force>>>));
}

struct with_key {
    key k;
};
struct with_keys {
    key k, l;
};
template <class S, class E>
struct keyed {
    static constexpr auto states = hana::tuple_t<S, b>;
    static constexpr auto events = hana::tuple_t<E, back>;
    constexpr guarded<b, key> operator()(S, E) const { return {}; }
    constexpr S operator()(b, back) const { return {}; }
};

TEST(Check, GuardOnAFieldThatIsNotThereOnce) {
    EXPECT_TRUE((proven<keyed<with_key, turn>>));
    using not_in_state = keyed<a, turn>;
    EXPECT_TRUE((has_just<not_in_state, guard_without_field<not_in_state, from<a>, on<turn>>>));
    using not_in_event = keyed<with_key, go>;
    EXPECT_FALSE(proven<not_in_event>);
    using two_in_state = keyed<with_keys, turn>;
    EXPECT_FALSE(proven<two_in_state>);
}

struct misdeclared : sound {
    using initial = c;
    static constexpr auto final_states = hana::tuple_t<go>;
};

TEST(Check, DeclarationsThatNameNoState) {
    EXPECT_TRUE(
        (has_just<misdeclared, unreachable_state<misdeclared, a>, unreachable_state<misdeclared, b>,
                  foreign_declaration<misdeclared, c>, foreign_declaration<misdeclared, go>>));
}

}  // namespace
}  // namespace casement::testing::check_test
