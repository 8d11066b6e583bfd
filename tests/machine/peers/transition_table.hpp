#pragma once
// A transition table as Boost.SML has it, in so far as the comparison needs one: rows of
// `from<S> + on<E>[guard] / action`, and a dispatch over them that is found at compile time for
// the event and at run time for the state. SML itself is in no package of Debian 12, and its states
// carry no values and its guards no reasons; so this stands in for its style, not for its merits.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <casement/core/error.hpp>
#include <casement/core/reflect.hpp>

namespace casement::testing::table {

struct always {
    template <class S, class E>
    std::optional<error> operator()(const S&, const E&) const {
        return {};
    }
};

template <class S, class E, class Guard, class Action>
struct row {
    using from = S;
    using on = E;
    Guard guard;    // the error with which it refuses, if it does
    Action action;  // the state that follows
};

template <class E, class Guard, class Action>
struct transition {
    Guard guard;
    Action action;
};

template <class E, class Guard>
struct guarded_event {
    Guard guard;

    template <class Action>
    constexpr transition<E, Guard, Action> operator/(Action action) const {
        return {guard, action};
    }
};

template <class E>
struct on_event {
    template <class Guard>
    constexpr guarded_event<E, Guard> operator[](Guard guard) const {
        return {guard};
    }
    template <class Action>
    constexpr transition<E, always, Action> operator/(Action action) const {
        return {{}, action};
    }
};

template <class S>
struct from_state {
    template <class E, class Guard, class Action>
    constexpr row<S, E, Guard, Action> operator+(transition<E, Guard, Action> t) const {
        return {t.guard, t.action};
    }
};

template <class S>
inline constexpr from_state<S> from{};
template <class E>
inline constexpr on_event<E> on{};

template <class State, class... Row>
class machine_of {
public:
    explicit constexpr machine_of(std::string machine, Row... rows)
        : machine_{std::move(machine)}, rows_{rows...} {}

    /// The event's type is known, the state's is looked for: as in SML.
    template <class E>
    result<State> process(const State& now, const E& event) const {
        return std::visit([&](const auto& s) { return take(s, event); }, now);
    }

    template <class... E>
    result<State> process_any(const State& now, const std::variant<E...>& event) const {
        return std::visit([&](const auto& e) { return process(now, e); }, event);
    }

private:
    template <class S, class E>
    static constexpr std::size_t row_for() {
        std::size_t place = 0;
        (void)(((std::is_same_v<typename Row::from, S> && std::is_same_v<typename Row::on, E>) ||
                (++place, false)) ||
               ...);
        return place;
    }

    template <class S, class E>
    result<State> take(const S& s, const E& e) const {
        constexpr std::size_t place = row_for<S, E>();
        if constexpr (place == sizeof...(Row)) {
            return unexpected_event(name_of<S>(), name_of<E>());
        } else {
            const auto& here = std::get<place>(rows_);
            if (auto refusal = here.guard(s, e)) return std::unexpected{*std::move(refusal)};
            return here.action(s, e);
        }
    }

    [[gnu::cold, gnu::noinline]] result<State> unexpected_event(std::string_view state,
                                                                std::string_view event) const {
        return fail(errc::illegal, machine_, {},
                    "no transition from " + std::string{state} + " on " + std::string{event});
    }

    std::string machine_;
    std::tuple<Row...> rows_;
};

template <class State, class... Row>
auto table_of(std::string machine, Row... rows) {
    return machine_of<State, Row...>{std::move(machine), rows...};
}

}  // namespace casement::testing::table
