#pragma once
// Ranged reads that hand out only bytes whose chunk has its sum (SPEC B3). Any thread; reads
// straight into the caller's memory where a whole chunk goes there, and reads no chunk that the
// range does not touch.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <casement/blob/beside.hpp>
#include <casement/blob/checksum.hpp>
#include <casement/blob/descriptor.hpp>
#include <casement/blob/file_system.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// Is a range of a file of type F worth being read by two threads?
template <class F>
[[nodiscard]] constexpr bool is_worth_two(std::uint64_t size) {
    return !is_for_one_thread<F> && size >= worth_reading_beside;
}

namespace detail {

[[nodiscard]] inline std::unexpected<error> bad_chunk(std::string_view path, std::uint64_t at,
                                                      const std::string& what) {
    return fail(errc::corrupt, "read blob", std::string{path},
                "chunk at " + std::to_string(at) + ": " + what);
}

}  // namespace detail

/// `corrupt` unless these are the bytes of the chunk of `d` that begins at `offset` of its payload,
/// which lies at `base` of the file.
[[nodiscard]] inline result<void> verify_chunk(std::string_view chunk, const descriptor& d,
                                               const chunk_sums& sums, std::uint64_t offset,
                                               std::string_view path, std::uint64_t base) {
    const auto expected = chunk_count(d.size) == 1 ? d.check : sums[offset / chunk_size];
    if (checksum_of(chunk) == expected) return {};
    return detail::bad_chunk(path, base + offset, "its bytes do not have their checksum");
}

/// Reads and verifies the chunk of `d` that begins at `offset` of its payload, which lies at `base`
/// of the file.
template <byte_source F>
[[nodiscard]] result<void> read_chunk(const F& file, std::uint64_t base, const descriptor& d,
                                      const chunk_sums& sums, std::uint64_t offset,
                                      std::span<char> chunk) {
    const auto n = file.read_at(base + offset, chunk);
    if (!n) return std::unexpected{n.error()};
    if (*n != chunk.size())
        return detail::bad_chunk(file.path(), base + offset,
                                 "the file ends after " + std::to_string(*n) + " of " +
                                     std::to_string(chunk.size()) + " bytes");
    return verify_chunk({chunk.data(), chunk.size()}, d, sums, offset, file.path(), base);
}

/// Fills `into` from `offset` on, as far as the payload goes; answers the bytes read. On an error
/// what is in `into` is not to be used. A large range is read by two threads. REQUIRES: `sums` are
/// verified against `d`.
template <byte_source F>
[[nodiscard]] result<std::size_t> read_verified(const F& file, std::uint64_t base,
                                                const descriptor& d, const chunk_sums& sums,
                                                std::uint64_t offset, std::span<char> into) {
    if (offset >= d.size || into.empty()) return 0;
    into = into.first(std::min<std::uint64_t>(into.size(), d.size - offset));
    const auto end = offset + into.size();
    const auto first = offset / chunk_size;
    const auto read_one = [&](std::size_t k) -> result<void> {
        const auto begin = (first + k) * chunk_size;
        const auto length = std::min<std::uint64_t>(chunk_size, d.size - begin);
        const auto from = std::max(begin, offset), to = std::min(begin + length, end);
        const auto wanted = into.subspan(from - offset, to - from);
        if (wanted.size() == length) return read_chunk(file, base, d, sums, begin, wanted);
        std::string chunk(length, '\0');
        auto read = read_chunk(file, base, d, sums, begin, std::span<char>{chunk});
        if (read) std::copy_n(chunk.data() + (from - begin), wanted.size(), wanted.data());
        return read;
    };
    const auto chunks = chunk_count(end) - first;
    if (auto all = by_two(is_worth_two<F>(into.size()), chunks, read_one); !all) return passed(all);
    return into.size();
}

}  // namespace casement::blob
