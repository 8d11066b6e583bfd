// What libFuzzer asks a target that has schedules: every other mutation moves steps of one.

#include "schedule_mutator.hpp"

#include <cstring>
#include <random>
#include <utility>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

namespace {

using namespace casement::fuzz;

std::string_view bytes_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// What does not fit is not taken: the input stays as it was.
std::size_t put(const std::string& bytes, std::uint8_t* data, std::size_t size,
                std::size_t size_max) {
    if (bytes.size() > size_max) return size;
    std::memcpy(data, bytes.data(), bytes.size());
    return bytes.size();
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned seed) {
    std::minstd_rand roll{seed};
    if (roll() % 2 == 0) return LLVMFuzzerMutate(data, size, size_max);
    auto parts = parted(bytes_of(data, size));
    const auto room = size_max - std::min(size_max, parts.front.size());
    for (auto times = 1 + roll() % 3; times > 0; --times)
        parts.steps = moved(std::move(parts.steps), static_cast<move>(roll() % moves), room, roll);
    return put(joined(std::move(parts)), data, size, size_max);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size,
                                                 const std::uint8_t* b, std::size_t b_size,
                                                 std::uint8_t* out, std::size_t size_max,
                                                 unsigned seed) {
    std::minstd_rand roll{seed};
    auto parts = parted(bytes_of(a, a_size));
    parts.steps = crossed(parts.steps, parted(bytes_of(b, b_size)).steps, roll);
    return put(joined(std::move(parts)), out, 0, size_max);
}
