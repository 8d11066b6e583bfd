#pragma once
// The rows of a store at one moment of a story, as properties see them: a readable store that takes
// no commit. A view; it lives as long as the exploration that shows it.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

namespace casement::check {

namespace detail {
class contents;
}

class rows {
public:
    class cursor {
    public:
        [[nodiscard]] bool valid() const { return here_ < end_; }
        [[nodiscard]] std::string_view key() const { return of_->key(here_); }
        [[nodiscard]] std::string_view value() const { return of_->value(here_); }
        void next() { ++here_; }
        [[nodiscard]] result<void> status() const { return {}; }

    private:
        friend rows;
        cursor(const rows* of, std::size_t first, std::size_t last)
            : of_{of}, here_{first}, end_{last} {}
        const rows* of_;
        std::size_t here_, end_;
    };

    explicit rows(const detail::contents& of, std::uint32_t which) : of_{&of}, which_{which} {}

    [[nodiscard]] std::size_t size() const;
    /// In byte order of the keys. REQUIRES: at < size()
    [[nodiscard]] std::string_view key(std::size_t at) const;
    [[nodiscard]] std::string_view value(std::size_t at) const;

    [[nodiscard]] result<found> get(std::string_view key) const;
    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const;
    [[nodiscard]] rows snapshot() const { return *this; }
    [[nodiscard]] bool unchanged(std::string_view, version) const { return false; }
    /// `read_only`: a property looks, and changes nothing.
    [[nodiscard]] result<receipt> commit(const batch&) const {
        return fail(errc::read_only, "commit", "", "a property only looks");
    }

private:
    [[nodiscard]] std::size_t lower_bound(std::string_view key) const;

    const detail::contents* of_;
    std::uint32_t which_;
};

static_assert(store<rows>);

}  // namespace casement::check
