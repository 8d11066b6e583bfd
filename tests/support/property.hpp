#pragma once
// A RapidCheck property as a GoogleTest assertion: a counterexample fails the test and prints its
// seed, so that RC_PARAMS="reproduce=..." runs it again.

#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace casement::testing {

/// EXPECTs that `holds` returns, whatever it draws from RapidCheck. What RapidCheck makes of a
/// property is a second of compiling for every ten: here it is made once, for all of them.
void check_law(const std::string& name, const std::function<void()>& holds);

/// The property that draws its own arguments, in their order.
template <class Said, class... Drawn>
std::function<void()> drawing(std::function<Said(Drawn...)> holds) {
    return [holds = std::move(holds)] {
        const std::tuple<std::decay_t<Drawn>...> drawn{
            *rc::gen::arbitrary<std::decay_t<Drawn>>()...};
        if constexpr (std::is_void_v<Said>)
            std::apply(holds, drawn);
        else
            RC_ASSERT(std::apply(holds, drawn));
    };
}

/// EXPECTs that `holds` returns, or returns true, for all that RapidCheck generates.
template <class F>
void law(const std::string& name, F&& holds) {
    if constexpr (std::is_invocable_r_v<void, F> && !std::is_invocable_r_v<bool, F>)
        check_law(name, std::forward<F>(holds));
    else
        check_law(name, drawing(std::function{std::forward<F>(holds)}));
}

}  // namespace casement::testing
