#pragma once
// A RapidCheck property as a GoogleTest assertion: a counterexample fails the test and prints its
// seed, so that RC_PARAMS="reproduce=..." runs it again.

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace casement::testing {

/// EXPECTs that `law` holds for all that RapidCheck generates.
template <class F>
void law(const std::string& name, F&& holds) {
    EXPECT_TRUE(rc::check(name, std::forward<F>(holds))) << "falsified: " << name;
}

}  // namespace casement::testing
