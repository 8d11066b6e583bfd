#include <casement/check/walk.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <random>
#include <utility>

#include "search.hpp"

namespace casement::check {

using detail::search;

namespace detail {

namespace {

// The same wherever the seed is: what the standard calls a distribution is not.
class dice {
public:
    explicit dice(std::uint64_t seed) : bits_{seed} {}

    /// 0 to `n` - 1. REQUIRES: n > 0
    std::uint64_t below(std::uint64_t n) {
        return static_cast<std::uint64_t>(static_cast<wide>(bits_()) * n >> 64);
    }
    /// 0 to 1, never 1 itself.
    double part() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }

private:
    std::mt19937_64 bits_;
};

// How many steps a turn of each body takes, on the average so far.
class turn_lengths {
public:
    explicit turn_lengths(std::size_t bodies) : of_(bodies) {}

    void ended(std::size_t body, std::uint64_t steps) {
        of_[body].steps += static_cast<double>(steps);
        ++of_[body].turns;
    }
    [[nodiscard]] double left(std::size_t body, std::uint32_t turns, std::uint64_t in_turn) const {
        const auto all = turns * of_[body].steps / of_[body].turns - static_cast<double>(in_turn);
        return std::max(all, 1.0);
    }

private:
    struct sum {
        double steps = 4, turns = 1;  // a guess, until there are others
    };
    std::vector<sum> of_;
};

// Chance takes each step.
class chance {
public:
    chance(const walking& how, const story& of)
        : how_{how},
          story_{of},
          roll_{how.seed},
          lengths_{of.bodies()},
          in_turn_(of.roles().size()),
          left_(of.roles().size() + 1),
          priorities_(of.roles().size() + 1) {}

    void begin() {
        longest_ = std::max(longest_, taken_);
        taken_ = 0;
        std::ranges::fill(in_turn_, 0);
        // Above those that a loss brings.
        std::iota(priorities_.begin(), priorities_.end(), how_.depth);
        for (auto i = priorities_.size(); i > 1; --i)
            std::swap(priorities_[i - 1], priorities_[roll_.below(i)]);
        losses_.clear();
        for (int d = 1; d < how_.depth; ++d) losses_.emplace(roll_.below(longest_ + 1), d);
    }

    std::size_t actor(std::span<const std::uint32_t> turns) {
        const auto world = turns.size() - 1;
        for (std::size_t i = 0; i < world; ++i)
            left_[i] =
                turns[i] == 0 ? 0 : lengths_.left(story_.roles()[i].body, turns[i], in_turn_[i]);
        left_[world] = turns[world];
        if (how_.how == walking::kind::uniform) return by_what_is_left();
        for (auto [loss, end] = losses_.equal_range(taken_); loss != end; ++loss)
            priorities_[highest()] = how_.depth - 1 - loss->second;
        return highest();
    }

    std::uint32_t choose(std::size_t ways) { return static_cast<std::uint32_t>(roll_.below(ways)); }

    // Faults strike as often as they may, spread over the walk.
    std::size_t way(std::span<const std::size_t> able, std::span<const std::size_t> struck,
                    std::uint32_t strikes) {
        const auto steps = std::accumulate(left_.begin(), left_.end(), 0.0);
        const bool strike = able.empty() || (!struck.empty() && roll_.part() * steps < strikes);
        const auto among = strike ? struck : able;
        return among[roll_.below(among.size())];
    }

    void took(std::size_t actor, const outcome& o) {
        ++taken_;
        if (o.struck == fault::power_loss) std::ranges::fill(in_turn_, 0);
        if (actor == in_turn_.size()) return;
        ++in_turn_[actor];
        if (o.ends_turn)
            lengths_.ended(story_.roles()[actor].body, std::exchange(in_turn_[actor], 0));
    }

private:
    std::size_t by_what_is_left() {
        auto part = roll_.part() * std::accumulate(left_.begin(), left_.end(), 0.0);
        std::size_t last = 0;
        for (std::size_t i = 0; i < left_.size(); ++i) {
            if (left_[i] == 0) continue;
            last = i;
            if ((part -= left_[i]) < 0) break;
        }
        return last;
    }
    [[nodiscard]] std::size_t highest() const {
        std::optional<std::size_t> best;
        for (std::size_t i = 0; i < left_.size(); ++i)
            if (left_[i] > 0 && (!best || priorities_[i] > priorities_[*best])) best = i;
        return *best;
    }

    const walking& how_;
    const story& story_;
    dice roll_;
    turn_lengths lengths_;
    std::vector<std::uint64_t> in_turn_;  // steps taken in this turn
    std::vector<double> left_;            // steps that each is expected to take still
    std::vector<int> priorities_;
    std::multimap<std::uint64_t, int> losses_;  // before which step, and which loss it is
    std::uint64_t taken_ = 0, longest_ = 0;
};

// Bytes say each step.
class wheel {
public:
    explicit wheel(std::string_view bytes) : rest_{bytes} {}

