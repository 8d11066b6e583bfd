#pragma once
// What those who name stored things and who collects them owe each other (SPEC F21, F4g; DESIGN
// D10). A collector condemns what nothing leads to, looks once more, and erases what is condemned
// still. Whoever stores what is condemned revives it by a guard; whoever names something that they
// reached from elsewhere guards that no collector has looked since. So nobody waits, and nothing
// that is named is ever erased. Any thread.
//
//   k                  collection    moves around each instant at which a collector looks
//   g table, digest    condemned     nothing led there when a collector looked

#include <cstdint>
#include <utility>

#include <casement/core/clock.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/protocol/blob.hpp>

namespace casement::tree {

/// How often collectors have begun or ended to look at the whole store.
struct collection {
    static constexpr char table = 'k';
    struct key {};

    count n;  // only grows; odd: one is about to look

    bool operator==(const collection&) const = default;
};

/// The count as it was seen; 0 where no collector has ever looked.
[[nodiscard]] inline std::uint64_t turns_of(const seen<collection>& c) {
    return c.exists() ? c->n.value : 0;
}

/// A stored thing, by the table and the digest of its row, that nothing led to.
struct condemned {
    static constexpr char table = 'g';
    struct key {
        std::uint8_t what;  // the table: of a content, or of a directory's block
        digest of;

        bool operator==(const key&) const = default;
    };

    protocol::blob::condemned now;
    timestamp at;  // by the collector's clock

    bool operator==(const condemned&) const = default;
};

/// That no collector has looked since: what was reached from then on is stored, and stays stored
/// until the commit that guards this.
class kept_since {
public:
    /// REQUIRES: nothing that is to be named was reached before this call.
    /// Reads 1 row. A collector that is about to look is made to begin anew, so nobody waits for
    /// one that has crashed; that is a `conflict`, and so is to come upon two of them.
    template <store S>
    [[nodiscard]] static result<kept_since> now(S& kv) {
        auto row = read<collection>(kv, {});
        if (!row) return passed(row);
        if (turns_of(*row) % 2 == 0) return kept_since{*std::move(row)};
        auto ended = transaction{kv}.template bump<collection>({}).commit();
        if (!ended) return within(std::move(ended), "keep", "");
        return fail(errc::conflict, "keep", "", "a collector was about to look");
    }

    /// The guard, for a commit that names what was reached.
    template <store S>
    void operator()(transaction<S>& t) const {
        t.expect(seen_, "nothing was collected meanwhile");
    }

private:
    explicit kept_since(seen<collection> s) : seen_{std::move(s)} {}
    seen<collection> seen_;
};

/// What a commit that stores something once more must guard beside that it is there, and how it
/// revives what is condemned.
class revival {
public:
    /// Nobody has condemned it, as far as anyone knows: absence needs no read.
    explicit revival(condemned::key which) : which_{which} {}

    /// After a conflict: is it condemned? Reads 1 row; answers whether that has changed.
    template <readable S>
    [[nodiscard]] result<bool> look_again(const S& kv) {
        auto row = read<condemned>(kv, which_);
        if (!row) return passed(row);
        return std::exchange(condemned_, row->exists()) != row->exists();
    }

    template <store S>
    void operator()(transaction<S>& t) const {
        if (condemned_)
            t.template erase<condemned>(which_);  // whoever condemned it, and how often
        else
            t.template expect_absent<condemned>(which_, "it is not condemned");
    }

private:
    condemned::key which_;
    bool condemned_ = false;
};

}  // namespace casement::tree
