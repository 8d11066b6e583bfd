#pragma once
// Files kept open for readers: a bounded cache, the least recently used goes first. Any thread; who
// reads a file holds it open, also when the cache has let go of it or its name is gone.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <casement/blob/descriptor.hpp>
#include <casement/blob/file_system.hpp>
#include <casement/blob/layout.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// A blob file or a pack, open for reading.
template <file_system FS>
struct readable {
    typename FS::file file;
    std::uint64_t magic = 0;  // of a pack
};

template <file_system FS>
class file_cache {
public:
    using pin = std::shared_ptr<const readable<FS>>;

    file_cache(FS fs, layout where, std::size_t open_files_max)
        : fs_{std::move(fs)}, where_{std::move(where)}, most_{open_files_max} {}

    [[nodiscard]] result<pin> find(blob_id id) {
        return find_or(key_of(id), [&] { return open(id); });
    }

    /// `corrupt` or `newer_format` if its header is not that of this pack.
    [[nodiscard]] result<pin> find(pack_id id) {
        return find_or(key_of(id), [&] { return open(id); });
    }

    template <class Id>
    void forget(Id id) {
        const std::lock_guard lock{mutex_};
        const auto found = places_.find(key_of(id));
        if (found == places_.end()) return;
        recent_.erase(found->second);
        places_.erase(found);
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock{mutex_};
        return recent_.size();
    }

private:
    using key = std::pair<std::uint64_t, bool>;
    using item = std::pair<key, pin>;

    struct hash {
        std::size_t operator()(key k) const noexcept {
            return static_cast<std::size_t>(k.first * 2 + k.second);
        }
    };

    static key key_of(blob_id id) { return {id.value, false}; }
    static key key_of(pack_id id) { return {id.value, true}; }

    template <class Open>
    result<pin> find_or(key k, Open open_it) {
        if (auto known = look_up(k)) return known;
        auto opened = open_it();  // outside the lock: a slow disk stops no other reader
        if (!opened) return passed(opened);
        return insert(k, std::make_shared<const readable<FS>>(*std::move(opened)));
    }

    pin look_up(key k) {
        const std::lock_guard lock{mutex_};
        const auto found = places_.find(k);
        if (found == places_.end()) return nullptr;
        recent_.splice(recent_.begin(), recent_, found->second);
        return found->second->second;
    }

    pin insert(key k, pin opened) {
        const std::lock_guard lock{mutex_};
        if (const auto found = places_.find(k); found != places_.end())
            return found->second->second;  // another reader was faster
        recent_.emplace_front(k, opened);
        places_.emplace(k, recent_.begin());
        if (recent_.size() > most_) {
            places_.erase(recent_.back().first);
            recent_.pop_back();
        }
        return opened;
    }

    result<readable<FS>> open(blob_id id) {
        auto file = fs_.open(where_.file_of(id));
        if (!file) return passed(file);
        return readable<FS>{*std::move(file)};
    }

    result<readable<FS>> open(pack_id id) {
        const auto path = where_.file_of(id);
        auto file = fs_.open(path);
        if (!file) return passed(file);
        auto header = read_pack_header(*file, id);
        if (!header) return passed(header);
        return readable<FS>{*std::move(file), header->magic};
    }

    FS fs_;
    const layout where_;
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::list<item> recent_;  // the last used first
    std::unordered_map<key, typename std::list<item>::iterator, hash> places_;
};

}  // namespace casement::blob