    std::size_t actor(std::span<const std::uint32_t> turns) {
        able_.clear();
        for (std::size_t i = 0; i < turns.size(); ++i)
            if (turns[i] > 0) able_.push_back(i);
        return able_[byte() % able_.size()];
    }
    std::uint32_t choose(std::size_t ways) {  // where there is a choice
        return ways == 1 ? 0 : static_cast<std::uint32_t>(byte() % ways);
    }
    std::size_t way(std::span<const std::size_t> able, std::span<const std::size_t> struck,
                    std::uint32_t) {
        const auto n = byte() % (able.size() + struck.size());
        return n < able.size() ? able[n] : struck[n - able.size()];
    }
    void took(std::size_t, const outcome&) {}

private:
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto one = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return one;
    }
    std::string_view rest_;
    std::vector<std::size_t> able_;
};

// The other way round: notes the bytes that say the steps which are given.
class tracks {
public:
    explicit tracks(std::span<const choice> steps) : rest_{steps} {}

    std::optional<std::size_t> actor(std::span<const std::uint32_t> turns) {
        if (rest_.empty()) return std::nullopt;
        const auto one = rest_.front().actor;
        bytes_ += static_cast<char>(
            std::ranges::count_if(turns.first(one), [](std::uint32_t left) { return left > 0; }));
        chosen_ = 0;
        return one;
    }
    std::uint32_t choose(std::size_t ways) {
        const auto one = rest_.front().chosen[chosen_++];
        if (ways > 1) bytes_ += static_cast<char>(one);
        return one;
    }
    std::size_t way(std::span<const std::size_t> able, std::span<const std::size_t> struck,
                    std::uint32_t) {
        const auto one = rest_.front().way;
        rest_ = rest_.subspan(1);
        std::vector<std::size_t> all{able.begin(), able.end()};
        all.insert(all.end(), struck.begin(), struck.end());
        bytes_ += static_cast<char>(std::ranges::find(all, one) - all.begin());
        return one;
    }
    void took(std::size_t, const outcome&) {}

    [[nodiscard]] std::string bytes() && { return std::move(bytes_); }

private:
    std::span<const choice> rest_;
    std::size_t chosen_ = 0;
    std::string bytes_;
};

}  // namespace

// From the beginning to an end, or to what does not hold; `next` says each step.
template <class Next>
std::vector<choice> search::go(Next& next, std::uint64_t steps_max) {
    const auto world = story_.roles().size();
    auto words = first();
    std::vector<choice> path;
    const auto meet = [&](std::uint32_t complaint) {
        const auto root = states_.folded(words);
        if (states_.find(root) == index::none) states_.add(root);
        if (complaint != no_complaint) (void)complain(complaint, 0, 0);
        (void)judge(words, 0);
    };
    std::vector<std::uint32_t> turns(world + 1);  // of the world: its steps
    std::vector<std::size_t> able, struck;
    for (meet(no_complaint); found_.empty() && path.size() < steps_max;) {
        for (std::size_t i = 0; i < world; ++i) turns[i] = turns_of(words[i + 1]);
        turns[world] = static_cast<std::uint32_t>(std::ranges::count_if(
            steps_.of_world(words[0]), [&](const auto& o) { return affords(words, o); }));
        if (std::ranges::all_of(turns, [](auto left) { return left == 0; })) break;
        const std::optional<std::size_t> actor = next.actor(turns);
        if (!actor) break;
        choice taken{*actor, {}, 0};
        std::optional<std::uint32_t> at;
        if (*actor < world)
            at = call_after(words, *actor, [&](const call& asks) {
                taken.chosen.push_back(next.choose(asks.ways.size()));
                steps_.tried(asks.ways[taken.chosen.back()]);
                return std::optional{taken.chosen.back()};
            });
        const auto ways = ways_of(words, at);
        if (!steps_.lost().empty()) break;
        able.clear(), struck.clear();
        for (std::size_t i = 0; i < ways.size(); ++i)
            if (affords(words, ways[i]))
                (ways[i].struck == fault::none ? able : struck).push_back(i);
        std::uint32_t strikes = 0;
        for (auto f = words.back(); f != 0; f >>= 4) strikes += f & 15u;
        taken.way = next.way(able, struck, strikes);
        const auto o = ways[taken.way];
        apply(words, *actor, o);
        next.took(*actor, o);
        path.push_back(std::move(taken));
        ++transitions_;
        meet(o.complaint);
    }
    depth_ = std::max<std::uint64_t>(depth_, path.size());
    return path;
}

