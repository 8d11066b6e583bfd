#pragma once
// A second frame of a packed blob, for the row that will name it in the place of the first (SPEC
// B4, B6). One thread; destroyed before `published`, its bytes are dead.

#include <optional>
#include <string_view>
#include <utility>

#include <casement/blob/descriptor.hpp>
#include <casement/blob/staging_room.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

template <file_system FS>
class frame_copy {
public:
    /// Appends the payload of `old`, which the caller has verified.
    [[nodiscard]] static result<frame_copy> make(staging_room<FS>& room, const descriptor& old,
                                                 std::string_view payload) {
        auto begun = room.packs.begin(payload);
        if (!begun) return passed(begun);
        frame_copy copy{room, old, *std::move(begun)};
        if (auto done = room.packs.finish(*copy.frame_, copy.what_); !done) return passed(done);
        return copy;
    }
    frame_copy(frame_copy&& other) noexcept
        : room_{other.room_},
          what_{std::move(other.what_)},
          frame_{std::exchange(other.frame_, std::nullopt)} {}
    frame_copy& operator=(frame_copy&&) = delete;
    ~frame_copy() {
        if (frame_) room_->packs.abandon(*frame_);
    }

    /// The same blob, at its new place.
    [[nodiscard]] const descriptor& what() const { return what_; }

    /// Durable, whatever the store asks of its puts: the first frame may be, and is to go.
    [[nodiscard]] result<void> sync() {
        auto done = room_->packs.sync(*frame_);
        return done ? result<void>{} : passed(done);
    }

    /// A row names it, or may name it.
    void published() { room_->packs.published(*std::exchange(frame_, std::nullopt)); }

private:
    using frame = typename pack_appender<FS>::frame;
    frame_copy(staging_room<FS>& room, const descriptor& old, frame f)
        : room_{&room}, what_{old}, frame_{std::move(f)} {
        what_.position = to_number(frame_->position());
    }

    staging_room<FS>* room_;
    descriptor what_;
    std::optional<frame> frame_;
};

}  // namespace casement::blob
