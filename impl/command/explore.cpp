// casement explore: tries every order of the steps of a story's actors, with crashes and lost
// replies, on the code that ships. It opens no store.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <casement/check/explore.hpp>
#include <casement/check/mutants.hpp>
#include <casement/check/show.hpp>
#include <casement/check/walk.hpp>

#include "command.hpp"
#include "progress.hpp"
#include "stories.hpp"

namespace casement::command {

namespace {

using check::left_out;
using check::story;
using check::violation;
using models::situation;

struct explore_options {
    std::vector<std::string> names;
    bool list = false, all = false, mutants = false, guards = false, raw = false,
         as_mermaid = false;
    std::string token, scope, html;
    std::vector<std::string> without;
    std::uint64_t states_max = check::scope{}.states_max;
    std::uint64_t walks = 0, seed = check::walking{}.seed;
    int depth = 0;

    models::size size;  // as `scope` says
};

int misused(const std::string& why) {
    say(why);
    return exit_usage;
}

std::string in_words(const std::vector<left_out>& without) {
    std::string out;
    for (const auto& m : without)
        out += (out.empty() ? "'" : ", '") + m.guard + "'" +
               (m.operation.empty() ? "" : " of " + m.operation);
    return out;
}

// --- what is known ---------------------------------------------------------------------------

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto corner = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto changed = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, corner + 1});
        }
    }
    return row.back();
}

std::string known_names() {
    std::string out;
    for (const auto& s : models::situations()) out += "\n  " + s.name;
    return out;
}

int unknown(const std::string& name) {
    const auto all = models::situations();
    const auto nearest = std::ranges::min_element(
        all, {}, [&](const situation& s) { return distance(name, s.name); });
    return misused(fmt::format("no story is called '{}'; the nearest is '{}', and these are all:{}",
                               printable(name), nearest->name, known_names()));
}

int list_stories(const settings& common) {
    std::size_t widest = 0;
    for (const auto& s : models::situations()) widest = std::max(widest, s.name.size());
    for (const auto& s : models::situations()) {
        if (common.as_json) {
            json one{{"name", s.name}, {"words", s.words}};
            one["race"] = s.race > 0 ? json(s.race) : json();
            one["breaks"] = s.breaks;
            print(one);
            continue;
        }
        print_line(fmt::format("{:<{}}  {:>2}  {}{}", s.name, widest,
                               s.race > 0 ? std::to_string(s.race) : "", s.words,
                               s.breaks ? " (breaks, to show how)" : ""));
    }
    return exit_ok;
}

// --- progress --------------------------------------------------------------------------------

/// A line on standard error that is overwritten ten times a second, and gone at the end.
class status_line {
public:
    explicit status_line(bool wanted) : wanted_{wanted && progress::on_terminal()} {}
    status_line(const status_line&) = delete;
    status_line& operator=(const status_line&) = delete;
    ~status_line() {
        if (drawn_) write_to(stderr, "\r\x1b[K");
    }

    void states(const std::string& of, const check::so_far& now) {
        if (!due()) return;
        const auto rate = static_cast<double>(now.states) / std::max(seconds(began_), 0.001);
        draw(fmt::format(
            "{}: {} states{}, {:.0f}/s, depth {}", of, now.states,
            now.states_expected > 0 ? fmt::format(" of about {:.2g}", now.states_expected) : "",
            rate, now.depth));
    }
    void walks(const std::string& of, std::uint64_t done, std::uint64_t all) {
        if (due()) draw(fmt::format("{}: {} of {} walks", of, done, all));
    }
    void mutants(std::size_t done, std::size_t all, const std::vector<left_out>& without) {
        if (due()) draw(fmt::format("{} of {} guards, without {}", done, all, in_words(without)));
    }
    void restart() { began_ = std::chrono::steady_clock::now(); }

private:
    using time = std::chrono::steady_clock::time_point;

