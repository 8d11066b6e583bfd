#pragma once
// A walk through all that a directory of a store shows, in the order of its names and one step at a
// time; a directory is met twice, before and after what is in it. One thread.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <range/v3/range/access.hpp>

#include <casement/core/error.hpp>
#include <casement/tree/list.hpp>
#include <casement/vault.hpp>

namespace casement::command {

class store_walk {
public:
    enum class step : std::uint8_t { enter, name, leave, end };

    /// REQUIRES: `top` is a directory, and the vault outlives the walk
    store_walk(const vault& v, tree::entry top) : vault_{v}, entry_{std::move(top)} {}

    /// The first step enters the top, the last but one leaves it.
    [[nodiscard]] result<step> next() {
        if (std::exchange(begun_, true) == false) return last_ = step::enter;
        if (last_ == step::enter)
            if (auto inside = descend(); !inside) return passed(inside);
        if (last_ == step::leave) ascend();
        if (levels_.empty()) return last_ = step::end;
        return on();
    }

    /// After `enter`: goes on behind the directory, and does not leave it.
    void pass_by() {
        if (levels_.empty()) return void(last_ = step::end);
        last_ = step::name;
        cut_path();
    }

    /// Below the top, which is "".
    [[nodiscard]] const std::string& path() const { return path_; }
    /// The last of its names.
    [[nodiscard]] std::string name() const { return path_.substr(path_.rfind('/') + 1); }
    /// After `enter` and `name`.
    [[nodiscard]] const tree::entry& entry() const { return entry_; }

private:
    using names_type = tree::listing<vault::rows_type>;
    struct level {
        explicit level(names_type n, std::size_t path)
            : names{std::move(n)}, at{ranges::begin(names)}, path_bytes{path} {}
        names_type names;
        ranges::iterator_t<names_type> at;
        std::size_t path_bytes;  // of the directory
    };

    result<void> descend() {
        auto names = tree::list(vault_.rows(), entry_);
        if (!names) return passed(names);
        levels_.emplace_back(*std::move(names), path_.size());
        return {};
    }
    void ascend() {
        levels_.pop_back();
        if (!levels_.empty()) cut_path();
    }
    void cut_path() { path_.resize(levels_.back().path_bytes); }

    result<step> on() {
        auto& here = levels_.back();
        path_.resize(here.path_bytes);
        if (here.at == ranges::end(here.names)) {
            if (auto good = here.names.status(); !good) return passed(good);
            return last_ = step::leave;
        }
        const auto& listed = *here.at;
        auto row = listed.row();
        if (!row) return passed(row);
        if (!path_.empty()) path_ += '/';
        path_ += listed.name();
        entry_ = *std::move(row);
        ++here.at;
        return last_ = tree::is_directory(entry_) ? step::enter : step::name;
    }

    const vault& vault_;
    tree::entry entry_;
    std::string path_;
    std::vector<level> levels_;
    step last_ = step::end;
    bool begun_ = false;
};

}  // namespace casement::command