// All but the steps of one turn after another are left out, while it still breaks.
std::vector<choice> search::without_idle_turns(std::vector<choice> all,
                                               const std::string& property) {
    // The part of a schedule until the property is broken; nothing if it is not.
    const auto breaks =
        [&](const std::vector<choice>& steps) -> std::optional<std::vector<choice>> {
        auto words = first();
        violated_.clear();
        judged_rows_.clear();
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const auto o = outcome_of(words, steps[i]);
            if (!o) return std::nullopt;
            apply(words, steps[i].actor, *o);
            if (o->complaint != no_complaint) (void)complain(o->complaint, 0, 0);
            (void)judge(words, 0);
            if (violated_.contains(property))
                return std::vector(steps.begin(),
                                   steps.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        }
        return std::nullopt;
    };
    // Turns by number, over all actors; each step of the world is one of its own.
    const auto turns_in = [&](const std::vector<choice>& steps) {
        std::vector<std::size_t> turn_of;
        std::vector<std::optional<std::size_t>> now(story_.roles().size());
        std::size_t turns = 0;
        auto words = first();
        for (const auto& c : steps) {
            const auto o = *outcome_of(words, c);
            apply(words, c.actor, o);
            if (c.actor == story_.roles().size()) {
                turn_of.push_back(turns++);
                if (o.struck == fault::power_loss) std::ranges::fill(now, std::nullopt);
                continue;
            }
            auto& turn = now[c.actor];
            if (!turn) turn = turns++;
            turn_of.push_back(*turn);
            if (o.ends_turn) turn.reset();
        }
        return turn_of;
    };
    // Left out one by one, and two by two where one makes up for another.
    const auto shorter = [&]() -> std::optional<std::vector<choice>> {
        const auto turn_of = turns_in(all);
        const auto turns = turn_of.empty() ? 0 : *std::ranges::max_element(turn_of) + 1;
        for (std::size_t apart = 0; apart < turns; ++apart)
            for (auto turn = turns - apart; turn-- > 0;) {
                std::vector<choice> less;
                for (std::size_t i = 0; i < all.size(); ++i)
                    if (turn_of[i] != turn && turn_of[i] != turn + apart) less.push_back(all[i]);
                if (auto broken = breaks(less)) return broken;
            }
        return std::nullopt;
    };
    while (auto less = shorter()) all = std::move(*less);
    return all;
}

// What came of some walks, the last of which was `path`.
report search::walked(std::uint64_t walks, const std::vector<choice>& path) {
    const auto broken = std::exchange(found_, {});
    auto r = told();
    r.walks = walks;
    for (std::size_t i = 0; i < seen_.size(); ++i)
        if (!seen_[i]) r.never.push_back(story_.properties()[i].name);
    if (!broken.empty()) {
        const auto& [property, words, state, from] = broken.front();
        r.violations.push_back(violated(property, words, without_idle_turns(path, property)));
    }
    return r;
}

report search::walk(const walking& how) {
    chance next{how, story_};
    std::vector<choice> path;
    std::uint64_t walks = 0;
    for (; walks < how.walks && found_.empty() && steps_.lost().empty(); ++walks) {
        if (how.progress && walks % 64 == 0) how.progress(walks);
        next.begin();
        path = go(next, how.steps_max);
    }
    return walked(walks, path);
}

std::string search::steered(std::string_view bytes) {
    wheel next{bytes};
    return token_of(go(next, walking{}.steps_max));
}

report search::steer(std::string_view bytes) {
    wheel next{bytes};
    return walked(1, go(next, walking{}.steps_max));
}

result<std::string> search::steering(std::string_view token) {
    auto choices = choices_of(token);
    if (!choices) return passed(choices);
    tracks next{*choices};
    (void)go(next, choices->size());
    return std::move(next).bytes();
}

}  // namespace detail

report walk(const story& of, const walking& how) {
    if (how.depth < 1 || how.depth > walking::depth_max)
        return detail::refused(of, "a depth that is not 1 to 16");
    if (!of.unfit().empty()) return detail::refused(of, of.unfit());
    const auto began = std::chrono::steady_clock::now();
    auto r = search{of, scope::raw(how.without), search::each_call()}.walk(how);
    r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return r;
}

result<std::string> steered(const story& of, std::string_view bytes) {
    if (!of.unfit().empty()) return fail(errc::illegal, "steer", of.name(), of.unfit());
    return search{of, scope::raw(), search::each_call()}.steered(bytes);
}

report steer(const story& of, std::string_view bytes, const std::vector<left_out>& without) {
    if (!of.unfit().empty()) return detail::refused(of, of.unfit());
    return search{of, scope::raw(without), search::each_call()}.steer(bytes);
}

result<std::string> steering(const story& of, std::string_view token) {
    if (!of.unfit().empty()) return fail(errc::too_big, "steer", of.name(), of.unfit());
    auto without = left_out_of(token);
    if (!without) return passed(without);
    return search{of, scope::raw(*std::move(without)), search::each_call()}.steering(token);
}

}  // namespace casement::check
