#include <casement/vault.hpp>

#include <optional>
#include <thread>
#include <utility>

#include <casement/tree/ensure_path.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/overlay.hpp>
#include <casement/tree/rename.hpp>

#include "marker.hpp"
#include "root.hpp"

namespace casement {

namespace {

using tree::entry;
using tree::facts;
using tree::node_id;
using dentry = protocol::dentry;

error at(error e, std::string_view operation, std::string_view path) {
    return std::move(e).within(std::string{operation}, std::string{path});
}

/// A number that no other store has. An ordinary row: a rebuild brings it along.
struct identity {
    static constexpr char table = '$';
    struct key {};
    std::uint64_t number = 0;
};

/// Gives the store its number, if it has none yet.
result<std::uint64_t> identify(vault::rows_type& rows) {
    const auto known = read<identity>(rows, {});
    if (!known) return std::unexpected{known.error()};
    if (known->exists()) return (*known)->number;
    const auto number = blob::random_magic();
    auto given = transaction{rows}.replace(*known, identity{number}, "it has none").commit();
    if (!given) return passed(given);
    return number;
}

}  // namespace

struct vault::state {
    std::string path;
    std::unique_ptr<store_root> in_use;
    rows_type& rows{in_use->rows};
    contents_type& contents{*in_use->contents};
    recorded<rows_type> client{rows, in_use->ids};
    retry_count retries;
    std::uint64_t leftovers = 0;
    std::uint64_t number = 0;
    std::chrono::nanoseconds outcomes_kept{};

