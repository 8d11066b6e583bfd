#include <casement/check/spin.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <sstream>

#include "outline.hpp"

namespace casement::check {

namespace detail {
namespace {

// `words` are printable.
std::string comment(std::string out) {
    constexpr std::size_t words_max = 100;
    for (std::size_t at = 0; (at = out.find("*/", at)) != out.npos;) out[at] = '+';
    for (std::size_t at = 0; (at = out.find("/*", at)) != out.npos;) out[at] = '+';
    if (out.size() > words_max) out = out.substr(0, words_max) + "...";
    return "/* " + out + " */";
}

// A table of when a property of some rows is violated: a tree of decisions, equal branches shared.
class verdicts {
public:
    static constexpr std::size_t never = 0, always = 1;

    verdicts(const outline& all, std::vector<std::uint32_t> rows,
             std::function<bool(const std::vector<std::uint32_t>&)> violated)
        : all_{all}, rows_{std::move(rows)}, violated_{std::move(violated)}, nodes_(2) {
        at_.resize(rows_.size());
        top_ = decide(0);
    }
    /// As a condition on the rows, each of which `name` names.
    [[nodiscard]] std::string condition(
        const std::function<std::string(std::uint32_t)>& name) const {
        return condition(top_, name);
    }

private:
    struct node {
        std::uint32_t row = 0;
        std::map<std::size_t, std::vector<std::uint32_t>> next;  // where to, for which values
        bool operator<(const node& o) const {
            return std::tie(row, next) < std::tie(o.row, o.next);
        }
    };

    std::size_t decide(std::size_t depth) {
        if (depth == rows_.size()) return violated_(at_) ? always : never;
        node n{rows_[depth], {}};
        const auto& values = all_.rows()[n.row].values;
        for (std::uint32_t v = 0; v < values.size(); ++v) {
            if (!all_.reached(values[v])) continue;
            at_[depth] = v;
            n.next[decide(depth + 1)].push_back(v);
        }
        if (n.next.size() == 1) return n.next.begin()->first;
        const auto [known, fresh] = numbers_.try_emplace(n, nodes_.size());
        if (fresh) nodes_.push_back(n);
        return known->second;
    }

    [[nodiscard]] std::string condition(
        std::size_t at, const std::function<std::string(std::uint32_t)>& name) const {
        if (at <= always) return at == always ? "true" : "false";
        const auto& n = nodes_[at];
        std::string out;
        for (const auto& [next, values] : n.next) {
            if (next == never) continue;
            std::string is;
            for (const auto v : values)
                is += (is.empty() ? "" : " || ") + name(n.row) + " == " + std::to_string(v);
            if (!out.empty()) out += " || ";
            out += next == always ? is : "(" + is + ") && (" + condition(next, name) + ")";
        }
        return out;
    }

    const outline& all_;
    std::vector<std::uint32_t> rows_, at_;
    std::function<bool(const std::vector<std::uint32_t>&)> violated_;
    std::vector<node> nodes_;
    std::map<node, std::size_t> numbers_;
    std::size_t top_ = never;
};

// Writes the model, top to bottom.
class model {
public:
    model(const story& of, const model_limits& within, const outline& all)
        : story_{of}, limits_{within}, all_{all} {
        for (const auto& [key, row] : all_.rows().all()) names_.emplace(row, names_.size() + 1);
        for (const auto& f : all_.flows())
            for (const auto& p : f.places)
                for (const auto& o : p.options)
                    if (o.ends && o.answer != nothing_said() && !answers_.contains(o.answer))
                        answers_.emplace(o.answer, answers_.size() + 1);
    }

    result<std::string> written() {
        auto text = write();
        if (exits_ > exits_max) {
            bare_reads_ = true;
            text = write();
        }
        if (exits_ > exits_max)
            return fail(errc::too_big, "write a model", story_.name(),
                        "Spin takes d_steps to " + std::to_string(exits_max) +
                            " places, and these lead to " + std::to_string(exits_));
        return text;
    }

private:
    // To so many places d_steps may lead, and no more, in Spin 6.5.2. Where it is not enough, a
    // call that only reads is written as its condition alone, which is one step as well.
    static constexpr std::size_t exits_max = 2000;

    result<std::string> write() {
        out_.str("");
        exits_ = 0;
        head();
        rows();
        budgets();
        actors();
        if (story_.may_strike().ticks > 0)
            out_ << "\nactive proctype clock() {\nend_clock:\n    if\n    :: d_step { ticks < "
                 << story_.may_strike().ticks
                 << " -> ticks = ticks + 1 }; goto end_clock\n    fi\n}\n";
        if (auto watched = watch(); !watched) return passed(watched);
        return out_.str();
    }

    [[nodiscard]] std::uint32_t nothing_said() const { return all_.text().find(""); }

