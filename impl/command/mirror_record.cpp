#include "mirror_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <map>
#include <span>
#include <utility>

#include <casement/blob/little_endian.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/file_calls.hpp>
#include <casement/core/pace.hpp>
#include <casement/core/system_calls.hpp>

namespace casement::command::mirrored {

namespace {

constexpr std::string_view magic = "CsmM";
constexpr char format = 1;
constexpr std::size_t length_bytes_max = 10, sum_bytes = 4;
/// A path of this many bytes has thousands of names: more is damage.
constexpr std::size_t frame_bytes_max = std::size_t{1} << 20;
constexpr std::size_t piece_bytes = std::size_t{64} << 10;

constexpr std::string_view unfinished_prefix = ".casement-mirror.";

bool is_folded(std::string_view name, std::string_view lower) {
    return std::ranges::equal(name, lower, [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == static_cast<unsigned char>(b);
    });
}

}  // namespace

bool is_own(std::string_view name, bool at_top) {
    if (!at_top) return is_unfinished(name);
    return is_folded(name, record_name) ||
           is_folded(name.substr(0, unfinished_prefix.size()), unfinished_prefix);
}

bool is_unfinished(std::string_view name) {
    if (name.size() <= unfinished_prefix.size()) return false;
    const auto number = name.substr(unfinished_prefix.size());
    return is_folded(name.substr(0, unfinished_prefix.size()), unfinished_prefix) &&
           std::ranges::all_of(number, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string unfinished_name() {
    static std::atomic<std::uint64_t> next = 0;
    return std::string{unfinished_prefix} + std::to_string(next++);
}

std::strong_ordering in_order(std::string_view a, std::string_view b) {
    const auto [at_a, at_b] = std::ranges::mismatch(a, b);
    const auto i = static_cast<std::size_t>(at_a - a.begin());
    if (i == a.size() && i == b.size()) return std::strong_ordering::equal;
    if (is_below(b, a)) return std::strong_ordering::greater;
    if (is_below(a, b)) return std::strong_ordering::less;
    // A name that ends here comes before a longer one.
    const auto byte = [i](std::string_view path) {
        return i == path.size() || path[i] == '/' ? 0 : static_cast<unsigned char>(path[i]);
    };
    return byte(a) <=> byte(b);
}

bool is_below(std::string_view path, std::string_view directory) {
    if (directory.empty()) return !path.empty();
    return path.size() > directory.size() && path[directory.size()] == '/' &&
           path.starts_with(directory);
}

// --- frames ----------------------------------------------------------------------------------

std::string begin_frames() { return std::string{magic} + format; }

void append_frame(std::string& out, const frame& f) {
    const auto payload = encode(f);
    append_varint(out, payload.size());
    out += payload;
    blob::append_little(out, crc32c_of(payload));
}

std::uint64_t sum_with(std::uint64_t before, const frame& f) {
    std::string bytes;
    blob::append_little(bytes, before);
    encode_to(bytes, f);
    return checksum_of(bytes);
}

result<frame_source> frame_source::open(const open_directory& at, std::string_view name) {
    auto path = at.path_of(name);
    descriptor file{
        ::openat(at.number(), std::string{name}.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (!file) return fail_system(errno, "open", std::move(path));
    frame_source frames{std::move(file), std::move(path)};
    const auto there = frames.fill(magic.size() + 1);
    if (!there) return std::unexpected{there.error()};
    const auto first = std::string_view{frames.bytes_}.substr(0, magic.size() + 1);
    if (first.size() <= magic.size() || !first.starts_with(magic))
        return frames.corrupt("is not what a mirror writes");
    if (first.back() != format)
        return fail(errc::newer_format, "read mirror", frames.path_,
                    "format " + std::to_string(first.back()));
    frames.at_ = first.size();
    return frames;
}

/// Reads on until there are so many bytes, or no more; answers how many.
result<std::size_t> frame_source::fill(std::size_t wanted) {
    if (bytes_.size() - at_ >= wanted) return bytes_.size() - at_;
    bytes_.erase(0, std::exchange(at_, 0));
    const auto before = bytes_.size();
    bytes_.resize(before + std::max(wanted - before, piece_bytes));
    const auto n = read_whole(reads_of(file_.number()), offset_, std::span{bytes_}.subspan(before));
    bytes_.resize(before + n.value_or(0));
    offset_ += n.value_or(0);
    if (!n) return fail_system(n.error(), "read", path_);
    return bytes_.size();
}

result<std::optional<frame>> frame_source::next() {
    auto there = fill(length_bytes_max);
    if (!there) return passed(there);
    if (*there == 0) return std::nullopt;
    reader in{std::string_view{bytes_}.substr(at_)};
    std::uint64_t length = 0;
    if (!in.varint(length) || length > frame_bytes_max) return corrupt("has no length");
    at_ += *there - in.rest().size();
    there = fill(length + sum_bytes);
    if (!there) return passed(there);
    if (*there < length + sum_bytes) return corrupt("is cut off");
    const auto payload = std::string_view{bytes_}.substr(at_, length);
    const auto sum = blob::little32(std::string_view{bytes_}.substr(at_ + length, sum_bytes));
    if (crc32c_of(payload) != sum) return corrupt("does not have its sum");
    auto f = decode<frame>(payload);
    if (!f) return corrupt("is none");
    at_ += length + sum_bytes;
    return f;
}

std::unexpected<error> frame_source::corrupt(const char* what) const {
    return fail(
        errc::corrupt, "read mirror", path_,
        "the frame before byte " + std::to_string(offset_ - bytes_.size() + at_) + " " + what);
}

// --- the record ------------------------------------------------------------------------------

result<record_source> record_source::open(const open_directory& at) {
    auto frames = frame_source::open(at, record_name);
    if (!frames) return passed(frames);
    return record_source{*std::move(frames)};
}

result<std::optional<placed>> record_source::next() {
    const auto corrupt = [](const char* what) {
        return fail(errc::corrupt, "read mirror", std::string{record_name}, what);
    };
    auto f = frames_.next();
    if (!f) return passed(f);
    if (!*f) return corrupt("it has no end");
    if (auto* p = std::get_if<placed>(&**f)) {
        if (last_ && in_order(*last_, p->path) >= 0) return corrupt("is not in order");
        last_ = p->path;
        ++names_;
        sum_ = sum_with(sum_, **f);
        return std::move(*p);
    }
    const auto* end = std::get_if<ended>(&**f);
    if (end == nullptr) return corrupt("has a log's frame");
    if (end->names != names_ || end->sum != sum_) return corrupt("has lost frames");
    return std::nullopt;
}

// --- the log ---------------------------------------------------------------------------------

namespace {

/// Of the frames that come in order.
const std::string* path_in(const frame& f) {
    if (const auto* p = std::get_if<placed>(&f)) return &p->path;
    const auto* g = std::get_if<gone>(&f);
    return g == nullptr ? nullptr : &g->path;
}

}  // namespace

result<log_source> log_source::open(const open_directory& at) {
    auto frames = frame_source::open(at, log_name);
    if (!frames) return passed(frames);
    return log_source{*std::move(frames)};
}

std::optional<frame> log_source::next() {
    auto f = frames_ ? frames_->next() : std::nullopt;
    const auto* path = f && *f ? path_in(**f) : nullptr;
    if (!f || !*f || (path != nullptr && last_ && in_order(*last_, *path) >= 0)) {
        frames_.reset();
        return std::nullopt;
    }
    if (path != nullptr) last_ = *path;
    return *std::move(f);
}

// --- both ------------------------------------------------------------------------------------

result<void> known_names::next_of_record() {
    of_record_.reset();
    if (!record_) return {};
    auto next = record_->next();
    if (!next) return passed(next);
    of_record_ = *std::move(next);
    if (!of_record_) record_.reset();
    return {};
}

void known_names::next_of_log() {
    do of_log_ = log_ ? log_->next() : std::nullopt;
    while (of_log_ && path_in(*of_log_) == nullptr);
    if (!of_log_) return;
    if (auto* p = std::get_if<placed>(&*of_log_)) p->sure = p->sure && log_is_sure_;
}

result<void> known_names::next() {
    for (;;) {
        now_.reset();
        const std::string* least = nullptr;
        const auto consider = [&](const std::string& path) {
            if (least == nullptr || in_order(path, *least) < 0) least = &path;
        };
        if (of_record_) consider(of_record_->path);
        if (of_log_) consider(*path_in(*of_log_));
        if (!unsure_.empty()) consider(unsure_.back().path);
        if (least == nullptr) return {};
        // The later word holds: what was touched, what the log says, what the record says.
        const std::string path = *least;
        if (of_record_ && of_record_->path == path) {
            now_ = std::move(of_record_);
            if (auto next = next_of_record(); !next) return next;
        }
        if (of_log_ && *path_in(*of_log_) == path) {
            now_.reset();
            if (auto* p = std::get_if<placed>(&*of_log_)) now_ = std::move(*p);
            next_of_log();
        }
        if (!unsure_.empty() && unsure_.back().path == path) {
            now_ = std::move(unsure_.back());
            unsure_.pop_back();
        }
        if (now_) return {};
    }
}

result<memory> memory::read(std::shared_ptr<open_directory> at, bool is_due) {
    memory m;
    m.at_ = std::move(at);
    auto names = record_source::open(*m.at_);
    if (is_due) {
        const auto see = [&] {
            if (!names) names = record_source::open(*m.at_);
            return names ? 0 : names.error().system();
        };
        (void)until_passed(see, steady_waiting::wait, may_appear);
    }
    if (!names && names.error().code() != errc::not_found) return passed(names);
    for (bool more = names.has_value(); more;) {
        const auto next = names->next();
        if (!next) return std::unexpected{next.error()};
        more = next->has_value();
    }
    if (names) m.record_ = names->sum();
    if (auto log = m.read_log(); !log) return passed(log);
    return m;
}

/// One that goes on from another record has been settled; what is not whole was never acted upon.
result<void> memory::read_log() {
    auto log = log_source::open(*at_);
    if (!log)
        return log.error().code() == errc::not_found || log.error().code() == errc::corrupt
                   ? result<void>{}
                   : passed(log);
    const auto first = log->next();
    const auto* b = first ? std::get_if<begun>(&*first) : nullptr;
    if (b == nullptr || b->record != record()) return {};
    log_counts_ = true;
    log_is_sure_ = b->boot == this_boot();
    std::map<std::string, placed> open;  // as many as a run has in hand at once
    while (auto next = log->next()) {
        if (auto* t = std::get_if<touched>(&*next))
            open.insert_or_assign(t->what.path, std::move(t->what));
        else if (const auto* path = path_in(*next))
            open.erase(*path);
        else if (std::holds_alternative<doubted>(*next))
            log_is_sure_ = false;
    }
    for (auto& [path, what] : open) {
        what.sure = false;
        unsure_.push_back(std::move(what));
    }
    std::ranges::sort(unsure_, [](const placed& one, const placed& other) {
        return in_order(one.path, other.path) > 0;  // taken from the end
    });
    return {};
}

result<known_names> memory::names() const {
    known_names all;
    if (record_) {
        auto record = record_source::open(*at_);
        if (!record) return passed(record);
        all.record_ = *std::move(record);
    }
    if (log_counts_) {
        auto log = log_source::open(*at_);
        if (!log) return passed(log);
        all.log_ = *std::move(log);
    }
    all.log_is_sure_ = log_is_sure_;
    all.unsure_ = unsure_;
    if (auto first = all.next_of_record(); !first) return passed(first);
    all.next_of_log();
    if (auto first = all.next(); !first) return passed(first);
    return all;
}

result<void> memory::settle() const {
    auto all = names();
    if (!all) return passed(all);
    const auto name = unfinished_name(), path = at_->path_of(name);
    // A leftover may be another name of a file that is in its place.
    ::unlinkat(at_->number(), name.c_str(), 0);
    descriptor file{::openat(at_->number(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file) return fail_system(errno, "create", path);
    const auto wrong = [&](const char* operation, int why) {
        ::unlinkat(at_->number(), name.c_str(), 0);
        return fail_system(why, operation, path);
    };
    ended end;
    std::string bytes = begin_frames();
    while (const auto* p = all->now()) {
        const frame f{*p};
        append_frame(bytes, f);
        ++end.names;
        end.sum = sum_with(end.sum, f);
        if (bytes.size() > piece_bytes) {
            if (const int why = append_whole(file.number(), bytes); why != 0)
                return wrong("write", why);
            bytes.clear();
        }
        if (auto next = all->next(); !next) return next;
    }
    append_frame(bytes, end);
    if (const int why = append_whole(file.number(), bytes); why != 0) return wrong("write", why);
    if (::fsync(file.number()) != 0) return wrong("sync", errno);
    if (const int why = file.close(); why != 0) return wrong("close", why);
    all = known_names{};  // which has the old one open
    const auto rename = [&] {
        const std::string to{record_name};
        return ::renameat(at_->number(), name.c_str(), at_->number(), to.c_str()) == 0 ? 0 : errno;
    };
    if (const int why = until_passed(rename, steady_waiting::wait); why != 0)
        return wrong("rename", why);
    if (::fsync(at_->number()) != 0 && !cannot_sync_names(errno))
        return fail_system(errno, "sync directory", at_->path());
    const auto remove = [&] {
        return ::unlinkat(at_->number(), std::string{log_name}.c_str(), 0) == 0 || errno == ENOENT
                   ? 0
                   : errno;
    };
    const int why = until_passed(remove, steady_waiting::wait);
    return why == 0 ? result<void>{} : fail_system(why, "remove", at_->path_of(log_name));
}

std::string this_boot() {
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace casement::command::mirrored
