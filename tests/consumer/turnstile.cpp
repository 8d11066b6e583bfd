// A machine and nothing else: what its table does not have does not compile, and what only the run
// can tell is an error value.

#include <cstdint>
#include <cstdio>

#ifdef ONE_HEADER  // the same, as one file to copy
#define CASEMENT_IMPLEMENTATION
#include <casement_machine.hpp>
#else
#include <casement/machine/apply.hpp>
#include <casement/machine/check.hpp>
#include <casement/machine/draw.hpp>
#endif

struct turnstile {
    struct locked {};
    struct open {
        std::uint64_t coins = 0;
    };
    struct coin {};
    struct push {};

    static constexpr auto states = casement::hana::tuple_t<locked, open>;
    static constexpr auto events = casement::hana::tuple_t<coin, push>;

    constexpr open operator()(locked, coin) const { return {1}; }
    constexpr open operator()(open o, coin) const { return {o.coins + 1}; }
    constexpr locked operator()(open, push) const { return {}; }
};
static_assert(casement::prove<turnstile>());

int main() {
    using casement::apply, casement::event, casement::state;
    const auto open = apply<turnstile>(turnstile::locked{}, event<turnstile>{turnstile::coin{}});
    const auto refused = apply<turnstile>(turnstile::locked{}, event<turnstile>{turnstile::push{}});
    if (!open || refused) return 1;
    std::puts(refused.error().message().c_str());
    std::puts(casement::mermaid<turnstile>().c_str());
    return 0;
}
