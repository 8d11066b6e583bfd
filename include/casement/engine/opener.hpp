#pragma once
// How a store finds rows that are not its own files: by an address, which says who opens it. A
// value; what it opens is any_store's.

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <casement/core/error.hpp>
#include <casement/engine/any_store.hpp>

namespace casement::engine {

/// Opens rows at addresses that begin with its scheme: "etcd" takes "etcd://host:port/prefix".
struct opener {
    std::string scheme;
    /// `create`: they are to be made if nothing is there.
    std::function<result<any_store>(std::string_view address, bool create)> open;
};

/// By the first that knows the scheme. `unsupported` if none does, `illegal` if it is no address.
[[nodiscard]] inline result<any_store> open_at(std::span<const opener> known,
                                               std::string_view address, bool create) {
    const auto scheme = address.substr(0, address.find("://"));
    if (scheme.size() == address.size() || scheme.empty())
        return fail(errc::illegal, "open rows", std::string{address}, "no engine://address");
    const auto by = std::ranges::find(known, scheme, &opener::scheme);
    if (by == known.end())
        return fail(errc::unsupported, "open rows", std::string{address},
                    "this program has no engine '" + printable(scheme) + "'");
    return by->open(address, create);
}

}  // namespace casement::engine
