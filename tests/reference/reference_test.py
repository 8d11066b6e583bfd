#!/usr/bin/env python3
"""The reference is made of our headers without a complaint, and of others with one for each of
their faults: reference_test.py ROOT SCRATCH DOXYGEN"""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT, SCRATCH, DOXYGEN = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
GOOD = """#pragma once
// A box that holds a number, for whoever wants one. One thread.

#include <concepts>

namespace casement {

template <class T>
class planted {
public:
    explicit planted(T n) : n_{n} {}
    T n() const { return n_; }

private:
    T n_;
};

/// Whether a `planted` can hold it. REQUIRES: nothing
template <class T>
concept plantable = std::integral<T>;

inline constexpr int planted_max = 9;  // of them, by day,
                                       // and by night

/// What it grows in.
enum class soil { sand, clay };

/// Puts so many \\ref casement::planted into the ground.
void plant(int n);
void plant(long n);

/// What a specialisation is.
template <class T>
inline constexpr bool grows = false;
template <>
inline constexpr bool grows<int> = true;

namespace detail {
void unseen();
}

}  // namespace casement

template <>
struct std::hash<casement::planted<int>> {};
"""


def reference_of(root, name):
    done = subprocess.run(
        [sys.executable, "-B", ROOT / "impl/cmake/reference.py", root, SCRATCH / name, DOXYGEN],
        capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Reference(unittest.TestCase):
    def planted(self, header):
        """What is said of a tree that has nothing but that header."""
        root = SCRATCH / "root"
        file = root / "include/casement/planted.hpp"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(header)
        (root / "README.md").write_text("# Planted\n")
        return reference_of(root, "planted")

    def complains(self, before, after, complaint):
        self.assertIn(before, GOOD)
        code, told = self.planted(GOOD.replace(before, after))
        self.assertEqual(code, 1, told)
        for line in told.splitlines():
            self.assertRegex(line, complaint)

    def test_our_headers_are_documented(self):
        self.assertEqual(reference_of(ROOT, "ours"), (0, ""))
        page = (SCRATCH / "ours/html/index.html").read_text()
        self.assertIn("A header-heavy C++23 toolkit", page)

    def test_what_is_documented_is_read(self):
        self.assertEqual(self.planted(GOOD), (0, ""))
        pages = SCRATCH / "planted/html"
        page = re.sub(r"<[^>]+>", "", (pages / "classcasement_1_1planted.html").read_text())
        self.assertIn("A box that holds a number, for whoever wants one.", page)
        page = re.sub(r"<[^>]+>", "", (pages / "planted_8hpp.html").read_text())
        self.assertIn("of them, by day, and by night", page)

    def test_a_line_is_where_it_was(self):
        number = GOOD.splitlines().index("void plant(int n);") + 1
        self.complains("/// Puts so many \\ref casement::planted into the ground.\n", "\n",
                       f"/root/include/casement/planted.hpp:({number}|{number + 1}): function")

    def test_a_header_says_what_it_is(self):
        code, told = self.planted("#pragma once\n\nnamespace casement {}\n")
        self.assertEqual(code, 1)
        self.assertRegex(told, "file planted.hpp is not documented")

    def test_a_class_does(self):
        self.complains("namespace detail {", "class other {};\n\nnamespace detail {",
                       "class casement::other is not documented")

    def test_a_concept_does(self):
        self.complains("/// Whether a `planted` can hold it. REQUIRES: nothing\n", "",
                       "concept casement::plantable is not documented")

    def test_a_constant_does(self):
        behind = GOOD.partition("planted_max = 9;")[2].partition("\n\n")[0]
        self.complains(behind, "", "variable casement::planted_max is not documented")

    def test_an_enumeration_does(self):
        self.complains("/// What it grows in.\n", "",
                       "enum casement::soil is not documented")

    def test_what_is_referred_to_is_there(self):
        self.complains("\\ref casement::planted ", "\\ref casement::uprooted ",
                       "unable to resolve reference to 'casement::uprooted'")


if __name__ == "__main__":
    shutil.rmtree(SCRATCH, ignore_errors=True)
    unittest.main(argv=sys.argv[:1])
