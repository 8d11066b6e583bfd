#pragma once
// Rows of an application's own that hold blobs. They are written as files are: bytes stored once
// and durable, then one guarded commit that makes row and bytes visible (SPEC B2, W2); and read in
// two phases, the row first and bytes on request (B3). Any thread. A row that is written back with
// the fields that it was read with touches no blob (B5).
//
//     auto seen = read<song>(v.rows(), id);                     // touches no blob
//     song s = seen->exists() ? **seen : song{};
//     s.title = "Aria";
//     s.cover = blob::bytes{jpeg};                  // or blob::link, blob::uri, blob::null
//     v.put(*seen, std::move(s), "the song is as it was read");
//
//     auto again = read<song>(v.rows(), id);
//     auto jpeg = v.fetch((*again)->cover);                     // blob::bytes, blob::uri or null
//     auto part = v.open_blob((*again)->cover);                 // a reader, for ranges and pieces

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <casement/blob/field.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/retry.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/tree/contents.hpp>

namespace casement::tree {

/// The tables that are the application's: every other letter is the library's.
template <row R>
inline constexpr bool in_users_table = R::table >= 'A' && R::table <= 'Z';

/// A row whose blobs are durable, and named by nobody yet. For commits of more than one row;
/// `put` is made of it.
template <row R, blob::file_system FS>
class placed_row {
public:
    /// What to put: no field holds bytes.
    [[nodiscard]] const R& value() const { return value_; }

    /// What a commit that puts the row must guard and write besides; up to 6 rows a blob, and one
    /// for each 256 MiB of it.
    template <store S>
    void add_to(transaction<S>& t) const {
        for (const auto& b : blobs_) b.add_to(t);
    }

    /// The commit was made, or may have been: the bytes stay.
    void published() {
        for (auto& b : blobs_) b.published();
    }

    /// After a conflict: was it about one of the blobs, so that the same decision may hold now?
    /// `conflict` if bytes that were there are not any more: place the row again.
    template <store S>
    [[nodiscard]] result<bool> look_again(contents<S, FS>& c) {
        bool changed = false;
        for (auto& b : blobs_) {
            auto one = c.look_again(b);
            if (!one) return one;
            changed = changed || *one;
        }
        return changed;
    }

private:
    template <row T, store S, blob::file_system F>
    friend result<placed_row<T, F>> place_blobs(contents<S, F>& c, const seen<T>& old, T value);
    placed_row(R value, std::vector<stored_file<FS>> blobs)
        : value_{std::move(value)}, blobs_{std::move(blobs)} {}

    R value_;
    std::vector<stored_file<FS>> blobs_;
};

namespace detail {

/// Makes references of a row's fields, and keeps what they refer to.
template <store S, blob::file_system FS>
class placement {
public:
    placement(contents<S, FS>& c, std::vector<blob::reference> held)
        : contents_{c}, held_{std::move(held)} {}

    result<void> operator()(blob::field& f) {
        if (const auto* u = std::get_if<blob::uri>(&f); u && !codec<blob::uri>::valid(*u))
            return fail(errc::illegal, "put", u->text.substr(0, 80), "a URI has 1 to 4096 bytes");
        if (const auto* r = std::get_if<blob::reference>(&f)) return keep(*r);
        auto* const bytes = std::get_if<blob::bytes>(&f);
        auto* const link = std::get_if<blob::link>(&f);
        if (bytes == nullptr && link == nullptr) return {};
        auto stored =
            bytes != nullptr ? store_bytes(std::move(bytes->data)) : store_link(link->uri);
        if (!stored) return passed(stored);
        f = *stored;
        return {};
    }

    [[nodiscard]] std::vector<stored_file<FS>> take() && { return std::move(blobs_); }

private:
    result<blob::reference> store_bytes(std::string data) {
        auto staged = contents_.stage(data.size());
        if (!staged) return passed(staged);
        if (auto written = staged->write(data); !written) return passed(written);
        auto stored = contents_.store_bytes(*std::move(staged));
        if (!stored) return passed(stored);
        const auto what = stored->reference();
        add(*std::move(stored));
        return what;
    }

    result<blob::reference> store_link(const std::string& uri) {
        auto stored = contents_.store_link(uri);
        if (!stored) return passed(stored);
        const auto what = stored->reference();
        add(*std::move(stored));
        return what;
    }