    static double seconds(time since) {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
    }
    bool due() const { return wanted_ && (!drawn_ || seconds(*drawn_) > 0.1); }
    void draw(std::string text) {
        constexpr std::size_t columns = 79;
        if (text.size() > columns) text.resize(columns);
        write_to(stderr, fmt::format("\r{}\x1b[K", printable(text)));
        std::fflush(stderr);
        drawn_ = std::chrono::steady_clock::now();
    }

    bool wanted_;
    time began_ = std::chrono::steady_clock::now();
    std::optional<time> drawn_;
};

// --- answers ---------------------------------------------------------------------------------

json to_json(const std::vector<left_out>& without) {
    json all = json::array();
    for (const auto& m : without) all.push_back({{"operation", m.operation}, {"guard", m.guard}});
    return all;
}

json to_json(const violation& v, const std::vector<std::string>& actors) {
    json steps = json::array();
    for (const auto& s : v.schedule) {
        json one{{"actor", s.actor < actors.size() ? actors[s.actor] : "the world"},
                 {"operation", s.operation},
                 {"way", s.way},
                 {"what", s.what},
                 {"changed", s.changed}};
        if (s.forgotten) one["without_guard"] = *s.forgotten;
        steps.push_back(std::move(one));
    }
    return {{"property", v.property},
            {"words", v.words},
            {"token", v.token},
            {"schedule", std::move(steps)}};
}

json to_json(const std::string& name, const check::report& r, bool right, bool with_witnesses) {
    json one{{"name", name},
             {"story", r.story},
             {"holds", r.holds()},
             {"as_expected", right},
             {"states", r.states},
             {"transitions", r.transitions},
             {"depth", r.depth},
             {"worlds", r.worlds},
             {"logs", r.logs},
             {"runs", r.runs},
             {"walks", r.walks},
             {"seconds", r.seconds},  // clang-format 14 would fill up the
                                      // table
             {"complete", r.complete},
             {"failed", r.failed}};
    auto& broken = one["violations"] = json::array();
    for (const auto& v : r.violations) broken.push_back(to_json(v, r.actors));
    one["never"] = r.never;
    auto& reads = one["unvalidated"] = json::array();
    for (const auto& [operation, key] : r.unvalidated) {
        json read{{"operation", operation}};
        put_name(read, "key", key);
        read["words"] = r.spelled.at(key);
        reads.push_back(std::move(read));
    }
    auto& ways = one["ways"] = json::array();
    for (const auto& [way, seen] : r.ways)
        ways.push_back({{"way", way}, {"tried", seen.tried}, {"changes", seen.changes}});
    auto& guards = one["guards"] = json::array();
    for (const auto& [guard, seen] : r.guards) {
        guards.push_back({{"operation", guard.first},
                          {"guard", guard.second},
                          {"held", seen.held},
                          {"failed", seen.failed}});
        if (!with_witnesses) continue;
        guards.back()["held_by"] = seen.held_by;
        guards.back()["failed_by"] = seen.failed_by;
    }
    return one;
}

std::string guards_in_words(const check::report& r) {
    std::string out;
    for (const auto& [guard, seen] : r.guards) {
        out += fmt::format("  {}: held {}, failed {}\n", in_words({{guard.first, guard.second}}),
                           seen.held, seen.failed);
        if (!seen.held_by.empty()) out += "    held by " + seen.held_by + '\n';
        if (!seen.failed_by.empty()) out += "    failed by " + seen.failed_by + '\n';
    }
    return out;
}

result<void> write_page(const std::string& path, const story& of, const check::scope& in,
                        const violation* v) {
    // By hand, who is who matters more than how far the page reaches.
    auto walk = in;
    walk.symmetric_actors = false;
    const auto page = check::html(of, check::graph(of, walk), v);
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    out << page;
    out.close();
    if (!out) return fail_system(errno, "write page", path);
    return {};
}

// --- exploring -------------------------------------------------------------------------------

struct told_story {
    const situation* of;
    story tale;
};

