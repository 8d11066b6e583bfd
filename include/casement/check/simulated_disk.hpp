#pragma once
// A disk as a value, which knows what may be left of it without power: what was synced, and of the
// rest what its journal's rules leave (SPEC W2, W3, T4). Pure; one thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <casement/check/disk_rules.hpp>
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
        link,
        list,
        look,
        write,
        read,
        measure,
        sync,
        allocated,
        punch,
        resize,     // of `path`, to `length` bytes
        fail_sync,  // no call of a program: the `length`-th sync of a file from now on fails
    };
    std::uint8_t what = create;
    std::string path, to;  // of an open file: how it was opened
    std::uint64_t file = 0, offset = 0, length = 0;
    std::string bytes;

    bool operator==(const file_call&) const = default;
};

/// What a call of the disk came to; which of the fields have a meaning, the call says.
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
    simulated_disk() : simulated_disk{disk_rules{}} {}
    explicit simulated_disk(const disk_rules& rules);

    file_answer perform(const file_call& c);

    /// What may be left after a loss of power, each case once. Names and files are combined freely
    /// as far as there are few of them (`changes_max`, `combined_max`), and else in turn.
    [[nodiscard]] std::vector<simulated_disk> after_power_loss() const;
    static constexpr std::size_t changes_max = 6, combined_max = 1024;
    /// Some of those, each combined at random from `seed` on but for the first, which has lost all
    /// that can be lost, and the second, which has lost nothing.
    [[nodiscard]] std::vector<simulated_disk> some_after_power_loss(std::size_t at_most,
                                                                    std::uint64_t seed) const;

    /// All that is on it would be there after a loss of power.
    [[nodiscard]] simulated_disk settled() const;
    /// The same disk under other rules, from now on.
    [[nodiscard]] simulated_disk under(const disk_rules& rules) const;
    /// Bytes of all files.
    [[nodiscard]] std::uint64_t used() const;

    [[nodiscard]] std::string encoded() const { return encode(all_); }
    /// REQUIRES: `bytes` are of a disk
    [[nodiscard]] static simulated_disk decoded(std::string_view bytes);

    bool operator==(const simulated_disk&) const = default;

private:
    struct node {
        std::uint64_t number = 0;
        bool directory = false, late = false;
        std::string now, synced;  // a file's bytes
        std::string holes;        // 1 for each byte that takes no room; ends with the last of them
        void hold(std::string bytes);
        void trim();
        bool operator==(const node&) const = default;
    };
    /// What was done and not synced. Of a rename, the first is joined to the second.
    struct change {
        enum kind : std::uint8_t { named, unnamed, written, sized };
        std::uint8_t what = named;
        bool joined = false;
        std::string path;          // of a name
        std::uint64_t node = 0;    // that is named or written
        std::uint64_t offset = 0;  // of bytes; or the size
        std::string bytes;
        [[nodiscard]] bool is_of_name() const { return what <= unnamed; }
        void apply_to(std::string& file) const;
        bool operator==(const change&) const = default;
    };
    struct name {
        std::string path;
        std::uint64_t node = 0;
        bool operator==(const name&) const = default;
    };
    using names = std::vector<name>;  // in order of their paths
    struct everything {
        disk_rules rules;
        std::vector<node> nodes;
        names now, synced;
        std::vector<change> changes;  // in their order
        bool operator==(const everything&) const = default;
    };
    using choice = std::vector<bool>;  // of changes: those that are kept

    [[nodiscard]] node* find(std::string_view path);
    [[nodiscard]] node& at(std::uint64_t number);
    [[nodiscard]] const node& at(std::uint64_t number) const;
    [[nodiscard]] std::string spelled(std::string_view path) const;
    [[nodiscard]] errc place_for(const std::string& path);
    node& add(const std::string& path, bool directory);
    void bind(const std::string& path, std::uint64_t number, bool joined);
    void unbind(const std::string& path);
    errc remove(const file_call& c);
    errc rename(const file_call& c);
    errc link(const file_call& c);
    errc on_file(const file_call& c, file_answer& a);
    errc write(node& f, const file_call& c);
    errc sync(node& f);
    errc punch(node& f, const file_call& c);
    void resize(node& f, std::uint64_t size);
    void sync_names(std::string_view directory);
    void make_durable(const auto& which);
    void forget_the_nameless();

    [[nodiscard]] std::vector<choice> name_choices() const;
    [[nodiscard]] std::vector<std::string> bytes_choices(const node& f) const;
    [[nodiscard]] names names_left(const choice& kept) const;
    [[nodiscard]] simulated_disk left_with(const names& there) const;
    [[nodiscard]] std::vector<simulated_disk> in_order() const;

    everything all_;
};

}  // namespace casement::check
