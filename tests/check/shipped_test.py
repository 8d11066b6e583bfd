#!/usr/bin/env python3
"""The operations that the explorer runs are the ones that ship: compiled where the whole of check/
is seen, they are instruction for instruction what they are where it is not (-O0: what is inlined
where depends on all that a file has). Then a header is given a switch, and the difference must be
seen.

    shipped_test.py COMPILER INCLUDE DIRECTORY"""

import hashlib
import pathlib
import re
import subprocess
import sys
import unittest

COMPILER = sys.argv[1]
INCLUDE, HERE = (pathlib.Path(word).resolve() for word in sys.argv[2:4])
SOURCE = pathlib.Path(__file__).with_name("shipped.cpp")
# What depends on where the compiler has put its constants and not on the code.
PLACE = re.compile(r"\.L\w+|\.rodata[\w.]*(\+0x[0-9a-f]+)?|<[^>]*>|[0-9a-f]+:\s")


def functions(name, *options):
    """A digest of the instructions of each function of the trees, by its name."""
    out = HERE / name
    subprocess.run([COMPILER, *options, f"-I{INCLUDE}", "-std=c++23", "-O0", "-ffunction-sections",
                    "-w", "-c", str(SOURCE), "-o", str(out)], check=True)
    code = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", str(out)], check=True,
                          capture_output=True, text=True).stdout
    found, now = {}, None
    for line in code.splitlines():
        if heading := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            now = found.setdefault(heading[1], hashlib.sha256())
        elif now is not None and not line.startswith("Disassembly"):
            now.update(PLACE.sub("", line).strip().encode() + b"\n")
    return {name: body.hexdigest() for name, body in found.items() if "casement4tree" in name}


def different(one, other):
    return [name for name in one if other.get(name) != one[name]]


class Shipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        HERE.mkdir(parents=True, exist_ok=True)
        cls.alone = functions("alone.o")

    def test_the_explorer_changes_no_instruction(self):
        self.assertGreater(len(self.alone), 20)
        every = sorted((INCLUDE / "casement/check").glob("*.hpp"))
        self.assertTrue(every)
        beside = functions("beside.o", *(f"-include{path}" for path in every))
        self.assertEqual(different(self.alone, beside), [])

    def test_a_switch_is_seen(self):
        header = HERE / "switched/casement/tree/tokens.hpp"
        header.parent.mkdir(parents=True, exist_ok=True)
        text = (INCLUDE / "casement/tree/tokens.hpp").read_text()
        guard, begins = "t.expect(parent_.head(),", "namespace casement::tree {"
        self.assertIn(guard, text)
        self.assertIn(begins, text)
        header.write_text(text.replace(guard, "if (!forgets) " + guard)
                          .replace(begins, begins + "\ninline bool forgets = false;", 1))
        switched = functions("switched.o", f"-I{HERE / 'switched'}")
        self.assertNotEqual(different(self.alone, switched), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
