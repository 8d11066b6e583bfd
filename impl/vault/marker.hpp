#pragma once
// The file STORE/casement: says that a directory is a store, and in which format. Written last when
// a store is made and never changed. Calls from one thread.

#include <cstdint>
#include <string>

#include <casement/core/error.hpp>

namespace casement::marker {

/// Makes the directory, or takes one that is empty or in which a creation was cut short. `exists`
/// if a store is there, `not_empty` if anything else is.
[[nodiscard]] result<void> claim(const std::string& store);

/// Writes the marker, durably.
[[nodiscard]] result<void> write(const std::string& store, std::uint64_t format);

/// The format. `not_found` if the directory is no store, `corrupt` if the marker is not what was
/// written.
[[nodiscard]] result<std::uint64_t> read(const std::string& store);

}  // namespace casement::marker
