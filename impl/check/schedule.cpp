// From a state that was found to the steps that lead there: for people, and as a token that takes
// them again.

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "search.hpp"

namespace casement::check::detail {

namespace {

// Of a turn that chooses and looks at clocks often, not every way is tried.
constexpr std::size_t witness_steps_max = 100'000;

std::string told_call(const file_call& c) {
    static constexpr const char* words[] = {"creates",
                                            "opens",
                                            "makes the directory",
                                            "syncs the directory",
                                            "removes",
                                            "renames",
                                            "links",
                                            "lists",
                                            "looks",
                                            "writes to",
                                            "reads",
                                            "measures",
                                            "syncs",
                                            "measures the room of",
                                            "makes a hole in",
                                            "resizes",
                                            "is about to fail to sync"};
    static_assert(std::size(words) == file_call::fail_sync + 1);
    auto said = words[c.what] + (' ' + c.path);
    if (c.what == file_call::rename || c.what == file_call::link) said += " to " + c.to;
    if (c.what == file_call::punch)
        said += ": " + std::to_string(c.length) + " bytes at " + std::to_string(c.offset);
    if (c.what == file_call::write)
        said += ": " + std::to_string(c.bytes.size()) + " bytes at " + std::to_string(c.offset);
    return said;
}

}  // namespace

std::string search::in_words(const call& c) const {
    switch (c.what) {
        case call::kind::get: return "reads " + story_.spelled(c.key);
        case call::kind::scan: return "reads " + story_.spelled(c.key) + " and on";
        case call::kind::snapshot: return "looks at one moment";
        case call::kind::now: return "reads the clock";
        case call::kind::file: return told_call(*decode<file_call>(c.key));
        case call::kind::commit: return "commits";
        default: return "ends";
    }
}

// The raw steps of `actor` that make up one step of the search: alone up to the call at `o.at`,
// which then ends as `o` does. Nothing if they do not.
std::optional<std::vector<choice>> search::unfolded(std::vector<std::uint32_t>& words,
                                                    std::size_t actor, const outcome& o) {
    std::vector<choice> taken;
    if (actor == story_.roles().size()) {
        const auto ways = steps_.of_world(words[0]);
        for (std::size_t i = 0; i < ways.size(); ++i)
            if (ways[i].world == o.world && ways[i].struck == o.struck) {
                apply(words, actor, ways[i]);
                return std::vector{choice{actor, {}, i}};
            }
        return std::nullopt;
    }
    std::set<std::uint32_t> towards{o.at};  // the nodes on the way to `o.at`
    for (auto n = o.at; !script_.rests(n); n = script_.parent(n)) towards.insert(script_.parent(n));
    const auto turns = turns_of(words[actor + 1]);
    for (std::size_t calls = 0; calls < calls_max; ++calls) {
        const auto ways = steps_.single(words[0], start(words, actor));
        const auto pick = [&](auto wanted) {
            return static_cast<std::size_t>(std::ranges::find_if(ways, wanted) - ways.begin());
        };
        auto i = pick([&](const outcome& w) {
            return w.at == o.at && w.struck == o.struck && w.world == o.world &&
                   (w.node == o.node || (o.ends_turn && !w.ends_turn && o.struck == fault::none));
        });
        if (i == ways.size())
            i = pick([&](const outcome& w) {
                return w.struck == fault::none && !w.ends_turn && towards.contains(w.node) &&
                       w.world == words[0] && w.at != o.at;
            });
        if (i == ways.size())  // what is still read after a conflict
            i = pick([&](const outcome& w) {
                return w.struck == fault::none && w.world == words[0] && w.world == o.world;
            });
        if (i == ways.size()) return std::nullopt;
        const outcome w = ways[i];
        taken.push_back(choice_of(words, actor, i));
        apply(words, actor, w);
        if (words[actor + 1] == actor_word(o.node, o.ends_turn ? turns - 1 : turns)) return taken;
        if (w.ends_turn) return std::nullopt;
    }
    return std::nullopt;
}

// The single steps that lead along the states of `path`. Names change from state to state there,
// and equals change places; in what order the ways of a step come, no name has a part.
std::optional<std::vector<choice>> search::concrete(const std::vector<std::uint32_t>& path) {
    auto words = first();
    std::vector<std::size_t> who(story_.roles().size() + 1);  // stands at which place
    std::iota(who.begin(), who.end(), std::size_t{0});
    canonicalise(words, &who);
    std::vector<choice> all;
    for (std::size_t i = 1; i < path.size(); ++i) {
        bool found = false;
        for (std::size_t actor = 0; !found && actor <= story_.roles().size(); ++actor) {
            const auto span = outcomes(words, actor);
            const std::vector<outcome> ways{span.begin(), span.end()};
            for (const auto& o : ways) {
                if (!affords(words, o)) continue;
                auto after = words;
                auto places = who;
                apply(after, actor, o);
                canonicalise(after, &places);
                if (states_.find(states_.folded(after)) != path[i]) continue;
                auto trial = words;
                auto steps = unfolded(trial, actor, o);
                if (!steps) continue;
                for (auto& s : *steps) {
                    s.actor = who[actor];
                    all.push_back(std::move(s));
                }
                words = std::move(after);
                who = std::move(places);
                found = true;
                break;
            }
        }
        if (!found) return std::nullopt;
    }
    return all;
}

namespace {

std::string struck_by(fault f, bool happens) {
    switch (f) {
        case fault::crash: return happens ? ", and crashes" : " - no, it crashes";
        case fault::lost_reply:
            return happens ? ", and the reply is lost"
                           : ", which does not happen; the reply is lost";
        case fault::zombie: return ", and the reply is lost; it may happen later";
        case fault::spurious: return ", in vain, for no reason";
        default: return "";
    }
}

// What has changed, row by row.
std::vector<std::string> told_changes(const story& of, const rows& old, const rows& now) {
    std::vector<std::string> changed;
    for (std::size_t i = 0, j = 0; i < old.size() || j < now.size();) {
        const bool gone = j == now.size() || (i < old.size() && old.key(i) < now.key(j));
        const bool made = !gone && (i == old.size() || now.key(j) < old.key(i));
        const auto key = gone ? old.key(i) : now.key(j);
        if (gone)
            changed.push_back(of.spelled(key) + " is gone");
        else if (made)
            changed.push_back(of.spelled(key) + " = " + of.spelled(key, now.value(j)));
        else if (old.value(i) != now.value(j))
            changed.push_back(of.spelled(key) + ": " + of.spelled(key, old.value(i)) + " -> " +
                              of.spelled(key, now.value(j)));
        i += made ? 0 : 1;
        j += gone ? 0 : 1;
    }
    return changed;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> search::spelled(std::uint32_t of) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [key, value] : rows_.all(of))
        out.emplace_back(story_.spelled(key), story_.spelled(key, value));
    return out;
}

// What the actor has chosen to do in this turn, in full; else what it says that it does.
std::string search::way_of(std::uint32_t node) {
    std::string way = script_.asks(node).operation;
    for (; !script_.rests(node); node = script_.parent(node)) {
        const call& c = script_.asks(script_.parent(node));
        if (c.what != call::kind::choose) continue;
        const auto& chosen = c.ways[script_.answer_at(node)];
        if (chosen.starts_with(way)) return chosen;
    }
    return way;
}

namespace {

told_commit told_of(const call& c, told_commit::fate what) {
    told_commit all;
    for (const auto& g : c.guards) all.guards.push_back({g.key, g.expected, g.name});
    for (const auto& w : c.writes) all.writes.push_back({w.what, w.key, w.value, w.amount});
    all.what = what;
    return all;
}

}  // namespace

// Tells one step that can be taken at `words`.
told_step search::told(std::span<const std::uint32_t> words, std::size_t actor, const outcome& o) {
    told_step t;
    t.actor = actor;
    const auto before = worlds_.rows(words[0]), after = worlds_.rows(o.world);
    // The guard of a commit that a mutant leaves out and that would have stopped it.
    const auto forgotten = [&](const call& commit) -> std::optional<std::string> {
        for (const auto& g : commit.guards)
            if (steps_.forgets(commit.operation, g.name) && !rows_.holds(before, g)) return g.name;
        return std::nullopt;
    };
    t.struck = o.struck != fault::none;
    t.changed = told_changes(story_, rows{rows_, before}, rows{rows_, after});
    if (actor == story_.roles().size()) {
        t.what = o.struck == fault::tick         ? "the clock moves on"
                 : o.struck == fault::power_loss ? "the power is lost"
                                                 : "the lost commit happens after all";
        if (o.struck == fault::none) {
            const call& late = script_.call_at(worlds_[words[0]].zombies[o.at]);
            t.operation = late.operation;
            t.forgotten = forgotten(late);
            t.commit = told_of(late, told_commit::fate::made);
        }
        return t;
    }
    const call c = script_.asks(o.at == index::none ? start(words, actor) : o.at);
    t.operation = c.operation;
    t.way = way_of(o.at == index::none ? start(words, actor) : o.at);
    t.what = in_words(c);
    t.begins = script_.rests(node_of(words[actor + 1]));
    t.commits = c.what == call::kind::commit;
    bool in_vain = false;
    if (t.commits &&
        (after != before || o.struck == fault::none || o.struck == fault::lost_reply)) {
        if (const auto broken = steps_.broken_guard(before, c)) {
            t.what += ", in vain: no longer '" + c.guards[*broken].name + "'";
            t.struck = in_vain = true;
        } else {
            t.forgotten = forgotten(c);
        }
    } else if (c.what == call::kind::snapshot && o.struck == fault::none) {
        for (auto n = script_.rests(o.node) ? o.at : o.node; n != o.at && !script_.rests(n);
             n = script_.parent(n))
            if (const auto& seen = script_.asks(script_.parent(n)); seen.is_of_snapshot())
                t.what += (t.what.ends_with("moment") ? ": " : ", ") + story_.spelled(seen.key) +
                          (seen.ranges() ? " and on" : "");
    }
    t.what += struck_by(o.struck, in_vain || after != before);
    if (t.commits)
        t.commit =
            told_of(c, in_vain && o.struck == fault::none           ? told_commit::fate::refused
                       : o.struck == fault::none || after != before ? told_commit::fate::made
                                                                    : told_commit::fate::unsent);
    if (o.ends_turn && script_.rests(o.node) && o.struck == fault::none)
        if (const auto a = script_.last_answer(o.node); !a.empty())
            t.what += "; answers '" + printable(a) + "'";
    return t;
}

std::span<const outcome> search::ways_of(std::span<const std::uint32_t> words,
                                         std::optional<std::uint32_t> at) {
    return at ? steps_.single(words[0], *at) : steps_.of_world(words[0]);
}

std::optional<outcome> search::outcome_of(std::span<const std::uint32_t> words, const choice& c) {
    std::optional<std::uint32_t> at;
    if (c.actor < story_.roles().size()) {
        if (turns_of(words[c.actor + 1]) == 0) return std::nullopt;
        auto answers = std::span{c.chosen};
        at = call_after(words, c.actor, [&](const call&) -> std::optional<std::uint32_t> {
            if (answers.empty()) return std::nullopt;
            const auto one = answers.front();
            answers = answers.subspan(1);
            return one;
        });
        if (!at || !answers.empty()) return std::nullopt;
    }
    const auto ways = ways_of(words, at);
    if (c.way >= ways.size() || !affords(words, ways[c.way])) return std::nullopt;
    return ways[c.way];
}

// `single`: which of the ways of `steps::single`, which are those of one call after those of
// another, by what is chosen before it.
choice search::choice_of(std::span<const std::uint32_t> words, std::size_t actor,
                         std::size_t single) {
    const auto begin = start(words, actor);
    const auto ways = steps_.single(words[0], begin);
    const auto at = ways[single].at;
    choice c{actor, {}, 0};
    c.way = static_cast<std::size_t>(std::ranges::count(ways.first(single), at, &outcome::at));
    for (auto node = at; node != begin; node = script_.parent(node))
        if (script_.asks(script_.parent(node)).what == call::kind::choose)
            c.chosen.push_back(script_.answer_at(node));
    std::ranges::reverse(c.chosen);
    return c;
}

// Tells one raw step, and takes it.
told_step search::take(std::vector<std::uint32_t>& words, const choice& c) {
    const auto o = *outcome_of(words, c);
    auto t = told(words, c.actor, o);
    apply(words, c.actor, o);
    t.rows = spelled(worlds_.rows(words[0]));
    return t;
}

violation search::violated(std::string property, std::string words, const std::vector<choice>& by) {
    violation v{std::move(property), std::move(words), {}, {}};
    auto state = first();
    for (const auto& c : by) {
        if (!outcome_of(state, c)) {
            v.words +=
                " (by a short cut that is wrong here: the steps of its schedule cannot be "
                "taken one by one; explore it raw)";
            return v;
        }
        v.schedule.push_back(take(state, c));
    }
    v.token = token_of(by);
    return v;
}

violation search::tell(const finding& f) {
    auto path = lineage_.of(f.from == no_step ? f.state : f.from);
    std::ranges::reverse(path);
    if (f.from != no_step) path.push_back(f.state);
    const auto choices = concrete(path);
    if (!choices) return {f.property, f.words, {}, {}};
    const auto in = std::exchange(scope_, scope::raw(scope_.without));
    auto v = violated(f.property, f.words, *choices);
    scope_ = in;
    return v;
}

// To the state in which the step was taken, and on by the actor's own calls.
std::string search::witness(const sight& of) {
    auto path = lineage_.of(of.from);
    std::ranges::reverse(path);
    auto by = concrete(path);
    if (!by) return "";
    const auto in = std::exchange(scope_, scope::raw(scope_.without));
    auto words = first();
    const bool there = std::ranges::all_of(*by, [&](const choice& c) {
        const auto o = outcome_of(words, c);
        if (o) apply(words, c.actor, *o);
        return o.has_value();
    });
    // Equals change places in a search: it may be another one who does it.
    const auto actors = story_.roles().size();
    std::size_t steps_left = witness_steps_max;
    bool shown = false;
    for (std::size_t i = 0; there && !shown && i < actors; ++i)
        shown = shows(words, (of.actor + i) % actors, of.what, *by, steps_left);
    auto token = shown ? token_of(*by) : "";
    scope_ = in;
    return token;
}

// Whether the actor alone, whatever it chooses and no fault striking, comes to a commit of which
// that is true; `by` then ends with it.
bool search::shows(const std::vector<std::uint32_t>& words, std::size_t actor,
                   const guard_outcome& what, std::vector<choice>& by, std::size_t& steps_left) {
    if (turns_of(words[actor + 1]) == 0) return false;
    const auto span = steps_.single(words[0], start(words, actor));
    const std::vector<outcome> ways{span.begin(), span.end()};
    for (std::size_t i = 0; i < ways.size(); ++i) {
        const auto& o = ways[i];
        if (o.struck != fault::none) continue;
        if (steps_left == 0) return false;
        --steps_left;
        by.push_back(choice_of(words, actor, i));
        const call c = script_.asks(o.at);
        if (c.what == call::kind::commit && c.operation == what.operation &&
            std::ranges::any_of(c.guards, [&](const auto& g) {
                return g.name == what.guard && rows_.holds(worlds_.rows(words[0]), g) == what.held;
            }))
            return true;
        auto after = words;
        apply(after, actor, o);
        if (!o.ends_turn && shows(after, actor, what, by, steps_left)) return true;
        by.pop_back();
    }
    return false;
}

namespace {

constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";

void append_number(std::string& out, std::uint64_t n) {
    for (; n >= 16; n >>= 4) out.push_back(digits[n % 16 + 16]);
    out.push_back(digits[n]);
}

bool take_number(std::string_view& in, std::uint64_t& n) {
    n = 0;
    for (unsigned shift = 0; !in.empty() && shift < 60; shift += 4) {
        const auto digit = digits.find(in.front());
        if (digit == std::string_view::npos) return false;
        in.remove_prefix(1);
        n |= std::uint64_t{digit % 16} << shift;
        if (digit < 16) return true;
    }
    return false;
}

}  // namespace

// What a token is good for: the story as it was told, with its beginning, actors and faults.
std::string search::story_mark() {
    std::uint64_t h = odd_1;
    for (const char c : story_.name()) h = mixed(h ^ static_cast<unsigned char>(c), odd_2);
    for (const auto w : first()) h = mixed(h ^ w, odd_3);
    for (const auto& r : story_.roles())
        for (const char c : r.name) h = mixed(h ^ static_cast<unsigned char>(c), odd_4);
    const rows begin{rows_, worlds_.rows(first()[0])};
    for (std::size_t i = 0; i < begin.size(); ++i)
        for (const char c : std::string{begin.key(i)} + std::string{begin.value(i)})
            h = mixed(h ^ static_cast<unsigned char>(c), odd_1);
    std::string mark;
    for (int i = 0; i < 6; ++i, h >>= 5) mark.push_back(digits[h % 32]);
    return mark;
}

namespace {

constexpr std::string_view plain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
constexpr std::string_view hex = "0123456789abcdef";

// One word for a shell: a space is '+', and what is not plain is %xx.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto n = static_cast<unsigned char>(c);
        if (c == ' ')
            out += '+';
        else if (plain.find(c) != std::string_view::npos)
            out += c;
        else
            out += {'%', hex[n >> 4], hex[n & 15]};
    }
    return out;
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    for (; !text.empty(); text.remove_prefix(1)) {
        const char c = text.front();
        if (c == '+') {
            out += ' ';
        } else if (c == '%') {
            if (text.size() < 3) return std::nullopt;
            const auto high = hex.find(text[1]), low = hex.find(text[2]);
            if (high == std::string_view::npos || low == std::string_view::npos)
                return std::nullopt;
            out += static_cast<char>(high << 4 | low);
            text.remove_prefix(2);
        } else if (plain.find(c) == std::string_view::npos) {
            return std::nullopt;
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

//     cm2.MARK.CHOICES[~OPERATION/GUARD[,OPERATION/GUARD...]]
result<token_parts> parts_of(std::string_view token) {
    const auto bad = [&](std::string why) {
        return fail(errc::illegal, "replay", std::string{token}, std::move(why));
    };
    if (!token.starts_with(token_version)) return bad("not a token of this version (cm2)");
    auto rest = token.substr(token_version.size());
    const auto dot = rest.find('.');
    if (dot == std::string_view::npos) return bad("cut short");
    token_parts parts{rest.substr(0, dot), rest.substr(dot + 1), {}};
    const auto tilde = parts.choices.find('~');
    if (tilde == std::string_view::npos) return parts;
    rest = parts.choices.substr(tilde + 1);
    parts.choices = parts.choices.substr(0, tilde);
    for (bool more = true; more;) {
        const auto comma = rest.find(',');
        more = comma != std::string_view::npos;
        const auto one = rest.substr(0, comma);
        if (more) rest.remove_prefix(comma + 1);
        const auto slash = one.find('/');
        if (slash == std::string_view::npos) return bad("names no guard after '~'");
        auto operation = unescaped(one.substr(0, slash)), guard = unescaped(one.substr(slash + 1));
        if (!operation || !guard || guard->empty()) return bad("names no guard after '~'");
        parts.without.push_back({*std::move(operation), *std::move(guard)});
    }
    return parts;
}

std::string search::token_of(const std::vector<choice>& choices) {
    std::string out = std::string{token_version} + story_mark() + '.';
    for (const auto& c : choices) {
        append_number(out, c.actor);
        for (const auto answer : c.chosen) append_number(out, answer);
        append_number(out, c.way);
    }
    char before = '~';
    for (const auto& m : scope_.without) {
        out += before + escaped(m.operation) + '/' + escaped(m.guard);
        before = ',';
    }
    return out;
}

namespace {

std::unexpected<error> unreplayable(std::string_view token, std::string why) {
    return fail(errc::illegal, "replay", std::string{token}, std::move(why));
}

}  // namespace

// All are possible, each after those before it.
result<std::vector<choice>> search::choices_of(std::string_view token) {
    const auto parts = parts_of(token);
    if (!parts) return std::unexpected{parts.error()};
    if (parts->mark != story_mark())
        return unreplayable(token, "made from another story than this one");
    std::vector<choice> all;
    auto words = first();
    const auto world = story_.roles().size();
    for (auto rest = parts->choices; !rest.empty();) {
        const auto next = [&]() -> std::optional<std::uint64_t> {
            std::uint64_t n = 0;
            return take_number(rest, n) ? std::optional{n} : std::nullopt;
        };
        const auto actor = next();
        if (actor && *actor > world) return unreplayable(token, "names an actor that there is not");
        choice c;
        if (actor) c.actor = static_cast<std::size_t>(*actor);
        if (actor && *actor < world && turns_of(words[c.actor + 1]) > 0)
            (void)call_after(words, c.actor, [&](const call&) -> std::optional<std::uint32_t> {
                const auto n = next();
                if (!n) return std::nullopt;
                return c.chosen.emplace_back(static_cast<std::uint32_t>(*n));
            });
        const auto way = actor ? next() : std::nullopt;
        if (!way) return unreplayable(token, "cut short");
        c.way = static_cast<std::size_t>(*way);
        const auto o = outcome_of(words, c);
        if (!o)
            return unreplayable(
                token, "the code goes another way after " + std::to_string(all.size()) + " steps");
        apply(words, c.actor, *o);
        all.push_back(std::move(c));
    }
    return all;
}

result<replayed> search::replay(std::string_view token) {
    auto choices = choices_of(token);
    if (!choices) return passed(choices);
    replayed r;
    auto words = first();
    scope_.stop_at_violation = false;
    const auto judge_here = [&](std::uint32_t complaint) {
        if (complaint != no_complaint) (void)complain(complaint, 0, 0);
        judged_rows_.clear();
        (void)judge(words, 0);
        for (auto& f : std::exchange(found_, {}))
            r.violations.push_back({f.property, f.words, r.schedule, std::string{token}});
    };
    judge_here(no_complaint);
    for (const auto& c : *choices) {
        const auto complaint = outcome_of(words, c)->complaint;
        r.schedule.push_back(take(words, c));
        judge_here(complaint);
    }
    r.rows = rows_.all(worlds_.rows(words[0]));
    return r;
}

}  // namespace casement::check::detail
