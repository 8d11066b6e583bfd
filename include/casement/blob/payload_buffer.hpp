#pragma once
// Bytes of one writer until their placement is known: grows on demand up to a limit, and keeps its
// memory when cleared. One thread.

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include <casement/core/assert.hpp>

namespace casement::blob {

class payload_buffer {
public:
    /// Holds at most `limit` bytes.
    explicit payload_buffer(std::size_t limit) : limit_{limit} {}

    /// REQUIRES: it stays within the limit.
    void append(std::string_view bytes) {
        const auto needed = bytes_.size() + bytes.size();
        require(needed <= limit_, "a payload buffer within its limit");
        if (needed > bytes_.capacity())
            bytes_.reserve(std::min(limit_, std::max(needed, 2 * bytes_.capacity())));
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }

    /// REQUIRES: it holds `n` bytes.
    void drop_front(std::size_t n) {
        require(n <= bytes_.size(), "bytes to drop");
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(n));
    }
    void clear() { bytes_.clear(); }

    [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::size_t capacity() const { return bytes_.capacity(); }

private:
    std::size_t limit_;
    std::vector<char> bytes_;  // a string would grow past what it is told to reserve
};

}  // namespace casement::blob
