#pragma once
// Drawings of a machine, made from its edges: a Mermaid state diagram and a Graphviz graph. Edges
// between the same two states share an arrow; guards stand in brackets. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include <boost/hana/for_each.hpp>

#include <casement/machine/machine.hpp>

namespace casement {

namespace detail {

struct arrow {
    std::string_view from, to;
    std::string label;
};

template <class M, class Edge>
std::string arrow_label() {
    std::string label{name_of<typename Edge::on>()};
    std::string fields;
    hana::for_each(guard_fields<M, typename Edge::from, typename Edge::on>, [&](auto field) {
        fields += (fields.empty() ? " [" : ", ");
        fields += field_name<typename decltype(field)::type>();
    });
    return fields.empty() ? label : label + fields + "]";
}

template <class M>
std::vector<arrow> arrows() {
    std::vector<arrow> drawn;
    hana::for_each(edges<M>, [&](auto which) {
        using edge = typename decltype(which)::type;
        const auto from = name_of<typename edge::from>(), to = name_of<typename edge::to>();
        for (auto& a : drawn)
            if (a.from == from && a.to == to) {
                a.label += ", " + arrow_label<M, edge>();
                return;
            }
        drawn.push_back({from, to, arrow_label<M, edge>()});
    });
    return drawn;
}

template <class... S>
std::vector<std::string_view> final_names(types<S...>) {
    return {name_of<S>()...};
}

}  // namespace detail

/// A `stateDiagram-v2`, without the fence around it; ends with a newline.
template <machine M>
[[nodiscard]] std::string mermaid() {
    std::string out = "stateDiagram-v2\n";
    out += "    [*] --> " + std::string{name_of<initial_state<M>>()} + "\n";
    for (const auto& a : detail::arrows<M>())
        out += "    " + std::string{a.from} + " --> " + std::string{a.to} + " : " + a.label + "\n";
    for (const auto name : detail::final_names(typename detail::finals_of<M>::type{}))
        out += "    " + std::string{name} + " --> [*]\n";
    return out;
}

/// A Graphviz `digraph`; final states have a double ring. Ends with a newline.
template <machine M>
[[nodiscard]] std::string dot() {
    std::string out = "digraph " + std::string{machine_name<M>()} + " {\n    \"\" [shape=point];\n";
    for (const auto name : detail::final_names(typename detail::finals_of<M>::type{}))
        out += "    " + std::string{name} + " [peripheries=2];\n";
    out += "    \"\" -> " + std::string{name_of<initial_state<M>>()} + ";\n";
    for (const auto& a : detail::arrows<M>())
        out += "    " + std::string{a.from} + " -> " + std::string{a.to} + " [label=\"" + a.label +
               "\"];\n";
    return out + "}\n";
}

}  // namespace casement
