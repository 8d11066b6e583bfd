#pragma once
// Drawings of a machine, made from its edges: a Mermaid state diagram, a Graphviz graph, and a
// process for Spin. Edges between the same two states share an arrow; guards stand in brackets.
// Pure; any thread.

#include <algorithm>
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

/// A Promela process that goes every edge: Spin counts a state for each of the machine's and a
/// transition for each edge, and an end in a state that is not final is an error (SPEC T5). Values
/// have no part in it, so guards are comments. Ends with a newline.
template <machine M>
[[nodiscard]] std::string promela() {
    const auto finals = detail::final_names(typename detail::finals_of<M>::type{});
    const auto label = [&](std::string_view state) {
        const bool final = std::ranges::find(finals, state) != finals.end();
        return (final ? "end_" : "in_") + std::string{state};
    };
    // Spin takes a step that changes nothing for none: where the process stands is a variable too.
    const auto number = [](std::string_view state) {
        std::size_t n = 0, found = 0;
        hana::for_each(M::states, [&](auto which) {
            if (name_of<typename decltype(which)::type>() == state) found = n;
            ++n;
        });
        return std::to_string(found);
    };
    const auto first = name_of<initial_state<M>>();
    std::string out = "byte at = " + number(first) + ";\n\nactive proctype " +
                      std::string{machine_name<M>()} + "() {\n    goto " + label(first) + ";\n";
    hana::for_each(M::states, [&](auto which) {
        const auto state = name_of<typename decltype(which)::type>();
        std::string ways;
        hana::for_each(edges<M>, [&](auto each) {
            using edge = typename decltype(each)::type;
            if (name_of<typename edge::from>() == state)
                ways += "    :: at = " + number(name_of<typename edge::to>()) + " -> goto " +
                        label(name_of<typename edge::to>()) + " /* " +
                        detail::arrow_label<M, edge>() + " */\n";
        });
        out += label(state) + ":\n" +
               (ways.empty() ? "    false;\n" : "    if\n" + ways + "    fi;\n");
    });
    return out + "}\n";
}

}  // namespace casement
