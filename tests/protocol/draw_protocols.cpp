// `draw_protocols dentry file lease` prints their drawings, ready to be pasted into a page.

#include <cstdio>

#include "diagrams.hpp"

int main(int count, char** words) {
    if (count < 2) {
        std::fputs("usage: draw_protocols dentry|file|lease|directory|staging|blob ...\n", stderr);
        return 2;
    }
    for (int i = 1; i < count; ++i) {
        const auto block = casement::testing::block_of(words[i]);
        if (block.empty()) {
            std::fprintf(stderr, "draw_protocols: no protocol is called '%s'\n", words[i]);
            return 1;
        }
        std::fputs(block.c_str(), stdout);
    }
}
