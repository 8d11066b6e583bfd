#pragma once
// Bytes of one writer until their placement is known: grows on demand up to a limit, keeps its memory
// when cleared, and leaves room in front so that a frame goes to its pack in one write. One thread.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <casement/blob/pack_format.hpp>
#include <casement/core/assert.hpp>

namespace casement::blob {

class payload_buffer {
public:
    /// Holds at most `limit` bytes.
    explicit payload_buffer(std::size_t limit) : limit_{limit}, raw_(room, '\0') {}

    /// REQUIRES: it stays within the limit.
    void append(std::string_view bytes) {
        const auto needed = raw_.size() + bytes.size();
        require(needed <= room + limit_, "a payload buffer within its limit");
        if (needed > raw_.capacity())
            raw_.reserve(std::min(room + limit_, std::max(needed, 2 * raw_.capacity())));
        raw_.append(bytes);
    }

    void drop_front(std::size_t n) { raw_.erase(room, n); }
    void clear() { raw_.resize(room); }

    [[nodiscard]] std::string_view payload() const { return std::string_view{raw_}.substr(room); }
    [[nodiscard]] std::size_t size() const { return raw_.size() - room; }
    [[nodiscard]] std::size_t capacity() const { return raw_.capacity(); }

    /// The payload behind this header, as one piece.
    /// REQUIRES: `header` has the size of a frame's.
    [[nodiscard]] std::string_view framed(std::string_view header) {
        require(header.size() == room, "a frame's header");
        std::ranges::copy(header, raw_.begin());
        return raw_;
    }

private:
    static constexpr std::size_t room = frame_header_size;

    std::size_t limit_;
    std::string raw_;
};

}  // namespace casement::blob
