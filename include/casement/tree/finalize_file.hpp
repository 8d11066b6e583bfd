#pragma once
// The whole way from a file that may be written to an object (SPEC F16, F4f): prepare, copy and
// hash the bytes with nothing held, commit where the file's name is by then. Stopped anywhere,
// anybody goes on from there (race 17). Any thread.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/retry.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/finalize.hpp>
#include <casement/tree/tokens.hpp>
#include <casement/tree/writer.hpp>

namespace casement::tree {

namespace detail {

/// One finalization, over as many decisions as it takes. The bytes are hashed once for each staging
/// file, for none of them changes when it is sealed.
template <client C, store S, blob::file_system FS, clock_source K>
class file_finalizing {
public:
    file_finalizing(C& me, contents<S, FS>& bytes, node_id node, const K& clock)
        : me_{me}, bytes_{bytes}, node_{node}, clock_{clock} {}

    result<obj_id> decide() {
        auto now = prepared();
        if (!now) return passed(now);
        if (auto built = build(*now); !built) {
            take_back(*now);
            return passed(built);
        }
        const auto here = me_.rows().snapshot();
        auto bound = read<binding>(here, node_);
        if (!bound) return passed(bound);
        if (!bound->exists()) return gone();
        auto parent = read_directory(here, (*bound)->parent);
        if (!parent) return passed(parent);
        auto name = see_name(here, *parent, (*bound)->name);
        if (!name) return passed(name);
        if (!name->exists()) return gone();
        const auto id = stored_->id();
        auto made = tree::finalize(me_, *now, *bound, any_rev{*parent}, *name, id,
                                   facts_of(*now, **name), [&](auto& t) { stored_->add_to(t); });
        // Where the outcome is unknown a row may name the bytes: they must be there (SPEC W2).
        if (made || made.error().code() == errc::unknown_outcome) stored_->published();
        if (!made) return passed(made);
        // Nothing names it any more; if it cannot be removed, the next opening of the store does.
        if (const auto staged = staging_in(*now); staged && *staged != staging_id{})
            (void)bytes_.files().staging().remove(*staged);
        return id;
    }

private:
    using protocol_file = protocol::file;

    [[nodiscard]] std::string which() const { return number_of(node_); }
    [[nodiscard]] std::unexpected<error> gone() const {
        return fail(errc::not_found, "finalize", which(), "no such file");
    }

    /// The file as it may be hashed: by this preparation, or by one that was left behind.
    result<file_node> prepared() {
        auto now = read_file_node(me_.rows().snapshot(), node_);
        if (!now) return now;
        if (const auto* open = std::get_if<protocol_file::working>(&now->file()->now)) {
            const auto written_in = open->staging;
            if (auto taken = tree::reclaim(me_, *now, past(clock_)); !taken)
                return within(std::move(taken), "finalize", which());
            bytes_.files().staging().seal(written_in);
            now = read_file_node(me_.rows().snapshot(), node_);
            if (!now) return now;
        }
        if (std::holds_alternative<protocol_file::cooling>(now->file()->now)) {
            if (auto mine = prepare(me_, *now); !mine) return passed(mine);
            now = read_file_node(me_.rows().snapshot(), node_);
        }
        if (now && std::holds_alternative<protocol_file::working>(now->file()->now))
            return fail(errc::conflict, "finalize", which(), "was opened meanwhile");
        if (now && std::holds_alternative<protocol_file::cooling>(now->file()->now))
            return fail(errc::conflict, "finalize", which(), "the preparation was taken back");
        return now;
    }

    static std::optional<staging_id> staging_in(const file_node& f) {
        const auto* now = std::get_if<protocol_file::finalizing>(&f.file()->now);
        return now ? std::optional{now->staging} : std::nullopt;
    }

    /// The object of the file's bytes, durable. Whatever else has the staging file open cannot
    /// change what was copied here.
    result<void> build(const file_node& now) {
        if (const auto* kept = std::get_if<protocol_file::finalized>(&now.file()->now)) {
            auto object = bytes_.object_of(kept->object);
            if (!object) return passed(object);
            auto found = bytes_.find(*object);
            if (!found) return passed(found);
            stored_ = *std::move(found);
            return {};
        }
        const auto staged = *staging_in(now);
        if (stored_ && of_ == staged) {
            auto again = bytes_.look_again(*stored_);
            if (again) return {};
            stored_.reset();  // collected meanwhile: the bytes are where they were
        }
        auto copied = copy(staged);
        if (!copied) return unless_moved(now, std::move(copied).error());
        auto stored = bytes_.store_bytes(*std::move(copied));
        if (!stored) return passed(stored);
        stored_ = *std::move(stored);
        of_ = staged;
        return {};
    }

    result<blob::staged<blob::open, FS>> copy(staging_id from) {
        auto old = bytes_.open(from);  // seals it
        if (!old) return passed(old);
        auto into = bytes_.stage(old->size());
        if (!into) return into;
        auto all = old->for_each_piece([&](std::string_view piece) { return into->write(piece); });
        if (!all) return passed(all);
        return into;
    }

    /// Bytes that are not there are a loss, unless the file has moved on from them.
    result<void> unless_moved(const file_node& was, error e) const {
        if (e.code() != errc::not_found) return std::unexpected{std::move(e)};
        const auto now = read_file_node(me_.rows(), node_);
        const bool same = now && now->file()->now == was.file()->now;
        return std::unexpected{
            std::move(e).within("finalize", which()).as(same ? errc::corrupt : errc::conflict)};
    }

    /// What cannot be built does not keep writers out.
    void take_back(const file_node& now) {
        if (staging_in(now)) (void)tree::abort(me_, now);
    }

    /// A file that was written is as old as its object; one that was only opened, as it was.
    [[nodiscard]] facts facts_of(const file_node& now, const entry& name) const {
        facts about = name.about;
        about.size = stored_->object().size;
        if (staging_in(now)) about.mtime = clock_.now();
        return about;
    }

    C& me_;
    contents<S, FS>& bytes_;
    const node_id node_;
    const K& clock_;
    std::optional<stored_file<FS>> stored_;
    staging_id of_;  // the staging file whose bytes it has
};

}  // namespace detail

/// Makes the file an object, and its name point to that, wherever the name is by then. `not_found`
/// if it is gone, also when another has finalized it; `in_use` while somebody writes it and the
/// lease has not run out. After any error a writer may open it again, or anybody finalize it. The
/// name's mtime is the time of the finalization, if the file was written. Memory for a piece of the
/// file.
template <client C, store S, blob::file_system FS, clock_source K>
[[nodiscard]] result<obj_id> finalize_file(C& me, contents<S, FS>& bytes, node_id node,
                                           retry_count& retries, const K& clock) {
    detail::file_finalizing<C, S, FS, K> work{me, bytes, node, clock};
    return retry(retries, [&] { return work.decide(); });
}

}  // namespace casement::tree
