#include <casement/check/simulated_disk.hpp>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <set>
#include <utility>

#include <casement/blob/file_system.hpp>
#include <casement/core/assert.hpp>

#include "disk_names.hpp"

namespace casement::check {

namespace {

constexpr errc well{};  // no error has this code

bool lies_in(std::string_view path, std::string_view directory) {
    return path.size() > 1 && parent_of(path) == directory;
}
bool is_same_folded(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

int file_answer::system() const {
    switch (static_cast<errc>(code)) {
        case errc::not_found: return ENOENT;
        case errc::exists: return EEXIST;
        case errc::not_a_directory: return ENOTDIR;
        case errc::is_a_directory: return EISDIR;
        case errc::no_space: return ENOSPC;
        case errc::bad_name: return EINVAL;
        default: return EIO;
    }
}

simulated_disk::simulated_disk(const disk_rules& rules) {
    all_.rules = rules;
    all_.nodes.push_back({1, true, false, {}, {}, {}});
    all_.now = all_.synced = {{"/", 1}};
}

simulated_disk simulated_disk::decoded(std::string_view bytes) {
    simulated_disk d;
    auto all = decode<everything>(bytes);
    require(all.has_value(), "the bytes of a disk");
    d.all_ = *std::move(all);
    return d;
}

const simulated_disk::node& simulated_disk::at(std::uint64_t number) const {
    const auto n = std::ranges::find(all_.nodes, number, &node::number);
    require(n != all_.nodes.end(), "a file that was opened on this disk");
    return *n;
}
simulated_disk::node& simulated_disk::at(std::uint64_t number) {
    return const_cast<node&>(std::as_const(*this).at(number));
}

/// As the name is spelled that is there, if there is one.
std::string simulated_disk::spelled(std::string_view path) const {
    if (all_.rules.folds_case && !has_name(all_.now, path))
        for (const auto& n : all_.now)
            if (is_same_folded(n.path, path)) return n.path;
    return std::string{path};
}

simulated_disk::node* simulated_disk::find(std::string_view path) {
    const auto n = name_at(all_.now, path);
    return n != all_.now.end() && n->path == path ? &at(n->node) : nullptr;
}

std::uint64_t simulated_disk::used() const {
    std::set<std::uint64_t> named;  // each once, however many names it has
    for (const auto& n : all_.now) named.insert(n.node);
    return std::accumulate(
        named.begin(), named.end(), std::uint64_t{0},
        [&](std::uint64_t sum, std::uint64_t number) { return sum + at(number).now.size(); });
}

simulated_disk simulated_disk::under(const disk_rules& rules) const {
    auto same = *this;
    same.all_.rules = rules;
    return same;
}

// Whether a new name can be made there.
errc simulated_disk::place_for(const std::string& path) {
    const auto* parent = find(parent_of(path));
    if (parent == nullptr) return errc::not_found;
    if (!parent->directory) return errc::not_a_directory;
    if (find(path) != nullptr) return errc::exists;
    return all_.rules.refuses_hash && path.find('#') != path.npos ? errc::bad_name : well;
}

void simulated_disk::bind(const std::string& path, std::uint64_t number, bool joined) {
    set_name(all_.now, path, number);
    all_.changes.push_back({change::named, joined, path, number, 0, {}});
}
void simulated_disk::unbind(const std::string& path) {
    drop_name(all_.now, path);
    all_.changes.push_back({change::unnamed, false, path, 0, 0, {}});
}

simulated_disk::node& simulated_disk::add(const std::string& path, bool directory) {
    const auto last = std::ranges::max(all_.nodes, {}, &node::number).number;
    all_.nodes.push_back({last + 1, directory, false, {}, {}, {}});
    bind(path, last + 1, false);
    return all_.nodes.back();
}

file_answer simulated_disk::perform(const file_call& asked) {
    auto c = asked;
    while (c.path.size() > 1 && c.path.ends_with('/')) c.path.pop_back();
    c.path = spelled(c.path);
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
        case file_call::fail_sync: all_.rules.failing_sync = c.length; return a;
        case file_call::remove: return say(remove(c));
        case file_call::rename: return say(rename(c));
        case file_call::link: return say(link(c));
        case file_call::write:
        case file_call::read:
        case file_call::measure:
        case file_call::sync: return say(on_file(c, a));
        default: break;
    }
    if (there == nullptr || there->late) return say(errc::not_found);
    if (c.what == file_call::look) {
        a.kind = static_cast<std::uint8_t>(there->directory ? blob::entry_kind::directory
                                                            : blob::entry_kind::file);
        a.number = there->now.size();
        return a;
    }
    const bool of_file = c.what == file_call::open || c.what == file_call::allocated ||
                         c.what == file_call::punch || c.what == file_call::resize;
    if (of_file) {
        if (there->directory) return say(errc::is_a_directory);
        if (c.what == file_call::resize) return resize(*there, c.length), a;
        if (c.what == file_call::punch) return say(punch(*there, c));
        a.number = there->number;
        if (c.what == file_call::allocated)
            a.number = there->now.size() -
                       static_cast<std::uint64_t>(std::ranges::count(there->holes, '\1'));
        return a;
    }
    if (!there->directory) return say(errc::not_a_directory);
    if (c.what == file_call::list) {
        const auto prefix = c.path == "/" ? 1 : c.path.size() + 1;
        for (const auto& n : all_.now)
            if (lies_in(n.path, c.path)) {
                a.names.push_back(n.path.substr(prefix));
                at(n.node).late = false;
            }
    } else if (all_.rules.syncs_names) {
        sync_names(c.path);
        a.number = 1;
    }
    return a;
}

errc simulated_disk::remove(const file_call& c) {
    auto* const there = find(c.path);
    if (there == nullptr) return errc::not_found;
    if (there->directory) return errc::is_a_directory;
    if (all_.rules.silly_names)
        bind(c.path.substr(0, c.path.rfind('/')) + "/.nfs" + std::to_string(there->number),
             there->number, true);
    unbind(c.path);
    forget_the_nameless();
    return well;
}

// Of files only: the blob layer moves no directory.
errc simulated_disk::rename(const file_call& c) {
    const auto to = spelled(c.to);
    auto *const from = find(c.path), *const over = find(to);
    if (from == nullptr) return errc::not_found;
    if (from->directory || (over != nullptr && over->directory)) return errc::is_a_directory;
    if (const auto place = place_for(to); place != well && place != errc::exists) return place;
    from->late = all_.rules.late_names;
    bind(to, from->number, true);
    unbind(c.path);
    forget_the_nameless();
    return well;
}

errc simulated_disk::link(const file_call& c) {
    if (!all_.rules.links) return errc::unsupported;
    const auto to = spelled(c.to);
    auto* const from = find(c.path);
    if (from == nullptr || from->late) return errc::not_found;
    if (from->directory) return errc::is_a_directory;
    if (const auto place = place_for(to); place != well) return place;
    bind(to, from->number, false);
    return well;
}

errc simulated_disk::on_file(const file_call& c, file_answer& a) {
    auto& f = at(c.file);
    if (c.what == file_call::write) return write(f, c);
    if (c.what == file_call::sync) return sync(f);
    if (c.what == file_call::measure)
        a.number = f.now.size();
    else if (c.offset < f.now.size())
        a.bytes = f.now.substr(c.offset, c.length);
    return well;
}

errc simulated_disk::write(node& f, const file_call& c) {
    std::string_view bytes = c.bytes;
    const auto free = all_.rules.room - std::min(all_.rules.room, used());
    const bool whole =
        c.offset + bytes.size() <= f.now.size() || c.offset + bytes.size() - f.now.size() <= free;
    if (!whole)
        bytes = bytes.substr(0, f.now.size() + free - std::min(c.offset, f.now.size() + free));
    if (!bytes.empty()) {
        write_into(f.now, c.offset, bytes);
        if (c.offset < f.holes.size())
            write_into(f.holes, c.offset, std::string(bytes.size(), '\0'));
        f.trim();
        all_.changes.push_back(
            {change::written, false, {}, f.number, c.offset, std::string{bytes}});
        forget_the_nameless();
    }
    return whole ? well : errc::no_space;
}

errc simulated_disk::punch(node& f, const file_call& c) {
    if (!all_.rules.punches) return errc::unsupported;
    if (c.offset >= f.now.size()) return well;
    const std::string zeros(std::min<std::size_t>(c.length, f.now.size() - c.offset), '\0');
    write_into(f.now, c.offset, zeros);
    write_into(f.holes, c.offset, std::string(zeros.size(), '\1'));
    all_.changes.push_back({change::written, false, {}, f.number, c.offset, zeros});
    return well;
}

void simulated_disk::resize(node& f, std::uint64_t size) {
    f.now.resize(size);
    f.trim();
    all_.changes.push_back({change::sized, false, {}, f.number, size, {}});
}

// After a failure, the system takes what was not written for written: a second sync of it does
// nothing, and says that all is well.
errc simulated_disk::sync(node& f) {
    if (all_.rules.failing_sync > 0 && --all_.rules.failing_sync == 0) {
        std::erase_if(all_.changes,
                      [&](const change& one) { return !one.is_of_name() && one.node == f.number; });
        return errc::io;
    }
    const auto leaves = all_.rules.leaves;
    make_durable([&](const change& one) {
        if (one.is_of_name()) return leaves != journal::none;
        return leaves == journal::strict || one.node == f.number;
    });
    return well;
}

void simulated_disk::sync_names(std::string_view directory) {
    const auto leaves = all_.rules.leaves;
    make_durable([&](const change& one) {
        if (!one.is_of_name()) return leaves == journal::strict;
        return leaves != journal::none || lies_in(one.path, directory);
    });
    forget_the_nameless();
}

void simulated_disk::make_durable(const auto& which) {
    for (const auto& one : all_.changes) {
        if (!which(one)) continue;
        if (!one.is_of_name())
            one.apply_to(at(one.node).synced);
        else if (one.what == change::named)
            set_name(all_.synced, one.path, one.node);
        else
            drop_name(all_.synced, one.path);
    }
    std::erase_if(all_.changes, which);
}

// What nothing can lead to is the same disk without it.
void simulated_disk::forget_the_nameless() {
    std::set<std::uint64_t> named;
    for (const auto* there : {&all_.now, &all_.synced})
        for (const auto& n : *there) named.insert(n.node);
    for (const auto& one : all_.changes)
        if (one.what == change::named) named.insert(one.node);
    std::erase_if(all_.changes, [&](const change& one) {
        return !one.is_of_name() && !named.contains(one.node);
    });
}

}  // namespace casement::check
