"""A machine of as many states and events as one likes, written as each of the contestants writes
it: a quarter of the pairs is legal, and every other of those has a guard. Each text defines
`apply_synthetic`, from any state and any event to the same answers, errors included."""

FORMS = ("casement", "switch", "visit", "table")
SIGNATURE = "answer apply_synthetic(const any_state& now, const any_event& by)"

TYPES = """
namespace casement::testing {{

struct token_tag {{
    static constexpr std::string_view name = "token";
    static constexpr errc refusal = errc::fenced;
}};
using token = strong<token_tag>;

{states}
{events}

using any_state = std::variant<{state_names}>;
using any_event = std::variant<{event_names}>;
using answer = result<any_state>;
"""

REFUSALS = """
namespace {

struct words {
    std::string_view event;
};
[[gnu::cold, gnu::noinline]] error not_seen(const words& of, std::uint64_t is,
                                            std::uint64_t expected) {
    return {errc::fenced, "synthetic", {},
            std::string{of.event} + " refused: token is " + std::to_string(is) + ", not " +
                std::to_string(expected)};
}
[[gnu::cold, gnu::noinline]] answer refused(const words& of, token is, token expected) {
    return std::unexpected{not_seen(of, is.value, expected.value)};
}
[[gnu::cold, gnu::noinline]] answer illegal(std::string_view state, std::string_view event) {
    return fail(errc::illegal, "synthetic", {},
                "no transition from " + std::string{state} + " on " + std::string{event});
}
"""


def rows(states, events):
    """(from, on, to, whether it is guarded) of each legal pair."""
    for s in range(states):
        for e in range(events):
            if (s * 3 + e) % 4 == 0:
                yield s, e, (s + e // 4 + 1) % states, (s + e // 4) % 2 == 1


def listed(kind, count, form="{}"):
    return ", ".join(form.format(f"{kind}{i}") for i in range(count))


def types(states, events, *headers):
    headers = ("cstdint", "string", "string_view", "variant", "casement/core/error.hpp",
               "casement/core/strong.hpp", *headers)
    structs = {kind: "\n".join(f"struct {kind}{i} {{ token at; std::uint64_t n; }};"
                               for i in range(count))
               for kind, count in (("s", states), ("e", events))}
    return "".join(f"#include <{name}>\n" for name in headers) + TYPES.format(
        states=structs["s"], events=structs["e"],
        state_names=listed("s", states), event_names=listed("e", events))


def words(states, events):
    guarded = sorted({e for _, e, _, guarded in rows(states, events) if guarded})
    return "".join(f'constexpr words w{e}{{"e{e}"}};\n' for e in guarded)


def casement(states, events, prove=False):
    """`prove`: as a user writes it, with what the compiler proves of it."""
    headers = ["boost/hana/tuple.hpp", "casement/machine/apply.hpp", "casement/machine/machine.hpp"]
    lines = ""
    for s, e, to, guarded in rows(states, events):
        then = f"guarded<s{to}, token>" if guarded else f"s{to}"
        value = "{{e.at, s.n + e.n}}" if guarded else "{e.at, s.n + e.n}"
        lines += f"    constexpr {then} operator()(s{s} s, e{e} e) const {{ return {value}; }}\n"
    proof = ""
    if prove:
        headers.append("casement/machine/check.hpp")
        proof = "static_assert(prove<synthetic>());\n"
    return types(states, events, *headers) + f"""
struct synthetic {{
    static constexpr auto states = hana::tuple_t<{listed("s", states)}>;
    static constexpr auto events = hana::tuple_t<{listed("e", events)}>;
{lines}}};
{proof}
[[gnu::flatten]] {SIGNATURE} {{ return apply<synthetic>(now, by); }}

}}  // namespace casement::testing
"""


def switch(states, events):
    cases = ""
    for state in range(states):
        cases += f"""        case {state}: {{
            const s{state}& s = *std::get_if<s{state}>(&now);
            switch (by.index()) {{
"""
        for s, e, to, guarded in rows(states, events):
            if s != state:
                continue
            check = f"if (s.at != e.at) return refused(w{e}, s.at, e.at);" if guarded else ""
            cases += f"""                case {e}: {{
                    const e{e}& e = *std::get_if<e{e}>(&by);
                    {check}
                    return s{to}{{e.at, s.n + e.n}};
                }}
"""
        cases += "            }\n            break;\n        }\n"
    quoted = '"{}"'
    return types(states, events) + REFUSALS + words(states, events) + f"""
constexpr std::string_view s_names[] = {{{listed("s", states, quoted)}}};
constexpr std::string_view e_names[] = {{{listed("e", events, quoted)}}};

}}  // namespace

{SIGNATURE} {{
    switch (now.index()) {{
{cases}    }}
    return illegal(s_names[now.index()], e_names[by.index()]);
}}

}}  // namespace casement::testing
"""


def visit(states, events):
    lines = ""
    for s, e, to, guarded in rows(states, events):
        check = f"if (s.at != e.at) return refused(w{e}, s.at, e.at);" if guarded else ""
        lines += f"""    answer operator()(const s{s}& s, const e{e}& e) const {{
        {check}
        return s{to}{{e.at, s.n + e.n}};
    }}
"""
    return (types(states, events, "casement/core/reflect.hpp") + REFUSALS + words(states, events)
            + f"""
struct lines {{
{lines}    template <class S, class E>
    answer operator()(const S&, const E&) const {{
        return illegal(name_of<S>(), name_of<E>());
    }}
}};

}}  // namespace

{SIGNATURE} {{ return std::visit(lines{{}}, now, by); }}

}}  // namespace casement::testing
""")


def table(states, events):
    not_seen = REFUSALS.partition("[[gnu::cold, gnu::noinline]] answer")[0]
    lines = "".join(
        f",\n        from<s{s}> + on<e{e}>{'[in_turn]' if guarded else ''} / "
        f"[](const s{s}& s, const e{e}& e) {{ return s{to}{{e.at, s.n + e.n}}; }}"
        for s, e, to, guarded in rows(states, events))
    return '#include "transition_table.hpp"\n' + types(states, events) + not_seen + f"""
template <class E>
constexpr words words_for{{name_of<E>()}};
constexpr auto in_turn = []<class E>(const auto& s, const E& e) -> std::optional<error> {{
    if (s.at == e.at) return {{}};
    return not_seen(words_for<E>, s.at.value, e.at.value);
}};

}}  // namespace

{SIGNATURE} {{
    using table::from, table::on;
    static const auto machine = table::table_of<any_state>("synthetic"{lines});
    return machine.process_any(now, by);
}}

}}  // namespace casement::testing
"""
