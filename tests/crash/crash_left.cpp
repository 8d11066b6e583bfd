// Whether a store keeps what was promised of it, after a life that ended somewhere: what is wrong
// with it is printed.
//
//     crash_left STORE LOG         0: nothing is wrong, 1: something is

#include <cstdio>

#include "crash/promises.hpp"
#include "crash/record.hpp"

int main(int count, char** words) {
    using namespace casement::testing;
    if (count != 3) return std::fputs("usage: crash_left STORE LOG\n", stderr), 2;
    promises told;
    for (const auto& r : records_in(words[2]))
        if (r.what != crash_record::called) told.note(r);
    const auto why = complaint_of(words[1], told);
    if (why.empty()) return 0;
    std::puts(why.c_str());
    return 1;
}
