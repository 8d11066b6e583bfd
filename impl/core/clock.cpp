#include <casement/core/clock.hpp>

#include <ctime>

namespace casement {

timestamp system_clock::now() const {
    std::timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    return {static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec};
}

}  // namespace casement
