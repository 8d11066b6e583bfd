#pragma once
// Gives the dead bytes of packs back (SPEC B6, DESIGN D9): as holes, where the file system makes
// them, for then nothing is moved; else by moving what is live to another pack, the packs with the
// most dead bytes first. A moved frame is durable before its row says so, the row is guarded as it
// was seen, and the old bytes go when no reader holds them. Dedicated blobs are neither read nor
// written. Beside readers, writers and collectors; stopped anywhere, the next one goes on. Memory:
// one payload, the frames of one pack (40 bytes each), and 40 bytes a pack.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <casement/blob/frame_copy.hpp>
#include <casement/core/error.hpp>
#include <casement/core/pace.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/packed_frames.hpp>

namespace casement::tree {

/// How to compact.
struct compacting {
    /// Moves nothing while at most this share of all packs is dead.
    double dead_share_max = 0.05;
    /// Makes holes where it can.
    bool punches = true;
    double bytes_a_second = 0;                 // moved, at most; 0: no limit
    std::optional<std::uint64_t> moves_max{};  // bytes, at most: the next one goes on
    bool dry_run = false;                      // only says what would be done
    /// Makes every commit so far durable: asked before bytes go that an older row may name.
    std::function<result<void>()> settle = [] { return result<void>{}; };
    /// Asked when the packs are listed, before rows are read: whoever comes late names no frame in
    /// a pack of a number below the answer (sweep_fence.hpp). Others are left alone.
    std::function<result<std::uint64_t>()> fence = [] {
        return result<std::uint64_t>{~std::uint64_t{0}};
    };
    /// Asked between frames and packs: true ends it with `cancelled`; what was done stays.
    std::function<bool()> stop = [] { return false; };
};

/// What a compaction found and did, or would. Bytes of packs: headers and gaps are dead.
struct compacted {
    std::uint64_t packs = 0, pack_bytes = 0;  // as it found them
    std::uint64_t disk_bytes = 0;             // that they took
    std::uint64_t live_bytes = 0, dead_bytes = 0;
    std::uint64_t busy = 0;  // packs that are being written; they are left alone
    std::uint64_t punched = 0, punched_bytes = 0;
    std::uint64_t rewritten = 0, moved = 0, moved_bytes = 0;  // packs; frames and their bytes
    std::uint64_t removed = 0, removed_bytes = 0;             // packs
    std::uint64_t held_bytes = 0;  // that a reader holds: the next one takes them
    std::vector<error> damaged;    // frames that cannot be read: they stay where they are
};

namespace detail {

template <store S, blob::file_system FS>
class compactor {
public:
    compactor(contents<S, FS>& c, const compacting& how)
        : contents_{c}, kv_{c.rows()}, files_{c.files()}, how_{how}, pace_{how.bytes_a_second} {}

    result<compacted> run() {
        if (auto all = survey(); !all) return passed(all);
        for (auto& p : packs_)
            if (p.frames == 0)
                if (auto gone = remove(p); !gone) return passed(gone);
        if (how_.punches)
            for (auto& p : packs_)
                if (auto holes = punch(p); !holes) return passed(holes);
        if (auto moved = rewrite_worst(); !moved) return passed(moved);
        return std::move(done_);
    }

private:
    struct pack {
        blob::stored_file file;
        std::uint64_t frames = 0, live = 0;  // bytes
        std::uint64_t disk = 0;              // what it takes of it, as long as it is
        bool gone = false;

        [[nodiscard]] blob::pack_id id() const { return blob::pack_id{file.id}; }
        [[nodiscard]] std::uint64_t dead() const { return disk - std::min(live, disk); }
        [[nodiscard]] double dead_share() const {
            return static_cast<double>(dead()) /
                   static_cast<double>(std::max<std::uint64_t>(disk, 1));
        }
    };
    struct frame {
        std::uint64_t offset = 0;  // of the payload
        packed_frame what;
    };

    // --- what there is ---------------------------------------------------------------------------

