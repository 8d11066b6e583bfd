#pragma once
// Opening a file to write it (SPEC F13, F14, F4f): the bytes that the writer begins with become
// durable in a staging file of its own, and then one commit grants the lease and names them. So a
// crash leaves the old bytes or the new, and never none. Any thread.

#include <chrono>
#include <cstdint>
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
#include <casement/tree/ensure_path.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/file_writer.hpp>
#include <casement/tree/tokens.hpp>
#include <casement/tree/writer.hpp>

namespace casement::tree {

/// What a writer expects to find, and what it begins with.
enum class open_how : std::uint8_t {
    create_exclusive,      // nothing is there (`exists`); begins empty
    create_or_truncate,    // a file, or nothing; begins empty, and what was there is gone
    append,                // a file (`not_found`); begins with its bytes, an object's too
    continue_interrupted,  // a file that is not finalized (`illegal`), whose writer may be dead
};

namespace detail {

/// Where the first bytes of a new staging file come from: nowhere, another one, an object.
using origin = std::variant<std::monostate, staging_id, obj_id>;

/// One opening, over as many decisions as it takes.
template <client C, store S, blob::file_system FS, clock_source K>
class file_opening {
public:
    using staging = blob::staging_file<FS>;

    file_opening(C& me, contents<S, FS>& bytes, std::string_view path, open_how how,
                 std::chrono::nanoseconds term, std::uint32_t mode, const K& clock)
        : me_{me}, bytes_{bytes}, path_{path}, how_{how}, term_{term}, mode_{mode}, clock_{clock} {}
    ~file_opening() { give_up(); }
    file_opening(const file_opening&) = delete;
    file_opening& operator=(const file_opening&) = delete;

    result<file_writer<C, FS, K>> decide() {
        auto here = reach(me_, path_);
        if (!here) return passed(here);
        if (here->is_root() || (here->exists() && is_directory(**here->found)))
            return fail(errc::is_a_directory, "open", std::string{path_});
        if (!here->exists()) return make(*here);
        const auto* node = file_in(**here->found);
        if (how_ == open_how::create_exclusive && (!node || made_ != *node))
            return fail(errc::exists, "open", std::string{path_});
        if (node != nullptr) return grant(*node);
        return instantiate(*here);
    }

private:
    /// A free name becomes an empty file, a commit of its own.
    result<file_writer<C, FS, K>> make(const place& here) {
        if (how_ == open_how::append || how_ == open_how::continue_interrupted)
            return fail(errc::not_found, "open", std::string{path_});
        auto made = create_file(me_, any_rev{here.parent}, here.found->key().name,
                                {mode_, clock_.now(), 0});
        if (!made) return passed(made);
        const auto* fresh = std::get_if<created>(&*made);
        if (fresh == nullptr)
            return fail(errc::conflict, "open", std::string{path_}, "the name was taken meanwhile");
        made_ = fresh->node;
        return grant(fresh->node);
    }

    /// An object becomes a node when its bytes are staged: they do not change meanwhile.
    result<file_writer<C, FS, K>> instantiate(const place& here) {
        const obj_id* object = object_in(**here.found);
        if (object == nullptr) return fail(errc::illegal, "open", std::string{path_}, "is no file");
        if (how_ == open_how::continue_interrupted)
            return fail(errc::illegal, "open", std::string{path_},
                        "is finalized: nobody was interrupted");
        if (auto ready = stage(keeps_bytes() ? origin{*object} : origin{}); !ready)
            return passed(ready);
        const auto made = instantiate_file(me_, any_rev{here.parent}, *here.found);
        if (!made) return std::unexpected{made.error()};
        return grant(made->node);
    }

    result<file_writer<C, FS, K>> grant(node_id node) {
        auto was = seen_free(node);
        if (!was) return passed(was);
        const auto seq = seq_of(*was);
        // What cannot be opened is refused before a byte is copied for it.
        if (auto may =
                casement::apply<protocol::file>(was->file()->now, protocol::file::reopen{seq, {}});
            !may)
            return within(std::move(may), "open", std::string{path_});
        const auto from = keeps_bytes() ? origin_of(*was) : origin{};
        if (auto ready = stage(from); !ready) return unless_moved(*was, std::move(ready).error());
        const auto fence = bytes_.fence().over(ready_->id().value);
        if (!fence) return std::unexpected{fence.error()};
        auto granted = open_writer(me_, *was, after(clock_.now(), term_), ready_->id(), *fence);
        if (!granted) {
            if (granted.error().code() == errc::conflict) bytes_.fence().look_again();
            // A row may name it after all: then it must be there.
            if (granted.error().code() == errc::unknown_outcome) ready_.reset();
            return passed(granted);
        }
        // Nothing names it any more; if it cannot be removed, the next opening of the store does.
        if (const auto* old = std::get_if<protocol::file::cooling>(&was->file()->now))
            if (old->staging != staging_id{}) (void)files().remove(old->staging);
        file_writer<C, FS, K> w{me_, *granted, *std::move(ready_), size_, term_, clock_};
        ready_.reset();
        return w;
    }

