// A file's life and its moves beside raw LevelDB batches of the very same bytes: what the commits
// write is kept from a run in memory, and the floor writes it again. What is read to decide is in
// our time.

#include <algorithm>
#include <memory>
#include <vector>

#include <casement/core/hash.hpp>
#include <casement/kv/memory.hpp>
#include <casement/tree/finalize.hpp>
#include <casement/tree/look_up.hpp>
#include <casement/tree/rename.hpp>
#include <casement/tree/snapshot.hpp>

#include "names.hpp"

using namespace casement;
using namespace casement::bench;

namespace {

/// A store in memory that keeps what each commit wrote, as the rows are afterwards.
class keeping_store {
public:
    std::vector<std::vector<raw_write>> commits;

    [[nodiscard]] result<found> get(std::string_view key) const { return kv_.get(key); }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        return kv_.scan(first, last);
    }
    [[nodiscard]] auto snapshot() const { return kv_.snapshot(); }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return kv_.unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        auto done = kv_.commit(b);
        if (!done) return done;
        auto& kept = commits.emplace_back();
        for (const auto& w : b.writes)
            kept.push_back({std::string{w.key}, must(kv_.get(w.key)).value});
        return done;
    }

private:
    memory_store kv_;
};

enum class deed : std::uint8_t { open_and_close, instantiate, finalize, rename };

/// Files made ready so many at a time, for one deed each.
template <store S>
class files {
public:
    static constexpr std::uint64_t at_once = 1000;

    explicit files(S& kv) : kv_{with_directories(kv)} {}

    void make_ready(deed what) {
        first_ += at_once;
        nodes_.clear();
        for (std::uint64_t n = 0; n < at_once; ++n) {
            if (what == deed::instantiate || what == deed::rename) {
                const protocol::dentry::create_object object{{tree::obj_id::file, {}}};
                must(tree::create(me_, in(here_), name(n), object, {}));
                continue;
            }
            const auto made = must(tree::create_file(me_, in(here_), name(n), {}));
            nodes_.push_back(std::get<tree::created>(made).node);
            if (what == deed::finalize)
                must(tree::prepare(me_, must(tree::read_file_node(kv_, nodes_.back()))));
        }
    }

    /// REQUIRES: n < at_once, and was not done since they were made ready
    void act(deed what, std::uint64_t n) {
        switch (what) {
            case deed::open_and_close: {
                const auto was = must(tree::read_file_node(kv_, nodes_[n]));
                return must(tree::close_writer(me_, must(tree::open_writer(me_, was, {1}))));
            }
            case deed::instantiate:
                must(tree::instantiate_file(me_, in(here_), look(here_, n)));
                return;
            case deed::finalize: {
                const auto was = must(tree::read_file_node(kv_, nodes_[n]));
                const auto bound = must(read<tree::binding>(kv_, nodes_[n]));
                must(tree::finalize(me_, was, bound, in(here_), look(here_, n),
                                    {tree::obj_id::file, {}}, {}));
                return;
            }
            case deed::rename:
                must(tree::rename(me_, in(here_), look(here_, n), in(there_), look(there_, n)));
        }
    }

private:
    static S& with_directories(S& kv) {
        for (const auto node : {here_, there_})
            must(transaction{kv}
                     .template put<tree::head>(node, head_of_all())
                     .template put<tree::rev>(node, {{1}})
                     .commit());
        return kv;
    }
    [[nodiscard]] std::string name(std::uint64_t n) const { return name_of(first_ + n); }
    /// Heads do not change here, so they are read once.
    tree::any_rev in(tree::node_id node) { return node == here_ ? in_here_ : in_there_; }
    auto look(tree::node_id node, std::uint64_t n) {
        return must(tree::look_up(kv_, in(node).parent(), name(n)));
    }
    tree::any_rev seen_now(tree::node_id node) {
        return tree::any_rev{must(tree::read_directory(kv_, node))};
    }

    static constexpr tree::node_id here_{1u << 20}, there_{(1u << 20) + 1};

    S& kv_;
    id_blocks<S> ids_{kv_};
    recorded<S> me_{kv_, ids_};
    tree::any_rev in_here_ = seen_now(here_), in_there_ = seen_now(there_);
    std::uint64_t first_ = 0;
    std::vector<tree::node_id> nodes_;
};

contestant floor_of(deed what, const std::string& path, engine::durability d) {
    keeping_store kv;
    files<keeping_store> all{kv};
    all.make_ready(what);
    kv.commits.clear();
    for (std::uint64_t n = 0; n < files<keeping_store>::at_once; ++n) all.act(what, n);
    const auto each = kv.commits.size() / files<keeping_store>::at_once;
    return {role::floor, "LevelDB",
            [=, commits = kv.commits, write = write_raw(path, d)](benchmark::State& state) {
                std::size_t next = 0;
                for (auto _ : state)
                    for (std::size_t n = 0; n < each; ++n) write(commits[next++ % commits.size()]);
                state.SetItemsProcessed(state.iterations());
            }};
}

