#include "tree/deeds.hpp"

#include <optional>
#include <utility>

#include <casement/tree/ensure_path.hpp>
#include <casement/tree/finalize.hpp>

#include "tree/altered_store.hpp"
#include "tree/hand.hpp"
#include "tree/paper_tree.hpp"
#include "tree/well_formed.hpp"

namespace casement::testing {
namespace {

using store_under_test = altered_store<engine::any_store>;

std::string link_path(int n) {
    return std::array{"a", "/b", "../b", "..", "/a/a", "/nowhere/x"}[static_cast<std::size_t>(n)];
}

/// The same deeds in the tree and on paper.
class pair_of_trees {
public:
    pair_of_trees(store_under_test& kv, tally& count) : tree_{kv}, count_{count} {}

    void run(const deed& d) {
        if (!differ_.empty()) return;
        ++clock_;
        if (d.what == act::ensure_path)
            return agree(d, ensure_path(tree_.me, d.path, {}), paper_.ensure(d.path));
        if (d.what == act::renew || d.what == act::close) return write_on(d);
        const auto& kept = kept_[slot(d)];
        const auto s = d.kept && kept ? *kept : look(nearest(d.path));
        if (d.what == act::look) {
            kept_[slot(d)] = s;
            return agree(d, result<void>{}, {});
        }
        if (d.what == act::set_directory_facts)
            return agree(
                d, set_directory_facts(tree_.me, s.own ? *s.own : s.parent, mode(d), {}),
                paper_.set_directory_mode(s.own ? *s.on_paper.there : s.on_paper.parent, mode(d)));
        if (d.what >= act::open) return s.file ? turn(d, s) : void();
        d.exact ? change(d, at_rev{s.parent}, s) : change(d, any_rev{s.parent}, s);
    }

    /// How the tree and the answers differ from paper, and what is wrong with the rows.
    [[nodiscard]] std::string differences() const {
        if (!differ_.empty()) return differ_;
        if (picture() != paper_.things()) return "not the tree on paper";
        return faults_in(tree_.kv);
    }

private:
    using name_token =
        decltype(must(look_up(std::declval<store_under_test&>(), std::declval<directory&>(), "")));

    /// What was seen at a name, in the tree and on paper.
    struct sight {
        directory parent;
        name_token name;
        std::optional<file_node> file;
        std::optional<seen<binding>> bound;
        std::optional<directory> own;
        std::optional<emptiness> empty;
        paper_tree::glance on_paper;
    };

    /// The path, or what of it lies in a directory.
    [[nodiscard]] std::string nearest(std::string path) const {
        while (!paper_.is_directory(parent_of(path))) path = parent_of(path);
        return path;
    }
    [[nodiscard]] sight look(const std::string& path) const {
        const auto dir = directory_at(parent_of(path));
        const auto name = must(look_up(tree_.kv, dir, last_of(path)));
        sight s{dir, name, {}, {}, {}, {}, paper_.look(path)};
        if (const auto* file = name.exists() ? file_in(*name) : nullptr) {
            s.file = must(read_file_node(tree_.kv, *file));
            s.bound = must(read<binding>(tree_.kv, *file));
        }
        if (const auto* child = name.exists() ? directory_in(*name) : nullptr) {
            s.own = must(read_directory(tree_.kv, *child));
            if (auto empty = see_empty(tree_.kv, *child)) s.empty = *std::move(empty);
        }
        return s;
    }

    template <class P>
    void change(const deed& d, const P& parent, const sight& s) {
        auto& me = tree_.me;
        const auto& g = s.on_paper;
        const thing object{.what = thing::kind::object, .content = d.n, .mode = mode(d)};
        switch (d.what) {
            case act::create_object:
                return agree(d, made(create(me, parent, g.name, file(byte(d)), {.mode = mode(d)})),
                             paper_.create(g, d.exact, object));
            case act::create_link:
                return agree(d, made(create(me, parent, g.name, link(link_path(d.n)), {})),
                             paper_.create(g, d.exact, link_on_paper(d)));
            case act::create_directory:
                return agree(d, made(create_directory(me, parent, g.name, {.mode = mode(d)})),
                             paper_.create(g, d.exact, {.mode = mode(d)}));
            case act::create_file:
                return agree(
                    d, made(tree::create_file(me, parent, g.name, {.mode = mode(d)})),
                    paper_.create(g, d.exact, {.what = thing::kind::file, .mode = mode(d)}));
            case act::remove:
                return agree(d, tree::remove(me, parent, s.name), paper_.remove(g, d.exact));
            case act::remove_directory: return remove_directory_in(d, parent, s);
            case act::rename:
            case act::rename_directory: return rename_in(d, parent, s);
            case act::replace: {
                if (d.n % 2 == 0)
                    return agree(
                        d,
                        replace_target(me, parent, s.name,
                                       dentry::replace_object{casement::testing::object(byte(d))},
                                       {.mode = mode(d)}),
                        paper_.replace(g, d.exact, object));
                return agree(
                    d, replace_target(me, parent, s.name, dentry::retarget{link_path(d.n)}, {}),
                    paper_.replace(g, d.exact, link_on_paper(d)));
            }
            case act::set_facts:
                return agree(d, set_facts(me, parent, s.name, mode(d), {}),
                             paper_.set_mode(g, d.exact, mode(d)));
            case act::instantiate:
                return agree(d, instantiate_file(me, parent, s.name),
                             paper_.instantiate(g, d.exact));
            default: return;
        }
    }

