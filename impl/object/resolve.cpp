#include <casement/object/resolve.hpp>

namespace casement::object::detail {

std::string path_walk::step() {
    const auto from = std::min(left.find_first_not_of('/'), left.size());
    const auto to = std::min(left.find('/', from), left.size());
    std::string name = left.substr(from, to - from);
    left.erase(0, to);
    return name;
}

result<void> path_walk::follow(const symlink& link, unsigned limit) {
    if (symlinks == limit)
        return fail(errc::loop, "follow link", link.path,
                    "more than " + std::to_string(limit) + " links");
    ++symlinks;
    left.insert(0, link.path);  // what is left is empty or begins with a slash
    return {};
}

}  // namespace casement::object::detail