    /// The file as nobody holds it: a lease that has run out is taken back first, and its writer
    /// fenced, in the rows and then in the bytes.
    result<file_node> seen_free(node_id node) {
        auto was = read_file_node(me_.rows().snapshot(), node);
        if (!was && was.error().code() == errc::not_found)
            return fail(errc::conflict, "open", std::string{path_}, "was removed meanwhile");
        if (!was || !std::holds_alternative<protocol::lease::held>(was->lease()->now)) return was;
        if (auto taken = tree::reclaim(me_, *was, past(clock_)); !taken)
            return within(std::move(taken), "open", std::string{path_});
        if (const auto* old = std::get_if<protocol::file::working>(&was->file()->now))
            files().seal(old->staging);
        return read_file_node(me_.rows().snapshot(), node);
    }

    [[nodiscard]] bool keeps_bytes() const {
        return how_ == open_how::append || how_ == open_how::continue_interrupted;
    }
    static origin origin_of(const file_node& was) {
        if (const auto* object = std::get_if<protocol::file::finalized>(&was.file()->now))
            return object->object;
        const auto* cooling = std::get_if<protocol::file::cooling>(&was.file()->now);
        if (cooling == nullptr || cooling->staging == staging_id{}) return {};
        return cooling->staging;
    }

    /// A staging file with these bytes, durable; the one of an earlier decision if it has them.
    result<void> stage(const origin& from) {
        if (ready_ && from_ == from) return {};
        give_up();
        auto made = files().create([&] { return me_.template next<staging_id>(); });
        if (!made) return passed(made);
        ready_.emplace(*std::move(made));
        from_ = from;
        size_ = 0;
        auto filled = copy(from);
        if (filled) filled = ready_->sync();
        if (!filled) give_up();
        return filled;
    }

    result<void> copy(const origin& from) {
        if (std::holds_alternative<std::monostate>(from)) return {};
        const auto* object = std::get_if<obj_id>(&from);
        auto old = object ? bytes_.open(*object) : bytes_.open(std::get<staging_id>(from));
        if (!old) return passed(old);
        return old->for_each_piece([&](std::string_view piece) -> result<void> {
            if (auto written = ready_->write_at(size_, piece); !written) return written;
            size_ += piece.size();
            return {};
        });
    }

    /// Bytes that are not there are a loss, unless the file has moved on from them.
    std::unexpected<error> unless_moved(const file_node& was, error e) const {
        if (e.code() != errc::not_found) return std::unexpected{std::move(e)};
        const auto now = read_file_node(me_.rows(), was.node());
        const bool same = now && now->file()->now == was.file()->now;
        return std::unexpected{std::move(e)
                                   .within("open", std::string{path_})
                                   .as(same ? errc::corrupt : errc::conflict)};
    }

    void give_up() {
        if (!ready_) return;
        (void)files().remove(ready_->id());  // else a leftover, which the next opening removes
        ready_.reset();
    }

    [[nodiscard]] blob::staging_files<FS>& files() const { return bytes_.files().staging(); }

    C& me_;
    contents<S, FS>& bytes_;
    const std::string_view path_;
    const open_how how_;
    const std::chrono::nanoseconds term_;
    const std::uint32_t mode_;
    const K& clock_;
    std::optional<node_id> made_;   // by this opening
    std::optional<staging> ready_;  // filled, and named by no row
    origin from_;                   // whose bytes it has
    std::uint64_t size_ = 0;        // of it
};

}  // namespace detail

/// Opens the file at `path` for a writer whose lease runs `term` from now on by `clock`; directory
/// objects on the way become nodes, and so does a file object. A new file has permissions `mode`.
/// A lease that has run out is taken back first; `in_use` before, `illegal` while the file is being
/// finalized, `is_a_directory`, and what `open_how` says. Memory for a piece of the file.
template <client C, store S, blob::file_system FS, clock_source K>
[[nodiscard]] result<file_writer<C, FS, K>> open_file(C& me, contents<S, FS>& bytes,
                                                      std::string_view path, open_how how,
                                                      std::chrono::nanoseconds term,
                                                      std::uint32_t mode, retry_count& retries,
                                                      const K& clock) {
    detail::file_opening<C, S, FS, K> opening{me, bytes, path, how, term, mode, clock};
    return retry(retries, [&] { return opening.decide(); });
}

}  // namespace casement::tree
