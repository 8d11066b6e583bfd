// crowd_driver STORE LOG THREADS
//
// Opens the store, and lets a crowd change its tree until the process is killed. What is told of
// the changes goes to LOG, a line a write, so that a kill loses no line that came before it.

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <casement/engine/leveldb.hpp>
#include <casement/tree/create.hpp>

#include "tree/crowd.hpp"

int main(int count, char** words) {
    using namespace casement;
    if (count != 4) return 2;
    auto kv = engine::leveldb_store::open(words[1],
                                          {.durable = engine::durability::process, .create = true});
    const int log = ::open(words[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (!kv || log < 0) return 3;
    if (auto made = tree::create_root(*kv, {}); !made && made.error().code() != errc::exists)
        return 3;
    const auto told = [log](const std::string& line) {
        if (::write(log, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
            std::_Exit(4);
    };
    if (::write(1, "open\n", 5) != 5) return 4;
    const auto report = casement::testing::crowd(
        *kv, std::stoi(words[3]), [] { return false; }, told);
    return report.wrong.empty() ? 0 : 5;
}
