#include <casement/check/mutants.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

namespace casement::check {

namespace {

class hunt {
public:
    hunt(std::span<const story> stories, const mutation_scope& in) : stories_{stories}, in_{in} {}

    necessity run() {
        const auto began = std::chrono::steady_clock::now();
        std::set<std::string> properties;
        for (const auto& s : stories_) {
            const auto whole = searched(s, {});
            if (!whole.holds()) {
                found_.failed = s.name() + ": " +
                                (!whole.failed.empty()      ? whole.failed
                                 : whole.violations.empty() ? "not explored whole, or not all seen"
                                                            : whole.violations.front().property);
                return std::move(found_);
            }
            for (const auto& [guard, count] : whole.guards) {
                all_.insert({guard.first, guard.second});
                has_[{guard.first, guard.second}].insert(&s);
            }
            for (const auto& p : s.properties())
                if (p.what != property::kind::sometimes) properties.insert(p.name);
        }
        for (const auto& guard : all_) {
            found_.guards.push_back(certified(guard));
            if (in_.progress) in_.progress(found_.guards.size(), all_.size(), {guard});
        }
        for (const auto& c : found_.guards) properties.erase(c.broke.property);
        for (const auto& p : violated_) properties.erase(p);
        found_.never_violated.assign(properties.begin(), properties.end());
        found_.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        return std::move(found_);
    }

private:
    using set = std::vector<left_out>;

    report searched(const story& s, const set& without) {
        auto in = in_.in;
        in.without = without;
        ++found_.searches;
        return explore(s, in);
    }

    // The first story that breaks, each set being tried once.
    struct death {
        const story* in = nullptr;
        violation how;
        std::uint64_t states = 0;
    };
    const death& killed(set without) {
        std::ranges::sort(without);
        const auto [at, fresh] = tried_.try_emplace(without);
        if (!fresh) return at->second;
        if (in_.progress) in_.progress(found_.guards.size(), all_.size(), without);
        for (const auto& s : stories_) {
            // A story whose commits lack one of them is tried without the rest elsewhere.
            if (!std::ranges::all_of(without, [&](const auto& g) { return has_[g].contains(&s); }))
                continue;
            auto r = searched(s, without);
            at->second.states += r.states;
            if (r.violations.empty()) continue;
            at->second.in = &s;
            at->second.how = std::move(r.violations.front());
            violated_.insert(at->second.how.property);
            break;
        }
        return at->second;
    }

    certificate certified(const left_out& guard) {
        certificate c;
        c.guard = guard;
        if (const auto& d = killed({guard}); d.in) return die(c, {guard}, d);
        // Sets of one operation, the smallest first; what is in one must survive without the rest.
        std::vector<left_out> others;
        for (const auto& g : all_)
            if (g.operation == guard.operation && g != guard) others.push_back(g);
        for (std::size_t size = 2; size <= in_.set_max; ++size)
            if (auto done = grown(c, {guard}, others, 0, size)) return *done;
        c.states = killed({guard}).states;
        return c;
    }

    std::optional<certificate> grown(const certificate& c, const set& so_far,
                                     const std::vector<left_out>& others, std::size_t from,
                                     std::size_t size) {
        for (auto i = from; i < others.size(); ++i) {
            auto now = so_far;
            now.push_back(others[i]);
            if (now.size() < size) {
                if (auto done = grown(c, now, others, i + 1, size)) return done;
                continue;
            }
            if (!minimal(now)) continue;
            if (const auto& d = killed(now); d.in) return die(c, now, d);
        }
        return std::nullopt;
    }

    // Nothing less than all of them breaks a story.
    bool minimal(const set& all) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto less = all;
            less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
            if (killed(less).in) return false;
        }
        return true;
    }

    static certificate die(certificate c, set without, const death& d) {
        c.what = without.size() == 1 ? certificate::kind::necessary : certificate::kind::redundant;
        c.without = std::move(without);
        c.story = d.in->name();
        c.broke = d.how;
        c.states = d.states;
        return c;
    }

    std::span<const story> stories_;
    const mutation_scope& in_;
    std::set<left_out> all_;
    std::map<left_out, std::set<const story*>> has_;
    std::map<set, death> tried_;
    std::set<std::string> violated_;
    necessity found_;
};

}  // namespace

std::size_t necessity::survivors() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        guards, [](const auto& c) { return c.what == certificate::kind::survivor; }));
}

necessity needs(std::span<const story> stories, const mutation_scope& in) {
    return hunt{stories, in}.run();
}

}  // namespace casement::check
