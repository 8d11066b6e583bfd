#include "etcd_watch.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include <casement/kv/row.hpp>

#include "etcd_row.hpp"

namespace casement::engine {

namespace rpc = etcdserverpb;

namespace {

constexpr std::chrono::milliseconds before_it_begins_anew{100};

}  // namespace

etcd_watch::etcd_watch(etcd_link& link, remembered_rows& rows, std::string prefix)
    : link_{link}, rows_{rows}, prefix_{std::move(prefix)}, thread_{[this] { run(); }} {}

etcd_watch::~etcd_watch() {
    {
        const std::lock_guard lock{mutex_};
        stop_.request_stop();
        if (following_ != nullptr) following_->TryCancel();
    }
    stopped_.notify_all();
    thread_.join();
}

void etcd_watch::begin_anew() {
    const std::lock_guard lock{mutex_};
    if (following_ != nullptr) following_->TryCancel();
}

void etcd_watch::run() {
    for (;;) {
        follow();
        rows_.stop_listening();
        std::unique_lock lock{mutex_};
        const auto stop = [&] { return stop_.stop_requested(); };
        if (stopped_.wait_for(lock, before_it_begins_anew, stop)) return;
    }
}

/// From what the store is now to the first thing that is not as it should be.
void etcd_watch::follow() {
    rpc::RangeRequest now;
    now.set_key(prefix_);
    now.set_count_only(true);
    const auto begin = link_.range(now, link_.deadline(), stop_.get_token());
    if (!begin) return;
    const auto revision = begin->header().revision();

    grpc::ClientContext context;
    {
        const std::lock_guard lock{mutex_};
        if (stop_.stop_requested()) return;
        following_ = &context;
    }
    const auto stream = link_.watch(context);
    rpc::WatchRequest what;
    auto& range = *what.mutable_create_request();
    range.set_key(prefix_);
    range.set_range_end(after_prefix(prefix_));
    range.set_start_revision(revision + 1);
    rpc::WatchResponse news;
    if (stream->Write(what) && stream->Read(&news) && news.created() && !news.canceled() &&
        link_.is_ours(news.header())) {
        ++begun_;
        rows_.listen_from(revision);
        while (hear(news) && stream->Read(&news)) {
        }
    }
    {
        const std::lock_guard lock{mutex_};
        following_ = nullptr;
    }
    context.TryCancel();
    // What is still on its way must be read before a stream may be finished.
    while (stream->Read(&news)) {
    }
    (void)stream->Finish();
}

bool etcd_watch::hear(const rpc::WatchResponse& news) {
    if (news.canceled() || news.compact_revision() != 0 || news.fragment()) return false;
    if (news.events().empty()) return true;
    std::vector<heard_change> changes;
    changes.reserve(static_cast<std::size_t>(news.events_size()));
    for (const auto& e : news.events()) {
        const auto& kv = e.kv();
        if (!std::string_view{kv.key()}.starts_with(prefix_)) return false;
        heard_change c{std::string_view{kv.key()}.substr(prefix_.size()), {}, kv.mod_revision()};
        if (e.type() == mvccpb::Event::PUT) {
            auto row = row_from(c.key, kv.value(), kv.version(), kv.mod_revision());
            if (!row) return false;  // whoever reads it is told
            c.value = std::move(row->value);
        }
        changes.push_back(std::move(c));
    }
    rows_.hear(changes);
    return true;
}

}  // namespace casement::engine
