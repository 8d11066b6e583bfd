#pragma once
// How far a write must have come before it counts as done: one choice for rows and blobs alike.

#include <cstdint>

namespace casement {

/// What a finished write survives.
enum class durability : std::uint8_t {
    process,  // the death of this process: the bytes are with the operating system
    power,    // the loss of power too: the bytes, then their names, are synced (SPEC W2)
};

}  // namespace casement
