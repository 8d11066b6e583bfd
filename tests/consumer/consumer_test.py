#!/usr/bin/env python3
"""A protocol that is not ours, in one file that includes only Casement and the standard library, is
built against an installed tree and explored: consumer_test.py BUILD CMAKE COMPILER SCRATCH."""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD, CMAKE, COMPILER, SCRATCH = sys.argv[1:5]
LINES_MAX = 80


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Consumer(unittest.TestCase):
    def test_it_is_short_and_includes_nothing_else(self):
        text = (HERE / "job_queue.cpp").read_text()
        code = [line for line in text.splitlines() if line.strip()]
        self.assertLess(len(code), LINES_MAX)
        for header in re.findall(r"#include (\S+)", text):
            self.assertRegex(header, r"^<(casement/.*|[a-z_]+)>$")

    def test_it_is_built_from_the_installed_tree(self):
        scratch = pathlib.Path(SCRATCH)
        shutil.rmtree(scratch, ignore_errors=True)
        run(CMAKE, "--install", BUILD, "--prefix", str(scratch / "installed"))
        run(CMAKE, "-S", str(HERE / "project"), "-B", str(scratch / "build"), "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={scratch / 'installed'}", f"-DCMAKE_CXX_COMPILER={COMPILER}")
        run(CMAKE, "--build", str(scratch / "build"))
        told = run(str(scratch / "build" / "job_queue"))
        self.assertIn("a queue of one job: holds", told)
        self.assertIn("without the guard 'the lease is still mine'", told)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
