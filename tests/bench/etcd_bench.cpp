// Creates and look-ups on a cluster of etcd, three members on this machine, beside raw transactions
// and reads of the same size on the same cluster: in one directory that is hot and in many, alone
// and 16 at a time, at an exact rev and at any.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>

#include <casement/engine/etcd.hpp>
#include <casement/kv/retry.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/look_up.hpp>

#include "contest.hpp"
#include "engine/etcd_member.hpp"
#include "etcd_rpc.grpc.pb.h"

using namespace casement;
using namespace casement::bench;
using tree::node_id;
using tree::obj_id;
namespace rpc = etcdserverpb;

namespace {

constexpr std::uint64_t many_directories = 16, depth = 4;

obj_id some_object() { return {.kind = obj_id::file}; }
tree::facts about() { return {.mode = 0644, .mtime = {1'700'000'000'000'000'000}, .size = 1000}; }
std::string file_name(std::uint64_t number) {
    return "file-" + std::to_string(1'000'000'000 + number);
}

/// Directories d0, d1, ...; and /p/p/p/p with a file in it.
struct store_in_use {
    engine::etcd_store kv;
    id_blocks<engine::etcd_store> ids{kv};
    recorded<engine::etcd_store> me{kv, ids};
    std::vector<node_id> directories;
    std::string deep;

    explicit store_in_use(const std::vector<std::string>& endpoints)
        : kv{must(engine::etcd_store::open(
              {.endpoints = endpoints, .prefix = "/bench", .create = true}))} {
        must(tree::create_root(kv, {}));
        for (std::uint64_t n = 0; n < many_directories; ++n)
            directories.push_back(made("/", "d" + std::to_string(n)));
        for (std::uint64_t n = 0; n < depth; ++n) {
            (void)made(deep.empty() ? "/" : deep, "p");
            deep += "/p";
        }
        const auto at = must(tree::resolve(kv, deep));
        must(tree::create(me, tree::any_rev{must(tree::read_directory(kv, *at.node()))}, "x",
                          protocol::dentry::create_object{some_object()}, about()));
        deep += "/x";
    }

    node_id made(std::string_view path, const std::string& name) {
        const auto at = must(tree::resolve(kv, path));
        const auto dir = must(tree::read_directory(kv, *at.node()));
        const auto made = must(tree::create_directory(me, tree::any_rev{dir}, name, {}));
        return std::get<tree::created>(made).node;
    }
};

/// The same compares, puts and bytes as a create at any rev, with nothing of ours.
struct raw {
    std::unique_ptr<rpc::KV::Stub> kv;
    const store_in_use& like;
    std::string record = encode(operation{1, 0, encode(tree::created{{1u << 20}, {}})});

    raw(const std::string& endpoint, const store_in_use& of)
        : kv{rpc::KV::NewStub(grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials()))},
          like{of} {}

    static std::string at(const std::string& key) { return "/raw/b" + key; }

    static void check(const grpc::Status& s) {
        if (!s.ok()) give_up(s.error_message());
    }

    void create(std::uint64_t directories, std::uint64_t number) {
        const auto dir = like.directories[number % directories];
        rpc::TxnRequest r;
        const auto absent = [&](const std::string& key) {
            auto* c = r.add_compare();
            c->set_key(at(key));
            c->set_target(rpc::Compare::VERSION);
            c->set_version(0);
            r.add_failure()->mutable_request_range()->set_key(c->key());
        };
        const auto put = [&](const std::string& key, const std::string& value) {
            r.add_success()->mutable_request_put()->set_key(at(key));
            r.mutable_success(r.success_size() - 1)->mutable_request_put()->set_value(value);
        };
        const auto name = file_name(number);
        const auto entry = row_key<tree::entry>({dir, {}, name});
        const auto op = row_key<operation>({0, {number}});
        for (const auto& key : {row_key<tree::head>(dir), entry, op, row_key<retention>({})})
            absent(key);
        auto* c = r.add_compare();  // as the counter is compared
        c->set_key(at(row_key<tree::rev>(dir)));
        c->set_target(rpc::Compare::VERSION);
        c->set_result(rpc::Compare::GREATER);
        c->set_version(-1);
        put(entry,
            encode(tree::entry{protocol::dentry::object{some_object()}, {1u << 20}, about()}));
        put(row_key<tree::rev>(dir), "12345678");
        put(op, record);
        grpc::ClientContext context;
        rpc::TxnResponse answer;
        check(kv->Txn(&context, r, &answer));
        if (!answer.succeeded()) give_up("a raw transaction was not made");
    }

    void read(const std::string& key) {
        grpc::ClientContext context;
        rpc::RangeRequest r;
        rpc::RangeResponse answer;
        r.set_key(key);
        check(kv->Range(&context, r, &answer));
    }
};

void creates(store_in_use& ours, raw& theirs) {
    const auto next = std::make_shared<std::atomic<std::uint64_t>>(0);
    const protocol::dentry::create_object what{some_object()};
    for (const std::uint64_t directories : {std::uint64_t{1}, many_directories})
        for (const int threads : {1, 16}) {
            const auto turns = [=](auto create) {
                return [=](benchmark::State& state) {
                    for (auto _ : state) create(next->fetch_add(1));
                    state.SetItemsProcessed(state.iterations());
                };
            };
            std::vector<tree::directory> known;
            for (const auto node : ours.directories)
                known.push_back(must(tree::read_directory(ours.kv, node)));
            const auto by_any_rev = [&, known, directories, what](std::uint64_t number) {
                must(tree::create(ours.me, tree::any_rev{known[number % directories]},
                                  file_name(number), what, about()));
            };
            const auto by_at_rev = [&, directories, what](std::uint64_t number) {
                retry_count retries;
                must(retry(retries, [&]() -> result<tree::create_outcome> {
                    auto dir =
                        tree::read_directory(ours.kv, ours.directories[number % directories]);
                    if (!dir) return std::unexpected{dir.error()};
                    return tree::create(ours.me, tree::at_rev{*dir}, file_name(number), what,
                                        about());
                }));
            };
            const auto by_hand = [&, directories](std::uint64_t number) {
                theirs.create(directories, number);
            };
            const auto place = directories == 1 ? "one directory" : "16 directories";
            hold({std::string{"create on etcd, "} + place + ", " + std::to_string(threads) +
                      (threads == 1 ? " thread" : " threads"),
                  "creates/s", threads},
                 {{role::floor, "raw Txn", turns(by_hand)},
                  {role::ours, "any rev", turns(by_any_rev)},
                  {role::ours, "at rev", turns(by_at_rev)}});
        }
}

void look_ups(store_in_use& ours, raw& theirs) {
    const auto dir = must(tree::read_directory(ours.kv, ours.directories[0]));
    const auto turns = [](auto look) {
        return [=](benchmark::State& state) {
            for (auto _ : state) look();
            state.SetItemsProcessed(state.iterations());
        };
    };
    for (const int threads : {1, 16})
        hold({"look up on etcd, " + std::to_string(threads) +
                  (threads == 1 ? " thread" : " threads"),
              "look-ups/s", threads},
             {{role::floor, "raw Range", turns([&] { theirs.read("/raw/x"); })},
              {role::ours, "a name",
               turns([&, dir] { must(tree::look_up(ours.kv, dir, file_name(1))); })},
              {role::ours, "4 deep", turns([&] {
                   if (!must(tree::resolve(ours.kv, ours.deep)).exists()) give_up("not there");
               })}});
}

}  // namespace

int main() {
    if (!casement::testing::etcd_is_installed()) return 0;
    const casement::testing::etcd_cluster cluster{3};
    store_in_use ours{cluster.endpoints()};
    raw theirs{cluster.endpoints()[0], ours};
    creates(ours, theirs);
    look_ups(ours, theirs);
}
