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

/// Where a name comes to be: at `to` if that is free, or `onto` it; else in the directory that is
/// there, under its own name.
struct destination {
    node_id parent;
    std::string name;
};

result<destination> destination_of(vault& v, std::string_view to, std::string_view own_name,
                                   bool onto) {
    auto here = tree::reach(v.client(), to);
    if (!here) return passed(here);
    if (!onto) {
        auto into = tree::reach_directory(v.client(), *here);
        if (!into) return passed(into);
        if (*into) return destination{**into, std::string{own_name}};
    } else if (here->is_root()) {
        return fail(errc::exists, "copy", std::string{to}, "is the root");
    }
    return destination{here->parent.node(), std::string{here->found->key().name}};
}

/// One call of `copy` or `copy_all`.
class copying {
public:
    copying(vault& v, retry_count& retries, const copy_options& how)
        : v_{v}, retries_{retries}, how_{how}, pace_{how.names_a_second} {}

    result<void> all(std::string_view from, std::string_view to) {
        const auto source = v_.look(from, tree::last_link::keep);
        if (!source) return std::unexpected{source.error()};
        if (source->node() == nullptr) return leaf(from, to);
        const auto where =
            retry(retries_, [&] { return destination_of(v_, to, source->name, how_.onto); });
        if (!where) return std::unexpected{where.error()};
        const auto above = tree::read_ancestry(v_.rows(), where->parent);
        if (!above) return std::unexpected{above.error()};
        if (above->contains(*source->node()))
            return fail(errc::loop, "copy", std::string{from},
                        "the copy would come to lie in itself");
        return directory(source->what, where->parent, where->name);
    }

    /// A link or an object.
    result<void> leaf(std::string_view from, std::string_view to) {
        return retry(retries_, [&]() -> result<void> {
            const auto since = tree::kept_since::now(v_.rows());
            if (!since) return std::unexpected{since.error()};
            const auto source = v_.look(from, tree::last_link::keep);
            if (!source) return std::unexpected{source.error()};
            const auto where = destination_of(v_, to, source->name, how_.onto);
            if (!where) return std::unexpected{where.error()};
            auto copied = settle(source->what, where->parent, where->name, *since);
            return copied ? copied : within(std::move(copied), "copy", std::string{from});
        });
    }

    [[nodiscard]] const copy_report& done() const { return done_; }

private:
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

    result<void> names_after(std::string& last, const entry& from, node_id parent) {
        const auto since = tree::kept_since::now(v_.rows());
        if (!since) return std::unexpected{since.error()};
        auto names = tree::list(v_.rows(), from, last);
        if (!names) return passed(names);
        for (const auto& listed : *names) {
            std::string name{listed.name()};
            if (how_.stop()) return fail(errc::cancelled, "copy", name);
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
        return tree::directory_in(what) ? directory(what, parent, name)
                                        : settle(what, parent, name, since);
    }

    result<void> settle(const entry& what, node_id parent, std::string_view name,
                        const tree::kept_since& since) {
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
    const copy_options& how_;
    pace<> pace_;
    copy_report done_;
};

}  // namespace

result<void> vault::copy(std::string_view from, std::string_view to) {
    const copy_options how;
    return copying{*this, retry_counter(), how}.leaf(from, to);
}

result<copy_report> vault::copy_all(std::string_view from, std::string_view to,
                                    const copy_options& how) {
    copying work{*this, retry_counter(), how};
    if (auto copied = work.all(from, to); !copied) return passed(copied);
    return work.done();
}

}  // namespace casement
