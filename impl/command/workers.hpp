#pragma once
// Threads that take tasks from a bounded queue: who brings tasks faster than they are done waits. A
// task that fails for good ends them all. `add` from one thread.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <casement/core/error.hpp>

namespace casement::command {

class workers {
public:
    using task = std::function<result<void>()>;

    explicit workers(unsigned threads, std::size_t waiting_max = 256) : waiting_max_{waiting_max} {
        for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    }
    workers(const workers&) = delete;
    workers& operator=(const workers&) = delete;
    ~workers() {
        // Whoever did not finish has an error of its own to tell.
        if (!threads_.empty()) (void)finish();
    }

    /// False once a task has failed: bring no more.
    bool add(task t) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return failed_ || waiting_.size() < waiting_max_; });
        if (failed_) return false;
        waiting_.push_back(std::move(t));
        changed_.notify_all();
        return true;
    }

    /// Waits for all tasks; the first failure, if any.
    [[nodiscard]] result<void> finish() {
        {
            const std::lock_guard lock{mutex_};
            closed_ = true;
            changed_.notify_all();
        }
        for (auto& t : threads_) t.join();
        threads_.clear();
        if (failed_) return std::unexpected{*failed_};
        return {};
    }

private:
    void work() {
        for (;;) {
            task next;
            {
                std::unique_lock lock{mutex_};
                changed_.wait(lock, [&] { return failed_ || closed_ || !waiting_.empty(); });
                if (failed_ || waiting_.empty()) return;
                next = std::move(waiting_.front());
                waiting_.pop_front();
                changed_.notify_all();
            }
            if (auto done = next(); !done) fail_with(std::move(done).error());
        }
    }
    void fail_with(error e) {
        std::deque<task> dropped;  // destroyed outside the lock: a task may hold a directory open
        const std::lock_guard lock{mutex_};
        if (!failed_) failed_ = std::move(e);
        dropped.swap(waiting_);
        changed_.notify_all();
    }

    const std::size_t waiting_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<task> waiting_;
    std::optional<error> failed_;
    bool closed_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace casement::command
