#pragma once
// A disk as a value, which knows what would be left of it without power: what was synced, and of
// the rest some part (SPEC W2, T4). Pure; one thread. `simulated_files` makes a file system of it,
// for the code that ships and its tests.

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
#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>

namespace casement::check {

/// One call of a file system, and its answer, as plain values.
struct file_call {
    enum kind : std::uint8_t {
        create,
        open,
        make_directory,
        sync_directory,
        remove,
        rename,
        list,
        look,
        write,
        read,
        measure,
        sync,
    };
    std::uint8_t what = create;
    std::string path, to;  // of an open file: how it was opened
    std::uint64_t file = 0, offset = 0, length = 0;
    std::string bytes;

    bool operator==(const file_call&) const = default;
};

struct file_answer {
    std::uint8_t code = 0;  // of an error; 0 if it went well
    std::uint8_t kind = 0;  // of a look
    std::uint64_t number = 0;
    std::string bytes;
    std::vector<std::string> names;

    /// The errno that a system would have given.
    [[nodiscard]] int system() const;
};

class simulated_disk {
public:
    /// An empty one: the root directory "/" alone.
    simulated_disk();

    file_answer perform(const file_call& c);

    /// What may be left after a loss of power: of what was not synced, names are lost or kept, and
    /// of each file's bytes none, half or all. Each case once.
    [[nodiscard]] std::vector<simulated_disk> after_power_loss() const;

    /// All that is on it would be there after a loss of power.
    [[nodiscard]] simulated_disk settled() const;

    [[nodiscard]] std::string encoded() const { return encode(all_); }
    /// REQUIRES: `bytes` are of a disk
    [[nodiscard]] static simulated_disk decoded(std::string_view bytes);

    bool operator==(const simulated_disk&) const = default;

private:
    struct node {
        std::uint64_t number = 0;
        bool directory = false;
        std::string now, synced;  // a file's bytes
        bool operator==(const node&) const = default;
    };
    struct name {
        std::string path;
        std::uint64_t node = 0;
        bool operator==(const name&) const = default;
    };
    struct everything {
        std::vector<node> nodes;
        std::vector<name> now, synced;  // in order of their paths
        bool operator==(const everything&) const = default;
    };

    enum class fate : std::uint8_t { lost, half, kept };
    [[nodiscard]] simulated_disk without_power(bool names_kept, fate of_bytes) const;
    [[nodiscard]] node* find(std::string_view path);
    [[nodiscard]] node& at(std::uint64_t number);
    [[nodiscard]] errc place_for(const std::string& path);
    node& add(const std::string& path, bool directory);
    void bind(const std::string& path, std::uint64_t number);
    errc remove(const file_call& c);
    errc rename(const file_call& c);
    errc on_file(const file_call& c, file_answer& a);

    everything all_;
};

/// A file system whose calls `Ask` performs: `file_answer operator()(const file_call&) const`.
template <class Ask>
class simulated_files {
public:
    class file {
    public:
        file(Ask ask, std::uint64_t number, std::string path)
            : ask_{std::move(ask)}, number_{number}, path_{std::move(path)} {}
        file(file&&) = default;
        file& operator=(file&&) = default;

        [[nodiscard]] result<void> write_at(std::uint64_t offset, std::string_view bytes) {
            auto c = call(file_call::write);
            c.offset = offset;
            c.bytes = bytes;
            return done("write", c);
        }
        [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset,
                                                  std::span<char> into) const {
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
        [[nodiscard]] result<void> sync() { return done("sync", call(file_call::sync)); }
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

        struct only_moved {
            only_moved() = default;
            only_moved(only_moved&&) = default;
            only_moved& operator=(only_moved&&) = default;
        };
        Ask ask_;
        std::uint64_t number_;
        std::string path_;
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
        auto synced = done("sync directory", call(file_call::sync_directory, path));
        if (!synced) return passed(synced);
        return true;
    }
    [[nodiscard]] result<void> remove(const std::string& path) {
        return done("remove", call(file_call::remove, path));
    }
    [[nodiscard]] result<void> rename(const std::string& from, const std::string& to) {
        auto c = call(file_call::rename, from);
        c.to = to;
        return done("rename", c);
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
        auto seen = look(path);
        if (!seen) return passed(seen);
        return seen->size;
    }
    /// It makes no holes.
    [[nodiscard]] result<bool> punch(const std::string& path, std::span<const blob::byte_range>) {
        auto seen = look(path);
        if (!seen) return passed(seen);
        return false;
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
