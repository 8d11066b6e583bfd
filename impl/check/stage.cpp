#include <casement/check/stage.hpp>

#include <casement/check/story.hpp>
#include <casement/core/codec.hpp>
#include <casement/kv/row.hpp>

#include "turn.hpp"

namespace casement::check {

using detail::call;
namespace answer = detail::answer;

namespace detail {

std::string to_text(const std::vector<std::pair<std::string, std::string>>& rows) {
    std::string out;
    for (const auto& [key, value] : rows) {
        encode_to(out, key);
        encode_to(out, value);
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> rows_in(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (reader in{text}; !in.finished();) {
        std::string key, value;
        require(decode_from(in, key) && decode_from(in, value), "a text of rows");
        rows.emplace_back(std::move(key), std::move(value));
    }
    return rows;
}

namespace {

call about(call::kind what, std::string_view key = {}, std::string_view last = {}) {
    call c;
    c.what = what;
    c.key = key;
    c.last = last;
    return c;
}

result<found> row(const turn& of, std::uint32_t answered) {
    if (answered == answer::absent) return found{};
    return found{std::string{of.text(answered)}, {}};
}

}  // namespace
}  // namespace detail

result<found> stage::get(std::string_view key) const {
    return detail::row(*of_, of_->ask(detail::about(call::kind::get, key)));
}

stage::cursor stage::scan(std::string_view first, std::string_view last) const {
    const auto rows = of_->ask(detail::about(call::kind::scan, first, last));
    return cursor{detail::rows_in(of_->text(rows))};
}

stage::instant stage::snapshot() const {
    const auto which = of_->asked_snapshots();
    of_->ask(detail::about(call::kind::snapshot));
    return {*of_, which};
}

memory_store stage::held_snapshot() const {
    memory_store all;
    for (auto rows = all_rows(*this); rows.valid(); rows.next()) {
        const write one{write::kind::put, rows.key(), rows.value()};
        require(all.commit({{}, {&one, 1}}).has_value(), "a row of its own");
    }
    return all;
}

result<found> stage::instant::get(std::string_view key) const {
    auto c = detail::about(call::kind::snapshot_get, key);
    c.number = which_;
    return detail::row(*of_, of_->ask(std::move(c)));
}

stage::cursor stage::instant::scan(std::string_view first, std::string_view last) const {
    auto c = detail::about(call::kind::snapshot_scan, first, last);
    c.number = which_;
    return cursor{detail::rows_in(of_->text(of_->ask(std::move(c))))};
}

result<receipt> stage::commit(const batch& b) {
    auto c = detail::about(call::kind::commit);
    for (const auto& g : b.guards)
        c.guards.push_back({std::string{g.key},
                            g.expected ? std::optional{std::string{*g.expected}} : std::nullopt,
                            std::string{g.name}});
    for (const auto& w : b.writes)
        c.writes.push_back({w.what, std::string{w.key}, std::string{w.value}, w.amount});
    const auto said = of_->ask(std::move(c));
    switch (said) {
        case answer::committed: return receipt{};
        case answer::unknown:
            return fail(errc::unknown_outcome, "commit", "", "the reply was lost");
        case answer::spurious: return fail(errc::conflict, "commit", "", "for no reason");
        case answer::too_big:
            return fail(errc::too_big, "commit", "", "more than 100 guards and writes");
        case answer::corrupt: return fail(errc::corrupt, "bump", "", "the row is no counter");
        default: return std::unexpected{guard_failed(b.guards[said - answer::conflict])};
    }
}

file_answer disk_calls::operator()(const file_call& c) const {
    const auto said = of_->ask(detail::about(call::kind::file, encode(c)));
    file_answer a;
    if (said == answer::gone)
        a.code = static_cast<std::uint8_t>(errc::cancelled);
    else if (auto given = decode<file_answer>(of_->text(said)))
        a = *std::move(given);
    return a;
}

std::size_t actor::choose(std::span<const std::string> ways) {
    require(!ways.empty() && ways.size() <= 65535, "1 to 65,535 ways");
    call c;
    c.what = call::kind::choose;
    c.ways.assign(ways.begin(), ways.end());
    const auto way = of_.ask(std::move(c));
    doing(std::string_view{ways[way]}.substr(0, ways[way].find(' ')));
    return way;
}

void actor::doing(std::string_view operation) { of_.name_operation(operation); }

id_blocks<stage>& actor::ids() {
    if (!ids_) {
        const auto begin = of_.ask(detail::about(call::kind::fresh));
        ids_.emplace(kv_, std::uint64_t{begin}, std::uint64_t{begin} + id_blocks<stage>::block_ids);
    }
    return *ids_;
}

timestamp actor::now() {
    reader in{of_.text(of_.ask(detail::about(call::kind::now)))};
    std::uint64_t ns = 0;
    require(in.big64(ns), "a text of a time");
    return {static_cast<std::int64_t>(ns)};
}

void actor::carries(std::string_view key, std::optional<std::string_view> expected) {
    of_.carry(key, expected);
}

void actor::answer(std::string what) { of_.come_to(std::move(what)); }

void actor::broken(std::string_view why) { of_.stop(call::kind::broken, std::string{why}); }

}  // namespace casement::check
