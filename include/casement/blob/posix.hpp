#pragma once
// The file system of a POSIX system. Any thread; it keeps no state of its own. It never retries a
// sync, and never changes the process's umask or working directory.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/file_system.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// Bytes of a file as memory that the system shares with everybody; read-only.
class posix_mapping {
public:
    posix_mapping(posix_mapping&& other) noexcept
        : begin_{std::exchange(other.begin_, nullptr)},
          length_{other.length_},
          bytes_{other.bytes_} {}
    posix_mapping& operator=(posix_mapping&& other) noexcept {
        std::swap(begin_, other.begin_);
        std::swap(length_, other.length_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~posix_mapping();

    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    friend class posix_file;
    posix_mapping(void* begin, std::size_t length, std::string_view bytes)
        : begin_{begin}, length_{length}, bytes_{bytes} {}

    void* begin_;
    std::size_t length_;
    std::string_view bytes_;
};

/// A file that is open: closed when it is destroyed, without a sync.
class posix_file {
public:
    using mapping = posix_mapping;

    posix_file(posix_file&& other) noexcept;
    posix_file& operator=(posix_file&& other) noexcept;
    ~posix_file();

    [[nodiscard]] result<void> write_at(std::uint64_t offset, std::string_view bytes);
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const;
    [[nodiscard]] result<std::uint64_t> size() const;
    [[nodiscard]] result<mapping> map(std::uint64_t offset, std::uint64_t length) const;
    void start_writeback(std::uint64_t offset, std::uint64_t length) const;
    [[nodiscard]] result<void> sync();
    [[nodiscard]] result<void> close();
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    friend class posix_file_system;

    posix_file(int number, std::string path) : number_{number}, path_{std::move(path)} {}
    [[nodiscard]] result<void> usable(const char* operation) const;

    int number_ = -1;                // of the descriptor; -1 once closed or moved from
    std::atomic<bool> lost_{false};  // a sync failed: the pages may be gone though marked clean
    std::string path_;
};

/// The system's own calls, by paths; every error has the path and the errno.
class posix_file_system {
public:
    using file = posix_file;

    /// Files are made 0644 and directories 0755, less the umask.
    [[nodiscard]] result<file> create(const std::string& path);
    [[nodiscard]] result<file> open(const std::string& path);
    [[nodiscard]] result<void> make_directory(const std::string& path);
    [[nodiscard]] result<bool> sync_directory(const std::string& path);

    /// These three wait up to half a second for a refusal to pass (see system_calls.hpp).
    [[nodiscard]] result<void> remove(const std::string& path);
    [[nodiscard]] result<void> rename(const std::string& from, const std::string& to);
    [[nodiscard]] result<bool> link(const std::string& from, const std::string& to);

    [[nodiscard]] result<std::vector<std::string>> list(const std::string& path);
    [[nodiscard]] result<entry> look(const std::string& path);
    [[nodiscard]] result<std::uint64_t> allocated(const std::string& path);
    [[nodiscard]] result<bool> punch(const std::string& path, std::span<const byte_range> ranges);
};

static_assert(file_system<posix_file_system> && mappable_file<posix_file>);

}  // namespace casement::blob
