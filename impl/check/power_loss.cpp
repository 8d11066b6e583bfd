// What may be left of a simulated disk that loses its power.

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <casement/check/simulated_disk.hpp>

#include "disk_names.hpp"

namespace casement::check {

namespace {

constexpr char junk = '\xa5';

std::string_view half_of(std::string_view bytes) { return bytes.substr(0, bytes.size() / 2); }

}  // namespace

void simulated_disk::change::apply_to(std::string& file) const {
    if (what == sized)
        file.resize(offset);
    else
        write_into(file, offset, bytes);
}

/// These bytes are durable, and what of them is not zero takes room.
void simulated_disk::node::hold(std::string bytes) {
    now = std::move(bytes);
    synced = now;
    trim();
}
void simulated_disk::node::trim() {
    for (std::size_t i = 0; i < holes.size(); ++i)
        if (i >= now.size() || now[i] != '\0') holes[i] = '\0';
    holes.resize(holes.find_last_of('\1') + 1);  // none: npos + 1
}

std::vector<simulated_disk::choice> simulated_disk::name_choices() const {
    std::vector<std::size_t> where;  // the changes of names
    for (std::size_t i = 0; i < all_.changes.size(); ++i)
        if (all_.changes[i].is_of_name()) where.push_back(i);
    std::vector<choice> all;
    const auto add = [&](auto keeps) {
        choice kept(all_.changes.size());
        for (std::size_t i = 0; i < where.size(); ++i) kept[where[i]] = keeps(i);
        all.push_back(std::move(kept));
    };
    const bool in_order = all_.rules.leaves != journal::none;
    if (!in_order && where.size() <= changes_max) {
        for (std::size_t set = 0; set < std::size_t{1} << where.size(); ++set)
            add([&](std::size_t i) { return (set >> i & 1) != 0; });
        return all;
    }
    for (std::size_t end = 0; end <= where.size(); ++end)
        if (end == 0 || !in_order || !all_.changes[where[end - 1]].joined)
            add([&](std::size_t i) { return i < end; });
    for (std::size_t one = 0; !in_order && one < where.size(); ++one) {
        add([&](std::size_t i) { return i == one; });
        add([&](std::size_t i) { return i != one; });
    }
    return all;
}

simulated_disk::names simulated_disk::names_left(const choice& kept) const {
    auto left = all_.synced;
    for (std::size_t i = 0; i < all_.changes.size(); ++i) {
        if (!kept[i]) continue;
        const auto& one = all_.changes[i];
        if (one.what == change::named) set_name(left, one.path, one.node);
        if (one.what == change::unnamed) drop_name(left, one.path);
    }
    return left;
}

/// A disk of those names, and of their files what was synced.
simulated_disk simulated_disk::left_with(const names& there) const {
    simulated_disk left{all_.rules};
    // What lies in a directory that is gone is gone with it; a parent's path sorts before its own.
    for (const auto& n : there)
        if (n.path == "/" || has_name(left.all_.now, parent_of(n.path)))
            set_name(left.all_.now, n.path, n.node);
    left.all_.synced = left.all_.now;
    left.all_.nodes.clear();
    for (const auto& n : all_.nodes) {
        if (std::ranges::find(left.all_.now, n.number, &name::node) == left.all_.now.end())
            continue;
        left.all_.nodes.push_back({n.number, n.directory, false, {}, {}, n.holes});
        left.all_.nodes.back().hold(n.synced);
    }
    return left;
}

std::vector<std::string> simulated_disk::bytes_choices(const node& f) const {
    std::vector<const change*> writes;
    for (const auto& one : all_.changes)
        if (!one.is_of_name() && one.node == f.number) writes.push_back(&one);
    std::vector<std::string> all;
    const auto add = [&](const std::string& bytes) {
        if (std::ranges::find(all, bytes) == all.end()) all.push_back(bytes);
    };
    auto bytes = f.synced;
    add(bytes);
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const bool told = writes.size() <= changes_max || i <= 1 || i + 2 >= writes.size();
        if (told && writes[i]->what == change::written) {
            auto torn = bytes;
            write_into(torn, writes[i]->offset, half_of(writes[i]->bytes));
            add(torn);
        }
        writes[i]->apply_to(bytes);
        if (told) add(bytes);
    }
    if (all_.rules.leaves >= journal::sized)
        for (const auto& shorter : std::vector{all}) {
            auto longer = shorter;
            longer.resize(std::max(f.now.size(), shorter.size()), '\0');
            add(longer);
        }
    if (all_.rules.leaves < journal::none) return all;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        auto others = f.synced, alone = f.synced, other = f.now;
        for (const auto* w : writes) w->apply_to(w == writes[i] ? alone : others);
        if (writes[i]->what == change::written)
            write_into(other, writes[i]->offset, std::string(writes[i]->bytes.size(), junk));
        for (const auto& left : {others, alone, other}) add(left);
    }
    return all;
}

