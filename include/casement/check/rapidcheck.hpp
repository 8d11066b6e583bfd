#pragma once
// RapidCheck for what Casement describes: values of any aggregate, events and states of any
// machine, and scripts of several clients whose every schedule is explored (SPEC T6). Shrinks what
// it finds. Needs RapidCheck; nothing else of Casement includes this.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <rapidcheck.h>

#include <casement/check/explore.hpp>
#include <casement/check/parallel.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>
#include <casement/machine/machine.hpp>

namespace casement::check {

namespace detail {

/// Of all in `[min, max)` alike, however small the test is still.
template <class T>
rc::Gen<T> in_range(T min, T max) {
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(min, max));
}

template <class T>
struct any_value {
    static rc::Gen<T> now() {
        if constexpr (std::is_unsigned_v<T> && sizeof(T) > 1)  // it is equal ones that race
            return rc::gen::weightedOneOf<T>(
                {{6, in_range<T>(0, 4)}, {2, in_range<T>(0, 64)}, {1, rc::gen::arbitrary<T>()}});
        else if constexpr (std::is_aggregate_v<T>)
            return rc::gen::exec([] {
                T made{};
                std::apply(
                    [](auto&... m) {
                        ((m = *any_value<std::remove_reference_t<decltype(m)>>::now()), ...);
                    },
                    members(made));
                return made;
            });
        else
            return rc::gen::arbitrary<T>();
    }
};
template <>
struct any_value<std::byte> {
    static rc::Gen<std::byte> now() {
        return rc::gen::map<std::uint8_t>([](std::uint8_t b) { return std::byte{b}; });
    }
};
template <class T, std::size_t n>
struct any_value<std::array<T, n>> {
    static rc::Gen<std::array<T, n>> now() {
        return rc::gen::container<std::array<T, n>>(any_value<T>::now());
    }
};
template <class T>
struct any_value<std::optional<T>> {
    static rc::Gen<std::optional<T>> now() {
        return rc::gen::oneOf(rc::gen::just(std::optional<T>{}),
                              rc::gen::cast<std::optional<T>>(any_value<T>::now()));
    }
};
template <class... Each>
struct any_value<std::variant<Each...>> {
    static rc::Gen<std::variant<Each...>> now() {
        return rc::gen::oneOf(rc::gen::cast<std::variant<Each...>>(any_value<Each>::now())...);
    }
};
template <class... Calls>
struct any_value<one_of<Calls...>> {
    static rc::Gen<one_of<Calls...>> now() {
        return rc::gen::oneOf(rc::gen::cast<one_of<Calls...>>(any_value<Calls>::now())...);
    }
};

}  // namespace detail

/// Any value of an aggregate, member by member; of a variant, any of its kinds. Numbers are small
/// more often than not, and towards smaller ones it shrinks. A type of one's own takes part by
/// `rc::Arbitrary`.
template <class T>
[[nodiscard]] rc::Gen<T> any() {
    return detail::any_value<T>::now();
}

/// Any event of a machine, any state of it.
template <machine M>
[[nodiscard]] rc::Gen<event<M>> any_event() {
    return any<event<M>>();
}
/// Any state of a machine, whether or not it can be reached.
template <machine M>
[[nodiscard]] rc::Gen<state<M>> any_state() {
    return any<state<M>>();
}

/// How large the scripts are, and which faults may strike.
struct parallel_size {
    std::size_t clients = 2;    // 1 to 6
    std::size_t calls_max = 2;  // of one client; the number of schedules grows with its exponential
};

/// To be called in a property: draws scripts, hands the story of them to `tell`, which gives it its
/// rows and its faults, explores it, and fails the property where it does not hold. What is printed
/// then is the shortest schedule of the smallest scripts, and its token.
template <class Op, class Model, class Tell>
void hold_in_parallel(const Model& beginning, const Tell& tell, const parallel_size& size = {},
                      const std::vector<left_out>& without = {}) {
    const auto scripts = *rc::gen::container<std::vector<std::vector<Op>>>(
        size.clients, rc::gen::resize(static_cast<int>(size.calls_max),
                                      rc::gen::container<std::vector<Op>>(any<Op>())));
    story s = in_parallel("scripts", scripts, beginning);
    tell(s);
    const auto told = explore(s, step_by_step(without));
    std::ostringstream out;
    out << told;
    RC_LOG() << out.str();
    RC_ASSERT(told.failed.empty());
    RC_ASSERT(told.violations.empty());
}

}  // namespace casement::check
