#pragma once
// A second core for what is worth a thread: the bytes of one large blob are hashed while they are
// written, and verified by two. Nothing depends on there being a second core.

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <utility>

#include <casement/core/error.hpp>

namespace casement::blob {

/// Does `work` while its maker does something else: on another core, if it is worth a thread and
/// the process has not taken all of them so, else when it is destroyed. Its destructor waits.
class beside {
public:
    /// REQUIRES: `work` throws nothing, and uses nothing that its maker changes meanwhile without
    /// a lock of theirs.
    beside(bool worth_it, std::function<void()> work);
    beside(const beside&) = delete;
    beside& operator=(const beside&) = delete;
    ~beside();

    /// False where the work waits for the destructor.
    [[nodiscard]] bool under_way() const { return worker_.joinable(); }

private:
    std::function<void()> work_;
    std::thread worker_;
};

/// Calls `work(k)`, which answers a `result<void>`, once for each k below `count`: from this thread
/// and, if that is worth one, from another at the same time. After an error no higher k is begun;
/// answers the error of the lowest k that failed, as a loop would.
template <class Work>
[[nodiscard]] result<void> by_two(bool worth_it, std::size_t count, const Work& work) {
    struct share {
        result<void> outcome;
        std::size_t failed_at = 0;
    };
    std::atomic<std::size_t> next = 0;
    const auto take_turns = [&](share& mine) {
        for (std::size_t k; mine.outcome && (k = next++) < count;)
            if (mine.outcome = work(k); !mine.outcome) mine.failed_at = k, next = count;
    };
    share here, there;
    {
        const beside other{worth_it, [&] { take_turns(there); }};
        take_turns(here);
    }
    const bool by_other = !there.outcome && (here.outcome || there.failed_at < here.failed_at);
    return by_other ? there.outcome : here.outcome;
}

}  // namespace casement::blob
