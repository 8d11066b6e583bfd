#pragma once
// A blob's bytes in memory for as long as somebody holds them (DESIGN D9): mapped where they lie,
// if the file system can, and else read. They were verified when the view was made. Where a disk
// fails under a mapping, the system says so with SIGBUS: who cannot live with that reads.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/blob/file_cache.hpp>
#include <casement/blob/file_system.hpp>
#include <casement/blob/frame_pins.hpp>

namespace casement::blob {

namespace detail {

template <class F>
struct mapping_of {
    using type = std::monostate;
};
template <mappable_file F>
struct mapping_of<F> {
    using type = typename F::mapping;
};

}  // namespace detail

/// Move-only. Any thread reads it; its files must outlive it.
template <file_system FS>
class blob_view {
public:
    using mapping = typename detail::mapping_of<typename FS::file>::type;

    /// Bytes that were read, from `front` on.
    explicit blob_view(std::string bytes, std::size_t front = 0)
        : read_{std::move(bytes)}, front_{front} {}
    /// Bytes of a file that is open as long as this, and that stay where they are.
    blob_view(mapping mapped, typename file_cache<FS>::pin file,
              std::shared_ptr<const frame_pins::pin> held)
        : mapped_{std::move(mapped)}, file_{std::move(file)}, held_{std::move(held)} {}

    [[nodiscard]] std::string_view bytes() const {
        if constexpr (mappable_file<typename FS::file>)
            if (mapped_) return mapped_->bytes();
        return std::string_view{read_}.substr(front_);
    }
    [[nodiscard]] std::uint64_t size() const { return bytes().size(); }
    [[nodiscard]] bool is_mapped() const { return mapped_.has_value(); }

private:
    std::string read_;
    std::size_t front_ = 0;
    std::optional<mapping> mapped_;
    typename file_cache<FS>::pin file_;
    std::shared_ptr<const frame_pins::pin> held_;
};

}  // namespace casement::blob