    /// Packs that are let go of first: then what no row names now, no row will. Whoever else has
    /// written to one that is listed must have closed by then, too.
    result<void> survey() {
        auto listed = files_.list_packs();
        if (!listed) return passed(listed);
        if (auto alone = unless_others(); !alone) return alone;
        const auto below = how_.dry_run ? result<std::uint64_t>{~std::uint64_t{0}} : how_.fence();
        if (!below) return std::unexpected{below.error()};
        std::map<std::uint64_t, pack> all;
        for (auto& file : listed->files) {
            const blob::pack_id id{file.id};
            if (how_.dry_run ? files_.busy(id) : id.value >= *below || !files_.let_go(id)) {
                ++done_.busy;
                continue;
            }
            auto disk = files_.allocated(file);
            if (is_missing(disk)) continue;
            if (!disk) return passed(disk);
            ++done_.packs;
            done_.pack_bytes += file.size;
            done_.disk_bytes += *disk;
            // Blocks that are allocated in advance, or shared, are nothing that moving gives back.
            *disk = std::min(*disk, file.size);
            all.emplace(id.value, pack{std::move(file), 0, 0, *disk});
        }
        auto counted = each_frame(
            kv_.snapshot(), [&](blob::pack_position at, const packed_frame& f) -> result<void> {
                if (auto p = all.find(at.pack.value); p != all.end()) {
                    ++p->second.frames;
                    p->second.live += frame_bytes(f.size);
                }
                return unless_stopped();
            });
        if (!counted) return counted;
        for (auto& [_, p] : all) {
            done_.live_bytes += p.live;
            done_.dead_bytes += p.file.size - std::min(p.live, p.file.size);
            packs_.push_back(std::move(p));
        }
        return {};
    }

    result<std::vector<frame>> frames_of(const pack& p) {
        std::vector<frame> all;
        auto read = each_frame_of(kv_.snapshot(), p.id(),
                                  [&](blob::pack_position at, const packed_frame& f) {
                                      all.push_back({at.offset, f});
                                      return result<void>{};
                                  });
        if (!read) return passed(read);
        return all;
    }

    // --- holes -----------------------------------------------------------------------------------

    /// Holes are made of whole blocks; a few that are left are not worth a look at the rows.
    static constexpr std::uint64_t block = 4096;
    static constexpr std::uint64_t worth_a_hole = 16 * block;

    result<void> punch(pack& p) {
        if (p.gone || p.dead() < worth_a_hole) return unless_stopped();
        auto frames = frames_of(p);
        if (!frames) return passed(frames);
        const auto gaps = gaps_between(*frames, p.file.size);
        const auto left = p.file.size - bytes_of_holes(gaps);
        if (p.disk < left + worth_a_hole) return unless_stopped();  // they are there already
        std::uint64_t now = left;
        if (!how_.dry_run) {
            auto made = take_away(p, gaps);
            p.gone = is_missing(made);
            if (p.gone) return unless_stopped();
            if (!made) return passed(made);
            if (!*made) return unless_stopped();  // it cannot, here
            auto after = files_.allocated(p.file);
            p.gone = is_missing(after);
            if (p.gone) return unless_stopped();
            if (!after) return passed(after);
            now = std::min(*after, p.disk);
        }
        ++done_.punched;
        done_.punched_bytes += p.disk - now;
        p.disk = now;
        return unless_stopped();
    }

    static std::vector<blob::byte_range> gaps_between(const std::vector<frame>& frames,
                                                      std::uint64_t size) {
        std::vector<blob::byte_range> gaps;
        std::uint64_t end = blob::pack_header_size;
        const auto gap_until = [&](std::uint64_t begin) {
            if (begin > end) gaps.push_back({end, begin - end});
        };
        for (const auto& f : frames) {
            const auto begin = f.offset - blob::frame_header_size;
            gap_until(begin);
            end = std::max(end, begin + frame_bytes(f.what.size));
        }
        gap_until(size);
        return gaps;
    }

