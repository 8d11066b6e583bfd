#pragma once
// Work on several threads at once.

#include <thread>
#include <vector>

namespace casement::testing {

/// Calls `work(0)` to `work(n - 1)`, each on a thread of its own, and waits for them.
template <class F>
void on_threads(int n, F work) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < n; ++t) threads.emplace_back([&work, t] { work(t); });
}

}  // namespace casement::testing
