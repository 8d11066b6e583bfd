#include "support/property.hpp"

namespace casement::testing {

void check_law(const std::string& name, const std::function<void()>& holds) {
    EXPECT_TRUE(rc::check(name, holds)) << "falsified: " << name;
}

}  // namespace casement::testing
