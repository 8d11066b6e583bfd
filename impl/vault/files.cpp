// Files while they are written and after: open_file, finalize, leases, and reading whatever a file
// is by then.

#include <optional>
#include <utility>

#include <casement/tree/finalize_file.hpp>
#include <casement/tree/leases.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/open_file.hpp>
#include <casement/vault.hpp>

namespace casement {

namespace {

using tree::node_id;

/// Finalizes every file below a directory node, a few short commits each.
result<void> finalize_files_below(vault& v, node_id node, retry_count& retries) {
    auto names = tree::list(v.rows(), node);
    if (!names) return passed(names);
    for (const auto& listed : *names) {
        auto what = listed.row();
        if (!what) return passed(what);
        const auto done = [&]() -> result<void> {
            if (const auto* below = tree::directory_in(*what))
                return finalize_files_below(v, *below, retries);
            const auto* file = tree::file_in(*what);
            if (file == nullptr) return {};
            auto made = tree::finalize_file(v.client(), v.contents(), *file, retries, v.clock());
            return made ? result<void>{} : passed(made);
        }();
        // Removed, or finalized, by others: it is not there to be finalized any more.
        if (!done && done.error().code() != errc::not_found)
            return std::unexpected{
                error{done.error()}.within("finalize", std::string{listed.name()})};
    }
    return names->status();
}

}  // namespace

result<vault::file_writer> vault::open_file(std::string_view path, open_how how,
                                            std::chrono::nanoseconds term, std::uint32_t mode) {
    return tree::open_file(client(), contents(), path, how, term, mode, retry_counter(), clock());
}

result<tree::obj_id> vault::finalize(std::string_view path) {
    for (int looks = 1;; ++looks) {
        auto here = look(path);
        if (!here) return passed(here);
        if (const auto* object = tree::object_in(here->what)) return *object;
        if (const auto* dir = here->node()) {
            if (*dir == tree::root)
                return fail(errc::illegal, "finalize", std::string{path}, "the root stays a node");
            if (auto files = finalize_files_below(*this, *dir, retry_counter()); !files)
                return within(std::move(files), "finalize", std::string{path});
            return finalize_directory(path);
        }
        const auto* file = tree::file_in(here->what);
        if (file == nullptr) return fail(errc::illegal, "finalize", std::string{path}, "a link");
        auto made = tree::finalize_file(client(), contents(), *file, retry_counter(), clock());
        // Gone: another may have finalized it, and what the path leads to now says so.
        if (made || made.error().code() != errc::not_found || looks == decisions_max)
            return made ? made : within(std::move(made), "finalize", std::string{path});
    }
}

result<std::vector<tree::open_file_info>> vault::leases() const {
    return tree::list_open_files(rows());
}

result<std::uint64_t> vault::reclaim_expired() {
    return tree::reclaim_expired(client(), contents().files().staging(), past(clock()));
}

result<std::uint64_t> vault::size_of(node_id file) const {
    const auto node = tree::read_file_node(rows().snapshot(), file);
    if (!node) return std::unexpected{node.error()};
    const auto& now = node->file()->now;
    if (const auto* object = std::get_if<protocol::file::finalized>(&now)) {
        auto what = contents().object_of(object->object);
        if (!what) return passed(what);
        return what->size;
    }
    const auto staged = *tree::staging_of(now);
    if (staged == tree::staging_id{}) return 0;
    return contents().files().staging().size_of(staged);
}

result<vault::reader> vault::read_entry(const tree::entry& what) {
    if (const auto* object = tree::object_in(what); object && !tree::is_directory(what))
        return contents().open(*object);
    if (tree::is_directory(what)) return fail(errc::is_a_directory, "read file", "");
    const auto* node = tree::file_in(what);
    if (node == nullptr) return fail(errc::illegal, "read file", "", "a link");
    return retry(retry_counter(), [&]() -> result<reader> {
        const auto file = tree::read_file_node(rows().snapshot(), *node);
        if (!file) return std::unexpected{file.error()};
        const auto& now = file->file()->now;
        if (std::holds_alternative<protocol::file::working>(now))
            return fail(errc::in_use, "read file", std::to_string(node->value), "is being written");
        if (const auto* object = std::get_if<protocol::file::finalized>(&now))
            return contents().open(object->object);
        auto opened = contents().open(*tree::staging_of(now));
        if (opened || opened.error().code() != errc::not_found) return opened;
        // The next writer takes the old bytes away: then the row has moved on as well.
        const auto again = tree::read_file_node(rows(), *node);
        const bool lost = again && again->file()->now == now;
        return std::unexpected{std::move(opened).error().as(lost ? errc::corrupt : errc::conflict)};
    });
}

result<vault::reader> vault::read_file(std::string_view path) {
    for (int looks = 1;; ++looks) {
        auto here = look(path);
        if (!here) return passed(here);
        auto opened = read_entry(here->what);
        if (opened) return opened;
        // A node that is gone was finalized or removed: another look says which. What a name led to
        // may be collected, if it leads elsewhere by now.
        const bool gone = opened.error().code() == errc::not_found && tree::file_in(here->what);
        const auto now = gone ? result<tree::end_of_path>{*here} : look(path);
        if ((gone || (now && now->what != here->what)) && looks < decisions_max) continue;
        return within(std::move(opened), "read file", std::string{path});
    }
}

}  // namespace casement
