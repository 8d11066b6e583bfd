#include <casement/engine/opener.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <casement/kv/memory.hpp>

namespace casement::engine::opener_test {
namespace {

TEST(opener, takes_the_addresses_of_its_scheme) {
    std::vector<std::string> asked;
    const auto noting = [&](std::string scheme) {
        return opener{scheme, [&asked](std::string_view address, bool create) -> result<any_store> {
                          asked.push_back(std::string{address} + (create ? " new" : ""));
                          return any_store{memory_store{}};
                      }};
    };
    const std::vector<opener> known{noting("a"), noting("b")};
    EXPECT_TRUE(open_at(known, "b://x", false));
    EXPECT_TRUE(open_at(known, "a://y/z", true));
    EXPECT_EQ(asked, (std::vector<std::string>{"b://x", "a://y/z new"}));
    EXPECT_EQ(open_at(known, "c://x", false).error().code(), errc::unsupported);
    EXPECT_EQ(open_at({}, "a://x", false).error().code(), errc::unsupported);
    for (const auto* no : {"", "a", "a:/x", "://x", "/a/b"})
        EXPECT_EQ(open_at(known, no, false).error().code(), errc::illegal) << no;
}

}  // namespace
}  // namespace casement::engine::opener_test
