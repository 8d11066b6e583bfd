#include "mirror_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

#include <casement/core/assert.hpp>
#include <casement/core/file_calls.hpp>

namespace casement::command::mirrored {

namespace {

/// As many names are in hand at once; so many, at most, a kill leaves unsure.
constexpr std::size_t turns_max = 4096;
constexpr std::size_t waiting_bytes_max = std::size_t{64} << 10;

}  // namespace

std::shared_ptr<run_log::turn> run_log::take_turn() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return turns_.size() < turns_max; });
    turns_.emplace_back();
    return std::make_shared<turn>(*this, first_ + turns_.size() - 1);
}

void run_log::resolve(std::uint64_t number, std::optional<frame> told) {
    const std::lock_guard lock{mutex_};
    auto& its = turns_[number - first_];
    its.over = true;
    its.told = std::move(told);
    while (!turns_.empty() && turns_.front().over) {
        if (const auto& f = turns_.front().told) append(*f);
        turns_.pop_front();
        ++first_;
    }
    // Whoever touches or closes next is told of a failure.
    if (waiting_.size() > waiting_bytes_max) (void)write_out();
    changed_.notify_all();
}

result<void> run_log::touch(placed what, bool matters) {
    std::uint64_t end = 0;
    {
        const std::lock_guard lock{mutex_};
        append(touched{std::move(what)});
        if (auto written = write_out(); !written) return written;
        end = written_;
        // Without any log, what is placed would not be ours.
        matters = matters || synced_ == 0;
    }
    return durable_ && matters ? sync_to(end) : result<void>{};
}

result<void> run_log::doubt() {
    const std::lock_guard lock{mutex_};
    append(doubted{});
    return write_out();
}

result<bool> run_log::close() {
    const std::lock_guard lock{mutex_};
    require(turns_.empty(), "every turn is over");
    if (auto written = write_out(); !written) return passed(written);
    if (!file_) return false;
    if (durable_ && ::fdatasync(file_.number()) != 0)
        return fail_system(errno, "sync", at_->path_of(log_name));
    if (const int why = file_.close(); why != 0)
        return fail_system(why, "close", at_->path_of(log_name));
    return true;
}

bool run_log::has_begun() {
    const std::lock_guard lock{mutex_};
    return file_ || !waiting_.empty();
}

result<void> run_log::status() {
    const std::lock_guard lock{mutex_};
    return failure_;
}

void run_log::append(const frame& f) {
    if (at_) append_frame(waiting_, f);
}

/// Under the lock.
result<void> run_log::write_out() {
    if (!failure_ || waiting_.empty()) return failure_;
    if (!file_) failure_ = create();
    if (!failure_) return failure_;
    if (const int why = append_whole(file_.number(), waiting_); why != 0)
        failure_ = fail_system(why, "write", at_->path_of(log_name));
    written_ += waiting_.size();
    waiting_.clear();
    return failure_;
}

result<void> run_log::create() {
    // One that is there has been settled.
    const std::string name{log_name};
    const int number = ::openat(at_->number(), name.c_str(),
                                O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (number < 0) return fail_system(errno, "create", at_->path_of(name));
    file_ = descriptor{number};
    std::string head = begin_frames();
    append_frame(head, begun{record_, this_boot()});
    waiting_.insert(0, head);
    if (durable_ && ::fsync(at_->number()) != 0 && !cannot_sync_names(errno))
        return fail_system(errno, "sync directory", at_->path());
    return {};
}

/// Those who wait together share a sync.
result<void> run_log::sync_to(std::uint64_t end) {
    std::unique_lock lock{mutex_};
    for (;;) {
        if (!failure_ || synced_ >= end) return failure_;
        if (syncing_) {
            changed_.wait(lock);
            continue;
        }
        syncing_ = true;
        const auto all = written_;
        lock.unlock();
        const int why = ::fdatasync(file_.number()) == 0 ? 0 : errno;
        lock.lock();
        syncing_ = false;
        if (why == 0)
            synced_ = all;
        else
            failure_ = fail_system(why, "sync", at_->path_of(log_name));
        changed_.notify_all();
    }
}

}  // namespace casement::command::mirrored
