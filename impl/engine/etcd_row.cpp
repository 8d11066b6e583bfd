#include "etcd_row.hpp"

#include <atomic>

#include <casement/core/assert.hpp>
#include <casement/core/codec.hpp>

namespace casement::engine {

namespace {

constexpr char plain = 0, counter = 1;

}  // namespace

etcd_versions::etcd_versions() {
    constexpr std::uint64_t all = std::uint64_t{1} << 62, openings_max = all / an_opening;
    static std::atomic<std::uint64_t> openings{0};
    first_ = all + openings.fetch_add(1) % openings_max * an_opening;
}

std::uint64_t number_in(std::string_view value) {
    std::uint64_t n = 0;
    reader in{value};
    require(in.big64(n) && in.finished(), "a counter has 8 bytes");
    return n;
}

std::string lying(std::string_view value) {
    std::string out(1, plain);
    out += value;
    return out;
}

std::string lying_as_counter(std::uint64_t number, std::int64_t version) {
    std::string out(1, counter);
    append_big64(out, number - static_cast<std::uint64_t>(version));
    return out;
}

result<etcd_row> row_from(std::string_view key, std::string_view bytes, std::int64_t version,
                          std::int64_t revision) {
    etcd_row row{std::string{}, version, revision, false};
    if (bytes.starts_with(plain)) {
        *row.value = bytes.substr(1);
        return row;
    }
    if (!bytes.starts_with(counter) || bytes.size() != 1 + counter_bytes)
        return fail(errc::corrupt, "read row", std::string{key}, "not as this engine writes it");
    row.counts = true;
    append_big64(*row.value, number_in(bytes.substr(1)) + static_cast<std::uint64_t>(version));
    return row;
}

result<etcd_row> row_from(std::string_view key, const etcdserverpb::RangeResponse& answer) {
    if (answer.kvs().empty()) return etcd_row{};
    const auto& kv = answer.kvs(0);
    return row_from(key, kv.value(), kv.version(), kv.mod_revision());
}

}  // namespace casement::engine