struct ours {
    engine::leveldb_store kv;
    files<engine::leveldb_store> all{kv};
    std::uint64_t next = files<engine::leveldb_store>::at_once;
};

contestant ours_of(deed what, const std::string& path, engine::durability d) {
    const auto own = std::make_shared<ours>(
        must(engine::leveldb_store::open(path, {.durable = d, .create = true})));
    return {role::ours, "any_rev", [=](benchmark::State& state) {
                for (auto _ : state) {
                    if (own->next == files<engine::leveldb_store>::at_once) {
                        state.PauseTiming();
                        own->all.make_ready(what);
                        own->next = 0;
                        state.ResumeTiming();
                    }
                    own->all.act(what, own->next++);
                }
                state.SetItemsProcessed(state.iterations());
            }};
}

// --- snapshots -----------------------------------------------------------------------------------

constexpr std::uint64_t snapshot_names = 10'000;
constexpr shape one_directory{1, snapshot_names};

/// A directory of 10,000 files that are all other files each time, so that its snapshot shares
/// nothing with the last.
template <store S>
class changing_directory {
public:
    explicit changing_directory(S& kv) : kv_{kv} {
        must(transaction{kv_}
                 .template put<tree::head>(node_, head_of_all())
                 .template put<tree::rev>(node_, {{1}})
                 .commit());
    }

    void change() {
        ++round_;
        for (std::uint64_t n = 0; n < snapshot_names;) {
            transaction t{kv_};
            for (const auto end = n + commit_rows_max; n < std::min(end, snapshot_names); ++n) {
                auto e = entry_of(n);
                const tree::obj_id other{tree::obj_id::file, sha256_of(std::to_string(n + round_))};
                e.target = protocol::dentry::object{other};
                t.template put<tree::entry>({node_, {}, name_of(n)}, e);
            }
            must(t.commit());
        }
    }

    void take_snapshot() {
        const auto image = must(tree::read_tree(kv_, node_));
        if (image.files() != snapshot_names) give_up("a snapshot lacks files");
        must(tree::keep_snapshot(me_, std::to_string(round_), image, "/", {}));
    }

private:
    const tree::node_id node_ = directory_of(one_directory, 0);

    S& kv_;
    id_blocks<S> ids_{kv_};
    recorded<S> me_{kv_, ids_};
    std::uint64_t round_ = 0;
};

/// A list of as many names, and the same rows written.
contestant snapshot_floor(const std::string& path, engine::durability d) {
    keeping_store kv;
    changing_directory<keeping_store> all{kv};
    all.change();
    kv.commits.clear();
    all.take_snapshot();
    const auto keeper = raw_leveldb();
    keeper.fill(path + "-names", one_directory);
    const auto names = keeper.open(path + "-names", one_directory, d);
    return {
        role::floor, "LevelDB",
        [=, commits = kv.commits, write = write_raw(path, d)](benchmark::State& state) {
            const auto own = names();
            for (auto _ : state) {
                benchmark::DoNotOptimize(own.list());
                for (const auto& rows : commits) write(rows);
            }
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(snapshot_names));
        }};
}

struct our_snapshots {
    engine::leveldb_store kv;
    changing_directory<engine::leveldb_store> all{kv};
};

contestant our_snapshot(const std::string& path, engine::durability d) {
    const auto own = std::make_shared<our_snapshots>(
        must(engine::leveldb_store::open(path, {.durable = d, .create = true})));
    return {
        role::ours, "read_tree", [=](benchmark::State& state) {
            for (auto _ : state) {
                state.PauseTiming();
                own->all.change();
                state.ResumeTiming();
                own->all.take_snapshot();
            }
            state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(snapshot_names));
        }};
}

}  // namespace

int main() {
    const workshop w{"life_bench"};
    constexpr std::pair<deed, const char*> deeds[] = {{deed::open_and_close, "open and close"},
                                                      {deed::instantiate, "instantiate"},
                                                      {deed::finalize, "finalize"},
                                                      {deed::rename, "rename"}};
    int stores = 0;
    for (const auto& [what, words] : deeds)
        for (const auto d : {engine::durability::process, engine::durability::power}) {
            const auto place = w / std::to_string(++stores);
            const auto* how = d == engine::durability::power ? ", power" : ", process";
            hold({std::string{words} + how, "files/s"},
                 {floor_of(what, place + "-floor", d), ours_of(what, place + "-ours", d)});
        }
    for (const auto d : {engine::durability::process, engine::durability::power}) {
        const auto place = w / std::to_string(++stores);
        const auto* how = d == engine::durability::power ? ", power" : ", process";
        hold({std::string{"snapshot of 10,000 names"} + how, "names/s"},
             {snapshot_floor(place + "-floor", d), our_snapshot(place + "-ours", d)});
    }
}