    state(std::string p, std::unique_ptr<store_root> r, const vault_options& o)
        : path{std::move(p)}, in_use{std::move(r)}, outcomes_kept{o.outcomes_kept} {
        retries.sleep = [](std::chrono::microseconds wait) { std::this_thread::sleep_for(wait); };
    }
};

// --- opening ---------------------------------------------------------------------------------

result<vault> vault::create(const std::string& path, const vault_options& options,
                            const blob::thresholds& sizes) {
    if (auto possible = blob::check(sizes); !possible) return passed(possible);
    if (auto fresh = marker::claim(path); !fresh) return passed(fresh);
    auto fresh = store_root::make(path, options, sizes);
    if (!fresh) return within(std::move(fresh), "create store", path);
    auto s = std::make_unique<state>(path, *std::move(fresh), options);
    const facts about{0755, system_clock{}.now(), 0};
    if (auto made = tree::create_root(s->rows, about); !made && made.error().code() != errc::exists)
        return within(std::move(made), "create store", path);
    auto number = identify(s->rows);
    if (!number) return within(std::move(number), "create store", path);
    s->number = *number;
    s->in_use->begin_swept();
    if (auto synced = s->rows.sync(); !synced) return passed(synced);
    // The marker comes last: what has one is whole.
    file_system disk;
    if (auto marked = marker::write(disk, path, {store_format, 0}); !marked)
        return within(std::move(marked), "create store", path);
    if (!options.alone)
        if (auto shared = s->in_use->held.share(); !shared)
            return within(std::move(shared), "create store", path);
    return vault{std::move(s)};
}

result<vault> vault::open(const std::string& path, const vault_options& options) {
    auto newest = open_newest_root(path, options);
    if (!newest) return within(std::move(newest), "open store", path);
    auto s = std::make_unique<state>(path, std::move(newest->opened), options);
    // What a rebuild has brought over by now may soon be something else.
    const auto again = [&](auto what) { return retry(s->retries, std::move(what)); };
    if (auto forgot = again([&] { return forget_rebuild(s->rows); }); !forgot)
        return within(std::move(forgot), "open store", path);
    auto swept = s->in_use->sweep(options.alone ? sweeps::all : sweeps::what_is_new);
    // A store of which a row is damaged can still be read, and who cannot read it removes nothing.
    if (!swept && swept.error().code() != errc::corrupt)
        return within(std::move(swept), "open store", path);
    s->leftovers = swept.value_or(0);
    // A store on a full disk can still be read: then the next opening forgets and sweeps.
    auto number = again([&] { return identify(s->rows); });  // an older one has none
    if (!number && number.error().code() != errc::no_space)
        return within(std::move(number), "open store", path);
    s->number = number.value_or(0);
    auto forgot = again(
        [&] { return forget_operations(s->rows, system_clock{}.now(), options.outcomes_kept); });
    if (!forgot && forgot.error().code() != errc::no_space)
        return within(std::move(forgot), "open store", path);
    auto hidden = again([&] { return tree::sweep_hidden(s->rows); });
    if (!hidden && hidden.error().code() != errc::no_space)
        return within(std::move(hidden), "open store", path);
    return vault{std::move(s)};
}

vault::vault(std::unique_ptr<state> s) : state_{std::move(s)} {}
vault::vault(vault&&) noexcept = default;
vault& vault::operator=(vault&&) noexcept = default;
vault::~vault() = default;

result<void> vault::close() {
    state_->in_use->leave_swept();
    auto closed = state_->rows.close();
    state_.reset();
    return closed;
}

vault::rows_type& vault::rows() { return state_->rows; }
const vault::rows_type& vault::rows() const { return state_->rows; }
recorded<vault::rows_type>& vault::client() { return state_->client; }
vault::contents_type& vault::contents() { return state_->contents; }
const vault::contents_type& vault::contents() const { return state_->contents; }
const vault::clock_type& vault::clock() const { return state_->in_use->clock; }
std::uint64_t vault::number() const { return state_->number; }
const std::string& vault::path() const { return state_->path; }
const std::string& vault::root() const { return state_->contents.files().where().root(); }
const blob::thresholds& vault::sizes() const { return state_->in_use->sizes; }
bool vault::may_be_shared() const { return state_->in_use->held.may_be_shared(); }
result<bool> vault::is_alone() const { return contents().files().is_alone(); }
std::uint64_t vault::retries() const { return state_->retries.retries; }
std::chrono::microseconds vault::retries_waited() const {
    return std::chrono::microseconds{state_->retries.waited_us.load()};
}
retry_count& vault::retry_counter() { return state_->retries; }
std::uint64_t vault::leftovers_removed() const { return state_->leftovers; }

// --- collecting ------------------------------------------------------------------------------

result<collection_report> vault::collect(const collect_options& how) {
    const auto now = system_clock{}.now();
    collection_report report;
    if (!how.dry_run) {
        auto forgot = retry(state_->retries,
                            [&] { return forget_operations(rows(), now, state_->outcomes_kept); });
        if (!forgot) return within(std::move(forgot), "collect", path());
        report.operations_forgotten = *forgot;
        auto hidden = retry(state_->retries, [&] { return tree::sweep_hidden(rows()); });
        if (!hidden) return within(std::move(hidden), "collect", path());
        report.entries_swept = *hidden;
        if (auto expected = state_->in_use->expect_leftovers(); !expected)
            return within(std::move(expected), "collect", path());
    }
    auto done = retry(state_->retries, [&] {
        return tree::collect(client(), {now, how.grace, how.dry_run, how.stop});
    });
    if (!done) return within(std::move(done), "collect", path());
    static_cast<tree::collected&>(report) = *std::move(done);
    if (how.dry_run) return report;
    // Bytes go after the rows that named them, also from a disk that loses its power.
    if (auto settled = rows().sync(); !settled)
        return within(std::move(settled), "collect", path());
    auto swept = state_->in_use->sweep_collected();
    if (!swept) return within(std::move(swept), "collect", path());
    report.files_removed = *swept;
    return report;
}

result<tree::compacted> vault::compact(tree::compacting how) {
    how.settle = [this] { return rows().sync(); };
    how.fence = [&root = *state_->in_use]() -> result<std::uint64_t> {
        if (auto expected = root.expect_leftovers(); !expected) return passed(expected);
        return root.raise_fence();
    };
    return tree::compact(contents(), how);
}

// --- making names ----------------------------------------------------------------------------

result<node_id> vault::make_directory(std::string_view path, const facts& about) {
    return retry(state_->retries, [&]() -> result<node_id> {
        auto here = tree::reach(client(), path);
        if (!here) return passed(here);
        if (here->exists()) return fail(errc::exists, "make directory", std::string{path});
        auto made = tree::create_directory(client(), tree::any_rev{here->parent},
                                           here->found->key().name, about);
        if (!made) return passed(made);
        if (const auto* fresh = std::get_if<tree::created>(&*made)) return fresh->node;
        return fail(errc::exists, "make directory", std::string{path});
    });
}

result<node_id> vault::make_path(std::string_view path, const facts& about) {
    return tree::ensure_path(client(), path, about, state_->retries);
}

result<std::pair<node_id, settled>> vault::settle_directory(node_id parent, std::string_view name,
                                                            const facts& about) {
    using answer = std::pair<node_id, settled>;
    return retry(state_->retries, [&]() -> result<answer> {
        auto dir = tree::read_directory(rows(), parent);
        if (!dir) return passed(dir);
        auto made = tree::create_directory(client(), tree::any_rev{*dir}, name, about);
        if (!made) return passed(made);
        if (const auto* fresh = std::get_if<tree::created>(&*made))
            return answer{fresh->node, settled::created};
        auto& taken = std::get<tree::already_exists>(*made);
        const auto node =
            tree::reach_directory(client(), {taken.parent, std::move(taken.existing), {}});
        if (!node) return std::unexpected{node.error()};
        if (!*node)
            return fail(errc::exists, "make directory", std::string{name}, "is no directory");
        auto there = tree::read_directory(rows(), **node);
        if (!there) return passed(there);
        if (there->head()->mode == about.mode && there->head()->mtime == about.mtime)
            return answer{**node, settled::unchanged};
        auto changed = tree::set_directory_facts(client(), *there, about.mode, about.mtime);
        if (!changed) return passed(changed);
        return answer{**node, settled::replaced};
    });
}

result<vault::staged_file> vault::stage(std::uint64_t expected) {
    return contents().stage(expected);
}

namespace {

/// One decision of `settle`: make the name, or bring what is there to what is wanted.
template <class Add>
result<settled> decide(vault& v, node_id parent, std::string_view name, const state<dentry>& wanted,
                       const facts& about, const Add& add) {
    auto dir = tree::read_directory(v.rows(), parent);
    if (!dir) return passed(dir);
    const auto* object = std::get_if<dentry::object>(&wanted);
    const auto* link = std::get_if<dentry::symlink>(&wanted);
    tree::leaf leaf = object ? tree::leaf{dentry::create_object{object->id}}
                             : tree::leaf{dentry::create_symlink{link->path}};
    auto made = tree::create(v.client(), tree::any_rev{*dir}, name, leaf, about, add);
    if (!made) return passed(made);
    const auto* taken = std::get_if<tree::already_exists>(&*made);
    if (taken == nullptr) return settled::created;

    const auto& old = taken->existing;
    if (old->target == wanted && old->about == about) return settled::unchanged;
    if (old->target.index() != wanted.index() ||
        tree::is_directory(*old) != tree::is_directory({wanted, {}, {}}))
        return fail(errc::exists, "settle", std::string{name},
                    "something of another kind is there");
    tree::replacement by = object ? tree::replacement{dentry::replace_object{object->id}}
                                  : tree::replacement{dentry::retarget{link->path}};
    auto replaced =
        tree::replace_target(v.client(), tree::any_rev{taken->parent}, old, by, about, add);
    if (!replaced) return passed(replaced);
    return settled::replaced;
}

}  // namespace

result<settled> vault::settle_file(node_id parent, std::string_view name, staged_file bytes,
                                   const facts& about, tree::stored_before there) {
    if (auto good = check_name(name); !good) return passed(good);
    auto stored = contents().store_bytes(std::move(bytes), there);
    if (!stored) return passed(stored);
    // The next opening looks for it, though it has seen all others of its time.
    if (stored->leaves_a_file())
        if (auto expected = state_->in_use->expect_leftovers(); !expected) return passed(expected);
    return settle_stored(parent, name, *std::move(stored), about);
}

result<settled> vault::settle_external(node_id parent, std::string_view name,
                                       const std::string& uri, const facts& about) {
    if (auto good = check_name(name); !good) return passed(good);
    auto stored = contents().store_link(uri);
    if (!stored) return passed(stored);
    return settle_stored(parent, name, *std::move(stored), about);
}

result<tree::promoted> vault::promote(const tree::promoting& how) {
    return tree::promote_all(contents(), how);
}

result<settled> vault::settle_stored(node_id parent, std::string_view name, stored_file stored,
                                     const facts& about) {
    facts with_size = about;
    with_size.size = stored.object().size;
    bool first = true;
    auto done = retry(state_->retries, [&]() -> result<settled> {
        if (!std::exchange(first, false))
            if (auto again = contents().look_again(stored); !again) return passed(again);
        return decide(*this, parent, name, dentry::object{stored.id()}, with_size,
                      [&](auto& t) { stored.add_to(t); });
    });
    const bool heals = stored.heals();
    // The name says nothing new, but perhaps its bytes were behind a link until now, or damaged.
    if (done && *done == settled::unchanged && !stored.deduplicated()) {
        auto placed = contents().settle(stored);
        if (!placed) return passed(placed);
        return !*placed ? settled::unchanged : heals ? settled::healed : settled::replaced;
    }
    // Where the outcome is unknown a row may name the bytes: they must be there (SPEC W2).
    const bool named =
        done ? *done != settled::unchanged : done.error().code() == errc::unknown_outcome;
    if (named) stored.published();
    if (done && heals) return settled::healed;
    return done;
}

result<settled> vault::settle_link(node_id parent, std::string_view name, const std::string& target,
                                   const facts& about) {
    facts with_size = about;
    with_size.size = target.size();
    return retry(state_->retries, [&] {
        return decide(*this, parent, name, dentry::symlink{target}, with_size,
                      tree::nothing_more{});
    });
}

namespace {

/// What a commit that names an entry's object once more must guard: that it is still stored (F4g).
class presence {
public:
    [[nodiscard]] static result<presence> of(vault& v, const entry& what,
                                             const tree::kept_since& since) {
        presence there{since};
        const auto* object = tree::object_in(what);
        if (object == nullptr || object->kind == protocol::obj_id::directory) return there;
        auto file = v.contents().object_of(*object);
        if (!file) return passed(file);
        auto bytes = v.contents().find(*file);
        if (!bytes) return passed(bytes);
        there.bytes_ = *std::move(bytes);
        return there;
    }
    /// After a conflict.
    [[nodiscard]] result<void> look_again(vault& v) {
        if (!bytes_) return {};
        auto changed = v.contents().look_again(*bytes_);
        return changed ? result<void>{} : passed(changed);
    }
    template <store S>
    void operator()(transaction<S>& t) const {
        if (bytes_)
            bytes_->add_to(t);
        else
            since_(t);
    }

private:
    explicit presence(tree::kept_since since) : since_{std::move(since)} {}
    std::optional<vault::stored_file> bytes_;
    tree::kept_since since_;  // for what is below a directory's object
};

}  // namespace

result<settled> vault::settle_copy(node_id parent, std::string_view name, const entry& what,
                                   const tree::kept_since& since) {
    if (std::holds_alternative<dentry::inode>(what.target))
        return fail(tree::is_directory(what) ? errc::is_a_directory : errc::in_use, "copy",
                    std::string{name}, "may still change");
    auto stored = presence::of(*this, what, since);
    if (!stored) return std::unexpected{at(std::move(stored).error(), "copy", name)};
    bool first = true;
    return retry(state_->retries, [&]() -> result<settled> {
        if (!std::exchange(first, false))
            if (auto again = stored->look_again(*this); !again) return passed(again);
        return decide(*this, parent, name, what.target, what.about, *stored);
    });
}

// --- moving and removing ---------------------------------------------------------------------

result<void> vault::move(std::string_view from, std::string_view to) {
    return retry(state_->retries, [&]() -> result<void> {
        if (auto there = look(from, tree::last_link::keep); !there) return passed(there);
        auto source = tree::reach(client(), from, tree::last_link::keep);
        if (!source) return passed(source);
        if (source->is_root()) return fail(errc::illegal, "move", std::string{from}, "is the root");
        if (!source->exists()) return fail(errc::not_found, "move", std::string{from});
        auto here = tree::reach(client(), to, tree::last_link::keep);
        if (!here) return passed(here);
        auto target = here->found;
        auto parent = here->parent;
        const auto into = tree::reach_directory(client(), *here);
        if (!into) return std::unexpected{into.error()};
        if (*into) {  // into the directory, under its own name
            auto dir = tree::read_directory(rows(), **into);
            if (!dir) return passed(dir);
            auto name = tree::look_up(rows(), *dir, source->found->key().name);
            if (!name) return passed(name);
            parent = *std::move(dir);
            target = *std::move(name);
        }
        const tree::any_rev out{source->parent}, in{parent};
        result<tree::generation> done;
        if (source->node() != nullptr) {
            const auto line = tree::read_ancestry(rows(), parent.node());
            if (!line) return std::unexpected{line.error()};
            done = tree::rename_directory(client(), out, *source->found, in, *target, *line);
        } else {
            done = tree::rename(client(), out, *source->found, in, *target);
        }
        if (!done) return std::unexpected{at(std::move(done).error(), "move", from)};
        return {};
    });
}

namespace {

/// Removes a file's or a link's name, and then the bytes that a file had staged: whoever still
/// writes them is fenced there too.
result<void> remove_leaf(vault& v, const tree::any_rev& parent, const tree::seen_name& old) {
    std::optional<tree::staging_id> staged;
    if (const auto* node = tree::file_in(*old)) {
        const auto file = read<tree::file_row>(v.rows(), *node);
        if (!file) return std::unexpected{file.error()};
        if (file->exists()) staged = tree::staging_of((*file)->now);
    }
    auto gone = tree::remove(v.client(), parent, old);
    // What cannot be removed, or was granted meanwhile, the next opening of the store removes.
    if (gone && staged && *staged != tree::staging_id{})
        (void)v.contents().files().staging().remove(*staged);
    return gone;
}

}  // namespace

result<void> vault::remove(std::string_view path) {
    return retry(state_->retries, [&]() -> result<void> {
        if (auto there = look(path, tree::last_link::keep); !there) return passed(there);
        auto here = tree::reach(client(), path, tree::last_link::keep);
        if (!here) return passed(here);
        if (here->is_root()) return fail(errc::illegal, "remove", std::string{path}, "is the root");
        if (!here->exists()) return fail(errc::not_found, "remove", std::string{path});
        const tree::any_rev parent{here->parent};
        if (here->node() == nullptr) {
            if (tree::is_directory(**here->found)) {
                auto names = object::dirobj_count(tree::known_blocks(rows()),
                                                  *tree::object_in(**here->found));
                if (!names) return std::unexpected{at(std::move(names).error(), "remove", path)};
                if (*names > 0) return fail(errc::not_empty, "remove", std::string{path});
            }
            return remove_leaf(*this, parent, *here->found);
        }
        auto empty = tree::see_empty(rows(), *here->node());
        if (!empty) return std::unexpected{at(std::move(empty).error(), "remove", path)};
        return tree::remove_directory(client(), parent, *here->found, *empty);
    });
}

namespace {

/// Empties a directory, deepest names first; what others put in meanwhile is found by the next
/// round.
result<void> empty_out(vault& v, node_id node, retry_count& retries) {
    auto names = tree::list(v.rows(), node);
    if (!names) return passed(names);
    for (const auto& listed : *names) {
        auto token = listed.token();
        if (!token) return passed(token);
        const node_id* child = tree::directory_in(**token);
        if (child != nullptr)
            if (auto emptied = empty_out(v, *child, retries); !emptied) return emptied;
        auto gone = retry(retries, [&]() -> result<void> {
            auto dir = tree::read_directory(v.rows(), node);
            if (!dir) return passed(dir);
            auto now = tree::look_up(v.rows(), *dir, listed.name());
            if (!now) return passed(now);
            if (!now->exists()) return {};
            if (tree::directory_in(**now) == nullptr)
                return remove_leaf(v, tree::any_rev{*dir}, *now);
            auto empty = tree::see_empty(v.rows(), *tree::directory_in(**now));
            if (!empty) return passed(empty);
            return tree::remove_directory(v.client(), tree::any_rev{*dir}, *now, *empty);
        });
        if (!gone) return gone;
    }
    return names->status();
}

}  // namespace

result<void> vault::remove_all(std::string_view path) {
    for (int rounds = 1;; ++rounds) {
        if (auto there = look(path, tree::last_link::keep); !there) return passed(there);
        auto here = tree::reach(client(), path, tree::last_link::keep);
        if (!here) return passed(here);
        if (!here->exists()) return fail(errc::not_found, "remove", std::string{path});
        if (here->is_root()) return fail(errc::illegal, "remove", std::string{path}, "is the root");
        if (here->node() == nullptr && tree::is_directory(**here->found)) {
            auto gone = tree::remove(client(), tree::any_rev{here->parent}, *here->found);
            if (gone || gone.error().code() != errc::conflict || rounds == decisions_max)
                return gone;
            continue;
        }
        if (const auto* node = here->node())
            if (auto emptied = empty_out(*this, *node, state_->retries);
                !emptied && emptied.error().code() != errc::not_empty)
                return std::unexpected{at(std::move(emptied).error(), "remove", path)};
        auto gone = remove(path);
        // Others may fill it as fast as it is emptied: give up with their names, not never.
        if (gone || gone.error().code() != errc::not_empty || rounds == decisions_max) return gone;
    }
}

result<void> vault::set_facts(std::string_view path, std::uint32_t mode, timestamp mtime,
                              tree::last_link last) {
    return retry(state_->retries, [&]() -> result<void> {
        if (auto there = look(path, last); !there) return passed(there);
        auto here = tree::reach(client(), path, last);
        if (!here) return passed(here);
        if (!here->exists()) return fail(errc::not_found, "set facts", std::string{path});
        if (here->node() == nullptr)
            return tree::set_facts(client(), tree::any_rev{here->parent}, *here->found, mode,
                                   mtime);
        auto dir = tree::read_directory(rows(), *here->node());
        if (!dir) return passed(dir);
        return tree::set_directory_facts(client(), *dir, mode, mtime);
    });
}

// --- reading ---------------------------------------------------------------------------------

result<tree::place> vault::resolve(std::string_view path, tree::last_link last) const {
    return tree::resolve(rows(), path, last);
}

result<tree::end_of_path> vault::look(std::string_view path, tree::last_link last) const {
    return tree::resolve_through(rows(), path, last);
}

}  // namespace casement