// All changes until some moment, the next one's half among them.
std::vector<simulated_disk> simulated_disk::in_order() const {
    std::vector<simulated_disk> all;
    const auto n = all_.changes.size();
    for (std::size_t end = 0; end <= n; ++end) {
        if (end > 0 && all_.changes[end - 1].joined) continue;
        choice kept(n);
        std::fill_n(kept.begin(), end, true);
        auto left = left_with(names_left(kept));
        const auto apply = [&](const change& one) {
            for (auto& f : left.all_.nodes)
                if (f.number == one.node) {
                    one.apply_to(f.now);
                    f.hold(f.now);
                }
        };
        for (std::size_t i = 0; i < end; ++i)
            if (!all_.changes[i].is_of_name()) apply(all_.changes[i]);
        all.push_back(left);
        if (end == n || all_.changes[end].what != change::written) continue;
        auto half = all_.changes[end];
        half.bytes = half_of(half.bytes);
        apply(half);
        all.push_back(std::move(left));
    }
    return all;
}

std::vector<simulated_disk> simulated_disk::after_power_loss() const {
    std::vector<simulated_disk> all;
    std::set<std::string> seen;
    const auto add = [&](const simulated_disk& d) {
        if (seen.insert(d.encoded()).second) all.push_back(d);
    };
    if (all_.rules.leaves == journal::strict) {
        for (const auto& d : in_order()) add(d);
        return all;
    }
    for (const auto& kept : name_choices()) {
        auto left = left_with(names_left(kept));
        auto& files = left.all_.nodes;
        std::vector<std::vector<std::string>> choices;
        std::size_t combined = 1;
        for (const auto& f : files) {
            choices.push_back(bytes_choices(at(f.number)));
            combined = std::min(combined * choices.back().size(), combined_max + 1);
        }
        const auto choose = [&](std::size_t i, std::size_t which) {
            files[i].hold(choices[i][which]);
        };
        if (combined <= combined_max) {
            for (std::size_t set = 0; set < combined; ++set) {
                auto rest = set;
                for (std::size_t i = 0; i < files.size(); ++i) {
                    choose(i, rest % choices[i].size());
                    rest /= choices[i].size();
                }
                add(left);
            }
            continue;
        }
        for (const bool others_kept : {false, true})
            for (std::size_t i = 0; i < files.size(); ++i)
                for (std::size_t which = 0; which < choices[i].size(); ++which) {
                    for (std::size_t j = 0; j < files.size(); ++j)
                        if (others_kept)
                            files[j].hold(at(files[j].number).now);
                        else
                            choose(j, 0);
                    choose(i, which);
                    add(left);
                }
    }
    return all;
}

std::vector<simulated_disk> simulated_disk::some_after_power_loss(std::size_t at_most,
                                                                  std::uint64_t seed) const {
    std::mt19937_64 random{seed};
    const bool strict = all_.rules.leaves == journal::strict;
    const auto states = strict ? in_order() : std::vector<simulated_disk>{};
    const auto kept = strict ? std::vector<choice>{} : name_choices();
    std::map<std::uint64_t, std::vector<std::string>> bytes;
    for (const auto& f : all_.nodes) bytes[f.number] = bytes_choices(f);
    std::vector<simulated_disk> all;
    for (std::size_t i = 0; i < at_most; ++i) {
        // Each list begins with what has lost all; one that has lost nothing is settled.
        const auto one_of = [&](const auto& list) -> const auto& {
            return list[i == 0 ? 0 : random() % list.size()];
        };
        auto left = i == 1   ? settled()
                    : strict ? one_of(states)
                             : left_with(names_left(one_of(kept)));
        if (i != 1 && !strict)
            for (auto& f : left.all_.nodes) f.hold(one_of(bytes.at(f.number)));
        if (std::ranges::find(all, left) == all.end()) all.push_back(std::move(left));
    }
    return all;
}

simulated_disk simulated_disk::settled() const {
    auto left = left_with(all_.now);
    for (auto& f : left.all_.nodes) f.hold(at(f.number).now);
    return left;
}

}  // namespace casement::check
