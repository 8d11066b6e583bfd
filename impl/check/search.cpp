#include <algorithm>
#include <array>
#include <bit>

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
      width_{of.roles().size() + 2} {
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

fingerprint search::print_of(std::span<const std::uint32_t> words) {
    std::uint64_t a = odd_2, b = odd_4;
    for (const auto w : words) {
        a = mixed(a ^ w, odd_1);
        b = mixed(b + w, odd_3);
    }
    return {mixed(a, odd_3 ^ b), mixed(b, odd_1 ^ a)};
}

std::uint32_t search::number(const fingerprint& f) const {
    return index_.find(f.low, [&](std::uint32_t n) { return prints_[n] == f; });
}

std::uint32_t search::add(const fingerprint& f, std::uint32_t parent) {
    prints_.push_back(f);
    parents_.push_back(parent);
    const auto n = static_cast<std::uint32_t>(prints_.size() - 1);
    index_.insert(f.low, n);
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

void search::run() {
    auto words = first();
    canonicalise(words);
    std::vector<std::uint32_t> level = words, next;
    std::uint32_t level_begin = add(print_of(words), index::none);
    bool on = judge(words, 0);
    std::vector<std::uint32_t> after(width_);
    while (on && !level.empty() && steps_.lost().empty()) {
        next.clear();
        for (std::size_t at = 0; on && at < level.size(); at += width_) {
            const std::span<const std::uint32_t> state{level.data() + at, width_};
            const auto from = level_begin + static_cast<std::uint32_t>(at / width_);
            for (std::size_t actor = 0; on && actor <= story_.roles().size(); ++actor) {
                const auto ways = outcomes(state, actor);
                if (!steps_.lost().empty() || (steps_.uses_blocks() && !blocks_)) return;
                for (const auto& o : ways) {
                    if (!on) break;
                    if (!affords(state, o)) continue;
                    std::ranges::copy(state, after.begin());
                    apply(after, actor, o);
                    canonicalise(after);
                    ++transitions_;
                    if (scope_.progress && transitions_ % told_every == 0)
                        scope_.progress(prints_.size(), transitions_, depth_);
                    const auto print = print_of(after);
                    auto to = number(print);
                    const bool fresh = to == index::none;
                    if (fresh) {
                        to = add(print, from);
                        next.insert(next.end(), after.begin(), after.end());
                    }
                    if (keeps_edges_) edges_.emplace_back(from, to);
                    if (o.complaint != no_complaint) on = complain(o.complaint, from, to);
                    if (fresh && on) on = judge(after, to);
                }
            }
            if (prints_.size() > scope_.states_max) return;
        }
        level_begin += static_cast<std::uint32_t>(level.size() / width_);
        std::swap(level, next);
        if (!level.empty()) ++depth_;
        if (scope_.progress) scope_.progress(prints_.size(), transitions_, depth_);
    }
    complete_ = level.empty() && steps_.lost().empty() && script_.nondeterministic().empty();
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
        std::vector<bool> can(prints_.size());
        for (const auto n : clean_[p.name]) can[n] = true;
        for (bool more = true; more;) {
            more = false;
            for (auto e = edges_.rbegin(); e != edges_.rend(); ++e)
                if (can[e->second] && !can[e->first]) more = can[e->first] = true;
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
    r.states = prints_.size();
    r.transitions = transitions_;
    r.depth = depth_;
    r.worlds = worlds_.size();
    r.logs = script_.size();
    r.runs = script_.runs();
    r.replayed = script_.replayed();
    r.complete = complete_;
    r.failed = !steps_.lost().empty() ? steps_.lost() : script_.nondeterministic();
    for (const auto& f : found_) r.violations.push_back(tell(f));
    for (std::size_t i = 0; i < seen_.size(); ++i)
        if (!seen_[i] && complete_) r.never.push_back(story_.properties()[i].name);
    r.unvalidated = steps_.unvalidated();
    for (const auto& [operation, key] : r.unvalidated) r.spelled[key] = story_.spelled(key);
    r.guards = steps_.guards();
    r.ways = steps_.ways();
    for (std::uint32_t n = 0; n < restful_.size(); ++n)
        if (restful_[n]) r.restful.insert(rows_.all(n));
    return r;
}

}  // namespace casement::check::detail