    // What a safety model of rows can say.
    [[nodiscard]] static bool is_said(const property& p) {
        return p.what == property::kind::always && p.rows_only;
    }

    [[nodiscard]] std::size_t reached(std::uint32_t row) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            all_.rows()[row].values, [&](const auto& v) { return all_.reached(v); }));
    }
    [[nodiscard]] std::string name(std::uint32_t row) const {
        return row == test::ticks ? "ticks" : "row_" + std::to_string(names_.at(row));
    }

    void head() {
        out_ << comment(printable(story_.name()))
             << "\n/* Each d_step is one call of the store, with what belongs to it, or a fault. "
                "*/\n";
        for (const auto& p : story_.properties())
            if (!limits_.properties || !is_said(p))
                out_ << "/* not said here: */ " << comment(printable(p.name)) << '\n';
    }

    // Rows that never change are no part of a state.
    void rows() {
        out_ << "\n/* Rows, and the values that they can have; 0 is no row. */\n";
        for (const auto& [key, row] : all_.rows().all()) {
            const auto& r = all_.rows()[row];
            if (reached(row) > 1)
                out_ << (r.values.size() > 256 ? "short " : "byte ") << name(row) << " = "
                     << r.first << ';';
            else
                out_ << "#define " << name(row) << ' ' << r.first;
            out_ << "  " << comment(printable(key)) << '\n';
            for (std::uint32_t v = 1; v < r.values.size(); ++v)
                if (all_.reached(r.values[v]))
                    out_ << "    /* " << v << " */ "
                         << comment(printable(all_.text()[r.values[v].text])) << '\n';
        }
    }

    void budgets() {
        const auto& may = story_.may_strike();
        const auto roles = story_.roles();
        out_ << "\n/* Turns that are left, of each actor. */\nbyte turns[" << roles.size()
             << "] = {";
        for (std::size_t i = 0; i < roles.size(); ++i) out_ << (i ? ", " : "") << roles[i].turns;
        out_ << "};\n";
        if (!answers_.empty()) {
            out_ << "/* What the last turn came to; 0 is nothing. */\nbyte answer[" << roles.size()
                 << "];\n";
            for (const auto& [text, n] : answers_)
                out_ << "    /* " << n << " */ " << comment(printable(all_.text()[text])) << '\n';
        }
        const auto budget = [&](const char* what, int times) {
            if (times > 0) out_ << "byte " << what << " = " << times << ";\n";
        };
        budget(budget_of(fault::crash), may.crashes);
        budget(budget_of(fault::lost_reply), may.lost_replies);
        budget(budget_of(fault::spurious), may.spurious);
        out_ << (may.ticks > 0 ? "byte ticks = 0;\n" : "#define ticks 0\n");
    }
    static const char* budget_of(fault f) {
        return f == fault::crash ? "crashes" : f == fault::lost_reply ? "lost_replies" : "spurious";
    }

    // A proctype for each body, or for each actor where they number things themselves.
    void actors() {
        const auto roles = story_.roles();
        const auto& flows = all_.flows();
        std::size_t at = 0;
        for (std::size_t i = 0; i < roles.size();) {
            auto next = i + 1;
            auto end = at + 1;
            if (flows[at].actor)
                while (end < flows.size() && flows[end].actor == flows[at].actor) ++end;
            else
                while (next < roles.size() && roles[next].body == roles[i].body) ++next;
            out_ << "\nactive [" << next - i << "] proctype actor_" << i + 1 << "() {  "
                 << comment(printable(roles[i].name)) << '\n';
            actor({flows.data() + at, end - at});
            out_ << "}\n";
            i = next;
            at = end;
        }
    }

    void actor(std::span<const flow> turns) {
        labels_.clear();
        for (const auto& f : turns)
            for (const auto& p : f.places) labels_.emplace(p.node, labels_.size());
        out_ << "end_turn:\n    if\n";
        for (const auto& f : turns) options_of(f.places.front(), &f);
        if (turns.data() == all_.flows().data()) keep_unread();
        out_ << "    fi;\n    goto end_turn;\n";
        for (const auto& f : turns)
            for (std::size_t i = 1; i < f.places.size(); ++i) {
                const auto& p = f.places[i];
                out_ << "L" << labels_.at(p.node) << ":  " << comment(p.words) << "\n    if\n";
                options_of(p, nullptr);
                out_ << "    fi;\n    goto end_turn;\n";
            }
    }

    // Spin leaves out of a state what a model never reads, and then counts two states as one.
    void keep_unread() {
        out_ << "    :: d_step {  /* never: each variable is part of a state, also if nobody reads "
                "it */\n        false";
        if (!answers_.empty()) out_ << " && answer[0] == 0";
        for (const auto& [key, row] : all_.rows().all())
            if (reached(row) > 1) out_ << " && " << name(row) << " == 0";
        out_ << " }\n";
    }