    template <class P>
    void remove_directory_in(const deed& d, const P& parent, const sight& s) {
        if (!s.name.exists() || directory_in(*s.name) == nullptr) return;
        const auto full = fail(errc::not_empty, "see empty", d.path);
        agree(d,
              s.empty ? remove_directory(tree_.me, parent, s.name, *s.empty) : result<void>{full},
              paper_.remove_directory(s.on_paper, d.exact, s.empty.has_value()));
    }

    template <class P>
    void rename_in(const deed& d, const P& from, const sight& s) {
        const auto path = nearest(d.other);
        const auto to = look(path);
        const bool of_directory = d.what == act::rename_directory;
        const auto done = of_directory
                              ? rename_directory(tree_.me, from, s.name, at_rev{to.parent}, to.name,
                                                 must(read_ancestry(tree_.kv, to.parent.node())))
                              : tree::rename(tree_.me, from, s.name, any_rev{to.parent}, to.name);
        agree(d, done, paper_.rename(s.on_paper, d.exact, path, of_directory, of_directory));
    }

    /// A file from one state to the next.
    void turn(const deed& d, const sight& s) {
        const auto& g = s.on_paper;
        switch (d.what) {
            case act::open: {
                const int deadline = clock_ + d.n;
                auto w = open_writer(tree_.me, *s.file, {deadline});
                agree(d, w, paper_.open(g, deadline));
                if (w) writers_[slot(d)] = {*w, paper_tree::granted(g)};
                return;
            }
            case act::reclaim:
                return agree(d, reclaim(tree_.me, *s.file, {clock_}), paper_.reclaim(g, clock_));
            case act::prepare: return agree(d, prepare(tree_.me, *s.file), paper_.prepare(g));
            case act::abort: return agree(d, tree::abort(tree_.me, *s.file), paper_.abort(g));
            case act::finalize:
                return d.exact ? finalize_in(d, at_rev{s.parent}, s)
                               : finalize_in(d, any_rev{s.parent}, s);
            default: return;
        }
    }

    template <class P>
    void finalize_in(const deed& d, const P& parent, const sight& s) {
        agree(d,
              finalize(tree_.me, *s.file, *s.bound, parent, s.name, object(byte(d)),
                       {.mode = mode(d)}),
              paper_.finalize(s.on_paper, d.exact,
                              {.what = thing::kind::object, .content = d.n, .mode = mode(d)}));
    }

    /// By a writer that was granted some time ago.
    void write_on(const deed& d) {
        const auto& w = writers_[slot(d)];
        if (!w) return;
        const int deadline = clock_ + d.n;
        if (d.what == act::renew)
            agree(d, renew(tree_.me, w->first, {deadline}), paper_.renew(w->second, deadline));
        else
            agree(d, close_writer(tree_.me, w->first), paper_.close(w->second));
    }

    /// By names alone: on paper no link is followed here.
    [[nodiscard]] directory directory_at(std::string_view path) const {
        auto dir = must(read_directory(tree_.kv, root));
        for (const auto name : must(split_path(path))) {
            const auto there = must(look_up(tree_.kv, dir, name));
            const auto* node = there.exists() ? directory_in(*there) : nullptr;
            if (node == nullptr) throw std::runtime_error{std::string{path} + " is none"};
            dir = must(read_directory(tree_.kv, *node));
        }
        return dir;
    }

