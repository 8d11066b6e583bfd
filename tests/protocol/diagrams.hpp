#pragma once
// The drawing of each protocol as it stands in a Markdown page, between the two comments by which
// the tests find it again.

#include <string>
#include <string_view>

#include <boost/hana/for_each.hpp>
#include <boost/hana/tuple.hpp>

#include <casement/machine/draw.hpp>
#include <casement/protocol/blob.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/directory.hpp>
#include <casement/protocol/file.hpp>
#include <casement/protocol/lease.hpp>
#include <casement/protocol/staging.hpp>

namespace casement::testing {

inline constexpr auto all_protocols =
    hana::tuple_t<protocol::dentry, protocol::file, protocol::lease, protocol::directory,
                  protocol::staging, protocol::blob>;

inline std::string opening_of(std::string_view machine) {
    return "<!-- diagram: " + std::string{machine} + " -->\n";
}
inline constexpr std::string_view closing = "<!-- /diagram -->\n";

/// Markers, fence and diagram; empty if no protocol has this name.
inline std::string block_of(std::string_view machine) {
    std::string block;
    hana::for_each(all_protocols, [&](auto which) {
        using M = typename decltype(which)::type;
        if (machine_name<M>() == machine)
            block = opening_of(machine) + "```mermaid\n" + mermaid<M>() + "```\n" +
                    std::string{closing};
    });
    return block;
}

}  // namespace casement::testing