check::scope scope_of(const explore_options& o) {
    auto in = o.raw ? check::scope::raw() : check::scope{};
    in.states_max = o.states_max;
    in.keep_witnesses = o.guards;
    for (const auto& one : o.without) {
        const auto slash = one.find('/');
        in.without.push_back({one.substr(0, slash), one.substr(slash + 1)});
    }
    return in;
}

int explore_one(const settings& common, const explore_options& o, const told_story& t,
                status_line& line) {
    auto in = scope_of(o);
    line.restart();
    in.progress = [&](const auto& now) { line.states(t.of->name, now); };
    check::walking how;
    how.without = in.without;
    how.progress = [&](auto done) { line.walks(t.of->name, done, how.walks); };
    how.walks = o.walks;
    how.seed = o.seed;
    if (o.depth > 0) {
        how.how = check::walking::kind::priorities;
        how.depth = o.depth;
    }
    const auto r = o.walks > 0 ? check::walk(t.tale, how) : check::explore(t.tale, in);
    // Mutants are told for what breaks them; of the rest, those that are to break must.
    const bool broken = !r.violations.empty() || (o.walks == 0 && !r.never.empty());
    const bool whole = o.walks > 0 ? r.failed.empty() : r.complete;
    const bool right = t.of->breaks && in.without.empty() ? broken : whole && !broken;
    if (!o.html.empty() && r.failed.empty()) {
        const auto* v = r.violations.empty() ? nullptr : &r.violations.front();
        if (auto written = write_page(o.html, t.tale, in, v); !written)
            return failed(common, written.error());
    }
    if (common.as_json) {
        print(to_json(t.of->name, r, right, o.guards));
    } else {
        std::ostringstream text;
        text << r;
        if (o.guards) text << guards_in_words(r);
        if (t.of->breaks && right) text << "  as it must: this story is told to break\n";
        if (o.as_mermaid)
            for (const auto& v : r.violations) text << check::mermaid(v, r.actors);
        write_to(stdout, text.str());
    }
    if (right) return exit_ok;
    return broken || whole ? exit_no : exit_failed;
}

// --- mutants ---------------------------------------------------------------------------------

std::string_view name_of(check::certificate::kind k) {
    switch (k) {
        case check::certificate::kind::necessary: return "needed";
        case check::certificate::kind::redundant: return "needed in a set";
        case check::certificate::kind::survivor: return "SURVIVES";
    }
    std::unreachable();
}

void print_certificate(const settings& common, const check::certificate& c) {
    if (common.as_json) {
        print({{"operation", c.guard.operation},
               {"guard", c.guard.guard},
               {"is", name_of(c.what)},
               {"without", to_json(c.without)},
               {"story", c.story},
               {"property", c.broke.property},
               {"words", c.broke.words},
               {"states", c.states},
               {"token", c.broke.token}});
        return;
    }
    print_line(fmt::format("{:<15}  {}", name_of(c.what), in_words({c.guard})));
    if (c.without.size() > 1) {
        auto others = c.without;
        others.erase(others.begin());
        print_line("    together with " + in_words(others));
    }
    if (c.what == check::certificate::kind::survivor) return;
    print_line(fmt::format("    {}: {}: {}", c.story, c.broke.property,
                           check::on_lines(c.broke.words, "; ")));
    print_line("    token " + c.broke.token);
}

int hunt_mutants(const settings& common, const explore_options& o,
                 const std::vector<told_story>& stories, status_line& line) {
    std::vector<story> tales;
    for (const auto& t : stories)
        if (!t.of->breaks) tales.push_back(t.tale);
    if (tales.empty()) return misused("--mutants wants stories that hold");
    check::mutation_scope in;
    in.in = scope_of(o);
    in.progress = [&](auto done, auto all, const auto& w) { line.mutants(done, all, w); };
    const auto found = check::needs(tales, in);
    if (!found.failed.empty())
        return failed(common, error{errc::illegal, {"leave out guards", "", found.failed, 0}});
    for (const auto& c : found.guards) print_certificate(common, c);
    if (common.as_json) {
        print({{"guards", found.guards.size()},
               {"survivors", found.survivors()},
               {"never_violated", found.never_violated},
               {"searches", found.searches},
               {"seconds", found.seconds}});
    } else {
        for (const auto& p : found.never_violated)
            print_line("no mutant violates the property '" + p + "'");
        print_line(fmt::format("{} guards, {} survive; {} searches in {:.1f} s",
                               found.guards.size(), found.survivors(), found.searches,
                               found.seconds));
    }
    return found.survivors() == 0 ? exit_ok : exit_no;
}

