#include <casement/check/rows.hpp>

#include "contents.hpp"

namespace casement::check {

std::size_t rows::size() const { return of_->size(which_); }
std::string_view rows::key(std::size_t at) const { return of_->key(which_, at); }
std::string_view rows::value(std::size_t at) const { return of_->value(which_, at); }

std::size_t rows::lower_bound(std::string_view key) const {
    std::size_t first = 0;
    for (auto count = size(); count > 0;) {
        const auto half = count / 2;
        if (this->key(first + half) < key) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

result<found> rows::get(std::string_view key) const {
    const auto at = lower_bound(key);
    if (at == size() || this->key(at) != key) return found{};
    return found{std::string{value(at)}, {}};
}

rows::cursor rows::scan(std::string_view first, std::string_view last) const {
    const auto begin = lower_bound(first);
    return {this, begin, last > first ? lower_bound(last) : begin};
}

}  // namespace casement::check