    static std::string parent_of(const std::string& path) {
        return path.substr(0, path.rfind('/'));
    }
    static std::string last_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }
    static std::size_t slot(const deed& d) { return static_cast<std::size_t>(d.n) % slots; }
    static std::uint8_t byte(const deed& d) { return static_cast<std::uint8_t>(d.n); }
    static std::uint32_t mode(const deed& d) { return static_cast<std::uint32_t>(d.n); }
    static thing link_on_paper(const deed& d) {
        return {.what = thing::kind::link, .to = link_path(d.n)};
    }

    static result<void> made(const result<create_outcome>& r) {
        if (!r) return std::unexpected{r.error()};
        if (std::holds_alternative<already_exists>(*r)) return fail(errc::exists, "create", "");
        return {};
    }

    template <class T>
    void agree(const deed& d, const result<T>& tree, const result<void>& paper) {
        const auto word = [](const auto& r) {
            return r ? "done" : casement::name_of(r.error().code());
        };
        ++(tree ? count_.done : count_.refused)[d.what];
        if (word(tree) == word(paper)) return;
        std::ostringstream differ;
        differ << d << ": " << word(tree) << ", on paper " << word(paper);
        differ_ = differ.str();
    }

    [[nodiscard]] std::map<std::string, thing> picture() const {
        std::map<std::string, thing> out;
        draw(root, "", out);
        return out;
    }
    void draw(node_id node, const std::string& path, std::map<std::string, thing>& out) const {
        auto names = must(list(tree_.kv, node));
        out.emplace(path, thing{.mode = names.of().head()->mode});
        for (const auto& each : names) {
            const auto e = must(each.row());
            const auto here = path + "/" + std::string{each.name()};
            if (const auto* child = directory_in(e))
                draw(*child, here, out);
            else if (const auto* open = file_in(e))
                out.emplace(here, drawn(must(read_file_node(tree_.kv, *open)), e.about));
            else if (const auto* l = std::get_if<dentry::symlink>(&e.target))
                out.emplace(here,
                            thing{.what = thing::kind::link, .to = l->path, .mode = e.about.mode});
            else
                out.emplace(here, thing{.what = thing::kind::object,
                                        .content = content(std::get<dentry::object>(e.target).id),
                                        .mode = e.about.mode});
        }
    }
    static int content(const obj_id& id) { return static_cast<int>(id.digest.back()); }
    static thing drawn(const file_node& f, const facts& about) {
        thing out{.what = thing::kind::file, .mode = about.mode};
        const auto& now = f.file()->now;
        out.now = static_cast<thing::stage>(std::array{1, 0, 2, 3}[now.index()]);
        out.seq = std::visit([](const auto& s) { return static_cast<int>(s.seq.value); }, now);
        if (const auto* done = std::get_if<protocol::file::finalized>(&now))
            out.content = content(done->object);
        if (const auto* held = std::get_if<protocol::lease::held>(&f.lease()->now))
            out.deadline = static_cast<int>(held->expires.ns);
        return out;
    }

    static constexpr std::size_t slots = 3;

    hand<store_under_test> tree_;
    paper_tree paper_;
    tally& count_;
    int clock_ = 0;
    std::string differ_;
    std::array<std::optional<sight>, slots> kept_;
    std::array<std::optional<std::pair<writer, paper_tree::grant>>, slots> writers_;
};

std::string in_words(const write& w) {
    const auto* kind = w.what == write::kind::put     ? "put "
                       : w.what == write::kind::erase ? "erase "
                                                      : "bump ";
    return kind + std::string{w.key.front()};
}

}  // namespace

std::string differences(engine::any_store& engine, const std::vector<deed>& deeds, tally& count,
                        const omission& without) {
    store_under_test kv{engine};
    pair_of_trees both{kv, count};
    kv.alter = [&](auto& guards, auto& writes) {
        std::erase_if(guards, [&](const auto& g) { return g.name == without.guard; });
        std::erase_if(writes, [&](const auto& w) { return in_words(w) == without.write; });
    };
    for (const auto& d : deeds) {
        both.run(d);
        // Without a guard an answer differs at once. Without a write no answer may, and the next
        // operation may rely on the rows that are out of order.
        if (!without.write.empty() && !well_formed(kv)) break;
    }
    return both.differences();
}

void note_commits(engine::any_store& engine, const std::vector<deed>& deeds,
                  what_commits_ask& all) {
    store_under_test kv{engine};
    tally count;
    pair_of_trees both{kv, count};
    kv.alter = [&](const auto& guards, const auto& writes) {
        for (const auto& each : guards) all.guards.emplace(each.name);
        for (const auto& each : writes) all.writes.insert(in_words(each));
    };
    for (const auto& d : deeds) both.run(d);
}

}  // namespace casement::testing
