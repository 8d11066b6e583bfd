#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "search.hpp"

namespace casement::check::detail {

namespace {
constexpr std::uint64_t told_every = 1 << 15;  // transitions, about a hundredth of a second
}

search::search(const story& of, const scope& in, lessons known)
    : story_{of},
      scope_{in},
      rows_{text_},
      script_{of, text_},
      steps_{of, scope_, text_, rows_, script_, worlds_, std::move(known.distrusted)},
      blocks_{known.blocks},
      width_{of.roles().size() + 2},
      states_{width_} {
    for (const auto& p : of.properties()) {
        if (p.what == property::kind::recoverable) keeps_edges_ = true;
        seen_.push_back(p.what != property::kind::sometimes);
    }
}

std::vector<std::uint32_t> search::first() {
    std::vector<std::uint32_t> words{
        worlds_.number({rows_.number(story_.beginning()), 0, text_.number(story_.disk()), {}})};
    for (const auto& r : story_.roles())
        words.push_back(actor_word(script_.at_rest(static_cast<std::uint32_t>(r.body), ""),
                                   static_cast<std::uint32_t>(r.turns)));
    const auto& f = story_.may_strike();
    words.push_back(static_cast<std::uint32_t>(f.crashes | f.lost_replies << 4 | f.zombies << 8 |
                                               f.spurious << 12 | f.ticks << 16 |
                                               f.power_losses << 20));
    return words;
}

bool search::at_rest(std::span<const std::uint32_t> words) const {
    for (std::size_t i = 1; i + 1 < width_; ++i)
        if (!script_.rests(node_of(words[i]))) return false;
    return true;
}

// Somebody is between two rounds of one turn.
bool search::waits(std::span<const std::uint32_t> words) const {
    for (std::size_t i = 1; i + 1 < width_; ++i)
        if (script_.waits(node_of(words[i]))) return true;
    return false;
}

// Where the actor's next call is taken: at its node, or at the beginning of its next turn.
std::uint32_t search::start(std::span<const std::uint32_t> words, std::size_t actor) {
    const auto word = words[actor + 1];
    auto node = node_of(word);
    if (!script_.rests(node)) return node;
    std::uint32_t block = 0;
    if (blocks_)
        block = renames() && !worlds_.has_zombies(words[0]) ? free_block(words)
                                                            : own_block(actor, turns_of(word));
    const auto ways = script_.chosen(node);
    node = script_.beginning(script_.body_of(node), block);
    for (const auto way : ways) node = script_.after(node, way);
    return node;
}

// The first block of which no id is known to anybody, and that nobody may yet ask for: names that
// nobody knows are made canonical, and so their blocks are free again.
std::uint32_t search::free_block(std::span<const std::uint32_t> words) {
    const auto bits = [&](const pinned& names) {
        std::uint64_t used = 0;
        const auto use = [&](std::uint64_t id) {
            if (const auto b = block_of(id); b && *b < first_own_block)
                used |= std::uint64_t{1} << *b;
        };
        for (const auto& id : names.ids) use(id.second);
        for (const auto& b : names.blocks) use(b.first);
        return used;
    };
    const auto number = worlds_.rows(words[0]);
    const auto [at, fresh] = blocks_in_.try_emplace(number, 0);
    if (fresh) {
        pinned all;
        const rows now{rows_, number};
        for (std::size_t i = 0; i < now.size(); ++i)
            story_.canonical().pin(now.key(i), now.value(i), all);
        at->second = bits(all);
    }
    auto used = at->second | bits(crew_pins_[crew_of(words)]);
    // A turn in its middle may still ask for the block that it began with.
    for (std::size_t i = 1; i + 1 < width_; ++i)
        if (const auto node = node_of(words[i]); !script_.rests(node))
            if (const auto block = script_.block(node); block < first_own_block)
                used |= std::uint64_t{1} << block;
    require(~used != 0, "fewer than 64 blocks of ids in use at once");
    return static_cast<std::uint32_t>(std::countr_one(used));
}

std::span<const outcome> search::outcomes(std::span<const std::uint32_t> words, std::size_t actor) {
    if (actor == story_.roles().size()) return steps_.of_world(words[0]);
    if (turns_of(words[actor + 1]) == 0) return {};
    const auto node = start(words, actor);
    return scope_.whole_operations ? steps_.whole(words[0], node) : steps_.single(words[0], node);
}

bool search::affords(std::span<const std::uint32_t> words, const outcome& o) const {
    return o.struck == fault::none || (words.back() >> shift(o.struck) & 15u) > 0;
}

void search::apply(std::span<std::uint32_t> words, std::size_t actor, const outcome& o) {
    words[0] = o.world;
    if (o.struck == fault::power_loss)
        for (std::size_t i = 1; i + 1 < width_; ++i)
            if (const auto node = node_of(words[i]); !script_.rests(node) || script_.waits(node))
                words[i] = actor_word(script_.at_rest(script_.body_of(node), "crashed"),
                                      turns_of(words[i]) - 1);
    if (actor < story_.roles().size()) {
        const auto turns = turns_of(words[actor + 1]);
        words[actor + 1] = actor_word(o.node, o.ends_turn ? turns - 1 : turns);
    }
    if (o.struck != fault::none) words.back() -= 1u << shift(o.struck);
}

void search::canonicalise(std::span<std::uint32_t> words, std::vector<std::size_t>* who) {
    // Who begins again with the same numbers needs what he has given renamed.
    if (scope_.whole_operations && (renames() || !blocks_))
        for (std::size_t i = 1; i + 1 < width_; ++i)
            words[i] = actor_word(again(node_of(words[i])), turns_of(words[i]));
    // A commit that may still happen keeps the names that it was made with.
    if (worlds_.has_zombies(words[0])) return;
    if (renames()) words[0] = canonical(words[0], crew_of(words));
    // Equals who number things in their own blocks differ in their numbers, unless those are
    // renamed.
    if (!scope_.symmetric_actors || !at_rest(words) || (blocks_ && !renames())) return;
    const auto roles = story_.roles();
    for (std::size_t begin = 0; begin < roles.size();) {
        auto end = begin + 1;
        while (end < roles.size() && roles[end].body == roles[begin].body) ++end;
        // By insertion: a few, and mostly in order.
        for (auto at = begin + 1; at < end; ++at)
            for (auto to = at; to > begin && words[to + 1] < words[to]; --to) {
                std::swap(words[to], words[to + 1]);
                if (who) std::swap((*who)[to - 1], (*who)[to]);
            }
        begin = end;
    }
}

// The node itself, or where its turn waits to begin again.
std::uint32_t search::again(std::uint32_t node) {
    if (script_.rests(node)) return node;
    const auto [at, fresh] = again_.try_emplace(node, node);
    if (fresh) at->second = script_.again(node).value_or(node);
    return at->second;
}

// The actors in mid-turn, and with them what they know by name.
std::uint32_t search::crew_of(std::span<const std::uint32_t> words) {
    std::array<std::uint32_t, story::actors_max> nodes{};
    std::size_t count = 0;
    for (std::size_t i = 1; i + 1 < width_; ++i)
        if (const auto node = node_of(words[i]); !script_.rests(node)) nodes[count++] = node;
    std::ranges::sort(std::span{nodes}.first(count));
    const auto crew = crews_.number({nodes.data(), count});
    if (crew == crew_pins_.size()) {
        crew_pins_.emplace_back();
        for (std::size_t i = 0; i < count; ++i) crew_pins_.back().merge(pins_of(nodes[i]));
    }
    return crew;
}

const pinned& search::pins_of(std::uint32_t node) {
    const auto [at, fresh] = pins_.try_emplace(node);
    if (!fresh) return at->second;
    auto& pins = at->second;
    const auto& form = story_.canonical();
    for (auto n = node; !script_.rests(n); n = script_.parent(n)) {
        const auto answered = script_.answer_at(n);
        const call& c = script_.asks(script_.parent(n));
        if (c.what == call::kind::fresh) {
            pins.blocks.emplace_back(answered, answered + id_blocks<stage>::block_ids);
        } else if (c.ranges()) {
            for (const auto& [key, value] : rows_in(text_[answered])) form.pin(key, value, pins);
        } else if (c.reads() && c.what != call::kind::snapshot) {
            form.pin(c.key,
                     answered == answer::absent ? std::nullopt : std::optional{text_[answered]},
                     pins);
        }
    }
    return pins;
}

std::uint32_t search::canonical(std::uint32_t world, std::uint32_t crew) {
    const auto found = canonical_.find(world, crew);
    if (found != index::none) return canonical_worlds_[found];
    auto w = worlds_[world];
    w.rows = rows_.number(story_.canonical().rename(rows{rows_, w.rows}, crew_pins_[crew]));
    const auto n = worlds_.number(w);
    canonical_.add(world, crew);
    canonical_worlds_.push_back(n);
    return n;
}

// Judges a state that is new, and says whether the search goes on.
bool search::judge(std::span<const std::uint32_t> words, std::uint32_t number) {
    const auto rows_number = worlds_.rows(words[0]);
    if (judged_rows_.size() <= rows_number) judged_rows_.resize(rows_number + 1);
    const bool rows_known = judged_rows_[rows_number];
    judged_rows_[rows_number] = true;
    const bool resting = at_rest(words) && !waits(words);
    if (scope_.keep_restful && resting) {
        const auto kept =
            story_.canonical() ? worlds_.rows(canonical(words[0], crew_of(words))) : rows_number;
        if (restful_.size() <= kept) restful_.resize(kept + 1);
        restful_[kept] = true;
    }
    std::optional<moment> now;
    std::array<std::string_view, story::actors_max> answers;
    for (std::size_t i = 0; i < story_.properties().size(); ++i) {
        const auto& p = story_.properties()[i];
        if (!p.of_moment || (p.rows_only && rows_known && p.what != property::kind::recoverable))
            continue;
        if (p.what == property::kind::sometimes && seen_[i]) continue;
        if (!now) {
            for (std::size_t a = 0; a < story_.roles().size(); ++a) {
                const auto node = node_of(words[a + 1]);
                answers[a] = script_.rests(node) ? script_.last_answer(node) : std::string_view{};
            }
            now.emplace(rows{rows_, rows_number},
                        timestamp{static_cast<std::int64_t>(worlds_[words[0]].ticks) *
                                  story_.tick().count()},
                        std::span{answers.data(), story_.roles().size()}, resting,
                        text_[worlds_[words[0]].disk]);
        }
        auto wrong = p.of_moment(*now);
        if (p.what == property::kind::sometimes) {
            if (wrong.empty()) seen_[i] = true;
        } else if (p.what == property::kind::recoverable) {
            if (wrong.empty()) clean_[p.name].push_back(number);
        } else if (!wrong.empty() && !violated_.contains(p.name)) {
            violated_.insert(p.name);
            found_.push_back({p.name, std::move(wrong), number, no_step});
            if (scope_.stop_at_violation) return false;
        }
    }
    return true;
}

// As a bell: what the logarithm of a level's size gains from one to the next falls by about as much
// each time.
double growth::expected() const {
    constexpr std::size_t seen = 4;  // levels that the fall is taken from
    if (levels_.size() < seen) return 0;
    const auto gain = [&](std::size_t back) {
        return std::log(levels_[levels_.size() - back] / levels_[levels_.size() - back - 1]);
    };
    const auto fall = (gain(1) - gain(seen - 1)) / (seen - 2);
    if (fall >= 0) return 0;
    auto all = std::accumulate(levels_.begin(), levels_.end(), 0.0);
    auto size = levels_.back();
    for (auto g = gain(1) + fall; size >= 1; g += fall) all += size *= std::exp(g);
    return all;
}

so_far search::come_so_far() const {
    return {states_.size(), transitions_, depth_, growth_.expected()};
}

// All steps from the state, none taken yet. False if there is something to learn first.
bool search::look_ahead(std::uint32_t from) {
    std::array<std::uint32_t, states::width_max> here{}, there{};
    const auto words = std::span{here}.first(width_), after = std::span{there}.first(width_);
    states_.words(from, words);
    for (std::size_t actor = 0; actor <= story_.roles().size(); ++actor) {
        const auto ways = outcomes(words, actor);
        if (scope_.keep_witnesses)
            for (auto& o : steps_.newly_found()) sights_.push_back({std::move(o), from, actor});
        if (!steps_.lost().empty() || (steps_.uses_blocks() && !blocks_)) return false;
        for (const auto& o : ways) {
            if (!affords(words, o)) continue;
            there = here;
            apply(after, actor, o);
            canonicalise(after);
            ahead_.push_back({from, states_.folded(after), o.complaint});
        }
    }
    return true;
}

// Takes one, and says whether the search goes on.
bool search::take(const step& s) {
    ++transitions_;
    if (scope_.progress && transitions_ % told_every == 0) scope_.progress(come_so_far());
    auto to = states_.find(s.to, s.guess);
    const bool fresh = to == index::none;
    if (fresh) {
        to = states_.add(s.to);
        lineage_.child(s.from);
    }
    if (keeps_edges_) edges_.push_back({s.from, to});
    bool on = s.complaint == no_complaint || complain(s.complaint, s.from, to);
    if (fresh && on) {
        std::array<std::uint32_t, states::width_max> words{};
        states_.words(to, std::span{words}.first(width_));
        on = judge(std::span{words}.first(width_), to);
    }
    return on;
}

void search::run() {
    // So many states are looked ahead from at once that memory answers for one while others ask.
    constexpr std::uint32_t at_once = 32;
    auto words = first();
    canonicalise(words);
    states_.add(states_.folded(words));
    bool on = judge(words, 0);
    for (std::uint32_t from = 0, level_end = 1; on && from < states_.size();) {
        if (from == level_end) {
            growth_.level(states_.size() - level_end);
            level_end = states_.size();
            ++depth_;
        }
        ahead_.clear();
        for (const auto end = std::min(from + at_once, level_end); from < end; ++from)
            if (!look_ahead(from)) return;
        for (auto& s : ahead_) s.guess = states_.guess(s.to);
        for (auto s = ahead_.begin(); on && s != ahead_.end(); ++s) on = take(*s);
        if (states_.size() > scope_.states_max) return;
    }
    if (scope_.progress) scope_.progress(come_so_far());
    complete_ = on && script_.nondeterministic().empty();
    if (!steps_.believes_still()) return;
    if (complete_ && keeps_edges_) recover();
}

bool search::complain(std::uint32_t complaint, std::uint32_t from, std::uint32_t to) {
    const auto& [property, words] = steps_.complaints()[complaint];
    if (!violated_.insert(property).second) return true;
    found_.push_back({property, words, to, from});
    return !scope_.stop_at_violation;
}

// Backwards from the clean states: who is not met can never become clean.
void search::recover() {
    for (const auto& p : story_.properties()) {
        if (p.what != property::kind::recoverable) continue;
        std::vector<bool> can(states_.size());
        for (const auto n : clean_[p.name]) can[n] = true;
        for (bool more = true; more;) {
            more = false;
            for (auto n = edges_.size(); n-- > 0;) {
                const auto [from, to] = edges_[n];
                if (can[to] && !can[from]) more = can[from] = true;
            }
        }
        const auto stuck = std::ranges::find(can, false);
        if (stuck == can.end()) continue;
        found_.push_back({p.name, "from here no such state can be reached",
                          static_cast<std::uint32_t>(stuck - can.begin()), no_step});
    }
}

report search::told() {
    report r;
    r.story = story_.name();
    for (const auto& role : story_.roles()) r.actors.push_back(role.name);
    r.states = states_.size();
    r.transitions = transitions_;
    r.depth = depth_;
    r.worlds = worlds_.size();
    r.logs = script_.size();
    r.runs = script_.runs();
    r.replayed = script_.replayed();
    r.complete = complete_;
    r.failed = !steps_.lost().empty() ? steps_.lost() : script_.nondeterministic();
    r.guards = steps_.guards();  // as the search has met them: telling takes steps, too
    for (const auto& f : found_) r.violations.push_back(tell(f));
    for (std::size_t i = 0; i < seen_.size(); ++i)
        if (!seen_[i] && complete_) r.never.push_back(story_.properties()[i].name);
    r.unvalidated = steps_.unvalidated();
    for (const auto& [operation, key] : r.unvalidated) r.spelled[key] = story_.spelled(key);
    for (const auto& s : sights_) {
        auto& of = r.guards.at({s.what.operation, s.what.guard});
        (s.what.held ? of.held_by : of.failed_by) = witness(s);
    }
    r.ways = steps_.ways();
    for (std::uint32_t n = 0; n < restful_.size(); ++n)
        if (restful_[n]) r.restful.insert(rows_.all(n));
    return r;
}

}  // namespace casement::check::detail
