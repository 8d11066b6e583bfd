#pragma once
// A file system over calls as values: the code that ships runs on a simulated disk, and under the
// explorer each call is a step.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/file_system.hpp>
#include <casement/check/simulated_disk.hpp>
#include <casement/core/error.hpp>

namespace casement::check {

/// A file system whose calls `Ask` performs: `file_answer operator()(const file_call&) const`.
template <class Ask>
class simulated_files {
public:
    class file {
    public:
        static constexpr bool for_one_thread = requires { Ask::for_one_thread; };

        file(Ask ask, std::uint64_t number, std::string path)
            : ask_{std::move(ask)}, number_{number}, path_{std::move(path)} {}
        file(file&&) = default;
        file& operator=(file&&) = default;

        [[nodiscard]] result<void> write_at(std::uint64_t offset, std::string_view bytes) {
            if (sync_failed_) return fail(errc::io, "write", path_, after_failed_sync);
            auto c = call(file_call::write);
            c.offset = offset;
            c.bytes = bytes;
            return done("write", c);
        }
        [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset,
                                                  std::span<char> into) const {
            if (sync_failed_) return fail(errc::io, "read", path_, after_failed_sync);
            auto c = call(file_call::read);
            c.offset = offset;
            c.length = into.size();
            const auto a = ask_(c);
            if (a.code != 0) return failed("read", c, a);
            std::ranges::copy(a.bytes, into.begin());
            return a.bytes.size();
        }
        [[nodiscard]] result<std::uint64_t> size() const {
            const auto c = call(file_call::measure);
            const auto a = ask_(c);
            if (a.code != 0) return failed("measure", c, a);
            return a.number;
        }
        void start_writeback(std::uint64_t, std::uint64_t) const {}
        [[nodiscard]] result<void> sync() {
            if (sync_failed_) return fail(errc::io, "sync", path_, after_failed_sync);
            auto synced = done("sync", call(file_call::sync));
            sync_failed_ = !synced;
            return synced;
        }
        /// Changes nothing on the disk, and so asks nothing of it.
        [[nodiscard]] result<void> close() { return {}; }
        [[nodiscard]] std::string_view path() const { return path_; }

    private:
        [[nodiscard]] file_call call(file_call::kind what) const {
            file_call c;
            c.what = what;
            c.path = path_;
            c.file = number_;
            return c;
        }
        result<void> done(const char* operation, const file_call& c) const {
            if (const auto a = ask_(c); a.code != 0) return failed(operation, c, a);
            return {};
        }

        static constexpr const char* after_failed_sync = "its sync has failed";

        struct only_moved {
            only_moved() = default;
            only_moved(only_moved&&) = default;
            only_moved& operator=(only_moved&&) = default;
        };
        Ask ask_;
        std::uint64_t number_;
        std::string path_;
        bool sync_failed_ = false;
        [[no_unique_address]] only_moved only_moved_;
    };

    explicit simulated_files(Ask ask) : ask_{std::move(ask)} {}

    [[nodiscard]] result<file> create(const std::string& path) {
        return opened("create", file_call::create, path);
    }
    [[nodiscard]] result<file> open(const std::string& path) {
        return opened("open", file_call::open, path);
    }
    [[nodiscard]] result<void> make_directory(const std::string& path) {
        return done("make directory", call(file_call::make_directory, path));
    }
    [[nodiscard]] result<bool> sync_directory(const std::string& path) {
        const auto c = call(file_call::sync_directory, path);
        const auto a = ask_(c);
        if (a.code != 0) return failed("sync directory", c, a);
        return a.number != 0;
    }
    [[nodiscard]] result<void> remove(const std::string& path) {
        return done("remove", call(file_call::remove, path));
    }
    [[nodiscard]] result<void> rename(const std::string& from, const std::string& to) {
        auto c = call(file_call::rename, from);
        c.to = to;
        return done("rename", c);
    }
    [[nodiscard]] result<bool> link(const std::string& from, const std::string& to) {
        auto c = call(file_call::link, from);
        c.to = to;
        const auto a = ask_(c);
        if (a.code == static_cast<std::uint8_t>(errc::unsupported)) return false;
        if (a.code != 0) return failed("link", c, a);
        return true;
    }
    [[nodiscard]] result<std::vector<std::string>> list(const std::string& path) {
        const auto c = call(file_call::list, path);
        auto a = ask_(c);
        if (a.code != 0) return failed("list", c, a);
        return std::move(a.names);
    }
    [[nodiscard]] result<blob::entry> look(const std::string& path) {
        const auto c = call(file_call::look, path);
        const auto a = ask_(c);
        if (a.code != 0) return failed("look", c, a);
        return blob::entry{static_cast<blob::entry_kind>(a.kind), a.number};
    }
    [[nodiscard]] result<std::uint64_t> allocated(const std::string& path) {
        const auto c = call(file_call::allocated, path);
        const auto a = ask_(c);
        if (a.code != 0) return failed("look", c, a);
        return a.number;
    }
    [[nodiscard]] result<bool> punch(const std::string& path,
                                     std::span<const blob::byte_range> ranges) {
        for (const auto& range : ranges) {
            auto c = call(file_call::punch, path);
            c.offset = range.offset;
            c.length = range.length;
            const auto a = ask_(c);
            if (a.code == static_cast<std::uint8_t>(errc::unsupported)) return false;
            if (a.code != 0) return failed("punch", c, a);
        }
        return true;
    }

    [[nodiscard]] const Ask& ask() const { return ask_; }

private:
    [[nodiscard]] static file_call call(file_call::kind what, const std::string& path) {
        file_call c;
        c.what = what;
        c.path = path;
        return c;
    }
    [[nodiscard]] static std::unexpected<error> failed(const char* operation, const file_call& c,
                                                       const file_answer& a) {
        return std::unexpected{error{static_cast<errc>(a.code),
                                     {operation, c.path, "on a simulated disk", a.system()}}};
    }
    result<void> done(const char* operation, const file_call& c) const {
        if (const auto a = ask_(c); a.code != 0) return failed(operation, c, a);
        return {};
    }
    result<file> opened(const char* operation, file_call::kind what, const std::string& path) {
        const auto c = call(what, path);
        const auto a = ask_(c);
        if (a.code != 0) return failed(operation, c, a);
        return file{ask_, a.number, path};
    }

    Ask ask_;
};

/// Calls on a disk that its copies share. Any thread.
class shared_disk_calls {
public:
    explicit shared_disk_calls(simulated_disk d = {})
        : shared_{std::make_shared<shared>(std::move(d))} {}
    file_answer operator()(const file_call& c) const {
        const std::lock_guard lock{shared_->mutex};
        return shared_->disk.perform(c);
    }
    /// REQUIRES: nobody calls it meanwhile
    [[nodiscard]] const simulated_disk& disk() const { return shared_->disk; }

private:
    struct shared {
        explicit shared(simulated_disk d) : disk{std::move(d)} {}
        std::mutex mutex;
        simulated_disk disk;
    };
    std::shared_ptr<shared> shared_;
};

static_assert(blob::file_system<simulated_files<shared_disk_calls>>);

}  // namespace casement::check
