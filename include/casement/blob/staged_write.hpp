#pragma once
// The work of one staged write, without the types that keep its steps in order: use it through
// `staged`. One thread. Destroyed before `publish`, it leaves no file, or one that no row names.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <casement/blob/checksum.hpp>
#include <casement/blob/dedicated.hpp>
#include <casement/blob/descriptor.hpp>
#include <casement/blob/staging_room.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

template <file_system FS>
class staged_write {
public:
    /// `expected` bytes are likely to come; 0 if nobody knows.
    staged_write(staging_room<FS>& room, blob_id id, std::uint64_t expected = 0)
        : room_{&room}, expected_{expected}, work_{room.borrow()} {
        what_.id = id;
    }
    staged_write(const staged_write&) = delete;
    staged_write& operator=(const staged_write&) = delete;
    ~staged_write() {
        (void)abandon();  // a file that cannot be removed is found by its name later (SPEC W4)
        room_->give_back(std::move(work_));
        room_->landed(what_.id);
    }

    /// After an error every further call answers with it.
    [[nodiscard]] result<void> write(std::string_view bytes) {
        if (broken_) return std::unexpected{*broken_};
        const auto size = std::max<std::uint64_t>(work_->held.size() + bytes.size(), expected_);
        if (!file_ && size < room_->chosen.sizes.dedicated_min)
            return work_->held.append(bytes), result<void>{};
        return remember(pour(bytes));
    }

    /// Nothing more is written. Answers the size that the bytes have where they lie now.
    [[nodiscard]] result<std::uint64_t> measure() {
        if (broken_) return std::unexpected{*broken_};
        what_.size = work_->held.size() + (file_ ? file_->written() : 0);
        what_.kind = place(what_.size, room_->chosen.sizes);
        if (auto done = remember(take_rest()); !done) return passed(done);
        auto hash = work_->hash.finish();
        if (file_ && what_.kind != placement::dedicated)
            if (auto back = remember(take_back(hash)); !back) return passed(back);
        what_.content = hash.content;
        what_.check = check_of(hash.sums);
        sums_ = std::move(hash.sums);
        measured_ = true;
        return file_ ? remember(file_->size()) : result<std::uint64_t>{work_->held.size()};
    }

    /// The bytes become durable where they belong; inline ones wait for their row.
    [[nodiscard]] result<void> store() {
        if (broken_) return std::unexpected{*broken_};
        auto names = what_.kind == placement::packed      ? remember(store_in_pack())
                     : what_.kind == placement::dedicated ? remember(file_->finish())
                                                          : result<bool>{true};
        if (!names) return passed(names);
        names_synced_ = *names;
        return {};
    }

    void publish() {
        room_->expect_new(true);
        measured_ = false;
        file_.reset();
        if (auto frame = std::exchange(frame_, std::nullopt)) room_->packs.published(*frame);
    }

    [[nodiscard]] result<void> abandon() {
        if (std::exchange(measured_, false)) room_->expect_new(false);
        if (auto frame = std::exchange(frame_, std::nullopt)) room_->packs.abandon(*frame);
        if (auto file = std::exchange(file_, std::nullopt)) return file->remove();
        return {};
    }

    [[nodiscard]] const descriptor& what() const { return what_; }
    [[nodiscard]] const chunk_sums& sums() const { return sums_; }
    [[nodiscard]] std::string_view held() const { return work_->held.view(); }
    [[nodiscard]] bool names_synced() const { return names_synced_; }

private:
    template <class T>
    result<T> remember(result<T> outcome) {
        if (!outcome) broken_ = outcome.error();
        return outcome;
    }

    /// To the file, in whole pieces: from the caller's own memory where pieces lie in it whole.
    result<void> pour(std::string_view bytes) {
        if (!file_)
            if (auto begun = begin_file(); !begun) return begun;
        while (!bytes.empty()) {
            const bool whole = work_->held.size() == 0 && bytes.size() >= piece_size;
            const auto step = bytes.substr(
                0, whole ? whole_pieces(bytes.size()) : piece_size - work_->held.size());
            if (!whole) work_->held.append(step);
            bytes.remove_prefix(step.size());
            if (auto done = whole ? put(step) : drain(); !done) return done;
        }
        return {};
    }

    result<void> begin_file() {
        auto begun = dedicated_file<FS>::begin(*room_, what_.id);
        if (!begun) return passed(begun);
        file_.emplace(*std::move(begun));
        return drain();
    }

    /// The whole pieces of what is held.
    result<void> drain() {
        const auto length = whole_pieces(work_->held.size());
        auto done = put(work_->held.view().substr(0, length));
        work_->held.drop_front(length);
        return done;
    }

    static constexpr std::size_t whole_pieces(std::size_t n) { return n / piece_size * piece_size; }

    result<void> put(std::string_view region) {
        for (; !region.empty(); region.remove_prefix(std::min(piece_size, region.size()))) {
            const auto piece = region.substr(0, piece_size);
            // First of all the other thread has work; where there is none, the disk.
            const bool offered = work_->hash.offer(piece);
            if (auto done = file_->append(piece); !done) return done;
            if (!offered) work_->hash.take(piece);
        }
        return {};
    }

    /// The disk works while the bytes are hashed: a file is synced while its hash is behind, and
    /// packed bytes start on their way before their digest is known. Not after a write that was
    /// given up, for duplicates come in runs.
    result<void> take_rest() {
        const auto rest = work_->held.view();
        if (file_) {
            auto done = put(rest);
            const bool early = done && what_.kind == placement::dedicated &&
                               !is_for_one_thread<typename FS::file> && work_->hash.followed() &&
                               room_->expects_new();
            return early ? file_->sync() : done;
        }
        const bool lent = work_->hash.lend(rest);
        auto done = what_.kind == placement::packed && room_->expects_new() ? begin_frame()
                                                                            : result<void>{};
        if (!lent) work_->hash.take(rest);
        return done;
    }

    /// Fewer bytes came than were expected: where they belong is decided by their number (SPEC B1).
    result<void> take_back(const payload_hash& of) {
        auto bytes = file_->read_back();
        if (!bytes) return passed(bytes);
        work_->hash.take(*bytes);
        if (work_->hash.finish() != of)
            return fail(errc::corrupt, "read back", room_->where.file_of(what_.id),
                        "its bytes are not what was written");
        work_->held.clear();
        work_->held.append(*bytes);
        (void)std::exchange(file_, std::nullopt)->remove();  // a leftover like others (SPEC W4)
        return {};
    }

    result<void> begin_frame() {
        auto begun = room_->packs.begin(work_->held.view());
        if (!begun) return passed(begun);
        frame_ = *std::move(begun);
        what_.position = to_number(frame_->position());
        return {};
    }

    result<bool> store_in_pack() {
        if (!frame_)
            if (auto begun = begin_frame(); !begun) return passed(begun);
        if (auto done = room_->packs.finish(*frame_, what_); !done) return passed(done);
        if (!room_->to_survive_power_loss()) return true;
        return room_->packs.sync(*frame_);
    }

    staging_room<FS>* room_;
    const std::uint64_t expected_;
    typename staging_room<FS>::loan work_;  // holds payload from `file_->written()` on, or from 0
    descriptor what_;
    chunk_sums sums_;
    std::optional<dedicated_file<FS>> file_;
    std::optional<typename pack_appender<FS>::frame> frame_;
    std::optional<error> broken_;
    bool measured_ = false;
    bool names_synced_ = true;
};

}  // namespace casement::blob
