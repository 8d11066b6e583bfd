#include "script.hpp"

#include <algorithm>

#include <casement/core/codec.hpp>

namespace casement::check::detail {

namespace {

// All that a call is, as bytes: equal calls have equal ones.
std::string bytes_of(const call& c) {
    std::string out{static_cast<char>(c.what)};
    encode_to(out, c.operation);
    encode_to(out, c.key);
    encode_to(out, c.last);
    append_big64(out, c.number);
    append_big64(out, c.guards.size());
    for (const auto& g : c.guards) {
        encode_to(out, g.key);
        encode_to(out, g.expected);
        encode_to(out, g.name);
    }
    for (const auto& w : c.writes) {
        out.push_back(static_cast<char>(w.what));
        encode_to(out, w.key);
        encode_to(out, w.value);
        append_big64(out, w.amount);
    }
    for (const auto& way : c.ways) encode_to(out, way);
    for (const auto& [key, expected] : c.carried) {
        encode_to(out, key);
        encode_to(out, expected);
    }
    return out;
}

}  // namespace

std::vector<std::uint32_t> script::log_of(std::uint32_t node) const {
    std::vector<std::uint32_t> log;
    for (; !rests(node); node = nodes_[node].parent) log.push_back(nodes_[node].answer);
    std::ranges::reverse(log);
    return log;
}

std::optional<std::uint32_t> script::again(std::uint32_t node) {
    if (rests(node) || answer_at(node) != answer::committed ||
        asks(parent(node)).what != call::kind::commit || !asks(node).is_step())
        return std::nullopt;
    std::vector<std::uint32_t> path{node};
    while (!rests(path.back())) path.push_back(parent(path.back()));
    std::vector<std::uint32_t> ways{body_of(node)};
    for (auto at = path.rbegin(); at != path.rend(); ++at) {
        const call& c = asks(*at);
        if (c.what == call::kind::choose) {
            ways.push_back(answer_at(*std::next(at)));
        } else if (c.is_step()) {
            if (call_number(*at) != call_number(node)) return std::nullopt;
            // Every look at one moment asks alike: what it looks for first tells two apart.
            if (c.what == call::kind::snapshot &&
                call_number(after(*at, answer::taken)) != call_number(after(node, answer::taken)))
                return std::nullopt;
            break;
        }
    }
    const auto [known, fresh] = agains_.try_emplace(ways, 0);
    if (fresh) {
        known->second = add({body_of(node), no_parent, text_.number("")});
        chosen_.emplace(known->second, std::vector(ways.begin() + 1, ways.end()));
    }
    return known->second;
}

std::uint32_t script::with_block(std::uint32_t node, std::uint32_t block) {
    const auto at = node;
    std::vector<std::uint32_t> ways;
    for (; !rests(node); node = parent(node)) {
        const call& c = asks(parent(node));
        if (c.is_step()) return at;
        if (c.what == call::kind::choose) ways.push_back(answer_at(node));
    }
    auto other = beginning(body_of(node), block);
    for (auto way = ways.rbegin(); way != ways.rend(); ++way) other = after(other, *way);
    return other;
}

std::uint32_t script::call_kept(const call& c) {
    const auto n = call_bytes_.number(bytes_of(c));
    if (n == calls_.size()) calls_.push_back(c);
    return n;
}

void script::learn(std::uint32_t node) {
    const auto& body = story_.body(nodes_[node].body);
    const auto log = log_of(node);
    turn second{body, text_};
    const call again = second.begin(log);
    replayed_ += log.size();
    ++runs_;
    if (warm_ && !rests(node) && warm_at_ == nodes_[node].parent) {
        nodes_[node].asks = call_kept(warm_->go_on(nodes_[node].answer));
    } else {
        warm_.reset();
        warm_ = std::make_unique<turn>(body, text_);
        nodes_[node].asks = call_kept(warm_->begin(log));
        replayed_ += log.size();
    }
    ++runs_;
    if (const auto& c = calls_[nodes_[node].asks]; !(c == again) && nondeterministic_.empty())
        nondeterministic_ = "the same answers led to two different calls" +
                            (c.operation.empty() ? "" : " in '" + c.operation + "'") +
                            ": an actor uses something that it did not ask the story for "
                            "(a clock, a random number, a variable that another run changes)";
    warm_at_ = node;
    if (calls_[nodes_[node].asks].ends()) warm_.reset();
}

}  // namespace casement::check::detail