// --- replay ----------------------------------------------------------------------------------

/// The story that the token was made of: in the size that was asked for, or in any.
std::optional<told_story> story_of(const explore_options& o, std::vector<const situation*> among) {
    constexpr int turns_tried = 6;
    std::vector<models::size> sizes{o.size};
    if (o.scope.empty())
        for (std::size_t actors = 1; actors <= story::actors_max; ++actors)
            for (int turns = 1; turns <= turns_tried; ++turns) sizes.push_back({actors, turns});
    for (const auto& size : sizes)
        for (const auto* s : among)
            if (auto tale = s->tell(size); check::fits(tale, o.token))
                return told_story{s, std::move(tale)};
    return std::nullopt;
}

int replay_token(const settings& common, const explore_options& o,
                 const std::vector<const situation*>& among) {
    const auto without = check::left_out_of(o.token);
    if (!without) return failed(common, without.error());
    const auto t = story_of(o, among);
    if (!t)
        return failed(common, error{errc::illegal,
                                    {"replay", o.token, "made from no story that there is", 0}});
    auto in = scope_of(o);
    in.without.insert(in.without.end(), without->begin(), without->end());
    const auto taken = check::replay(t->tale, o.token, in.without);
    if (!taken) return failed(common, taken.error());
    violation v;
    if (!taken->violations.empty()) v = taken->violations.front();
    const bool broken = !taken->violations.empty();
    v.schedule = taken->schedule;  // also what comes after the first violation
    v.token = o.token;
    const auto actors = check::actors_of(t->tale);
    if (!o.html.empty())
        if (auto written = write_page(o.html, t->tale, in, &v); !written)
            return failed(common, written.error());
    if (common.as_json) {
        auto one = to_json(v, actors);
        one["name"] = t->of->name;
        one["story"] = t->tale.name();
        one["violated"] = broken;
        one["without"] = to_json(*without);
        print(one);
    } else if (o.as_mermaid) {
        write_to(stdout, check::mermaid(v, actors));
    } else {
        print_line(fmt::format(
            "{}{}: {}", t->tale.name(), without->empty() ? "" : " without " + in_words(*without),
            broken ? v.property + ": " + check::on_lines(v.words, "; ") : "nothing is violated"));
        write_to(stdout, check::columns(v, actors));
    }
    return broken ? exit_no : exit_ok;
}

// --- the command line ------------------------------------------------------------------------

/// "3x2": three actors of two turns each.
std::optional<models::size> parsed_scope(std::string_view text) {
    if (text.empty()) return models::size{};
    const auto cross = text.find('x');
    if (cross == std::string_view::npos) return std::nullopt;
    const auto number = [](std::string_view digits, auto& n) {
        const auto [end, why] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
        return why == std::errc{} && end == digits.data() + digits.size() && n > 0;
    };
    models::size size;
    if (!number(text.substr(0, cross), size.actors) ||
        !number(text.substr(cross + 1), size.turns) || size.actors > story::actors_max ||
        size.turns > story::turns_max)
        return std::nullopt;
    return size;
}

