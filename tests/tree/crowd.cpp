#include "tree/crowd.hpp"

#include <sstream>

#include <casement/engine/leveldb.hpp>

#include "tree/crowd_work.hpp"

namespace casement::testing {

void ledger::happened(const change& c, std::uint64_t node) {
    if (c.takes != 0) taken_.insert(c.takes);
    if (const auto made = c.makes != 0 ? c.makes : node; made != 0) made_.insert(made);
}

void ledger::add(const std::string& line) {
    std::istringstream in{line};
    std::string word;
    std::uint64_t op = 0, node = 0;
    change c;
    int what = 0;
    in >> word;
    if (word == "try") {
        in >> c.name.era >> c.name.id.value >> what >> c.takes >> c.makes;
        c.what = static_cast<tree::change_kind>(what);
        open_[c.name.id.value] = c;
        return;
    }
    in >> op >> node;
    if (word == "did") happened(open_.at(op), node);
    open_.erase(op);
}

template crowd_report crowd(engine::leveldb_store&, int, const std::function<bool()>&, const tell&);
template std::size_t ledger::settle(engine::leveldb_store&);
template std::string ledger::differences(const engine::leveldb_store&) const;

}  // namespace casement::testing
