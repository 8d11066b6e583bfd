#pragma once
// A file system over another one that keeps a record of its calls and follows a script: it fails
// the n-th call with an errno, leaves syncs out, or loses a write's tail. Any thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/file_system.hpp>

namespace casement::testing {

struct call {
    std::string operation;
    std::string path;

    bool operator==(const call&) const = default;
};

class script {
public:
    // Set these before the calls that they are about.
    std::optional<std::size_t> fail_at;  // counted from `restart`
    int number = 0;                      // the errno to fail with
    bool skip_file_sync = false;
    bool skip_directory_sync = false;
    bool cannot_sync_names = false;
    bool cannot_punch = false;
    bool cannot_link = false;
    bool lose_tails = false;  // a write of n bytes says it wrote them, and wrote n - 1
    // After a failed sync the next one says that all is well, as fsync itself does on Linux.
    bool forgets_failed_syncs = false;
    std::function<void()> before_file_sync = [] {};

    void restart() {
        const std::lock_guard lock{mutex_};
        calls_.clear();
        bytes_.clear();
        fired_ = false;
    }
    [[nodiscard]] std::vector<call> calls() const {
        const std::lock_guard lock{mutex_};
        return calls_;
    }
    [[nodiscard]] std::size_t count(std::string_view operation) const {
        std::size_t n = 0;
        for (const auto& c : calls()) n += c.operation == operation;
        return n;
    }
    /// Bytes that went to or came from files whose path has `part` in it: "write" or "read".
    [[nodiscard]] std::uint64_t bytes(std::string_view operation, std::string_view part) const {
        const std::lock_guard lock{mutex_};
        std::uint64_t all = 0;
        for (const auto& [which, n] : bytes_)
            if (which.first == operation && which.second.find(part) != std::string::npos) all += n;
        return all;
    }
    void transferred(const char* operation, std::string_view path, std::uint64_t n) {
        const std::lock_guard lock{mutex_};
        bytes_[{operation, std::string{path}}] += n;
    }
    [[nodiscard]] bool fired() const {
        const std::lock_guard lock{mutex_};
        return fired_;
    }

    /// Enters the call in the record; the error if it is the one to fail.
    std::optional<error> enter(std::string operation, std::string path) {
        const std::lock_guard lock{mutex_};
        const bool fails = fail_at == calls_.size();
        calls_.push_back({operation, path});
        if (!fails) return std::nullopt;
        fired_ = true;
        return system_error(number, std::move(operation), std::move(path));
    }

private:
    mutable std::mutex mutex_;
    std::vector<call> calls_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> bytes_;
    bool fired_ = false;
};

template <blob::file_system FS>
class scripted_file_system {
public:
    class file {
    public:
        file(typename FS::file inner, std::shared_ptr<script> s)
            : inner_{std::move(inner)}, script_{std::move(s)} {}

        result<void> write_at(std::uint64_t offset, std::string_view bytes) {
            if (auto failed = script_->enter("write", inner_.path())) {
                (void)inner_.write_at(offset, bytes.substr(0, bytes.size() / 2));
                return std::unexpected{*std::move(failed)};
            }
            if (script_->lose_tails && !bytes.empty()) bytes.remove_suffix(1);
            script_->transferred("write", inner_.path(), bytes.size());
            return inner_.write_at(offset, bytes);
        }
        result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const {
            if (auto failed = script_->enter("read", inner_.path()))
                return std::unexpected{*std::move(failed)};
            script_->transferred("read", inner_.path(), into.size());
            return inner_.read_at(offset, into);
        }
        result<std::uint64_t> size() const {
            if (auto failed = script_->enter("size", inner_.path()))
                return std::unexpected{*std::move(failed)};
            return inner_.size();
        }
        void start_writeback(std::uint64_t offset, std::uint64_t length) const {
            inner_.start_writeback(offset, length);
        }
        result<void> sync() {
            script_->before_file_sync();
            if (script_->skip_file_sync) return {};
            if (auto failed = script_->enter("sync", inner_.path())) {
                lost_ = true;
                return std::unexpected{*std::move(failed)};
            }
            if (lost_ && !script_->forgets_failed_syncs)
                return fail(errc::io, "sync", inner_.path(), "a sync failed before");
            return inner_.sync();
        }
        result<void> close() {
            auto closed = inner_.close();
            if (auto failed = script_->enter("close", inner_.path()))
                return std::unexpected{*std::move(failed)};
            return closed;
        }
        [[nodiscard]] const std::string& path() const { return inner_.path(); }

    private:
        typename FS::file inner_;
        std::shared_ptr<script> script_;
        bool lost_ = false;
    };

    explicit scripted_file_system(std::shared_ptr<script> s) : script_{std::move(s)} {}
    scripted_file_system() : scripted_file_system{std::make_shared<script>()} {}

    [[nodiscard]] script& follow() const { return *script_; }

    result<file> create(const std::string& path) { return wrap(enter("create", path), path, true); }
    result<file> open(const std::string& path) { return wrap(enter("open", path), path, false); }
    result<void> make_directory(const std::string& path) {
        if (auto failed = enter("make directory", path)) return std::unexpected{*failed};
        return inner_.make_directory(path);
    }
    result<bool> sync_directory(const std::string& path) {
        if (script_->skip_directory_sync) return true;
        if (auto failed = enter("sync directory", path)) return std::unexpected{*failed};
        if (script_->cannot_sync_names) return false;
        return inner_.sync_directory(path);
    }
    result<void> remove(const std::string& path) {
        if (auto failed = enter("remove", path)) return std::unexpected{*failed};
        return inner_.remove(path);
    }
    result<void> rename(const std::string& from, const std::string& to) {
        if (auto failed = enter("rename", from)) return std::unexpected{*failed};
        return inner_.rename(from, to);
    }
    result<bool> link(const std::string& from, const std::string& to) {
        if (auto failed = enter("link", from)) return std::unexpected{*failed};
        if (script_->cannot_link) return false;
        return inner_.link(from, to);
    }
    result<std::vector<std::string>> list(const std::string& path) {
        if (auto failed = enter("list", path)) return std::unexpected{*failed};
        return inner_.list(path);
    }
    result<blob::entry> look(const std::string& path) {
        if (auto failed = enter("look", path)) return std::unexpected{*failed};
        return inner_.look(path);
    }
    result<std::uint64_t> allocated(const std::string& path) {
        if (auto failed = enter("allocated", path)) return std::unexpected{*failed};
        return inner_.allocated(path);
    }
    result<bool> punch(const std::string& path, std::span<const blob::byte_range> ranges) {
        if (auto failed = enter("punch", path)) return std::unexpected{*failed};
        if (script_->cannot_punch) return false;
        return inner_.punch(path, ranges);
    }

private:
    std::optional<error> enter(std::string operation, const std::string& path) {
        return script_->enter(std::move(operation), path);
    }
    result<file> wrap(std::optional<error> failed, const std::string& path, bool is_new) {
        if (failed) return std::unexpected{*std::move(failed)};
        auto opened = is_new ? inner_.create(path) : inner_.open(path);
        if (!opened) return passed(opened);
        return file{*std::move(opened), script_};
    }

    FS inner_;
    std::shared_ptr<script> script_;
};

}  // namespace casement::testing
