#!/usr/bin/env python3
"""Races that peers had, put back into the code by hand, are found by exploring every story, without
anyone naming them: races_test.py COMPILER LIBRARIES... SCRATCH (SPEC F4a, F4c, F4d).

Each race is a change of the headers as somebody might make it; the stories are built over the
changed headers and told. The tree itself is never touched. Without arguments: only whether the
headers still have what the races change."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPILER, *LIBRARIES, SCRATCH = sys.argv[1:] or ["", ""]

RACES = {
    # The commonest bug of the field: the commit reads what it then "expects".
    "the expected value is read again in the commit": (
        "change.hpp",
        't.expect(old.row(), "the name points to what was seen");\n'
        "    gone->write(t, old.key());\n"
        "    if (const auto* node = file_in(*old))",
        "if (auto again = read<entry>(me.rows(), old.key()); again && again->exists())\n"
        '        t.expect(*again, "the name points to what was seen");\n'
        "    gone->write(t, old.key());\n"
        "    if (const auto* node = file_in(*old))"),
    "a rename that does not look at ancestors": (
        "rename.hpp", 't.expect(b, "the destination\'s ancestors are in place");', "(void)b;"),
    # A late finalizer writes at a place that the file has left.
    "a finalizer that does not look whether the file is as it was prepared": (
        "finalize.hpp", 't.expect(prepared.file(), "the file is as it was prepared");', ""),
    # Race 13: the entry and the base of two moments.
    "a look-up that does not ask whether the directory is as it was seen": (
        "look_up.hpp", "if (kv.unchanged(dir.head().key_bytes(), dir.head().at())) return found;",
        "return found;"),
    "a collector that does not look a second time whether nobody was in a hurry": (
        "collect.hpp", "if (turns_of(*now) != looking) return fail(", "if (false) return fail("),
    "a removal that only looks whether the directory is empty": (
        "change.hpp", 't.expect(dir.rev(), "the directory is still empty");', ""),
}

DRIVER = """
#include <iostream>
#include <casement/check/explore.hpp>
#include "stories.hpp"
int main() {
    int violated = 0;
    for (const auto& s : casement::models::situations()) {
        if (s.breaks) continue;
        const auto r = casement::check::explore(s.tell({}));
        if (r.holds()) continue;
        std::cout << r;
        ++violated;
    }
    return violated == 0 ? 0 : 1;
}
"""


def told(headers, scratch):
    """The stories' verdict over these headers: the exit code and what was printed."""
    driver = scratch / "driver.cpp"
    driver.write_text(DRIVER)
    sources = sorted(p for p in (ROOT / "models").glob("*.cpp")
                     if p.name != "matrix.cpp" and not p.name.endswith("_test.cpp"))
    subprocess.run([COMPILER, "-std=c++23", "-O1", f"-I{headers}", f"-I{ROOT / 'models'}",
                    f"-I{ROOT / 'tests'}", str(driver), *map(str, sources), *LIBRARIES, "-o",
                    str(scratch / "driver")], check=True)
    done = subprocess.run([str(scratch / "driver")], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def put_back(race, include):
    """Changes its header below `include`."""
    header, right, wrong = RACES[race]
    file = include / "casement" / "tree" / header
    text = file.read_text()
    if text.count(right) != 1:
        raise AssertionError(f"{header} has moved on: put back by hand: {race}")
    file.write_text(text.replace(right, wrong))


def told_with(race):
    scratch = pathlib.Path(SCRATCH) / str(list(RACES).index(race))
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(ROOT / "include", scratch / "include")
    put_back(race, scratch / "include")
    return told(scratch / "include", scratch)


class TheHeaders(unittest.TestCase):
    def test_have_what_each_race_changes(self):
        for race in RACES:
            with self.subTest(race), tempfile.TemporaryDirectory() as scratch:
                include = pathlib.Path(scratch) / "include"
                shutil.copytree(ROOT / "include", include)
                put_back(race, include)


@unittest.skipUnless(COMPILER, "no compiler is given")
class Races(unittest.TestCase):
    def test_each_is_found(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as many:
            stories = dict(zip(RACES, many.map(told_with, RACES)))
        for race, (code, out) in stories.items():
            with self.subTest(race):
                self.assertEqual(code, 1, out)
                self.assertIn("violated", out)

    def test_the_code_as_it_ships_has_none(self):
        scratch = pathlib.Path(SCRATCH) / "as_it_ships"
        scratch.mkdir(parents=True, exist_ok=True)
        self.assertEqual(told(ROOT / "include", scratch), (0, ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