    /// The whole blocks of a gap; none if there is none.
    static blob::byte_range hole_in(const blob::byte_range& gap) {
        const auto first = (gap.offset + block - 1) / block * block;
        const auto last = (gap.offset + gap.length) / block * block;
        return {first, last > first ? last - first : 0};
    }
    static std::uint64_t bytes_of_holes(const std::vector<blob::byte_range>& gaps) {
        std::uint64_t all = 0;
        for (const auto& g : gaps) all += hole_in(g).length;
        return all;
    }

    result<bool> take_away(const pack& p, const std::vector<blob::byte_range>& gaps) {
        if (auto settled = how_.settle(); !settled) return passed(settled);
        if (auto alone = unless_others(); !alone) return passed(alone);
        // Whole gaps are asked for: who reads a frame may hold it where the hole has not begun.
        const auto free = files_.pins().take(p.id(), gaps);
        done_.held_bytes += bytes_of_holes(gaps) - bytes_of_holes(free);
        std::vector<blob::byte_range> holes;
        for (const auto& g : free)
            if (const auto h = hole_in(g); h.length > 0) holes.push_back(h);
        return files_.punch(p.file, holes);
    }

    // --- moves -----------------------------------------------------------------------------------

    /// The packs of which the most is dead, until little is.
    result<void> rewrite_worst() {
        std::vector<pack*> worst;
        std::uint64_t disk = 0, dead = 0;
        for (auto& p : packs_) {
            if (p.gone) continue;
            disk += p.disk;
            dead += p.dead();
            worst.push_back(&p);
        }
        std::ranges::sort(worst, std::ranges::greater{}, &pack::dead_share);
        for (auto* p : worst) {
            if (static_cast<double>(dead) <= how_.dead_share_max * static_cast<double>(disk)) break;
            if (p->dead() <= blob::pack_header_size) break;  // it is as dense as a new one
            if (how_.moves_max && done_.moved_bytes + p->live > *how_.moves_max) continue;
            const auto before = p->dead();
            if (auto moved = rewrite(*p); !moved) return moved;
            if (!p->gone) continue;
            disk -= before;
            dead -= before;
        }
        return {};
    }

    result<void> rewrite(pack& p) {
        if (how_.dry_run) {
            done_.moved += p.frames;
            done_.moved_bytes += p.live;
            ++done_.rewritten;
            return remove(p);
        }
        auto frames = frames_of(p);
        if (!frames) return passed(frames);
        const auto damaged_before = done_.damaged.size();
        std::span<const frame> rest{*frames};
        while (!rest.empty()) {
            const auto some = rest.first(std::min(frames_a_commit, rest.size()));
            rest = rest.subspan(some.size());
            if (auto moved = move(p, some); !moved) return moved;
        }
        if (done_.damaged.size() > damaged_before) return {};
        auto left = frames_of(p);
        if (!left) return passed(left);
        if (!left->empty()) return {};  // somebody was faster, each time: the next one goes on
        ++done_.rewritten;
        return remove(p);
    }

    // A guard and three writes a frame, and the fence.
    static constexpr std::size_t frames_a_commit = (commit_rows_max - 1) / 4;

    /// Some frames in one commit; where somebody was faster with one of them, half as many.
    result<void> move(const pack& p, std::span<const frame> some) {
        transaction t{kv_};
        std::vector<blob::frame_copy<FS>> copies;
        std::uint64_t bytes = 0;
        for (const auto& f : some) {
            if (auto on = unless_stopped(); !on) return on;
            auto copy = copy_of(p, f, t);
            if (!copy) return passed(copy);
            if (!*copy) continue;
            copies.push_back(**std::move(copy));
            bytes += frame_bytes(f.what.size);
        }
        if (copies.empty()) return {};
        for (auto& c : copies)
            if (auto synced = c.sync(); !synced) return synced;
        std::uint64_t lowest = ~std::uint64_t{0};
        for (const auto& c : copies) lowest = std::min(lowest, *file_number(c.what()));
        auto fence = contents_.fence().over(lowest);
        if (!fence) return passed(fence);
        (*fence)(t);
        auto made = t.commit();
        const bool unknown = !made && made.error().code() == errc::unknown_outcome;
        if (made || unknown)
            for (auto& c : copies) c.published();
        if (made) {
            done_.moved += copies.size();
            done_.moved_bytes += bytes;
            return {};
        }
        if (made.error().code() != errc::conflict)
            return within(std::move(made), "move frames", p.file.path);
        contents_.fence().look_again();
        if (some.size() == 1) return {};  // it is not where it was, or is left to the next one
        const auto half = some.size() / 2;
        if (auto first = move(p, some.first(half)); !first) return first;
        return move(p, some.subspan(half));
    }