    // Of what one call answers, that which leads to the same without changing a row is one line:
    // each state takes one of them at most.
    [[nodiscard]] static bool alike(const option& a, const option& b) {
        const auto is_plain = [](const option& o) {
            return o.struck == fault::none && o.effects.empty() && o.any.empty() &&
                   o.broken.empty();
        };
        return is_plain(a) && is_plain(b) && a.at == b.at && a.ends == b.ends &&
               (a.ends ? a.answer == b.answer : a.node == b.node);
    }

    void options_of(const place& p, const flow* begins) {
        std::vector<std::vector<const option*>> lines;
        for (const auto& o : p.options) {
            const auto twin = std::ranges::find_if(
                lines, [&](const auto& line) { return alike(*line.front(), o); });
            if (twin == lines.end())
                lines.push_back({&o});
            else
                twin->push_back(&o);
        }
        for (const auto& line : lines) option_of(line, begins);
        if (lines.empty())
            out_ << "    :: false  /* no answer that its call may have leads here */\n";
        ++exits_;
    }

    void option_of(const std::vector<const option*>& ways, const flow* begins) {
        const option& o = *ways.front();
        std::vector<std::string> terms, guards;
        if (begins)
            terms.push_back(begins->actor ? "turns[_pid] == " + std::to_string(begins->turn)
                                          : "turns[_pid] > 0");
        if (o.struck != fault::none) terms.push_back(std::string{budget_of(o.struck)} + " > 0");
        if (!o.effects.empty()) {
            for (const auto& t : o.all)
                if (!t.guard.empty())
                    guards.push_back(said(t) + " &&  " + comment("guard: " + printable(t.guard)));
        }
        std::vector<std::string> each;
        for (const auto* way : ways) each.push_back(all_of(way->all, guards.empty()));
        if (std::ranges::find(each, "") == each.end())
            terms.push_back(each.size() == 1 ? each.front() : "(" + joined(each, " || ") + ")");
        if (!o.any.empty()) terms.push_back("(" + either(o.any) + ")");
        if (terms.empty()) terms.push_back("true");

        const auto steps = steps_of(o, begins);
        const bool bare = bare_reads_ && steps.empty() && terms.front() != "true";
        exits_ += bare || o.ends ? 0 : 1;
        out_ << "    :: " << (bare ? "(  " : "d_step {  ")
             << comment(o.words + (ways.size() == 1 ? "" : ", and alike")) << '\n';
        for (const auto& g : guards) out_ << "        " << g << '\n';
        out_ << "        " << joined(terms, " && ") << (steps.empty() ? "" : " -> ") << steps
             << (bare ? " )" : " }");
        if (o.ends)
            out_ << '\n';
        else
            out_ << ";\n        goto L" << labels_.at(o.node) << '\n';
    }

    [[nodiscard]] std::string steps_of(const option& o, const flow* begins) const {
        std::vector<std::string> steps;
        if (o.struck != fault::none) {
            const std::string budget = budget_of(o.struck);
            steps.push_back(budget + " = " + budget + " - 1");
        }
        if (begins && !answers_.empty()) steps.push_back("answer[_pid] = 0");
        if (limits_.properties && (o.surely || !o.changes.empty()))
            for (const auto& t : o.carried)
                steps.push_back("assert(" + (o.surely ? "" : "!(" + either(o.changes) + ") || ") +
                                said(t) + ")");
        for (const auto& e : o.effects)
            if (reached(e.row) > 1) steps.push_back(done(e));
        if (o.ends) {
            steps.push_back("turns[_pid] = turns[_pid] - 1");
            if (o.answer != nothing_said())
                steps.push_back("answer[_pid] = " + std::to_string(answers_.at(o.answer)));
            if (!o.broken.empty()) steps.push_back("assert(false) " + comment(printable(o.broken)));
        }
        return joined(steps, "; ");
    }

    // What is always so is left out.
    [[nodiscard]] std::string all_of(const std::vector<test>& tests, bool guards) const {
        std::vector<std::string> all;
        for (const auto& t : tests)
            if ((t.guard.empty() || guards) && (t.row == test::ticks || reached(t.row) > 1))
                all.push_back(said(t));
        return joined(all, " && ");
    }

    static std::string joined(const std::vector<std::string>& parts, std::string_view between) {
        std::string out;
        for (const auto& p : parts) out.append(out.empty() ? "" : between).append(p);
        return out;
    }
    [[nodiscard]] std::string said(const test& t) const {
        return name(t.row) + (t.equal ? " == " : " != ") + std::to_string(t.value);
    }

    [[nodiscard]] std::string either(const std::vector<test>& tests) const {
        std::vector<std::string> all;
        for (const auto& t : tests) all.push_back(said(t));
        return joined(all, " || ");
    }

