#include <casement/machine/draw.hpp>

#include <gtest/gtest.h>

#include "machine/door.hpp"

namespace casement::testing::draw_test {
namespace {

TEST(Draw, Mermaid) {
    EXPECT_EQ(mermaid<door>(), R"(stateDiagram-v2
    [*] --> closed
    ajar --> closed : push
    closed --> ajar : pull
    closed --> locked : turn
    closed --> bricked : brick
    locked --> closed : open [key, owner]
    locked --> ajar : force
    bricked --> [*]
)");
}

TEST(Draw, Dot) {
    EXPECT_EQ(dot<door>(), R"(digraph door {
    "" [shape=point];
    bricked [peripheries=2];
    "" -> closed;
    ajar -> closed [label="push"];
    closed -> ajar [label="pull"];
    closed -> locked [label="turn"];
    closed -> bricked [label="brick"];
    locked -> closed [label="open [key, owner]"];
    locked -> ajar [label="force"];
}
)");
}

struct lamp {
    static constexpr auto states = hana::tuple_t<closed, ajar>;
    static constexpr auto events = hana::tuple_t<push, pull>;

    constexpr ajar operator()(closed, push) const { return {}; }
    constexpr ajar operator()(closed, pull) const { return {}; }
    constexpr closed operator()(ajar, push) const { return {}; }
};

TEST(Draw, EdgesBetweenTheSameStatesShareAnArrow) {
    EXPECT_EQ(mermaid<lamp>(), R"(stateDiagram-v2
    [*] --> closed
    closed --> ajar : push, pull
    ajar --> closed : push
)");
}

TEST(Draw, AProcessForSpin) {
    EXPECT_EQ(promela<lamp>(), R"(byte at = 0;

active proctype lamp() {
    goto in_closed;
in_closed:
    if
    :: at = 1 -> goto in_ajar /* push */
    :: at = 1 -> goto in_ajar /* pull */
    fi;
in_ajar:
    if
    :: at = 0 -> goto in_closed /* push */
    fi;
}
)");
    const auto drawn = promela<door>();
    EXPECT_NE(drawn.find("end_bricked:\n    false;\n"), std::string::npos) << drawn;
    EXPECT_NE(drawn.find(" -> goto in_closed /* open [key, owner] */\n"), std::string::npos)
        << drawn;
}

}  // namespace
}  // namespace casement::testing::draw_test
