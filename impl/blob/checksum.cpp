#include <casement/blob/checksum.hpp>

#include <algorithm>
#include <utility>

#include <casement/blob/little_endian.hpp>
#include <casement/core/assert.hpp>

namespace casement::blob {

std::uint64_t check_of(const chunk_sums& sums) {
    if (sums.empty()) return checksum_of({});
    if (sums.size() == 1) return sums.front();
    std::string all;
    all.reserve(8 * sums.size());
    for (const auto sum : sums) append_little(all, sum);
    return checksum_of(all);
}

result<void> verify_sums(const chunk_sums& sums, std::uint64_t size, std::uint64_t check,
                         std::string_view subject) {
    const auto expected = chunk_count(size);
    if (sums.empty() && expected == 1) return {};
    if (sums.size() == expected && check_of(sums) == check) return {};
    return fail(errc::corrupt, "verify chunk sums", std::string{subject},
                std::to_string(sums.size()) + " sums for " + std::to_string(size) +
                    " bytes do not have the descriptor's check");
}

void payload_hasher::take(std::string_view bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(chunk_size, bytes.size()))) {
        require(!ended_, "whole chunks before the last bytes");
        const auto chunk = bytes.substr(0, chunk_size);
        hasher_.update(chunk);
        sums_.push_back(checksum_of(chunk));
        ended_ = chunk.size() < chunk_size;
    }
}

payload_hash payload_hasher::finish() {
    ended_ = false;
    return {hasher_.finish(), std::exchange(sums_, {})};
}

std::vector<std::string> encode_sums(std::span<const std::uint64_t> sums) {
    std::vector<std::string> rows;
    while (!sums.empty()) {
        auto& row = rows.emplace_back();
        const auto here = sums.first(std::min(sums.size(), sums_per_row));
        for (const auto sum : here) append_little(row, sum);
        sums = sums.subspan(here.size());
    }
    return rows;
}

result<void> decode_sums(std::string_view row, chunk_sums& out, std::string_view subject) {
    if (row.empty() || row.size() % 8 != 0 || row.size() > 8 * sums_per_row)
        return fail(errc::corrupt, "read chunk sums", std::string{subject},
                    "a row of " + std::to_string(row.size()) + " bytes");
    for (; !row.empty(); row.remove_prefix(8)) out.push_back(little64(row));
    return {};
}

}  // namespace casement::blob
