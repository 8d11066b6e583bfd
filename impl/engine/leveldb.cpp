#include <casement/engine/leveldb.hpp>

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <casement/core/assert.hpp>
#include <casement/core/file_calls.hpp>
#include <casement/kv/memory.hpp>

#include "census.hpp"
#include "change_table.hpp"
#include "leveldb_env.hpp"
#include "row_cache.hpp"
#include "watermark.hpp"

namespace casement::engine {

namespace {

leveldb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view_of(const leveldb::Slice& s) { return {s.data(), s.size()}; }

/// Each opening counts its versions in a range of its own, so that a token of another store, or of
/// an earlier opening, is never taken for one of this.
constexpr std::uint64_t versions_an_opening = std::uint64_t{1} << 40;
std::uint64_t next_version_range() {
    static std::atomic<std::uint64_t> openings{1};
    return openings.fetch_add(1) * versions_an_opening;
}

/// The error of a write that LevelDB did not acknowledge: the log may hold it.
error unacknowledged(const leveldb::Status& s) {
    auto e = from_status(s, "write", "");
    return std::move(e).as(errc::unknown_outcome);
}

}  // namespace

/// How callers wait for each other.
struct pace {
    int looks;       // at its request, before a caller goes to sleep
    int rounds_max;  // that a caller leads for others before it may return
};
/// Waking somebody up takes longer than a round without a sync, and is nothing beside one with it.
constexpr pace pace_of(durability d) { return d == durability::power ? pace{0, 1} : pace{256, 8}; }

/// One caller in the queue.
struct request {
    enum : int { waiting, leading, done };

    const batch& asked;
    // For each guard, the version at which this caller itself has found it to hold, or 0.
    std::array<std::uint64_t, commit_rows_max> held_at;
    result<receipt> answer = receipt{};
    std::atomic<int> stage = waiting;
};

/// `r` may be gone as soon as its stage is stored: what follows uses its address only, to wake.
void advance(request& r, int stage) {
    r.stage.store(stage, std::memory_order_release);
    r.stage.notify_one();
}

struct leveldb_store::pin {
    leveldb::DB* db;
    const leveldb::Snapshot* snapshot;

    explicit pin(leveldb::DB* of) : db{of}, snapshot{of->GetSnapshot()} {}
    pin(const pin&) = delete;
    pin& operator=(const pin&) = delete;
    ~pin() { db->ReleaseSnapshot(snapshot); }
};

struct leveldb_store::state {
    leveldb_options options;
    std::string path;
    watermark marks;
    std::unique_ptr<leveldb_env> env;
    std::unique_ptr<const leveldb::FilterPolicy> filter{
        leveldb::NewBloomFilterPolicy(bloom_bits_per_key)};
    std::unique_ptr<leveldb::Cache> cache;
    std::unique_ptr<leveldb::DB> db;
    std::optional<census> keys;  // as long as `db`

    change_table changes;
    const std::uint64_t first_version = next_version_range();
    std::atomic<std::uint64_t> visible = first_version;  // reads see at least this commit

    std::mutex queue_mutex;
    std::vector<request*> queue;
    bool led = false;  // someone leads; who comes now queues

    // Touched by the leader alone.
    std::uint64_t decided = first_version;  // the last commit that was given a version
    std::uint64_t group_begin = 0;
    std::vector<request*> members;  // of this round
    leveldb::WriteBatch group;
    std::unordered_map<std::string_view, std::optional<std::string>> overlay;
    bool alone = true;  // the group is one commit, which nothing in it can follow
    std::vector<std::string> sums;
    row_cache rows;

    std::atomic<std::uint64_t> commits = 0, conflicts = 0, groups = 0, guard_reads = 0;
    std::atomic<bool> broken = false;  // a write had an unknown outcome: take no more
    error why_broken{errc::io, "commit", "", "the log failed"};

