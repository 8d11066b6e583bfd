#pragma once
// Snapshots (SPEC F18): a directory with all that is below it, as it was at one instant, kept as an
// object under a name. Nobody is stopped meanwhile, and nothing is copied: unchanged objects are
// shared. A snapshot is gone back to by a name that points to its object. Any thread.
//
//   n name    snapshot    an object, and what it was made of

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/core/name.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/object/dir_builder.hpp>
#include <casement/tree/file_node.hpp>
#include <casement/tree/names.hpp>
#include <casement/tree/objects.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/tokens.hpp>

namespace casement::tree {

struct snapshot {
    static constexpr char table = 'n';
    struct key {
        std::string_view name;
    };

    obj_id root;
    facts about;       // of the directory: mode and mtime; the size is all its files' bytes
    timestamp taken;   // by the clock of whoever took it
    std::string path;  // where it was
    std::uint64_t directories = 0, files = 0, links = 0;

    bool operator==(const snapshot&) const = default;
};

/// A directory, with all below it, as an object whose blocks are stored. Comes only from
/// `read_tree`.
class tree_image {
public:
    [[nodiscard]] const obj_id& object() const { return root_; }
    [[nodiscard]] const facts& about() const { return about_; }
    [[nodiscard]] std::uint64_t directories() const { return directories_; }
    [[nodiscard]] std::uint64_t files() const { return files_; }
    [[nodiscard]] std::uint64_t links() const { return links_; }
    /// Of blocks that were not stored yet: what the image costs.
    [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }
    /// Files that are not in it, for they were never finalized: they have no object.
    [[nodiscard]] const std::vector<std::string>& left_out() const { return left_out_; }
    /// What it leads to is stored.
    [[nodiscard]] const kept_since& kept() const { return kept_; }

private:
    template <store S>
    friend class tree_reader;
    explicit tree_image(kept_since kept) : kept_{std::move(kept)} {}

    obj_id root_;
    facts about_;
    std::uint64_t directories_ = 0, files_ = 0, links_ = 0, bytes_written_ = 0;
    std::vector<std::string> left_out_;
    kept_since kept_;
};

/// Reads a tree into an image. One thread; used once.
template <store S>
class tree_reader {
    using view = decltype(std::declval<const S&>().snapshot());

public:
    explicit tree_reader(S& kv) : kv_{kv}, blocks_{kv} {}

    [[nodiscard]] result<tree_image> read(node_id node) {
        auto kept = kept_since::now(kv_);
        if (!kept) return passed(kept);
        image_.emplace(tree_image{*std::move(kept)});
        now_.emplace(kv_.snapshot());
        auto dir = read_directory(*now_, node);
        if (!dir) return passed(dir);
        auto top = object_of(*dir, "");
        if (!top) return passed(top);
        if (auto stored = blocks_.finish(); !stored) return passed(stored);
        image_->root_ = *top;
        image_->about_.mode = dir->head()->mode;
        image_->about_.mtime = dir->head()->mtime;
        image_->bytes_written_ = blocks_.bytes_written();
        return *std::move(image_);
    }

private:
    // At most `depth_max` deep, for directories are.
    result<obj_id> object_of(const directory& dir, const std::string& path) {
        ++image_->directories_;
        object::dir_builder builder{
            [&](const digest& name, std::string_view bytes) { return blocks_(name, bytes); }};
        names_cursor names{*now_, dir, ""};
        for (; names.valid(); names.next()) {
            auto what = names.row();
            if (!what) return passed(what);
            auto known = without_nodes(*std::move(what), path + '/' + std::string{names.name()});
            if (!known) return passed(known);
            if (!*known) continue;
            if (auto in = builder.push(as_dir_entry(names.name(), **known)); !in) return passed(in);
        }
        if (auto whole = names.status(); !whole) return passed(whole);
        auto made = builder.finish();
        if (!made) return passed(made);
        return made->id;
    }