    [[nodiscard]] std::string done(const effect& e) const {
        const auto row = name(e.row);
        if (!e.bumped) return row + " = " + std::to_string(e.value);
        // One expression, for Spin does not bear many branches in d_steps.
        const auto& r = all_.rows()[e.row];
        std::string chosen, closing;
        std::set<std::int64_t> moves;
        for (std::uint32_t v = 0; v < r.values.size(); ++v) {
            const auto to = all_.reached(r.values[v]) ? after_bump(e, v) : std::nullopt;
            if (!to) continue;
            moves.insert(std::int64_t{*to} - v);
            chosen += "(" + row + " == " + std::to_string(v) + " -> " + std::to_string(*to) + " : ";
            closing += ")";
        }
        if (moves.size() == 1) return row + " = " + row + " + " + std::to_string(*moves.begin());
        return row + " = " + chosen + std::to_string(r.values.size()) + closing;
    }
    // What the bump makes of the value; nothing where it cannot come to that in this story.
    [[nodiscard]] std::optional<std::uint32_t> after_bump(const effect& e, std::uint32_t v) const {
        const auto& r = all_.rows()[e.row];
        const auto sum =
            bumped(v == domains::absent ? std::nullopt
                                        : std::optional{std::string{all_.text()[r.values[v].text]}},
                   *e.bumped, r.key);
        const auto text = sum ? all_.text().find(*sum) : index::none;
        const auto to = text == index::none ? std::nullopt : all_.rows().find(e.row, text);
        return to && all_.reached(r.values[*to]) ? to : std::nullopt;
    }

    // A process that waits for a violation, and so adds no state before there is one.
    result<void> watch() {
        std::string options;
        for (const auto& p : story_.properties()) {
            if (!limits_.properties || !is_said(p)) continue;
            auto when = violation_of(p);
            if (!when) return passed(when);
            if (*when != "false")
                options += "    :: d_step {  " + comment(printable(p.name)) + "\n        (" +
                           *when + ") -> assert(false) }\n";
        }
        if (!options.empty())
            out_ << "\nactive proctype watch() {\nend_watch:\n    if\n" << options << "    fi\n}\n";
        return {};
    }

    result<std::string> violation_of(const property& p) {
        std::vector<std::uint32_t> looked_at;
        std::size_t combinations = 1;
        const auto named = limits_.looks_at.find(p.name);
        for (const auto& [key, row] : all_.rows().all()) {
            if (reached(row) < 2 || (named != limits_.looks_at.end() &&
                                     std::ranges::find(named->second, key) == named->second.end()))
                continue;
            looked_at.push_back(row);
            combinations *= reached(row);
            if (combinations > limits_.combinations_max)
                return fail(errc::too_big, "write a model", story_.name(),
                            "'" + p.name + "' looks at more than " +
                                std::to_string(limits_.combinations_max) +
                                " combinations of rows: name its keys in `looks_at`, or leave the "
                                "properties out");
        }
        const auto violated = [&](const std::vector<std::uint32_t>& at) {
            texts text;
            contents kept{text};
            std::vector<std::pair<std::string, std::string>> now;
            for (const auto& [key, row] : all_.rows().all()) {
                const auto& r = all_.rows()[row];
                const auto chosen = std::ranges::find(looked_at, row);
                const auto v = chosen == looked_at.end()
                                   ? r.first
                                   : at[static_cast<std::size_t>(chosen - looked_at.begin())];
                if (v != domains::absent) now.emplace_back(key, all_.text()[r.values[v].text]);
            }
            const check::rows seen{kept, kept.number(now)};
            return !p.of_moment(moment{seen, {}, {}, false}).empty();
        };
        return verdicts{all_, looked_at, violated}.condition(
            [&](std::uint32_t row) { return name(row); });
    }

    const story& story_;
    const model_limits& limits_;
    const outline& all_;
    std::map<std::uint32_t, std::size_t> names_;    // of rows
    std::map<std::uint32_t, std::size_t> answers_;  // of texts
    std::map<std::uint32_t, std::size_t> labels_;   // of nodes, in this proctype
    std::ostringstream out_;
    std::size_t exits_ = 0;
    bool bare_reads_ = false;
};

}  // namespace
}  // namespace detail

result<std::string> promela(const story& of, const model_limits& within) {
    if (!of.unfit().empty()) return fail(errc::too_big, "write a model", of.name(), of.unfit());
    if (!of.disk().empty() || of.may_strike().power_losses > 0)
        return fail(errc::unsupported, "write a model", of.name(), "a disk is not written");
    if (of.may_strike().zombies > 0)
        return fail(errc::unsupported, "write a model", of.name(),
                    "commits that happen later are not written");
    detail::outline all{of, within};
    if (auto drawn = all.draw(); !drawn) return passed(drawn);
    return detail::model{of, within, all}.written();
}

}  // namespace casement::check
