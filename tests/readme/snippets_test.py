#!/usr/bin/env python3
"""What README shows of a file is what is in the file: snippets_test.py ROOT

A block of code below `<!-- from: PATH -->` is lines of that file, all of them from its first to its
last. tests/consumer holds what stands below `<!-- printed by: PROGRAM -->`."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv[1])
BLOCK = re.compile(r"^<!-- from: (\S+) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown(page):
    """(path, lines) of each block."""
    return [(path, block.splitlines()) for path, block in BLOCK.findall(page)]


def has(text, lines):
    whole = text.splitlines()
    return any(whole[i:i + len(lines)] == lines for i in range(len(whole) - len(lines) + 1))


def wrong(page, read):
    return [f"{path} has no such lines: {lines[0]}" for path, lines in shown(page)
            if not has(read(path), lines)]


FRAME = re.compile(r"#|//|using namespace|(\}  // )?namespace")  # how a file begins and ends


def left_out(page, path, text):
    """The lines of a file that is shown whole, but for its frame, which are not."""
    lines = {line for at, block in shown(page) if at == path for line in block}
    return [line for line in text.splitlines()
            if line and line not in lines and not FRAME.match(line)]


class Snippets(unittest.TestCase):
    page = (ROOT / "README.md").read_text()

    def test_each_is_in_its_file(self):
        self.assertEqual(wrong(self.page, lambda path: (ROOT / path).read_text()), [])

    def test_each_mark_is_of_a_block(self):
        self.assertEqual(len(shown(self.page)), self.page.count("<!-- from: "))

    def test_the_protocol_of_ones_own_is_shown_whole(self):
        path = "tests/consumer/job_queue.hpp"
        self.assertEqual(left_out(self.page, path, (ROOT / path).read_text()), [])

    def test_a_line_that_differs_is_seen(self):
        text = "a\nb\n    c\nd\n"
        page = "<!-- from: x -->\n```cpp\n{}\n```\n"
        for good in ("b\n    c", "a", text.strip()):
            self.assertEqual(wrong(page.format(good), {"x": text}.get), [])
        for bad in ("b\nc", "a\n    c", "b\n\n    c", "d\na", "e"):
            self.assertEqual(len(wrong(page.format(bad), {"x": text}.get)), 1, bad)
        self.assertEqual(left_out(page.format("a\nb"), "x", "#include\n" + text), ["    c", "d"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
