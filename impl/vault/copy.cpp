#include <casement/vault.hpp>

#include <string>
#include <utility>
#include <variant>

#include <casement/core/pace.hpp>
#include <casement/tree/ensure_path.hpp>
#include <casement/tree/list.hpp>
#include <casement/tree/rename.hpp>

namespace casement {
namespace {

using protocol::dentry;
using tree::entry;
using tree::node_id;

/// One call of `copy_all`.
class copying {
public:
    copying(vault& v, retry_count& retries, const copy_options& how)
        : v_{v}, retries_{retries}, stop_{how.stop}, pace_{how.names_a_second} {}

    /// Makes `name` in `parent` a directory with all that `from` has.
    result<void> directory(const entry& from, node_id parent, std::string_view name) {
        auto about = tree::facts_of(v_.rows(), from);
        if (!about) return passed(about);
        auto made = v_.settle_directory(parent, name, *about);
        if (!made) return passed(made);
        count(done_.directories, made->second);
        std::string copied;  // where a collector comes between, it looks again from here on
        return retry(retries_, [&] { return names_after(copied, from, made->first); });
    }

    [[nodiscard]] const copy_report& done() const { return done_; }

private:
    result<void> names_after(std::string& last, const entry& from, node_id parent) {
        const auto since = tree::kept_since::now(v_.rows());
        if (!since) return std::unexpected{since.error()};
        auto names = tree::list(v_.rows(), from, last);
        if (!names) return passed(names);
        for (const auto& listed : *names) {
            std::string name{listed.name()};
            if (stop_()) return fail(errc::cancelled, "copy", name);
            auto row = listed.row();
            if (!row) return passed(row);
            if (auto copied = one(*row, parent, name, *since); !copied)
                return within(std::move(copied), "copy", name);
            last = std::move(name);
        }
        return names->status();
    }

    result<void> one(const entry& what, node_id parent, std::string_view name,
                     const tree::kept_since& since) {
        if (tree::directory_in(what) != nullptr) return directory(what, parent, name);
        auto made = v_.settle_copy(parent, name, what, since);
        if (!made) return passed(made);
        const bool link = std::holds_alternative<dentry::symlink>(what.target);
        count(link                       ? done_.links
              : tree::is_directory(what) ? done_.directories
                                         : done_.files,
              *made);
        return {};
    }

    void count(std::uint64_t& kind, settled how) {
        ++kind;
        done_.unchanged += how == settled::unchanged;
        pace_.take(1);
    }

    vault& v_;
    retry_count& retries_;
    const std::function<bool()>& stop_;
    pace<> pace_;
    copy_report done_;
};

}  // namespace

result<copy_report> vault::copy_all(std::string_view from, std::string_view to,
                                    const copy_options& how) {
    auto source = look(from, tree::last_link::keep);
    if (!source) return passed(source);
    if (source->node() == nullptr) {
        if (auto copied = copy(from, to); !copied) return passed(copied);
        const auto& what = source->what;
        copy_report one;
        ++(tree::is_directory(what)                               ? one.directories
           : std::holds_alternative<dentry::symlink>(what.target) ? one.links
                                                                  : one.files);
        return one;
    }
    auto destination = tree::reach(client(), to);
    if (!destination) return passed(destination);
    auto into = tree::reach_directory(client(), *destination);
    if (!into) return passed(into);
    if (destination->is_root() && how.onto)
        return fail(errc::exists, "copy", std::string{to}, "is the root");
    const bool inside = *into && !how.onto;  // under its own name
    const node_id parent = inside ? **into : destination->parent.node();
    const std::string as{inside ? std::string_view{source->name} : destination->found->key().name};
    auto above = tree::read_ancestry(rows(), parent);
    if (!above) return passed(above);
    if (above->contains(*source->node()))
        return fail(errc::loop, "copy", std::string{from}, "the copy would come to lie in itself");
    copying work{*this, retry_counter(), how};
    if (auto copied = work.directory(source->what, parent, as); !copied) return passed(copied);
    return work.done();
}

}  // namespace casement
