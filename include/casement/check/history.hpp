#pragma once
// What threads have done to something real, noted as it happened, for `linearizable`. To look at
// one object at a time is enough, and much faster: a history is linearizable if what it did to each
// object is (Herlihy and Wing's locality). Where commits number themselves, as revs and leases do,
// the order is known and only has to be held against the model.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <casement/check/linearizable.hpp>

namespace casement::check {

/// Calls of threads, and which had returned when each was made. Any thread; who notes holds a lock
/// for a moment after the call, never during it.
template <class Op, class Answer = std::string>
class history {
public:
    /// Makes the call: `what.on(world)` answers an `std::optional<Answer>`, none where nobody
    /// knows.
    template <class World>
    std::optional<Answer> make(const Op& what, World& world) {
        const auto begin = now_.fetch_add(1);
        std::optional<Answer> answer = what.on(world);
        const auto end = now_.fetch_add(1);
        const std::lock_guard lock{mutex_};
        calls_.push_back({what, answer, begin, end});
        return answer;
    }

    /// By object: `which(call)` names the one that it is a call of. REQUIRES: nobody makes calls
    template <class Which>
    [[nodiscard]] auto by_object(const Which& which) const {
        using object_id = std::decay_t<std::invoke_result_t<const Which&, const Op&>>;
        std::map<object_id, std::vector<noted>> of;
        for (const auto& c : calls_) of[which(c.what)].push_back(c);
        std::map<object_id, std::vector<past_call<Op, Answer>>> all;
        for (auto& [object, calls] : of) all[object] = ordered(std::move(calls));
        return all;
    }

    /// By what is connected: `which(call)` names all objects that it is a call of, and two of them
    /// are looked at together where a call is of both, or of one that others lead from to the
    /// other. REQUIRES: nobody makes calls; each call is of an object
    template <class Which>
    [[nodiscard]] std::vector<std::vector<past_call<Op, Answer>>> by_connected(
        const Which& which) const {
        using objects = std::decay_t<std::invoke_result_t<const Which&, const Op&>>;
        std::map<typename objects::value_type, std::size_t> first;  // call of each object
        std::vector<std::size_t> leader(calls_.size());
        const auto leader_of = [&](std::size_t call) {
            while (leader[call] != call) call = leader[call] = leader[leader[call]];
            return call;
        };
        for (std::size_t i = 0; i < calls_.size(); ++i) {
            leader[i] = i;
            for (const auto& object : which(calls_[i].what)) {
                const auto one = leader_of(first.try_emplace(object, i).first->second);
                leader[std::max(one, leader_of(i))] = std::min(one, leader_of(i));
            }
        }
        std::map<std::size_t, std::vector<noted>> of;
        for (std::size_t i = 0; i < calls_.size(); ++i) of[leader_of(i)].push_back(calls_[i]);
        std::vector<std::vector<past_call<Op, Answer>>> all;
        for (auto& [_, calls] : of) all.push_back(ordered(std::move(calls)));
        return all;
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock{mutex_};
        return calls_.size();
    }

private:
    struct noted {
        Op what;
        std::optional<Answer> answer;
        std::uint64_t begin, end;
    };

    static std::vector<past_call<Op, Answer>> ordered(std::vector<noted> calls) {
        std::ranges::sort(calls, {}, &noted::begin);
        std::vector<past_call<Op, Answer>> all;
        for (const auto& c : calls) {
            std::vector<std::size_t> after;
            for (std::size_t i = 0; i < all.size(); ++i)
                if (calls[i].end < c.begin) after.push_back(i);
            all.push_back({c.what, c.answer, std::move(after)});
        }
        return all;
    }

    std::atomic<std::uint64_t> now_{0};
    mutable std::mutex mutex_;
    std::vector<noted> calls_;
};

/// Puts calls into the order that numbers witness, beside what real time says: `number(call)` is
/// the rev, or the lease's number, that its commit has made, or none. Numbers that contradict real
/// time, or were given twice, leave no order that explains the history. With it, to judge calls
/// that all are witnessed costs no more than to make them once.
template <class Op, class Answer, class Number>
void witness(std::vector<past_call<Op, Answer>>& calls, const Number& number) {
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < calls.size(); ++i)
        if (const std::optional<std::uint64_t> n = number(calls[i])) order.emplace_back(*n, i);
    std::ranges::sort(order);
    for (std::size_t i = 1; i < order.size(); ++i) {
        const auto [n, one] = order[i - 1];
        const auto [m, next] = order[i];
        calls[next].after.push_back(one);
        if (n == m) calls[one].after.push_back(next);
    }
}

}  // namespace casement::check
