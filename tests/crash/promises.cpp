#include "crash/promises.hpp"

#include <string_view>

#include <casement/tree/fsck.hpp>
#include <casement/tree/verify.hpp>
#include <casement/vault.hpp>

namespace casement::testing {
namespace {

std::string lost(vault& v, const promises& told) {
    for (const auto& path : told.paths()) {
        if (path == "/") continue;
        leads_to found;
        auto read = v.read_file(path);
        if (read) {
            found.emplace();
            auto all = read->for_each_piece([&](std::string_view piece) -> result<void> {
                found->append(piece);
                return {};
            });
            if (!all) return all.error().message();
        } else if (read.error().code() == errc::in_use) {
            continue;  // a writer was at it; whoever takes its lease back goes on
        } else if (read.error().code() != errc::not_found) {
            return read.error().message();
        }
        if (auto why = told.broken_by(path, found); !why.empty()) return why;
    }
    return "";
}
std::string unsound(vault& v) {
    const auto seen = tree::verify(v.rows(), v.contents());
    if (seen.problem_count > 0) return "verify: " + seen.problems.front().what.message();
    const auto checked = tree::fsck(v.client(), false);
    if (!checked) return checked.error().message();
    return checked->found.empty() ? "" : "fsck: " + checked->found.front().what;
}
std::string goes_on(vault& v) {
    auto staged = v.stage();
    if (!staged) return staged.error().message();
    if (auto w = staged->write(std::string(20 << 10, '!')); !w) return w.error().message();
    auto at = v.resolve("/afterwards");
    if (!at) return at.error().message();
    auto put = v.settle_file(at->parent.node(), "afterwards", *std::move(staged), {0644, {}, 0});
    if (!put) return put.error().message();
    if (auto gone = v.collect({.grace = {}}); !gone) return gone.error().message();
    if (auto small = v.compact(); !small) return small.error().message();
    if (auto closed = v.close(); !closed) return closed.error().message();
    return "";
}

}  // namespace

std::string complaint_of(const std::string& path, const promises& told) {
    vault_options how;
    how.durable = durability::process;  // of what is left, nothing more is lost
    auto v = vault::open(path, how);
    if (!v && !told.of_a_store() && v.error().code() == errc::not_found)
        v = vault::create(path, how);
    if (!v) return v.error().message();
    if (auto why = lost(*v, told); !why.empty()) return why;
    if (auto why = unsound(*v); !why.empty()) return why;
    return goes_on(*v);
}

}  // namespace casement::testing