    /// What the row held when it was read is there while the row is; all else is guarded (F4g).
    result<void> keep(const blob::reference& r) {
        if (std::ranges::find(held_, r) != held_.end()) return {};
        auto found = contents_.find({r.content, r.size});
        if (!found) return passed(found);
        add(*std::move(found));
        return {};
    }

    /// Two fields with the same bytes have one content; the second to come is given up.
    void add(stored_file<FS> blob) {
        const auto same = [&](const auto& b) { return b.reference() == blob.reference(); };
        if (std::ranges::none_of(blobs_, same)) blobs_.push_back(std::move(blob));
    }

    contents<S, FS>& contents_;
    const std::vector<blob::reference> held_;
    std::vector<stored_file<FS>> blobs_;
};

}  // namespace detail

/// Stores the bytes of a row's fields, durably; `old` is the row that it will replace. `illegal`
/// for an impossible URI, `conflict` for a reference to what is not stored any more.
template <row R, store S, blob::file_system FS>
[[nodiscard]] result<placed_row<R, FS>> place_blobs(contents<S, FS>& c, const seen<R>& old,
                                                    R value) {
    static_assert(in_users_table<R>, "casement: tables A to Z are the application's, no others");
    std::vector<blob::reference> held;
    if (old.exists())
        blob::for_each_field(*old, [&](const blob::field& f) {
            if (const auto* r = std::get_if<blob::reference>(&f)) held.push_back(*r);
        });
    detail::placement<S, FS> work{c, std::move(held)};
    result<void> done;
    blob::for_each_field(value, [&](blob::field& f) {
        if (done) done = work(f);
    });
    if (!done) return passed(done);
    return placed_row<R, FS>{std::move(value), std::move(work).take()};
}

/// The row as seen becomes `value`, in one commit; `name` says in words what was seen. `conflict`
/// if it is not as seen: read and decide again. Who stores the same bytes meanwhile is no conflict.
template <row R, store S, blob::file_system FS>
[[nodiscard]] result<receipt> put(contents<S, FS>& c, const seen<R>& old, R value,
                                  std::string_view name) {
    auto placed = place_blobs(c, old, std::move(value));
    if (!placed) return passed(placed);
    for (int commits = 1;; ++commits) {
        transaction t{c.rows()};
        placed->add_to(t);
        auto done = t.replace(old, placed->value(), name).commit();
        if (done || done.error().code() == errc::unknown_outcome) placed->published();
        if (done || done.error().code() != errc::conflict || commits == decisions_max) return done;
        auto about_bytes = placed->look_again(c);
        if (!about_bytes) return passed(about_bytes);
        if (!*about_bytes) return done;
    }
}

/// Opens a field's stored bytes; nothing of them is read yet. `illegal` if it holds none.
template <store S, blob::file_system FS>
[[nodiscard]] result<file_reader<FS>> open_blob(contents<S, FS>& c, const blob::field& f) {
    if (const auto* r = std::get_if<blob::reference>(&f)) return c.open({r->content, r->size});
    return fail(errc::illegal, "open blob", "", "the field refers to no stored bytes");
}

/// The application's view of a field: a reference becomes its bytes, in memory and verified; the
/// others are as they are.
template <store S, blob::file_system FS>
[[nodiscard]] result<blob::field> fetch(contents<S, FS>& c, const blob::field& f) {
    if (!std::holds_alternative<blob::reference>(f)) return f;
    auto reader = open_blob(c, f);
    if (!reader) return passed(reader);
    blob::bytes all;
    all.data.reserve(reader->size());
    auto read = reader->for_each_piece([&](std::string_view piece) -> result<void> {
        all.data += piece;
        return {};
    });
    if (!read) return passed(read);
    return all;
}

/// The disk's view of a field: where its bytes lie now. Reads one row at most.
template <store S, blob::file_system FS>
[[nodiscard]] result<blob::stored_field> describe(contents<S, FS>& c, const blob::field& f) {
    if (const auto* u = std::get_if<blob::uri>(&f)) return blob::external_descriptor(u->text);
    const auto* r = std::get_if<blob::reference>(&f);
    if (r == nullptr) return std::nullopt;
    auto row = read_content(c.rows(), r->content);
    if (!row) return passed(row);
    if (!row->exists())
        return fail(errc::corrupt, "describe blob", to_hex(r->content), "its row is missing");
    return (*row)->where;
}

}  // namespace casement::tree
