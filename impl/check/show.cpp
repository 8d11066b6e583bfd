#include <casement/check/show.hpp>

#include <algorithm>
#include <map>
#include <string_view>

#include "page.hpp"

namespace casement::check {

std::vector<std::string> actors_of(const story& of) {
    std::vector<std::string> names;
    for (const auto& role : of.roles()) names.push_back(role.name);
    return names;
}

namespace {

constexpr std::string_view world_name = "the world";

std::string_view name_of_actor(std::span<const std::string> actors, std::size_t actor) {
    return actor < actors.size() ? std::string_view{actors[actor]} : world_name;
}

const std::string& doing(const told_step& step) {
    return step.way.empty() ? step.operation : step.way;
}

/// What each step says: its operation only where it begins it.
std::vector<std::string> sayings(const violation& v) {
    std::map<std::size_t, std::string> under_way;
    std::vector<std::string> out;
    for (const auto& step : v.schedule) {
        auto& known = under_way[step.actor];
        const auto& way = doing(step);
        const bool begins = !way.empty() && (step.begins || way != known);
        known = way;
        out.push_back((begins ? way + ": " : "") + step.what);
    }
    return out;
}

// --- the table -------------------------------------------------------------------------------

// Columns that UTF-8 takes, as long as no character is wide.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// The bytes of the first `columns` characters.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
    std::size_t at = 0;
    for (; at < text.size(); ++at)
        if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80 && columns-- == 0) break;
    return at;
}

// Breaks between words, and within those that are longer than a line.
void wrap(std::string_view text, std::size_t width, std::vector<std::string>& lines) {
    constexpr std::string_view indent = "  ";
    std::string_view before;
    while (width_of(text) + before.size() > width) {
        const auto room = bytes_of(text, width - before.size());
        const auto space = text.substr(0, room + 1).rfind(' ');
        const bool between = space != std::string_view::npos && space >= width / 4;
        lines.push_back(std::string{before} + std::string{text.substr(0, between ? space : room)});
        text.remove_prefix(between ? space + 1 : room);
        before = indent;
    }
    lines.push_back(std::string{before} + std::string{text});
}

constexpr std::size_t number_columns = 6, column_min = 16;

std::string number_in_margin(std::size_t n) {
    const auto digits = std::to_string(n);
    return std::string(digits.size() < 4 ? 4 - digits.size() : 0, ' ') + digits + "  ";
}

}  // namespace

std::string columns(const violation& v, std::span<const std::string> actors, std::size_t width) {
    if (v.schedule.empty())
        return v.token.empty() ? "" : "    at the beginning\n    token " + v.token + '\n';
    const bool world_acts = std::ranges::any_of(
        v.schedule, [&](const told_step& s) { return s.actor >= actors.size(); });
    const auto count = std::max<std::size_t>(actors.size() + (world_acts ? 1 : 0), 1);
    const auto room = width > number_columns ? (width - number_columns) / count : 0;
    const auto column = std::max(room, column_min + 2) - 2;  // two between
    std::string out, rule(number_columns, ' '), names = rule;
    for (std::size_t a = 0; a < count; ++a) {
        const auto name = name_of_actor(actors, a);
        const auto shown = name.substr(0, bytes_of(name, column));
        const std::string gap(a + 1 < count ? 2 : 0, ' ');
        names.append(shown).append(a + 1 < count ? column - width_of(shown) : 0, ' ').append(gap);
        rule.append(column, '-').append(gap);
    }
    out += names + '\n' + rule + '\n';
    const auto said = sayings(v);
    for (std::size_t i = 0; i < v.schedule.size(); ++i) {
        const auto& step = v.schedule[i];
        std::vector<std::string> lines;
        wrap(said[i], column, lines);
        for (const auto& c : step.changed) wrap("| " + c, column, lines);
        const auto at = std::min(step.actor, count - 1) * (column + 2);
        for (std::size_t n = 0; n < lines.size(); ++n)
            out += (n == 0 ? number_in_margin(i + 1) : std::string(number_columns, ' ')) +
                   std::string(at, ' ') + lines[n] + '\n';
        if (!step.forgotten) continue;
        // On one line, as it is searched for: further to the left where its column is too narrow.
        const auto guard = "! without the guard '" + *step.forgotten + "'";
        const auto space = width > width_of(guard) ? width - width_of(guard) : 0;
        const auto left = std::max(std::min(number_columns + at, space), number_columns);
        out += std::string(left, ' ') + guard + '\n';
    }
    if (!v.token.empty()) out += "    token " + v.token + '\n';
    return out;
}

// --- Mermaid ---------------------------------------------------------------------------------

