// expected: casement: a machine of more than 256 .state, event. pairs wants to be two
#include <cstddef>
#include <utility>

#include <casement/machine/machine.hpp>

template <std::size_t N>
struct room {};
template <std::size_t N>
struct step_to {};

template <std::size_t... N>
constexpr auto rooms(std::index_sequence<N...>) {
    return casement::hana::tuple_t<room<N>...>;
}
template <std::size_t... N>
constexpr auto steps(std::index_sequence<N...>) {
    return casement::hana::tuple_t<step_to<N>...>;
}

struct palace {
    static constexpr auto states = rooms(std::make_index_sequence<17>{});
    static constexpr auto events = steps(std::make_index_sequence<16>{});

    constexpr room<1> operator()(room<0>, step_to<1>) const { return {}; }
};

auto plan = casement::edges<palace>;
