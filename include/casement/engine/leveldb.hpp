#pragma once
// The embedded engine: guarded commits over a LevelDB database. Guards are checked in the order of
// the commits and nothing is held while bytes go to the disk; commits that come at the same time
// share one log record and one sync. A store that is asked for many new names learns its keys by a
// scan in a thread of its own; absence then needs no read, for 8 MiB of memory. Any thread may call
// anything; one process at a time has a store open.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <casement/core/durability.hpp>
#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

namespace casement::engine {

using casement::durability;

/// How a store is opened; what is not said is as safe as it gets.
struct leveldb_options {
    durability durable = durability::power;
    bool create = false;                        // make the store if nothing is there
    std::size_t cache_bytes = 16u << 20;        // decompressed blocks kept in memory
    std::size_t write_buffer_bytes = 8u << 20;  // rows kept in memory before they become a table
    /// Tables that are mapped into memory; the rest is read. Look-ups in mapped ones are faster by
    /// a tenth; but where the disk fails under one, the process gets SIGBUS in place of an error.
    std::size_t mapped_bytes_max = 0;
};

/// A table of LevelDB's Bloom filters takes this many bits a key: 1 % of look-ups of an absent name
/// read a block in vain. Without it they cost six times as much.
inline constexpr int bloom_bits_per_key = 10;

/// The watermark (a file beside the database) says how many bytes of each log are synced. It is
/// written when a log is begun or dropped and at close, and else lags behind the last sync by at
/// most this many bytes of log. What lies above it may be lost without a trace; below it, never.
inline constexpr std::uint64_t watermark_lag_bytes_max = 1u << 20;

/// What the engine has done since it was opened.
struct leveldb_counts {
    std::uint64_t commits = 0;      // that were made
    std::uint64_t conflicts = 0;    // that were refused by a guard
    std::uint64_t groups = 0;       // log records they were written in
    std::uint64_t guard_reads = 0;  // rows read because a guard could not be decided without
};

/// A store on the disk. Closed by `close`, which can say that it failed, or by the destructor.
class leveldb_store {
    struct state;
    struct pin;

public:
    class cursor {
    public:
        cursor(cursor&&) noexcept;
        cursor& operator=(cursor&&) noexcept;
        ~cursor();
        [[nodiscard]] bool valid() const { return valid_; }
        [[nodiscard]] std::string_view key() const { return key_; }
        [[nodiscard]] std::string_view value() const { return value_; }
        void next();
        [[nodiscard]] result<void> status() const;
        /// When the rows were as this scan shows them.
        [[nodiscard]] version at() const { return at_; }

    private:
        friend leveldb_store;
        struct walk;
        explicit cursor(std::unique_ptr<walk> w, version at);
        void look();
        std::unique_ptr<walk> walk_;
        std::string_view key_, value_;
        version at_;
        bool valid_ = false;
    };

    /// One instant, for as long as it lives. REQUIRES: it dies before the store.
    class view {
    public:
        [[nodiscard]] result<found> get(std::string_view key) const;
        [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const;
        [[nodiscard]] version at() const { return at_; }

    private:
        friend leveldb_store;
        view(const state* of, std::shared_ptr<const pin> p, version at)
            : of_{of}, pin_{std::move(p)}, at_{at} {}
        const state* of_;
        std::shared_ptr<const pin> pin_;
        version at_;
    };

    /// Opens the store in the directory `path` (made if `options.create`). `in_use` if another
    /// process has it open; `corrupt` if the files are not what was written, among them a log that
    /// is shorter than the watermark; `not_found` if there is no store.
    [[nodiscard]] static result<leveldb_store> open(const std::string& path,
                                                    const leveldb_options& options);

    leveldb_store(leveldb_store&&) noexcept;
    leveldb_store& operator=(leveldb_store&&) noexcept;
    /// Syncs what is not synced; use `close` to learn whether that went well.
    ~leveldb_store();

    /// Syncs everything and closes. The store is not to be used afterwards.
    [[nodiscard]] result<void> close();

    /// Makes all commits that have returned survive the loss of power.
    [[nodiscard]] result<void> sync();

    [[nodiscard]] result<found> get(std::string_view key) const;
    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const;
    [[nodiscard]] view snapshot() const;
    [[nodiscard]] bool unchanged(std::string_view key, version at) const;
    [[nodiscard]] result<receipt> commit(const batch& b);

    [[nodiscard]] leveldb_counts counts() const;
    /// LevelDB's own report of its levels, for people.
    [[nodiscard]] std::string report() const;

private:
    explicit leveldb_store(std::unique_ptr<state> s);
    std::unique_ptr<state> state_;
};

static_assert(store<leveldb_store>);

}  // namespace casement::engine