namespace {

// What has a meaning of its own in a sequence diagram goes by its number.
std::string in_mermaid(std::string_view text) {
    std::string out;
    while (text.ends_with('\n')) text.remove_suffix(1);
    for (const char c : text)
        if (c == '\n')
            out += "<br/>";
        else if (std::string_view{"#;<>%"}.find(c) == std::string_view::npos)
            out += c;
        else
            out += '#' + std::to_string(static_cast<int>(c)) + ';';
    return out;
}

}  // namespace

std::string mermaid(const violation& v, std::span<const std::string> actors) {
    std::string out = "sequenceDiagram\n";
    for (std::size_t a = 0; a < actors.size(); ++a)
        out += "    participant a" + std::to_string(a) + " as " + in_mermaid(actors[a]) + '\n';
    out += "    participant kv as store\n";
    const auto note = [&](const std::string& text) { out += "    Note over kv: " + text + '\n'; };
    const auto said = sayings(v);
    for (std::size_t i = 0; i < v.schedule.size(); ++i) {
        const auto& step = v.schedule[i];
        if (step.actor < actors.size())
            out += "    a" + std::to_string(step.actor) + (step.struck ? "-x" : "->>") +
                   "kv: " + in_mermaid(said[i]) + '\n';
        else
            note(in_mermaid(said[i]));
        std::string changed;
        for (const auto& c : step.changed)
            changed += (changed.empty() ? "" : "<br/>") + in_mermaid(c);
        if (!changed.empty()) note(changed);
        if (step.forgotten) note("without the guard '" + in_mermaid(*step.forgotten) + "'");
    }
    if (!v.property.empty()) note("violated: " + in_mermaid(v.property + ": " + v.words));
    return out;
}

// --- the page --------------------------------------------------------------------------------

namespace {

// A JSON string that also may stand inside a script element.
std::string quoted(std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto n = static_cast<unsigned char>(c);
        if (n < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&')
            out.append("\\u00").append({hex[n >> 4], hex[n & 15]});
        else
            out += c;
    }
    return out + '"';
}

template <class R, class F>
std::string listed(const R& all, F&& one) {
    std::string out = "[";
    for (const auto& x : all) {
        if (out.size() > 1) out += ',';
        out += one(x);
    }
    return out + ']';
}

/// Writes what the page's script reads (page.hpp): each text once, and lists of their numbers.
class page_data {
public:
    std::string of(const story& told, std::span<const shown_state> states, const violation* v) {
        const auto all = listed(states, [&](const shown_state& s) { return state(s); });
        const auto steps = v ? listed(v->schedule, [&](const told_step& s) { return step(s); })
                             : std::string{"[]"};
        std::string out = "{\"story\":" + quoted(told.name());
        out += ",\"actors\":" + listed(actors_of(told), quoted);
        if (v)
            out += ",\"violation\":{\"property\":" + quoted(v->property) +
                   ",\"words\":" + quoted(v->words) + ",\"token\":" + quoted(v->token) +
                   ",\"steps\":" + steps + '}';
        out += ",\"states\":" + all;
        return out + ",\"texts\":" + listed(texts_, [](auto* t) { return quoted(*t); }) + '}';
    }

private:
    std::string text(const std::string& t) {
        const auto [at, fresh] = numbers_.try_emplace(t, texts_.size());
        if (fresh) texts_.push_back(&at->first);
        return std::to_string(at->second);
    }
    std::string some(const std::vector<std::string>& all) {
        return listed(all, [&](const auto& t) { return text(t); });
    }
    std::string rows(const std::vector<std::pair<std::string, std::string>>& all) {
        return listed(all, [&](const auto& r) { return text(r.first) + ',' + text(r.second); });
    }
    std::string step(const told_step& s) {
        return '[' + std::to_string(s.actor) + ',' + text(doing(s)) + ',' + text(s.what) + ',' +
               some(s.changed) + ',' + text(s.forgotten.value_or("")) + ',' +
               (s.commits ? "1" : "0") + ',' + rows(s.rows) + ']';
    }
    std::string state(const shown_state& s) {
        const auto way = [&](const shown_step& w) {
            return '[' + step(w.told) + ',' + (w.to ? std::to_string(*w.to) : "-1") + ',' +
                   text(w.wrong) + ']';
        };
        return '[' + rows(s.rows) + ',' + some(s.places) + ',' + text(s.outside) + ',' +
               some(s.wrong) + ',' + listed(s.steps, way) + ']';
    }

    std::map<std::string, std::size_t> numbers_;
    std::vector<const std::string*> texts_;
};

}  // namespace

std::string html(const story& of, std::span<const shown_state> states, const violation* v) {
    std::string out{detail::page_before};
    out += page_data{}.of(of, states, v);
    return out.append(detail::page_after);
}

std::string on_lines(std::string_view words, std::string_view between) {
    while (words.ends_with('\n')) words.remove_suffix(1);
    std::string out;
    for (const char c : words) out.append(c == '\n' ? between : std::string_view{&c, 1});
    return out;
}

}  // namespace casement::check
