#pragma once
// The bytes of a file on their way to a name: what the commit that names them must guard and write.
// One thread.

#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include <casement/blob/field.hpp>
#include <casement/blob/files.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/object/file_object.hpp>
#include <casement/protocol/ids.hpp>
#include <casement/tree/collection.hpp>
#include <casement/tree/content.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/packed_frames.hpp>
#include <casement/tree/sweep_fence.hpp>

namespace casement::tree {

/// Stored before, sealed or linked now; only `contents` makes one.
template <blob::file_system FS>
class stored_file {
public:
    [[nodiscard]] const object::file_object& object() const { return object_; }
    [[nodiscard]] protocol::obj_id id() const { return object::id_of(object_); }
    /// How a blob field names these bytes.
    [[nodiscard]] blob::reference reference() const { return {object_.size, object_.content}; }
    /// Were the bytes there already?
    [[nodiscard]] bool deduplicated() const { return !fresh_.has_value(); }
    /// Do they take the place of damaged ones?
    [[nodiscard]] bool heals() const { return damaged_ && fresh_.has_value(); }
    /// And does a file of ours lose its name to them?
    [[nodiscard]] bool leaves_a_file() const { return heals() && file_number(seen_->where); }

    template <store S>
    void add_to(transaction<S>& t) const {
        // Presence is a guard: a collector that takes the bytes meanwhile wins (SPEC F4g), and one
        // that is about to loses.
        add_place_to(t);
        if (seen_.exists()) revival_(t);
    }

    /// The commit was made, or may have been (`unknown_outcome`): the bytes stay. If no row names
    /// them after all, a collection removes them.
    void published() {
        if (auto* mine = sealed_now())
            (void)std::move(*mine).published();  // its receipt tells of names, not of rows
        fresh_.reset();
        reserve_.reset();
    }

private:
    template <store S, blob::file_system F>
    friend class contents;
    using measured = blob::staged<blob::measured, FS>;
    using sealed = blob::staged<blob::sealed, FS>;
    stored_file(object::file_object o, seen<content> s, std::optional<fresh_bytes<FS>> fresh)
        : object_{o}, seen_{std::move(s)}, revival_{whole(o.content)}, fresh_{std::move(fresh)} {}

    template <store S>
    void add_place_to(transaction<S>& t) const {
        t.expect(seen_, seen_.exists() ? "the content is stored" : "the content is not stored yet");
        if (!fresh_) return;
        fence_(t);
        if (seen_.exists()) leave(t, seen_->where);
        put_place<S, FS>(t, object_.content, *fresh_);
        t.template put<object_row>(id(), {object::to_bytes(object_)});
        const auto& chunks = std::visit(sums_in, *fresh_);
        if (chunks.size() > 1) {
            std::uint64_t index = 0;
            for (auto& row : blob::encode_sums(chunks))
                t.template put<sums>({object_.content, index++}, {std::move(row)});
        }
    }

    /// The rows of the place where the content lay until now, but for those that are put anew. A
    /// row that is damaged may tell of a place that is another's.
    template <store S>
    void leave(transaction<S>& t, const blob::descriptor& place) const {
        if (place.content != object_.content) return;
        erase_frame(t, place);
        if (place.kind == blob::placement::inline_row && place_of(*fresh_).kind != place.kind)
            t.template erase<inline_bytes>(object_.content);
    }

    static constexpr auto sums_in = []<class Fresh>(const Fresh& f) -> const blob::chunk_sums& {
        if constexpr (std::same_as<Fresh, blob::linked>)
            return f.sums;
        else
            return f.sums();
    };
    [[nodiscard]] sealed* sealed_now() { return fresh_ ? std::get_if<sealed>(&*fresh_) : nullptr; }

    /// Equal bytes are stored: these are wanted only if those go before anybody names them.
    void keep_in_reserve() {
        if (auto* mine = sealed_now()) reserve_.emplace(std::move(*mine));
        fresh_.reset();
    }
    /// They have gone. False if there is no reserve.
    [[nodiscard]] result<bool> take_from_reserve() {
        if (!reserve_) return false;
        auto mine = *std::exchange(reserve_, std::nullopt);
        if (auto* all_in = std::get_if<measured>(&mine)) {
            auto done = std::move(*all_in).seal();
            if (!done) return passed(done);
            fresh_.emplace(*std::move(done));
        } else {
            fresh_.emplace(std::get<sealed>(std::move(mine)));
        }
        return true;
    }

    object::file_object object_;
    seen<content> seen_;
    revival revival_;
    fence_guard fence_;
    bool damaged_ = false;  // what was stored when these came
    std::optional<fresh_bytes<FS>> fresh_;
    std::optional<std::variant<measured, sealed>> reserve_;
};

}  // namespace casement::tree
