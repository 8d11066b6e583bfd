// engine_writer STORE process|power FIRST END BYTES kill|exit|stay
//
// Opens the store, commits the rows FIRST ... END - 1 of BYTES bytes, each in a commit of its own,
// and prints a line as each is acknowledged; then dies without closing, or waits for its input to
// end. When the store cannot be opened, prints the error's code and exits with 3.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include <casement/engine/leveldb.hpp>

#include "engine/rows.hpp"

namespace {

void say(const std::string& line) {
    if (::write(1, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(4);
}

}  // namespace

int main(int count, char** words) {
    using namespace casement;
    if (count != 7) return 2;
    const std::string path = words[1], mode = words[2], end = words[6];
    const std::size_t first = std::stoul(words[3]), last = std::stoul(words[4]);
    const std::size_t bytes = std::stoul(words[5]);

    auto kv = engine::leveldb_store::open(
        path, {.durable = mode == "power" ? engine::durability::power : engine::durability::process,
               .create = true,
               .write_buffer_bytes = 1u << 20});
    if (!kv) {
        say(std::string{name_of(kv.error().code())} + "\n");
        return 3;
    }
    say("open\n");
    for (std::size_t n = first; n < last; ++n) {
        const auto key = testing::numbered_key(n), value = testing::numbered_value(n, bytes);
        const casement::write rows[] = {{casement::write::kind::put, key, value, 0}};
        if (!kv->commit({{}, rows})) return 5;
        say(std::to_string(n) + "\n");
    }
    if (end == "kill") ::raise(SIGKILL);
    if (end == "exit") std::_Exit(0);
    char byte = 0;
    while (::read(0, &byte, 1) > 0) {
    }
    std::_Exit(0);
}
