#include <casement/blob/beside.hpp>

#include <exception>

namespace casement::blob {

namespace {

/// Cores that nobody has taken for work beside, this thread's own left out.
std::atomic<int>& free_cores() {
    static std::atomic<int> n = static_cast<int>(std::thread::hardware_concurrency()) - 1;
    return n;
}

bool take_core() {
    for (int n = free_cores(); n > 0;)
        if (free_cores().compare_exchange_weak(n, n - 1)) return true;
    return false;
}

}  // namespace

beside::beside(bool worth_it, std::function<void()> work) : work_{std::move(work)} {
    if (!worth_it || !take_core()) return;
    try {
        worker_ = std::thread{[this] {
            work_();
            ++free_cores();
        }};
    } catch (const std::exception&) {
        ++free_cores();  // no thread to be had: the destructor works
    }
}

beside::~beside() {
    if (under_way())
        worker_.join();
    else
        work_();
}

}  // namespace casement::blob