    /// A durable copy to be, and what names it; nothing if the row names another place by now, or
    /// none.
    result<std::optional<blob::frame_copy<FS>>> copy_of(const pack& p, const frame& f,
                                                        transaction<S>& t) {
        using answer = std::optional<blob::frame_copy<FS>>;
        const auto position = blob::to_number({p.id(), static_cast<std::uint32_t>(f.offset)});
        auto row = read_content(kv_, f.what.of);
        if (!row) return passed(row);
        if (!row->exists() || (*row)->where.kind != blob::placement::packed ||
            (*row)->where.position != position)
            return answer{};
        auto payload = bytes_of({f.what.of, f.what.size});
        if (!payload) {
            if (payload.error().code() != errc::corrupt) return passed(payload);
            done_.damaged.push_back(std::move(payload).error());
            return answer{};
        }
        pace_.take(payload->size());
        auto copy = files_.copy_frame((*row)->where, *payload);
        if (!copy) return passed(copy);
        t.expect(*row, "the content is where it was seen");
        t.template put<content>(f.what.of, {copy->what()});
        t.template erase<packed_frame>({position});
        add_frame(t, copy->what());
        return answer{*std::move(copy)};
    }

    /// Verified, chunk by chunk.
    result<std::string> bytes_of(const object::file_object& what) {
        auto reader = contents_.open(what);
        if (!reader) return passed(reader);
        std::string all(reader->size(), '\0');
        const auto n = reader->read_at(0, all);
        if (!n) return std::unexpected{n.error()};
        return all;
    }

    /// No row names anything in it.
    result<void> remove(pack& p) {
        if (how_.dry_run) {
            ++done_.removed;
            done_.removed_bytes += p.disk;
            p.gone = true;
            return {};
        }
        if (auto settled = how_.settle(); !settled) return settled;
        auto gone = files_.remove(p.file);
        if (!gone) return passed(gone);
        if (!*gone) {
            done_.held_bytes += p.file.size;
            return {};
        }
        p.gone = true;
        ++done_.removed;
        done_.removed_bytes += p.disk;
        return {};
    }

    /// A collector has swept the pack: nothing was live in it.
    template <class T>
    static bool is_missing(const result<T>& r) {
        return !r && r.error().code() == errc::not_found;
    }

    /// Nobody sees what readers of another process hold. Those of one that comes later find in the
    /// rows what is found here.
    result<void> unless_others() const {
        auto alone = files_.is_alone();
        if (!alone) return passed(alone);
        return *alone ? result<void>{}
                      : fail(errc::in_use, "compact", "", "others have the store open");
    }

    result<void> unless_stopped() const {
        return how_.stop() ? result<void>{fail(errc::cancelled, "compact", "")} : result<void>{};
    }

    contents<S, FS>& contents_;
    S& kv_;
    blob::files<FS>& files_;
    const compacting& how_;
    pace<> pace_;
    std::vector<pack> packs_;
    compacted done_;
};

}  // namespace detail

/// Compacts once, and answers what became of it. `in_use` once another process has the files open;
/// `cancelled` where `stop` answers true; what was done stays. `corrupt` where a row is none. A
/// frame whose bytes are damaged is no error: it is told, and its pack stays.
template <store S, blob::file_system FS>
[[nodiscard]] result<compacted> compact(contents<S, FS>& c, const compacting& how = {}) {
    auto done = detail::compactor<S, FS>{c, how}.run();
    if (!done) return within(std::move(done), "compact", c.files().where().root());
    return done;
}

}  // namespace casement::tree
