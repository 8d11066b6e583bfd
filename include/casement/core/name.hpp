#pragma once
// What a name is, and how a path falls into names. Names are bytes, compared as bytes: never
// folded, never normalised, and not always UTF-8. Pure; allocates nothing but an error's text.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>

namespace casement {

inline constexpr std::size_t name_bytes_max = 255;   // what ext4, XFS and btrfs hold
inline constexpr std::size_t path_bytes_max = 4096;  // PATH_MAX, without its NUL

/// Can a directory hold `name`? 1 to 255 bytes, no '/', no NUL, neither "." nor ".."; else
/// `bad_name`.
[[nodiscard]] inline result<void> check_name(std::string_view name) {
    const char* wrong = name.empty()                                ? "empty"
                        : name.size() > name_bytes_max              ? "longer than 255 bytes"
                        : name == "." || name == ".."               ? "no entry of its own"
                        : name.find('/') != std::string_view::npos  ? "holds a '/'"
                        : name.find('\0') != std::string_view::npos ? "holds a NUL"
                                                                    : nullptr;
    if (wrong != nullptr) return fail(errc::bad_name, "check name", std::string{name}, wrong);
    return {};
}

/// The names in a path, from the root down: a forward range of `std::string_view` into the path
/// that it was made from. Cut on demand, and already checked: only `split_path` makes one.
class path_components {
public:
    class iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::forward_iterator_tag;

        iterator() = default;

        std::string_view operator*() const { return name_; }
        iterator& operator++() { return *this = iterator{rest()}; }
        iterator operator++(int) {
            const auto before = *this;
            ++*this;
            return before;
        }

        /// What follows this name in the path, slashes included.
        [[nodiscard]] std::string_view rest() const { return path_.substr(name_.size()); }

        bool operator==(const iterator& other) const { return path_.size() == other.path_.size(); }
        bool operator==(std::default_sentinel_t) const { return name_.empty(); }

    private:
        friend path_components;
        explicit iterator(std::string_view path)
            : path_{path.substr(std::min(path.find_first_not_of('/'), path.size()))},
              name_{path_.substr(0, path_.find('/'))} {}

        std::string_view path_;  // from this name on
        std::string_view name_;
    };

    [[nodiscard]] iterator begin() const { return iterator{path_}; }
    [[nodiscard]] static std::default_sentinel_t end() { return std::default_sentinel; }
    [[nodiscard]] bool empty() const { return begin() == end(); }

private:
    friend result<path_components> split_path(std::string_view path);
    explicit path_components(std::string_view path) : path_{path} {}

    std::string_view path_;
};

/// The names of `path`: separated by one or more '/', also before the first and after the last. The
/// empty path and "/" have none. `bad_name` for a path of more than 4096 bytes or a name that
/// `check_name` refuses, so "." and ".." too: they are steps of a shell, not names of a store.
[[nodiscard]] inline result<path_components> split_path(std::string_view path) {
    if (path.size() > path_bytes_max)
        return fail(errc::bad_name, "split path",
                    std::string{path.substr(0, name_bytes_max)} + "...", "longer than 4096 bytes");
    const path_components names{path};
    for (const auto name : names)
        if (auto good = check_name(name); !good)
            return within(std::move(good), "split path", std::string{path});
    return names;
}

}  // namespace casement
