#pragma once
// Contents of a store, each kept once and named by a number: the rows are pairs of text numbers in
// byte order of their keys. One thread.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/kv/memory.hpp>

#include "call.hpp"
#include "index.hpp"

namespace casement::check::detail {

/// Where a scan of all rows ends.
inline const std::string past_all_keys(64, '\xff');

class contents {
public:
    explicit contents(texts& text) : text_{text} {}

    [[nodiscard]] std::uint32_t number(
        const std::vector<std::pair<std::string, std::string>>& rows) {
        std::vector<std::uint32_t> words;
        for (const auto& [key, value] : rows) {
            words.push_back(text_.number(key));
            words.push_back(text_.number(value));
        }
        return rows_.number(words);
    }

    [[nodiscard]] std::uint32_t number(const memory_store& of) {
        std::vector<std::pair<std::string, std::string>> rows;
        for (auto at = of.scan("", past_all_keys); at.valid(); at.next())
            rows.emplace_back(at.key(), at.value());
        return number(rows);
    }

    /// The keys, as texts, of the rows that differ.
    [[nodiscard]] std::vector<std::uint32_t> changed(std::uint32_t a, std::uint32_t b) const {
        std::vector<std::uint32_t> keys;
        const auto lacks = [&](std::uint32_t in, std::uint32_t key, std::uint32_t value) {
            const auto words = rows_[in];
            for (std::size_t i = 0; i < words.size(); i += 2)
                if (words[i] == key) return words[i + 1] != value;
            return true;
        };
        const auto compare = [&](std::uint32_t from, std::uint32_t to) {
            const auto words = rows_[from];
            for (std::size_t i = 0; i < words.size(); i += 2)
                if (lacks(to, words[i], words[i + 1])) keys.push_back(words[i]);
        };
        compare(a, b);
        compare(b, a);
        return keys;
    }

    [[nodiscard]] std::size_t size(std::uint32_t of) const { return rows_[of].size() / 2; }
    [[nodiscard]] std::string_view key(std::uint32_t of, std::size_t at) const {
        return text_[rows_[of][2 * at]];
    }
    [[nodiscard]] std::string_view value(std::uint32_t of, std::size_t at) const {
        return text_[rows_[of][2 * at + 1]];
    }

    /// The text of the row's value, or `answer::absent`.
    [[nodiscard]] std::uint32_t get(std::uint32_t of, std::string_view key) const {
        const auto k = text_.find(key);
        if (k == index::none) return answer::absent;
        const auto words = rows_[of];
        for (std::size_t i = 0; i < words.size(); i += 2)
            if (words[i] == k) return words[i + 1];
        return answer::absent;
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> scan(
        std::uint32_t of, std::string_view first, std::string_view last) const {
        std::vector<std::pair<std::string, std::string>> out;
        for (std::size_t i = 0; i < size(of); ++i)
            if (const auto k = key(of, i); k >= first && k < last)
                out.emplace_back(k, value(of, i));
        return out;
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> all(std::uint32_t of) const {
        return scan(of, "", past_all_keys);
    }

    /// The first guard that does not hold, but for those that `forgets` says; or nothing.
    template <class Forgets>
    [[nodiscard]] std::optional<std::size_t> broken_guard(std::uint32_t of, const call& commit,
                                                          Forgets forgets) const {
        for (std::size_t i = 0; i < commit.guards.size(); ++i)
            if (!forgets(commit.guards[i]) && !holds(of, commit.guards[i])) return i;
        return std::nullopt;
    }
    [[nodiscard]] bool holds(std::uint32_t of, const call::guard& g) const {
        const auto now = get(of, g.key);
        if (!g.expected) return now == answer::absent;
        return now != answer::absent && text_[now] == *g.expected;
    }

    /// The contents after the commit's writes, or nothing if a bumped row is no counter.
    [[nodiscard]] std::optional<std::uint32_t> after(std::uint32_t of, const call& commit) {
        std::vector<std::uint32_t> words(rows_[of].begin(), rows_[of].end());
        for (const auto& w : commit.writes) {
            const auto key = text_.number(w.key);
            std::size_t at = 0;
            while (at < words.size() && words[at] != key) at += 2;
            const bool there = at < words.size();
            if (w.what == write::kind::erase) {
                if (there) words.erase(words.begin() + at, words.begin() + at + 2);
                continue;
            }
            std::uint32_t value = 0;
            if (w.what == write::kind::bump) {
                const auto old =
                    there ? std::optional{std::string{text_[words[at + 1]]}} : std::nullopt;
                const auto sum = bumped(old, w.amount, w.key);
                if (!sum) return std::nullopt;
                value = text_.number(*sum);
            } else {
                value = text_.number(w.value);
            }
            if (there) {
                words[at + 1] = value;
                continue;
            }
            at = 0;
            while (at < words.size() && text_[words[at]] < w.key) at += 2;
            words.insert(words.begin() + at, {key, value});
        }
        return rows_.number(words);
    }

private:
    texts& text_;
    tuples rows_;
};

}  // namespace casement::check::detail
