// What a search found reads as it happened: in columns, as a diagram, as a page; and a token is one
// word that needs nothing else.

#include <casement/check/show.hpp>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/check/spelled.hpp>

#include "check/small_stories.hpp"

namespace casement::testing::show_test {
namespace {

using check::actors_of;
using check::explore;
using check::left_out;
using check::scope;
using check::story;
using check::told_step;
using check::violation;

constexpr auto payer_guard = "the payer is as it was seen";

story spelt_bank(std::size_t payers = 2, int turns = 1, check::faults may = {}) {
    auto s = bank(payers, turns, may);
    s.spells(check::spelled_rows<account>());
    return s;
}

scope mutant(std::string operation = "", scope in = {}) {
    in.without = {{std::move(operation), payer_guard}};
    return in;
}

violation broken_bank() {
    const auto r = explore(spelt_bank(), mutant());
    EXPECT_EQ(r.violations.size(), 1u) << r;
    return r.violations.front();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

TEST(Columns, EachActorHasItsOwn) {
    const auto v = broken_bank();
    const auto text = check::columns(v, actors_of(spelt_bank()));
    const auto lines = lines_of(text);
    const auto second = lines[0].find("payer 2");
    ASSERT_NE(second, std::string::npos) << text;
    EXPECT_EQ(lines[0].find("payer 1"), 6u);
    EXPECT_EQ(lines[0].find("the world"), std::string::npos) << "it does nothing";
    std::size_t steps = 0;
    for (const auto& line : lines) {
        EXPECT_LE(line.size(), 100u) << line;
        EXPECT_FALSE(line.ends_with(' ')) << '"' << line << '"';
        if (line.size() < 6 || line[3] < '0' || line[3] > '9') continue;
        const auto& step = v.schedule.at(steps++);
        EXPECT_EQ(line.find_first_not_of(' ', 5), step.actor == 0 ? 6 : second) << line;
    }
    EXPECT_EQ(steps, v.schedule.size()) << text;
}

TEST(Columns, ACommitSaysWhatItChangedAndWhatWouldHaveStoppedIt) {
    const auto v = broken_bank();
    const auto text = check::columns(v, actors_of(spelt_bank()));
    EXPECT_NE(text.find("| account 1: 100 -> 40\n"), std::string::npos) << text;
    const auto last = text.rfind("commits");
    EXPECT_GT(text.find("! without the guard '" + std::string{payer_guard} + "'\n"), last) << text;
    EXPECT_NE(text.find("token " + v.token), std::string::npos);
    // Its operation is named where it begins, and not again.
    EXPECT_NE(text.find("   1  pay there: reads account 1\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("pay there: commits"), std::string::npos) << text;
}

TEST(Columns, TheWorldComesLast) {
    violation v;
    v.schedule = {{.actor = 0, .what = "reads the clock", .operation = "look"},
                  {.actor = 1, .what = "the clock moves on", .operation = ""}};
    const std::vector<std::string> actors{"one"};
    const auto lines = lines_of(check::columns(v, actors));
    EXPECT_EQ(lines.at(3).find("the clock moves on"), lines.at(0).find("the world"));
}

TEST(Columns, LongWordsAreBroken) {
    violation v;
    v.schedule = {
        {.actor = 0, .what = std::string(50, 'x') + " y", .operation = ""},
        {.actor = 0, .what = "gr\u00fc\u00df gr\u00fc\u00df gr\u00fc\u00df", .operation = ""}};
    const std::vector<std::string> actors{"an actor of a very long name"};
    const auto text = check::columns(v, actors, 10);
    std::size_t exes = 0;
    for (const auto& line : lines_of(text)) EXPECT_LE(line.size(), 6u + 16 + 4) << line;
    for (const char c : text) exes += c == 'x' ? 1 : 0;
    EXPECT_EQ(exes, 50u) << text;
    EXPECT_NE(text.find("gr\u00fc\u00df gr\u00fc\u00df gr\u00fc\u00df"), std::string::npos) << text;
}

TEST(Report, IsToldInColumns) {
    const auto r = explore(spelt_bank(), mutant());
    std::ostringstream text;
    text << r;
    EXPECT_NE(text.str().find(check::columns(r.violations.front(), r.actors)), std::string::npos);
    EXPECT_EQ(r.actors, (std::vector<std::string>{"payer 1", "payer 2"}));
}

TEST(Mermaid, AnArrowForEachStep) {
    const auto v = broken_bank();
    const auto lines = lines_of(check::mermaid(v, actors_of(spelt_bank())));
    EXPECT_EQ(lines.front(), "sequenceDiagram");
    std::size_t arrows = 0;
    for (const auto& line : lines) arrows += line.find("->>kv: ") != std::string::npos ? 1 : 0;
    EXPECT_EQ(arrows, v.schedule.size());
    EXPECT_NE(lines.back().find("violated: no money is made"), std::string::npos) << lines.back();
}

TEST(Mermaid, NothingInATextIsSyntax) {
    violation v;
    v.property = "p";
    v.words = "two\nlines\n";
    v.schedule = {{.actor = 0, .what = "a;b#c<d%%e", .operation = ""}};
    v.schedule.front().struck = true;
    const std::vector<std::string> actors{"one;two"};
    const auto text = check::mermaid(v, actors);
    EXPECT_NE(text.find("as one#59;two\n"), std::string::npos) << text;
    EXPECT_NE(text.find("a0-xkv: a#59;b#35;c#60;d#37;#37;e\n"), std::string::npos) << text;
    EXPECT_NE(text.find("two<br/>lines\n"), std::string::npos) << text;
}

TEST(Graph, IsTheSearchState) {
    check::faults may{.crashes = 1, .lost_replies = 1};
    for (const auto& told : {spelt_bank(2, 2), spelt_bank(2, 1, may), tags(2, 1)})
        for (const auto& in : {scope::raw(), scope{}}) {
            const auto r = explore(told, in);
            const auto states = check::graph(told, in, 1'000'000);
            ASSERT_EQ(states.size(), r.states) << told.name();
            std::uint64_t steps = 0;
            std::set<std::size_t> met{0};
            for (const auto& s : states)
                for (const auto& way : s.steps) {
                    ++steps;
                    ASSERT_TRUE(way.to.has_value());
                    met.insert(*way.to);
                }
            EXPECT_EQ(steps, r.transitions) << told.name();
            EXPECT_EQ(met.size(), states.size()) << "each is met on the way from the first";
        }
}

TEST(Graph, TellsWhereEverybodyIs) {
    const auto states = check::graph(spelt_bank(2, 1, {.crashes = 1}));
    const auto& first = states.front();
    EXPECT_EQ(first.rows, (std::vector<std::pair<std::string, std::string>>{{"account 1", "100"},
                                                                            {"account 2", "0"}}));
    EXPECT_EQ(first.places, (std::vector<std::string>{"1 turn left", "1 turn left"}));
    EXPECT_EQ(first.outside, "1 crashes left");
    EXPECT_TRUE(first.wrong.empty());
    const auto way = std::ranges::find_if(
        first.steps, [](const auto& w) { return w.told.operation == "pay" && !w.told.struck; });
    ASSERT_NE(way, first.steps.end());
    EXPECT_EQ(way->told.what, "reads account 1");
    EXPECT_EQ(states.at(*way->to).places.at(way->told.actor), "pay there: next reads account 2");
}

TEST(Graph, IsBounded) {
    const auto states = check::graph(spelt_bank(3, 2), scope::raw(), 10);
    ASSERT_EQ(states.size(), 10u);
    std::size_t beyond = 0;
    for (const auto& s : states)
        for (const auto& way : s.steps)
            if (way.to)
                EXPECT_LT(*way.to, 10u);
            else
                ++beyond;
    EXPECT_GT(beyond, 0u);
}

TEST(Graph, EndsWhereSomethingIsWrong) {
    const auto states = check::graph(spelt_bank(), mutant("", scope::raw()), 1'000'000);
    std::size_t wrong = 0;
    for (const auto& s : states) {
        if (s.wrong.empty()) continue;
        ++wrong;
        EXPECT_TRUE(s.steps.empty());
        EXPECT_TRUE(s.wrong.front().starts_with("no money is made: ")) << s.wrong.front();
    }
    EXPECT_GT(wrong, 0u);
    for (const auto& s : check::graph(spelt_bank(), scope::raw(), 1'000'000))
        EXPECT_TRUE(s.wrong.empty());
}

TEST(Page, NeedsNothingButItself) {
    const auto told = spelt_bank();
    const auto v = broken_bank();
    const auto page = check::html(told, check::graph(told, mutant()), &v);
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
    for (const auto* reference : {"http:", "https:", "src=", "href=", "@import", "url("})
        EXPECT_EQ(page.find(reference), std::string::npos) << reference;
    EXPECT_NE(page.find(v.token.substr(0, v.token.find('+'))), std::string::npos);
    EXPECT_NE(page.find("account 1"), std::string::npos);
}

TEST(Page, NoTextEndsTheScript) {
    story s{"</script><b>\"\\"};
    s.acts("one", [](check::actor& me) { me.answer("</script>"); });
    const auto states = check::graph(s);
    const auto page = check::html(s, states);
    EXPECT_NE(page.find(R"(\u003c/script\u003e\u003cb\u003e\u0022\u005c)"), std::string::npos);
    std::size_t ends = 0;
    for (auto at = page.find("</script"); at != std::string::npos;
         at = page.find("</script", at + 1))
        ++ends;
    EXPECT_EQ(ends, 2u) << "the data's, and the program's";
}

// --- tokens ---

TEST(Token, SaysWhatWasLeftOut) {
    const auto told = bank(2, 1);
    for (const auto* operation : {"", "pay"}) {
        const auto r = explore(told, mutant(operation));
        ASSERT_FALSE(r.violations.empty());
        const auto& token = r.violations.front().token;
        EXPECT_EQ(token.find_first_of(" ;&|<>'\"$()*?"), std::string::npos) << token;
        EXPECT_EQ(check::left_out_of(token), (std::vector<left_out>{{operation, payer_guard}}));
        const auto again = check::replay(told, token);  // with nothing but the token
        ASSERT_TRUE(again) << again.error().message();
        ASSERT_EQ(again->violations.size(), 1u);
        EXPECT_EQ(again->violations.front().property, "no money is made");
        EXPECT_EQ(again->schedule.back().forgotten, payer_guard);
    }
}

TEST(Token, AnyNameIsCarried) {
    const std::vector<left_out> odd{{"a/b,c~d", "100%;\n\x80'+ "}, {"", "plain"}};
    auto in = scope{};
    in.without = odd;
    auto told = bank(1, 1);
    told.always("never",
                [](const check::rows& now) { return (*read<account>(now, 1))->cents == 100; });
    const auto r = explore(told, in);
    ASSERT_FALSE(r.violations.empty());
    EXPECT_EQ(check::left_out_of(r.violations.front().token), odd);
}

TEST(Token, BadOnesAreRefused) {
    const auto told = bank(2, 1);
    const auto token = explore(told, mutant()).violations.front().token;
    const auto whole = token.substr(0, token.find('~'));
    EXPECT_EQ(check::left_out_of(whole), std::vector<left_out>{});
    for (const auto* tail : {"~", "~a", "~a/", "~a/b,", "~a/%", "~a/%4", "~a/%zz", "~a/b c"}) {
        const auto r = check::left_out_of(whole + tail);
        ASSERT_FALSE(r) << tail;
        EXPECT_EQ(r.error().code(), errc::illegal);
        EXPECT_FALSE(check::replay(told, whole + tail)) << tail;
    }
    EXPECT_FALSE(check::left_out_of("cm2.nothing"));
    EXPECT_TRUE(check::fits(told, token));
    EXPECT_TRUE(check::fits(told, whole));
    EXPECT_FALSE(check::fits(bank(2, 2), token)) << "another size";
    EXPECT_FALSE(check::fits(told, "cm2"));
}

}  // namespace
}  // namespace casement::testing::show_test
