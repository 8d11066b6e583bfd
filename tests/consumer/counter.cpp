// Guarded commits of one's own rows, with no engine and no hash: over the store in memory.

#include <cstdint>
#include <cstdio>

#include <casement/kv/memory.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/transaction.hpp>

using namespace casement;

struct counter {
    static constexpr char table = 'C';
    using key = std::uint64_t;
    std::uint64_t n = 0;
};

int main() {
    memory_store kv;
    const auto none = read<counter>(kv, 1);
    if (!none || !transaction{kv}.replace(*none, counter{1}, "nobody has counted").commit())
        return 1;
    const auto lost = transaction{kv}.replace(*none, counter{1}, "nobody has counted").commit();
    if (lost || lost.error().code() != errc::conflict) return 1;
    std::puts(lost.error().message().c_str());
    return 0;
}
