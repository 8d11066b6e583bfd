// SQLite with a table for each kind of row, in WAL mode. Each thread has a connection of its own,
// and writers take turns at a mutex: SQLite has one writer at a time, and would have the others
// sleep.

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>

#include <casement/core/codec.hpp>

#include "names.hpp"

namespace casement::bench {

namespace {

using engine::durability;

struct closer {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
};
using connection = std::unique_ptr<sqlite3, closer>;
using statement = std::unique_ptr<sqlite3_stmt, closer>;

void run(sqlite3* db, const std::string& sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        give_up(sql + ": " + sqlite3_errmsg(db));
}

connection connect(const std::string& path, durability d) {
    sqlite3* db = nullptr;
    if (sqlite3_open((path + "/names").c_str(), &db) != SQLITE_OK) give_up("no database " + path);
    connection opened{db};
    sqlite3_busy_timeout(db, 60'000);
    run(db, "PRAGMA journal_mode = WAL");
    run(db, d == durability::power ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    run(db, "PRAGMA cache_size = -" + std::to_string(cache_bytes / 1024));
    return opened;
}

statement prepare(sqlite3* db, const char* sql) {
    sqlite3_stmt* s = nullptr;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, nullptr) != SQLITE_OK)
        give_up(std::string{sql} + ": " + sqlite3_errmsg(db));
    return statement{s};
}

void bind(sqlite3_stmt* s, int at, std::uint64_t number) {
    sqlite3_bind_int64(s, at, static_cast<sqlite3_int64>(number));
}
void bind(sqlite3_stmt* s, int at, std::string_view bytes) {
    sqlite3_bind_blob(s, at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
}

std::string_view bytes_of(sqlite3_stmt* s, int column) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(s, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(s, column))};
}

/// Runs a prepared statement once; each row goes to `each`. Answers the rows.
template <class Each, class... Values>
int ask(sqlite3_stmt* s, Each each, const Values&... values) {
    int at = 0, rows = 0;
    (bind(s, ++at, values), ...);
    int step = sqlite3_step(s);
    for (; step == SQLITE_ROW; step = sqlite3_step(s), ++rows) each();
    if (step != SQLITE_DONE) give_up(sqlite3_errmsg(sqlite3_db_handle(s)));
    sqlite3_reset(s);
    return rows;
}

template <class... Values>
void tell(sqlite3_stmt* s, const Values&... values) {
    ask(
        s, [] {}, values...);
}

constexpr const char* insert_entry = "INSERT INTO entry VALUES (?1, 0, ?2, ?3)";

struct session {
    shape filled;
    std::shared_ptr<std::mutex> writing;
    connection db;
    statement begin = prepare(db.get(), "BEGIN IMMEDIATE");
    statement commit = prepare(db.get(), "COMMIT");
    statement head = prepare(db.get(), "SELECT value FROM head WHERE node = ?1");
    statement find =
        prepare(db.get(), "SELECT value FROM entry WHERE parent = ?1 AND layer = 0 AND name = ?2");
    statement insert = prepare(db.get(), insert_entry);
    statement bump = prepare(db.get(), "UPDATE rev SET n = n + 1 WHERE node = ?1");
    statement all =
        prepare(db.get(), "SELECT name FROM entry WHERE parent = ?1 AND layer = 0 ORDER BY name");
    std::string head_row = encode(head_of_all()), row = encode(entry_of(0));

    session(const std::string& path, const shape& s, durability d, std::shared_ptr<std::mutex> m)
        : filled{s}, writing{std::move(m)}, db{connect(path, d)} {}

    void create(std::uint64_t number) {
        const auto node = directory_of(filled, number).value;
        const auto name = name_of(number);
        const std::lock_guard turn{*writing};
        tell(begin.get());
        const auto as_expected = [&] {
            if (bytes_of(head.get(), 0) != head_row) give_up("another head");
        };
        if (ask(head.get(), as_expected, node) != 1) give_up("no head");
        // The name's absence is the primary key's to check.
        tell(insert.get(), node, std::string_view{name}, std::string_view{row});
        tell(bump.get(), node);
        tell(commit.get());
    }

    bool look_up(std::uint64_t number) {
        const auto name = name_of(number);
        std::string value;
        return ask(
                   find.get(), [&] { value = bytes_of(find.get(), 0); },
                   directory_of(filled, number).value, std::string_view{name}) == 1;
    }

    std::uint64_t list() {
        std::uint64_t bytes = 0;
        ask(
            all.get(), [&] { bytes += bytes_of(all.get(), 0).size(); },
            directory_of(filled, 0).value);
        return bytes;
    }
};

void fill(const std::string& path, const shape& s) {
    std::filesystem::create_directories(path);
    const auto db = connect(path, durability::process);
    run(db.get(), "PRAGMA cache_size = -262144");
    run(db.get(), "CREATE TABLE head (node INTEGER PRIMARY KEY, value BLOB)");
    run(db.get(), "CREATE TABLE rev (node INTEGER PRIMARY KEY, n INTEGER)");
    run(db.get(),
        "CREATE TABLE entry (parent INTEGER, layer INTEGER, name BLOB, value BLOB, "
        "PRIMARY KEY (parent, layer, name)) WITHOUT ROWID");
    run(db.get(), "BEGIN");
    const auto heads = prepare(db.get(), "INSERT INTO head VALUES (?1, ?2)");
    const auto revs = prepare(db.get(), "INSERT INTO rev VALUES (?1, 1)");
    const auto entries = prepare(db.get(), insert_entry);
    for (std::uint64_t n = 0; n < s.directories; ++n) {
        const auto row = encode(head_of_all());
        tell(heads.get(), directory_of(s, n).value, std::string_view{row});
        tell(revs.get(), directory_of(s, n).value);
    }
    for (std::uint64_t n = 0; n < s.names; ++n) {
        const auto name = name_of(n), row = encode(entry_of(n));
        tell(entries.get(), directory_of(s, n).value, std::string_view{name},
             std::string_view{row});
    }
    run(db.get(), "COMMIT");
}

}  // namespace

keeper sqlite_peer() {
    return {role::peer, "SQLite", "sqlite", fill,
            [](const std::string& path, const shape& s, durability d) -> hands {
                auto writing = std::make_shared<std::mutex>();
                return [=] {
                    auto own = std::make_shared<session>(path, s, d, writing);
                    return hand{[own](std::uint64_t n) { own->create(n); },
                                [own](std::uint64_t n) { return own->look_up(n); },
                                [own] { return own->list(); }};
                };
            }};
}

}  // namespace casement::bench