int run(const settings& common, explore_options& o) {
    // Nothing is left behind that wants an orderly end: Ctrl-C may come at once.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    if (o.list) return list_stories(common);
    o.size = parsed_scope(o.scope).value_or(models::size{});
    if (o.walks == 0 && o.depth > 0) return misused("--priorities are of --walks: say how many");
    if (o.walks > 0 && (o.mutants || o.raw))
        return misused("--walks goes with neither --mutants nor --raw: each call is a step there");
    if (o.guards && (o.walks > 0 || o.mutants || !o.token.empty()))
        return misused("--guards goes with a search, not with --walks, --mutants or --replay");
    std::vector<const situation*> chosen;
    for (const auto& name : o.names) {
        const auto all = models::situations();
        const auto at = std::ranges::find(all, name, &situation::name);
        if (at == all.end()) return unknown(name);
        chosen.push_back(&*at);
    }
    const bool everything = o.all || ((o.mutants || !o.token.empty()) && chosen.empty());
    if (everything) {
        chosen.clear();
        for (const auto& s : models::situations()) chosen.push_back(&s);
    }
    if (!o.token.empty()) return replay_token(common, o, chosen);
    if (chosen.empty()) return misused("name a story, or --all; these are known:" + known_names());
    if (!o.html.empty() && (chosen.size() > 1 || o.mutants))
        return misused("--html shows one story, or one token");
    std::vector<told_story> stories;
    for (const auto* s : chosen) stories.push_back({s, s->tell(o.size)});
    status_line line{!common.as_json};
    if (o.mutants) return hunt_mutants(common, o, stories, line);
    int worst = exit_ok;
    for (const auto& t : stories) worst = std::max(worst, explore_one(common, o, t, line));
    return worst;
}

}  // namespace

void add_explore(CLI::App& app, settings& common) {
    auto o = std::make_shared<explore_options>();
    auto* command =
        add_command(app, common, "explore", "Try every order of what several clients do at once",
                    "casement explore --list && casement explore all-any-rev --scope 2x1\n"
                    "  A token of a violation, also of a mutant, is taken again by itself:\n"
                    "  casement explore --replay TOKEN --html story.html");
    command->add_option("STORY", o->names, "What is explored; see --list");
    command->add_flag("--list", o->list, "Name the stories, their races and what can go wrong");
    command->add_flag("--all", o->all, "Explore every story");
    command->add_flag("--mutants", o->mutants,
                      "Leave out each guard, alone and in sets, and tell what breaks then");
    command->add_flag("--guards", o->guards,
                      "Tell how often each guard held and failed, with tokens that show it");
    command->add_option("--replay", o->token, "Take the steps of a token again");
    command->add_option("--scope", o->scope, "ACTORSxTURNS, like 2x2; else as the story has it")
        ->check([](const std::string& text) -> std::string {
            if (parsed_scope(text)) return "";
            return fmt::format("'{}' is no ACTORSxTURNS, from 1x1 to {}x{}", printable(text),
                               std::size_t{story::actors_max}, int{story::turns_max});
        });
    command->add_flag("--raw", o->raw, "Take no short cut: each call a step, each name as it is");
    command
        ->add_option("--without", o->without,
                     "Leave out a guard: OPERATION/GUARD, or /GUARD of every operation")
        ->check([](const std::string& text) -> std::string {
            return text.find('/') != std::string::npos
                       ? ""
                       : "'" + printable(text) + "' has no '/': OPERATION/GUARD, or /GUARD";
        });
    command->add_option("--states-max", o->states_max, "Give up beyond so many states")
        ->check(whole_number());
    command->add_option("--walks", o->walks, "Take so many random walks instead of all ways")
        ->check(whole_number());
    command
        ->add_option("--priorities", o->depth,
                     "Walk by priorities, to meet what breaks by so many orders (1 to 16); else "
                     "every order is as likely")
        ->check(CLI::Range(1, check::walking::depth_max));
    command->add_option("--seed", o->seed, "Of the walks")->check(whole_number());
    command->add_option("--html", o->html, "Write a page that walks through the story by hand");
    command->add_flag("--mermaid", o->as_mermaid, "Draw violations as sequence diagrams");
    command->callback([&common, o] { common.run = [&common, o] { return run(common, *o); }; });
}

}  // namespace casement::command
