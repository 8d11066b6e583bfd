#pragma once
// Where an etcd store is, in one line: "etcd://host:port,host:port/prefix". Who calls, and with
// what certificate, stands elsewhere: an address may be shown. Pure.

#include <string_view>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/engine/etcd.hpp>
#include <casement/engine/opener.hpp>

namespace casement::engine {

/// Endpoints and prefix of the address, all else as in `options`. `illegal` if it is none.
[[nodiscard]] inline result<etcd_options> etcd_at(std::string_view address, etcd_options options) {
    constexpr std::string_view scheme = "etcd://";
    const auto no = [&](std::string_view why) {
        return fail(errc::illegal, "read address", std::string{address}, std::string{why});
    };
    if (!address.starts_with(scheme)) return no("it does not begin with etcd://");
    auto rest = address.substr(scheme.size());
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos || slash + 1 == rest.size()) return no("it has no /prefix");
    options.prefix = rest.substr(slash + 1);
    if (options.prefix.find('\0') != std::string::npos) return no("its prefix has a zero byte");
    rest = rest.substr(0, slash);
    options.endpoints.clear();
    for (bool more = true; more;) {
        const auto comma = rest.find(',');
        const auto one = rest.substr(0, comma);
        const auto colon = one.rfind(':');
        if (colon == std::string_view::npos || colon == 0 || colon + 1 == one.size())
            return no("an endpoint is no host:port");
        options.endpoints.emplace_back(one);
        more = comma != std::string_view::npos;
        if (more) rest.remove_prefix(comma + 1);
    }
    return options;
}

/// Opens such addresses; `options` says all that they do not.
[[nodiscard]] inline opener etcd_opener(etcd_options options = {}) {
    return {
        "etcd",
        [options = std::move(options)](std::string_view address, bool create) -> result<any_store> {
            auto where = etcd_at(address, options);
            if (!where) return passed(where);
            where->create = create;
            auto kv = etcd_store::open(*where);
            if (!kv) return passed(kv);
            return any_store{*std::move(kv)};
        }};
}

}  // namespace casement::engine
