#pragma once
// An opening of a root whose rows are elsewhere, as all the others see it, on any machine that has
// the root's directory: locks of one file, which go with who holds them, however that ends. One
// byte says whether others may come; another, by its place, from which number on its files are.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <casement/blob/options.hpp>
#include <casement/core/error.hpp>

namespace casement {

/// Any thread, but for moves and `share`.
class opening {
public:
    /// Nobody else comes before this is destroyed. `in_use` if somebody is there, perhaps in
    /// another part of this process.
    [[nodiscard]] static result<opening> alone(const std::string& path);
    /// With all who share it. `in_use` if somebody has it alone.
    [[nodiscard]] static result<opening> shared(const std::string& path);

    /// A root whose rows are in it, where the rows' own lock sees to that nobody else is there.
    opening() = default;
    opening(opening&& other) noexcept
        : file_{std::exchange(other.file_, -1)},
          path_{std::move(other.path_)},
          first_{std::exchange(other.first_, std::nullopt)} {}
    opening& operator=(opening&& other) noexcept {
        std::swap(file_, other.file_);
        std::swap(path_, other.path_);
        std::swap(first_, other.first_);
        return *this;
    }
    ~opening();

    /// Others may come from now on.
    [[nodiscard]] result<void> share();

    /// Files are made under numbers from `first` on. Who has not said so makes none.
    [[nodiscard]] result<void> writes_from(std::uint64_t first);

    /// Who else is there, and from which number on any of them makes files.
    [[nodiscard]] result<blob::other_openings> others() const;
    [[nodiscard]] bool may_be_shared() const { return file_ >= 0; }

private:
    [[nodiscard]] static result<opening> take(const std::string& path, short kind);

    int file_ = -1;
    std::string path_;
    std::optional<std::uint64_t> first_;
};

}  // namespace casement