    /// The entry with an object in a node's place; nothing if the node has none.
    result<std::optional<entry>> without_nodes(entry e, const std::string& path) {
        using d = protocol::dentry;
        if (const auto* node = directory_in(e)) {
            auto dir = read_directory(*now_, *node);
            if (!dir) return passed(dir);
            auto id = object_of(*dir, path);
            if (!id) return passed(id);
            return entry{d::object{*id}, {}, {dir->head()->mode, dir->head()->mtime, 0}};
        }
        if (const auto* node = file_in(e)) {
            auto file = read_file_node(*now_, *node);
            if (!file) return passed(file);
            const auto* final = std::get_if<protocol::file::finalized>(&file->file()->now);
            if (final == nullptr) {
                image_->left_out_.push_back(path);
                return std::nullopt;
            }
            e.target = d::object{final->object};
        }
        if (std::holds_alternative<d::symlink>(e.target)) {
            ++image_->links_;
        } else if (object_in(e)->kind == obj_id::file) {
            ++image_->files_;
            image_->about_.size += e.about.size;
        } else if (auto counted = count_below(*object_in(e)); !counted) {
            return passed(counted);
        }
        return e;
    }

    /// What is in a directory object counts as often as it is met.
    result<void> count_below(const obj_id& dir) {
        ++image_->directories_;
        for (const auto& e : object::dir_view{blocks_in(*now_), dir}) {
            if (!e) return std::unexpected{e.error()};
            const auto* id = std::get_if<obj_id>(&e->target);
            if (id == nullptr) {
                ++image_->links_;
            } else if (id->kind == obj_id::file) {
                ++image_->files_;
                image_->about_.size += e->size;
            } else if (auto below = count_below(*id); !below) {
                return below;
            }
        }
        return {};
    }

    S& kv_;
    std::optional<view> now_;
    block_writer<S> blocks_;
    std::optional<tree_image> image_;
};

/// Stores the directory and all below it as an object, with nothing held; the tree is read at one
/// instant, whatever others do meanwhile. Memory of a block a level of each directory on the way.
template <store S>
[[nodiscard]] result<tree_image> read_tree(S& kv, node_id node) {
    return tree_reader<S>{kv}.read(node);
}

/// Keeps an image under a new name: what it leads to stays stored until it is forgotten.
/// `exists`, `bad_name` (as for a file's), `conflict` if a collector was at it meanwhile: read the
/// tree again. Reads no row.
template <client C>
[[nodiscard]] result<void> keep_snapshot(C&& me, std::string_view name, const tree_image& of,
                                         std::string path, timestamp now) {
    if (auto good = check_name(name); !good) return good;
    transaction t{me.rows()};
    t.template expect_absent<snapshot>({name}, "no snapshot has the name");
    of.kept()(t);
    t.template put<snapshot>({name}, {of.object(), of.about(), now, std::move(path),
                                      of.directories(), of.files(), of.links()});
    auto made = me.commit(t, change_kind::keep_snapshot, done{});
    if (made) return {};
    auto e = std::move(made).error().within("snapshot", std::string{name});
    if (e.code() != errc::conflict) return std::unexpected{std::move(e)};
    const auto taken = read<snapshot>(me.rows(), {name});
    if (!taken) return std::unexpected{taken.error()};
    return std::unexpected{taken->exists() ? std::move(e).as(errc::exists) : std::move(e)};
}

/// Forgets a snapshot as it was seen: what it alone leads to may be collected. Reads no row.
template <client C>
[[nodiscard]] result<void> forget_snapshot(C&& me, const seen<snapshot>& old) {
    const std::string name{old.key().name};
    if (!old.exists()) return fail(errc::not_found, "forget snapshot", name);
    transaction t{me.rows()};
    t.expect(old, "the snapshot is as it was seen");
    t.template erase<snapshot>(old.key());
    auto made = me.commit(t, change_kind::forget_snapshot, done{});
    if (!made) return within(std::move(made), "forget snapshot", name);
    return {};
}

/// What else a commit that names a snapshot's object must guard: it is still kept.
class of_snapshot {
public:
    explicit of_snapshot(seen<snapshot> s) : seen_{std::move(s)} {}
    template <store S>
    void operator()(transaction<S>& t) const {
        t.expect(seen_, "the snapshot is as it was seen");
    }

private:
    seen<snapshot> seen_;
};

}  // namespace casement::tree