    [[nodiscard]] result<found> get(std::string_view key, const leveldb::Snapshot* snapshot) const;
    [[nodiscard]] result<receipt> commit(const batch& b);
    void lead(request& own);
    void write_round();
    void decide(request& r);
    [[nodiscard]] result<void> look_for_absent(request& r);
    /// Has no commit touched `key` since the version, which is one of this opening's?
    [[nodiscard]] bool settled(std::string_view key, std::uint64_t since) const {
        // The difference wraps for a version of another opening, and for 0.
        return since - first_version < versions_an_opening && changes.last(key) <= since;
    }
    [[nodiscard]] result<bool> holds(const guard& g, std::uint64_t held_at);
    [[nodiscard]] result<std::optional<std::string>> current(std::string_view key);
    [[nodiscard]] result<std::string> sum_of(const write& w);
    void write_group();
};

// --- reading ---------------------------------------------------------------------------------

result<found> leveldb_store::state::get(std::string_view key,
                                        const leveldb::Snapshot* snapshot) const {
    leveldb::ReadOptions how;
    how.verify_checksums = true;
    how.snapshot = snapshot;
    // Taken before the read: a commit that becomes visible in between counts as a later change.
    found answer{std::nullopt, {visible.load(std::memory_order_acquire)}};
    const auto s = db->Get(how, slice(key), &answer.value.emplace());
    if (s.ok()) return answer;
    if (!s.IsNotFound()) return std::unexpected{from_status(s, "get", std::string{key})};
    answer.value.reset();
    return answer;
}

struct leveldb_store::cursor::walk {
    std::shared_ptr<const pin> held;
    std::unique_ptr<leveldb::Iterator> here;
    std::string last;
    std::uint64_t reads = 0;  // of tables, by this thread, when the status was asked last
};

leveldb_store::cursor::cursor(std::unique_ptr<walk> w, version at) : walk_{std::move(w)}, at_{at} {
    look();
}
leveldb_store::cursor::cursor(cursor&&) noexcept = default;
leveldb_store::cursor& leveldb_store::cursor::operator=(cursor&&) noexcept = default;
leveldb_store::cursor::~cursor() = default;

void leveldb_store::cursor::look() {
    valid_ = walk_->here->Valid();
    // LevelDB steps over a block that it cannot read, and says so only in the status: stop at once,
    // so that what was seen is every row up to this place. Asked only where a table was read, for
    // it costs as much as the step.
    if (const auto reads = table_reads_of_this_thread(); reads != walk_->reads) {
        walk_->reads = reads;
        valid_ = valid_ && walk_->here->status().ok();
    }
    if (!valid_) return;
    key_ = view_of(walk_->here->key());
    valid_ = key_ < walk_->last;
    if (valid_) value_ = view_of(walk_->here->value());
}

void leveldb_store::cursor::next() {
    require(valid_, "the cursor is on a row");
    walk_->here->Next();
    look();
}

result<void> leveldb_store::cursor::status() const {
    const auto s = walk_->here->status();
    if (!s.ok()) return std::unexpected{from_status(s, "scan", "")};
    return {};
}

leveldb_store::cursor leveldb_store::view::scan(std::string_view first,
                                                std::string_view last) const {
    leveldb::ReadOptions how;
    how.verify_checksums = true;
    how.snapshot = pin_->snapshot;
    auto w = std::make_unique<cursor::walk>(
        pin_, std::unique_ptr<leveldb::Iterator>{of_->db->NewIterator(how)}, std::string{last});
    w->here->Seek(slice(first));
    return cursor{std::move(w), at_};
}

result<found> leveldb_store::view::get(std::string_view key) const {
    auto row = of_->get(key, pin_->snapshot);
    if (row) row->at = at_;
    return row;
}

result<found> leveldb_store::get(std::string_view key) const { return state_->get(key, nullptr); }

leveldb_store::view leveldb_store::snapshot() const {
    const version at{state_->visible.load(std::memory_order_acquire)};
    return {state_.get(), std::make_shared<const pin>(state_->db.get()), at};
}

leveldb_store::cursor leveldb_store::scan(std::string_view first, std::string_view last) const {
    return snapshot().scan(first, last);
}

bool leveldb_store::unchanged(std::string_view key, version at) const {
    return state_->settled(key, at.number);
}

// --- committing ------------------------------------------------------------------------------

result<receipt> leveldb_store::commit(const batch& b) { return state_->commit(b); }

result<receipt> leveldb_store::state::commit(const batch& b) {
    if (b.guards.size() + b.writes.size() > commit_rows_max)
        return fail(errc::too_big, "commit", "", "more than 100 guards and writes");
    request own{b};
    if (auto absent = look_for_absent(own); !absent) return passed(absent);
    {
        const std::lock_guard lock{queue_mutex};
        queue.push_back(&own);
        if (!led) own.stage = request::leading;
        led = true;
    }
    const int looks = pace_of(options.durable).looks;
    for (int i = 0; i < looks && own.stage.load(std::memory_order_acquire) == request::waiting; ++i)
        __builtin_ia32_pause();
    own.stage.wait(request::waiting, std::memory_order_acquire);
    if (own.stage.load(std::memory_order_acquire) == request::leading) lead(own);
    return std::move(own.answer);
}

/// Absence may cost a read, and each caller can do its own beside the others: the leader then only
/// asks whether a commit has touched the key since. A name that is taken is a conflict at once.
result<void> leveldb_store::state::look_for_absent(request& r) {
    for (std::size_t i = 0; i < r.asked.guards.size(); ++i) {
        const auto& g = r.asked.guards[i];
        r.held_at[i] = 0;
        if (g.expected || settled(g.key, g.seen_at.number)) continue;
        const auto now = visible.load(std::memory_order_acquire);
        if (keys->lacks(g.key)) {
            r.held_at[i] = now;
            continue;
        }
        guard_reads.fetch_add(1, std::memory_order_relaxed);
        keys->had_to_read();
        auto row = get(g.key, nullptr);
        if (!row) return passed(row);
        if (row->value) {
            conflicts.fetch_add(1, std::memory_order_relaxed);
            return std::unexpected{guard_failed(g)};
        }
        r.held_at[i] = row->at.number;
    }
    return {};
}

/// Rounds until nobody waits, or until this caller has served others long enough. Whoever comes
/// while a round is being written makes up the next one. REQUIRES: `own` is in the queue.
void leveldb_store::state::lead(request& own) {
    const int rounds_max = pace_of(options.durable).rounds_max;
    // Those whom the last sync released are about to come back: let them share the next one.
    if (options.durable == durability::power) std::this_thread::yield();
    for (int rounds = 1;; ++rounds) {
        {
            const std::lock_guard lock{queue_mutex};
            members.swap(queue);
        }
        write_round();
        for (auto* r : members)
            if (r != &own) advance(*r, request::done);
        members.clear();
        request* next = nullptr;
        {
            const std::lock_guard lock{queue_mutex};
            led = !queue.empty();
            if (!led) return;
            if (rounds == rounds_max) next = queue.front();
        }
        if (next != nullptr) return advance(*next, request::leading);
    }
}

/// Decides the members in order and writes what was decided as one record. No guard is checked
/// while another group is between its decision and its visibility, so a guard sees every commit
/// before it.
void leveldb_store::state::write_round() {
    group.Clear();
    overlay.clear();
    group_begin = decided + 1;
    alone = members.size() == 1;
    for (auto* r : members) decide(*r);
    if (decided >= group_begin) write_group();
    visible.store(decided, std::memory_order_release);
}

void leveldb_store::state::decide(request& r) {
    if (broken.load(std::memory_order_relaxed)) {
        r.answer = std::unexpected{why_broken};
        return;
    }
    for (std::size_t i = 0; i < r.asked.guards.size(); ++i) {
        const auto& g = r.asked.guards[i];
        const auto held = holds(g, r.held_at[i]);
        if (held && *held) continue;
        if (held) conflicts.fetch_add(1, std::memory_order_relaxed);
        r.answer = std::unexpected{held ? guard_failed(g) : held.error()};
        return;
    }
    sums.clear();
    for (const auto& w : r.asked.writes) {
        if (w.what != write::kind::bump) continue;
        auto sum = sum_of(w);
        if (!sum) {
            r.answer = passed(sum);
            return;
        }
        sums.push_back(*std::move(sum));
    }
    ++decided;
    auto sum = sums.cbegin();
    for (const auto& w : r.asked.writes) {
        changes.touch(w.key, decided);
        keys->written(w.key);
        const bool erased = w.what == write::kind::erase;
        const std::string_view value = w.what == write::kind::bump ? *sum++ : w.value;
        if (erased)
            group.Delete(slice(w.key));
        else
            group.Put(slice(w.key), slice(value));
        rows.written(w.key, erased ? std::nullopt : std::optional{value});
        if (!alone) overlay[w.key] = erased ? std::nullopt : std::optional<std::string>{value};
    }
    r.answer = receipt{{decided}};
}

result<bool> leveldb_store::state::holds(const guard& g, std::uint64_t held_at) {
    if (settled(g.key, g.seen_at.number) || settled(g.key, held_at)) return true;
    if (const auto* row = rows.find(g.key)) return g.expected && *row == *g.expected;
    auto row = current(g.key);
    if (!row) return passed(row);
    return row->has_value() == g.expected.has_value() && (!*row || **row == *g.expected);
}

/// The row as it will be after all that this group has decided so far.
result<std::optional<std::string>> leveldb_store::state::current(std::string_view key) {
    if (!alone)
        if (const auto pending = overlay.find(key); pending != overlay.end())
            return pending->second;
    guard_reads.fetch_add(1, std::memory_order_relaxed);
    auto row = get(key, nullptr);
    if (!row) return passed(row);
    if (row->value) rows.keep(key, *row->value);
    return std::move(row->value);
}

result<std::string> leveldb_store::state::sum_of(const write& w) {
    if (const auto* row = rows.find(w.key)) return bumped(*row, w.amount, w.key);
    auto row = current(w.key);
    if (!row) return passed(row);
    return bumped(*row, w.amount, w.key);
}

void leveldb_store::state::write_group() {
    leveldb::WriteOptions how;
    how.sync = options.durable == durability::power;
    const auto s = db->Write(how, &group);
    if (s.ok()) {
        commits.fetch_add(decided - group_begin + 1, std::memory_order_relaxed);
        groups.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const error lost = unacknowledged(s);
    for (auto* r : members)
        if (r->answer) r->answer = std::unexpected{lost};
    // Never trust a second sync (ATC'20): what failed once may read as clean the next time.
    why_broken = from_status(s, "write", "").within("commit", "the store takes no more writes");
    broken.store(true, std::memory_order_relaxed);
}

// --- opening and closing ---------------------------------------------------------------------

namespace {

result<void> make_directory(const std::string& path) {
    const auto make = [&] {
        return ::mkdir(path.c_str(), 0777) == 0 || errno == EEXIST ? 0 : errno;
    };
    int why = make();
    const auto above = path.rfind('/');
    if (why == ENOENT && above != std::string::npos && above > 0) {
        if (auto made = make_directory(path.substr(0, above)); !made) return made;
        why = make();
    }
    if (why != 0) return fail_system(why, "make directory", path);
    return {};
}

result<bool> is_there(const std::string& path) {
    const int why = look_for(path);
    if (why == 0) return true;
    if (why == ENOENT || why == ENOTDIR) return false;
    return fail_system(why, "look for", path);
}

/// The files of a database that a store must have written.
result<std::vector<std::string>> journals_and_tables(const std::string& database) {
    const auto names = names_in(database);
    if (!names) return fail_system(names.error(), "list", database);
    std::vector<std::string> found;
    for (const auto& name : *names)
        if (is_journal(name) || name.ends_with(".ldb")) found.push_back(database + '/' + name);
    return found;
}

/// Whether the store is yet to be made: nothing was ever committed to it. A store that lost its
/// CURRENT or its watermark is damaged, and must not be made anew over what is left.
result<bool> unmade(watermark& marks, const std::string& path) {
    const std::string database = path + "/db", mark = path + "/watermark";
    auto there = is_there(database + "/CURRENT"), marked = is_there(mark);
    for (auto* looked : {&there, &marked})
        if (!*looked) return passed(*looked);
    auto files = journals_and_tables(database);
    if (!files) return passed(files);
    if (!*there && !*marked && files->empty()) return true;
    if (auto held = marks.open(mark, database); !held) return passed(held);
    if (!*there && !marks.names_a_log()) return true;  // its maker died
    if (!*there) return fail(errc::corrupt, "open database", database, "CURRENT is gone");
    for (const auto& file : *files)
        if (is_journal(file))
            if (auto cut = cut_torn_tail(file); !cut) return passed(cut);
    return false;
}

result<void> make_watermark(watermark& marks, const std::string& mark) {
    auto there = is_there(mark);
    if (!there || *there) return there ? result<void>{} : passed(there);
    if (auto made = marks.create(mark); !made) return made;
    const std::string store = mark.substr(0, mark.rfind('/'));
    for (const auto& name : {mark, store})
        if (const auto s = sync_directory_of(name); !s.ok())
            return std::unexpected{from_status(s, "make store", store)};
    return {};
}

/// Takes the lock of the store, making its directory if it may.
result<void> lock_store(leveldb_env& env, const std::string& path, bool create) {
    const std::string database = path + "/db";
    auto there = is_there(database);
    if (!there) return passed(there);
    if (!*there) {
        // A mark of no log was left by who died making the store; the directory's name came later.
        watermark marks;
        const auto mark = path + "/watermark";
        auto marked = is_there(mark);
        if (!marked) return passed(marked);
        if (*marked && !marks.open(mark, database))
            return fail(errc::corrupt, "open database", database, "the directory is gone");
        if (!create) return fail(errc::not_found, "open database", database, "no store is there");
        if (auto made = make_directory(database); !made) return passed(made);
    }
    const auto locked = env.lock_early(database + "/LOCK");
    if (locked.ok()) return {};
    const std::string text = locked.ToString();
    const bool held = text.find("already held") != std::string::npos ||
                      text.find("temporarily unavailable") != std::string::npos;
    if (held) return fail(errc::in_use, "lock", database, "another process has it open");
    return std::unexpected{from_status(locked, "lock", database)};
}

}  // namespace

result<leveldb_store> leveldb_store::open(const std::string& path, const leveldb_options& options) {
    auto s = std::make_unique<state>();
    s->options = options;
    s->path = path;
    s->env = std::make_unique<leveldb_env>(s->marks, options.durable, options.mapped_bytes_max);
    s->cache.reset(leveldb::NewLRUCache(options.cache_bytes));

    // The lock comes first: the logs of a store that somebody is writing are no evidence of loss.
    if (auto locked = lock_store(*s->env, path, options.create); !locked)
        return within(std::move(locked), "open store", path);
    auto fresh = unmade(s->marks, path);
    if (!fresh) return within(std::move(fresh), "open store", path);
    if (*fresh && !options.create)
        return fail(errc::not_found, "open store", path, "no store is there");
    if (*fresh)
        if (auto made = make_watermark(s->marks, path + "/watermark"); !made)
            return within(std::move(made), "open store", path);

    leveldb::Options how;
    how.env = s->env.get();
    how.filter_policy = s->filter.get();
    how.block_cache = s->cache.get();
    how.write_buffer_size = options.write_buffer_bytes;
    how.paranoid_checks = true;
    how.create_if_missing = *fresh;
    leveldb::DB* db = nullptr;
    const auto opened = leveldb::DB::Open(how, path + "/db", &db);
    if (!opened.ok()) return std::unexpected{from_status(opened, "open", path)};
    s->db.reset(db);
    s->keys.emplace(*db);
    return leveldb_store{std::move(s)};
}

leveldb_store::leveldb_store(std::unique_ptr<state> s) : state_{std::move(s)} {}
leveldb_store::leveldb_store(leveldb_store&&) noexcept = default;
leveldb_store& leveldb_store::operator=(leveldb_store&& other) noexcept {
    if (state_ != nullptr && this != &other) (void)close();
    state_ = std::move(other.state_);
    return *this;
}
leveldb_store::~leveldb_store() {
    // Who wants to know calls close(); a destructor has nobody to tell.
    if (state_ != nullptr) (void)close();
}

result<void> leveldb_store::sync() {
    const auto s = state_->env->sync_logs();
    if (!s.ok()) return std::unexpected{from_status(s, "sync", state_->path)};
    return {};
}

result<void> leveldb_store::close() {
    auto synced = sync();
    state_->keys.reset();
    state_->db.reset();
    auto marked = state_->marks.flush();
    state_.reset();
    return synced ? marked : synced;
}

leveldb_counts leveldb_store::counts() const {
    return {state_->commits, state_->conflicts, state_->groups, state_->guard_reads};
}

std::string leveldb_store::report() const {
    std::string text;
    state_->db->GetProperty("leveldb.stats", &text);
    return text;
}

}  // namespace casement::engine
