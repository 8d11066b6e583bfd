#pragma once
// The engine beyond one machine: guarded commits on an etcd cluster, each one transaction (If
// guards Then writes) and one round trip. Rows lie under a prefix and nothing else is touched.
// Reads see every commit that returned before them, on whatever machine. Any thread may call
// anything; any number of processes has a store open.
//
// A view is of one revision, and is asked of the cluster for nothing that the store remembers: rows
// that were read are kept in memory, and a watch over the prefix keeps them true. They answer for a
// revision only if the watch has shown every change up to it, so a watch that lags, or is gone,
// makes reads slower and never stale. It is gone with a compaction or a connection: then all is
// forgotten. Etcd's own word for how far a watch has come is not taken (before 3.4.25 it may come
// before the changes); only changes themselves are. So where others write to the same cluster, a
// view asks again until this store is changed. Before 3.4.31 and 3.5.13 etcd may leave a change out
// of a watch, at a compaction: then a view may be old until a read or a guard meets that row, and
// with it all is forgotten.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

namespace casement::engine {

/// PEM files; the certificate and its key are ours, for clusters that ask who calls.
struct etcd_tls {
    std::string authority_file;
    std::string certificate_file{};
    std::string key_file{};
};

/// Which cluster, which store on it, and how it is called.
struct etcd_options {
    std::vector<std::string> endpoints;  // "host:port", of one cluster
    std::string prefix;                  // not empty, no zero byte
    bool create = false;                 // make the store if nothing is there
    /// A call answers within this time, however many requests it takes and endpoints it asks.
    /// Each page of a scan is a call.
    std::chrono::milliseconds call_time_max{5000};
    std::optional<etcd_tls> tls{};
    std::string user{}, password{};       // no user: nobody asks
    std::size_t cache_bytes = 16u << 20;  // rows remembered; 0: none, and no watch
};

/// Etcd takes at most this many compares and as many operations a transaction (--max-txn-ops).
inline constexpr std::size_t etcd_operations_max = 128;
/// And this many bytes a request (--max-request-bytes), of which some are its own.
inline constexpr std::size_t etcd_request_bytes_max = (3u << 19) - 1024;

/// What the engine has done since it was opened. Each transaction, read and page is a round trip.
struct etcd_counts {
    std::uint64_t commits = 0;       // that were made
    std::uint64_t conflicts = 0;     // that were refused by a guard
    std::uint64_t unknown = 0;       // that nobody knows of
    std::uint64_t transactions = 0;  // sent for them: more, where a counter was not as assumed
    std::uint64_t reads = 0;         // of one row or of several at once
    std::uint64_t pages = 0;         // of scans
    std::uint64_t remembered = 0;    // rows that views had without asking
    std::uint64_t authentications = 0;
    std::uint64_t watches = 0;  // begun; after the first, each has forgotten all rows

    [[nodiscard]] std::uint64_t round_trips() const { return transactions + reads + pages; }
};

/// The store; see above.
class etcd_store {
    struct state;
    struct rows_in_hand;

public:
    /// Rows of one revision, a page at a time in memory.
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

    private:
        friend etcd_store;
        struct walk;
        explicit cursor(std::unique_ptr<walk> w);
        void look();
        std::unique_ptr<walk> walk_;
        std::string_view key_, value_;
        bool valid_ = false;
    };

    /// One instant. If it could not be had, each read says why. Once the cluster has compacted its
    /// history beyond it, reads are a `conflict`: take a new one. REQUIRES: it dies before the
    /// store.
    class view {
    public:
        [[nodiscard]] result<found> get(std::string_view key) const;
        [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const;
        /// The same instant, with those rows in hand.
        [[nodiscard]] view together(std::span<const std::string_view> keys) const;

    private:
        friend etcd_store;
        view(const state* of, std::shared_ptr<const rows_in_hand> hand)
            : of_{of}, hand_{std::move(hand)} {}
        const state* of_;
        std::shared_ptr<const rows_in_hand> hand_;
    };

    /// Opens the store under a prefix of a cluster. `not_found` if there is none, `newer_format` if
    /// a later version made it, `io` if no endpoint answers.
    [[nodiscard]] static result<etcd_store> open(const etcd_options& options);

    etcd_store(etcd_store&&) noexcept;
    etcd_store& operator=(etcd_store&&) noexcept;
    ~etcd_store();

    /// Lets the connections go. The store is not to be used afterwards.
    [[nodiscard]] result<void> close();

    [[nodiscard]] result<found> get(std::string_view key) const;
    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const;
    [[nodiscard]] view snapshot() const;
    /// A snapshot that has those rows in hand, in the one round trip that it takes anyway.
    [[nodiscard]] view together(std::span<const std::string_view> keys) const;
    /// Asks the cluster for the row's own revision: one round trip, unless a change has been heard
    /// of. False of a row that is not there, for etcd does not say when it went.
    [[nodiscard]] bool unchanged(std::string_view key, version at) const;
    /// `unknown_outcome` when a transaction was sent and nothing was heard of it, and also when the
    /// cluster says that its space is exceeded: its last one is applied all the same.
    [[nodiscard]] result<receipt> commit(const batch& b);

    [[nodiscard]] etcd_counts counts() const;

private:
    explicit etcd_store(std::unique_ptr<state> s);
    std::unique_ptr<state> state_;
};

static_assert(store<etcd_store>);

}  // namespace casement::engine
