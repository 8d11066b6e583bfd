#include <casement/check/simulated_disk.hpp>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <set>

#include <casement/core/assert.hpp>

namespace casement::check {

namespace {

constexpr errc well{};  // no error has this code

std::string_view parent_of(std::string_view path) {
    const auto cut = path.rfind('/');
    return cut == 0 ? path.substr(0, 1) : path.substr(0, cut);
}
bool lies_in(std::string_view path, std::string_view directory) {
    return path.size() > 1 && parent_of(path) == directory;
}

auto name_at(auto& names, std::string_view path) {
    return std::ranges::lower_bound(names, path, {},
                                    [](const auto& n) -> std::string_view { return n.path; });
}

}  // namespace

int file_answer::system() const {
    switch (static_cast<errc>(code)) {
        case errc::not_found: return ENOENT;
        case errc::exists: return EEXIST;
        case errc::not_a_directory: return ENOTDIR;
        case errc::is_a_directory: return EISDIR;
        default: return EIO;
    }
}

simulated_disk::simulated_disk() {
    all_.nodes.push_back({1, true, {}, {}});
    all_.now = all_.synced = {{"/", 1}};
}

simulated_disk simulated_disk::decoded(std::string_view bytes) {
    simulated_disk d;
    auto all = decode<everything>(bytes);
    require(all.has_value(), "the bytes of a disk");
    d.all_ = *std::move(all);
    return d;
}

simulated_disk::node& simulated_disk::at(std::uint64_t number) {
    const auto n = std::ranges::find(all_.nodes, number, &node::number);
    require(n != all_.nodes.end(), "a file that was opened on this disk");
    return *n;
}

simulated_disk::node* simulated_disk::find(std::string_view path) {
    const auto n = name_at(all_.now, path);
    return n != all_.now.end() && n->path == path ? &at(n->node) : nullptr;
}

// Whether a new name can be made there.
errc simulated_disk::place_for(const std::string& path) {
    const auto* parent = find(parent_of(path));
    if (parent == nullptr) return errc::not_found;
    if (!parent->directory) return errc::not_a_directory;
    return find(path) == nullptr ? well : errc::exists;
}

void simulated_disk::bind(const std::string& path, std::uint64_t number) {
    const auto n = name_at(all_.now, path);
    if (n != all_.now.end() && n->path == path)
        n->node = number;
    else
        all_.now.insert(n, {path, number});
}

simulated_disk::node& simulated_disk::add(const std::string& path, bool directory) {
    const auto last = std::ranges::max(all_.nodes, {}, &node::number).number;
    all_.nodes.push_back({last + 1, directory, {}, {}});
    bind(path, last + 1);
    return all_.nodes.back();
}

file_answer simulated_disk::perform(const file_call& c) {
    if (c.path.size() > 1 && c.path.ends_with('/')) {
        auto same = c;
        same.path.pop_back();
        return perform(same);
    }
    file_answer a;
    const auto say = [&](errc code) {
        a.code = static_cast<std::uint8_t>(code);
        return a;
    };
    auto* const there = find(c.path);
    switch (c.what) {
        case file_call::create:
        case file_call::make_directory:
            if (const auto wrong = place_for(c.path); wrong != well) return say(wrong);
            a.number = add(c.path, c.what == file_call::make_directory).number;
            return a;
        case file_call::remove: return say(remove(c));
        case file_call::rename: return say(rename(c));
        case file_call::write:
        case file_call::read:
        case file_call::measure:
        case file_call::sync: return say(on_file(c, a));
        default: break;
    }
    if (there == nullptr) return say(errc::not_found);
    if (c.what == file_call::look) {
        a.kind = static_cast<std::uint8_t>(there->directory ? blob::entry_kind::directory
                                                            : blob::entry_kind::file);
        a.number = there->now.size();
        return a;
    }
    if (c.what == file_call::open) {
        if (there->directory) return say(errc::is_a_directory);
        a.number = there->number;
        return a;
    }
    if (!there->directory) return say(errc::not_a_directory);
    if (c.what == file_call::list) {
        const auto prefix = c.path == "/" ? 1 : c.path.size() + 1;
        for (const auto& n : all_.now)
            if (lies_in(n.path, c.path)) a.names.push_back(n.path.substr(prefix));
    } else {
        std::erase_if(all_.synced, [&](const name& n) { return lies_in(n.path, c.path); });
        for (const auto& n : all_.now)
            if (lies_in(n.path, c.path)) all_.synced.insert(name_at(all_.synced, n.path), n);
    }
    return a;
}

errc simulated_disk::remove(const file_call& c) {
    const auto* there = find(c.path);
    if (there == nullptr) return errc::not_found;
    if (there->directory) return errc::is_a_directory;
    all_.now.erase(name_at(all_.now, c.path));
    return well;
}

// Of files only: the blob layer moves no directory.
errc simulated_disk::rename(const file_call& c) {
    const auto *from = find(c.path), *to = find(c.to);
    if (from == nullptr) return errc::not_found;
    if (from->directory || (to != nullptr && to->directory)) return errc::is_a_directory;
    if (const auto place = place_for(c.to); place != well && place != errc::exists) return place;
    const auto number = from->number;
    all_.now.erase(name_at(all_.now, c.path));
    bind(c.to, number);
    return well;
}

errc simulated_disk::on_file(const file_call& c, file_answer& a) {
    auto& f = at(c.file);
    if (c.what == file_call::write) {
        if (c.bytes.empty()) return well;
        f.now.resize(std::max<std::size_t>(f.now.size(), c.offset + c.bytes.size()));
        std::ranges::copy(c.bytes, f.now.begin() + static_cast<std::ptrdiff_t>(c.offset));
    } else if (c.what == file_call::read) {
        if (c.offset < f.now.size()) a.bytes = f.now.substr(c.offset, c.length);
    } else if (c.what == file_call::measure) {
        a.number = f.now.size();
    } else {
        f.synced = f.now;
    }
    return well;
}

simulated_disk simulated_disk::without_power(bool names_kept, fate of_bytes) const {
    auto left = *this;
    auto& all = left.all_;
    if (!names_kept) all.now = all.synced;
    // What lies in a directory that is gone is gone with it; a parent's path sorts before its own.
    std::set<std::string, std::less<>> reached{"/"};
    std::erase_if(all.now, [&](const name& n) {
        if (n.path == "/") return false;
        if (!reached.contains(parent_of(n.path))) return true;
        return reached.insert(n.path), false;
    });
    all.synced = all.now;
    std::erase_if(all.nodes, [&](const node& n) {
        return std::ranges::find(all.now, n.number, &name::node) == all.now.end();
    });
    for (auto& n : all.nodes) {
        if (n.now == n.synced) continue;
        if (of_bytes == fate::lost) n.now = n.synced;
        if (of_bytes == fate::half) n.now.resize(n.now.size() / 2);
        n.synced = n.now;
    }
    return left;
}

std::vector<simulated_disk> simulated_disk::after_power_loss() const {
    std::vector<simulated_disk> all;
    for (const bool names_kept : {false, true})
        for (const auto bytes : {fate::lost, fate::half, fate::kept})
            if (auto d = without_power(names_kept, bytes); std::ranges::find(all, d) == all.end())
                all.push_back(std::move(d));
    return all;
}

simulated_disk simulated_disk::settled() const { return without_power(true, fate::kept); }

}  // namespace casement::check
