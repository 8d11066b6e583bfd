// A store's life, on a disk that is recorded: every call of the vault that writes, and enough rows
// that LevelDB begins new logs and merges tables. Says in the log what it promises its user, and
// ends with 1 and what has failed where anything does.
//
//     crash_workload STORE LOG

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <casement/rebuild.hpp>

#include "crash/record.hpp"
#include "tree/hand.hpp"

namespace casement::testing {
namespace {

using namespace std::chrono_literals;

/// Up to 8 KiB a row, up to 64 KiB in a pack.
constexpr blob::thresholds sizes{8 << 10, 64 << 10, 256 << 10};

class life {
public:
    life(std::string store, const char* log) : store_{std::move(store)}, log_{log} {
        how_.write_buffer_bytes = 64 << 10;
    }

    void begins() {
        promise("/", {});
        v_.emplace(must(vault::create(store_, how_, sizes)));
        promise("/", "");
        keep();
    }
    void ends() {
        must(v_->close());
        v_.reset();
    }
    void goes_on() {
        ends();
        v_.emplace(must(vault::open(store_, how_)));
    }

    void makes_directories() {
        must(v_->make_path("/d/e", {0755, {}, 0}));
        must(v_->make_directory("/f", {0755, {}, 0}));
    }
    /// Makes the file, or replaces it.
    void puts(const std::string& path, std::size_t size, char of) {
        const std::string bytes = bytes_of(size, of);
        promise(path, bytes);
        auto staged = must(v_->stage());
        must(staged.write(bytes));
        const auto at = must(v_->resolve(path));
        must(v_->settle_file(at.parent.node(), at.found->key().name, std::move(staged),
                             {0644, {}, size}));
        keep();
    }
    void writes(const std::string& path, std::size_t size, char of) {
        const std::string bytes = bytes_of(size, of);
        promise(path, std::nullopt);
        promise(path, "");
        promise(path, bytes);
        auto w = must(v_->open_file(path, tree::open_how::create_or_truncate));
        must(w.append(bytes));
        must(w.close());
        keep();
        must(v_->finalize(path));
        keep();
    }
    void moves(const std::string& from, const std::string& to, const std::string& bytes) {
        promise(from, std::nullopt);
        promise(to, bytes);
        must(v_->move(from, to));
        keep();
    }
    void copies(const std::string& from, const std::string& to, const std::string& bytes) {
        promise(to, bytes);
        must(v_->copy(from, to));
        keep();
    }
    void removes(const std::string& path) {
        promise(path, std::nullopt);
        must(v_->remove(path));
        keep();
    }
    void gives_room_back(bool with_holes) {
        must(v_->collect({.grace = 0ns}));
        tree::compacting how;
        how.dead_share_max = 0;
        how.punches = with_holes;
        must(v_->compact(how));
    }
    /// Nothing that was promised is at another place afterwards.
    void is_rebuilt(const blob::thresholds& into) {
        ends();
        rebuild_options how;
        how.inline_max = into.inline_max;
        how.dedicated_min = into.dedicated_min;
        must(rebuild(store_, how));
        v_.emplace(must(vault::open(store_, how_)));
    }
    void lets_go_of_backups() {
        ends();
        must(release_backups(store_));
        v_.emplace(must(vault::open(store_, how_)));
    }
    void takes_a_snapshot() { must(v_->take_snapshot("/d", "one")); }

    [[nodiscard]] static std::string bytes_of(std::size_t size, char of) {
        std::string all(size, of);
        for (std::size_t i = 0; i < size; i += 64) all[i] = static_cast<char>('0' + i / 64 % 10);
        return all;
    }

private:
    void promise(const std::string& path, std::optional<std::string> bytes) {
        log_.add({crash_record::promises, {}, path, std::move(bytes)});
    }
    void keep() { log_.add({crash_record::kept, {}, {}, {}}); }

    std::string store_;
    crash_log log_;
    vault_options how_;
    std::optional<vault> v_;
};

void live(life& l) {
    constexpr std::size_t inline_size = 100, row = 8 << 10, packed = 20 << 10, own = 70 << 10;
    l.begins();
    l.makes_directories();
    l.puts("/a", inline_size, 'a');
    l.puts("/d/b", packed, 'b');
    l.puts("/d/c", packed, 'c');
    l.puts("/f/own", own, 'o');
    l.writes("/d/e/w", packed, 'w');
    l.puts("/a", packed, 'A');
    l.copies("/d/b", "/f/b", life::bytes_of(packed, 'b'));
    l.moves("/d/c", "/f/c", life::bytes_of(packed, 'c'));
    l.takes_a_snapshot();
    for (int i = 0; i < 24; ++i)  // three logs and more
        l.puts("/f/" + std::to_string(i), row, static_cast<char>('a' + i));
    l.goes_on();
    l.removes("/f/own");
    l.puts("/d/b", inline_size, 'x');
    l.removes("/a");
    for (int i = 0; i < 6; ++i)
        l.puts("/p" + std::to_string(i), packed, static_cast<char>('k' + i));
    for (int i = 0; i < 6; i += 2) l.removes("/p" + std::to_string(i));
    l.gives_room_back(true);
    for (int i = 0; i < 24; i += 3) l.removes("/f/" + std::to_string(i));
    l.removes("/p1");
    l.gives_room_back(false);
    l.puts("/f/own2", own, '2');
    l.is_rebuilt({30 << 10, 60 << 10, 0});
    l.writes("/last", inline_size, 'z');
    l.lets_go_of_backups();
    l.removes("/f/own2");
    l.is_rebuilt(sizes);
    l.ends();
}

}  // namespace
}  // namespace casement::testing

int main(int count, char** words) {
    using namespace casement;
    if (count != 3) return std::fputs("usage: crash_workload STORE LOG\n", stderr), 2;
    try {
        testing::life l{words[1], words[2]};
        testing::live(l);
    } catch (const std::exception& e) {  // what `must` throws
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
    return 0;
}
