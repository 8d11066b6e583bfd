#!/usr/bin/env python3
"""What Casement's machine is compiled to, beside the same machine as a switch by hand: not more
instructions, within 5 %. instructions_test.py INCLUDE SCRATCH COMPILER

Each count is of what a compiler makes at -O2 of one function and of all that it calls:
  own    what decides on a pair and takes its transition: the function, and what of it stands out of
         line, up to the calls that make a refusal;
  whole  and with the refusals: their words, their strings, their errors. What is external is not
         counted; both sides call the same.
Both sides give the same answers, errors included (peers_test.cpp). The switch by hand
knows its trade: it makes its refusals out of line, and asks a std::variant for its index."""

import pathlib
import re
import subprocess
import sys
import unittest

import synthetic

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE, SCRATCH, COMPILER = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
FLAGS = ("-std=c++23", "-O2", "-DNDEBUG", "-ffunction-sections", "-fdata-sections")
WITHIN = 1.05
STEPS = [f"step_{event}" for event in ("grant", "use", "renew", "close", "expire", "revoke")]
HOT, COLD = ".text.", ".text.unlikely."
PADDING = re.compile(r"\t(\w+ )*(nop[wl]?|int3|data16)\b|\txchg +%ax,%ax")


def told(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Program:
    """An object file as a graph: its sections, one a function or a table, and what each names."""

    def __init__(self, source):
        self.file = SCRATCH / f"{source.stem}.o"
        told(COMPILER, *FLAGS, "-I", INCLUDE, "-I", HERE, "-c", source, "-o", self.file)
        self.counts, self.names = {}, {}
        self.count()
        self.link()

    def count(self):
        for line in told("objdump", "-d", "-w", "--no-show-raw-insn", self.file).splitlines():
            if found := re.match(r"Disassembly of section (\S+):", line):
                section = found[1]
            elif re.match(r" +[0-9a-f]+:\t", line) and not PADDING.search(line):
                self.counts[section] = self.counts.get(section, 0) + 1

    def link(self):
        homes, section = {}, None
        for line in told("objdump", "-t", "-r", "-w", self.file).splitlines():
            if found := re.match(r"[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ (?:\.hidden )?(.+)$", line):
                homes[found[2]] = found[1]
            elif found := re.match(r"RELOCATION RECORDS FOR \[(.+)\]:", line):
                section = found[1]
            elif found := re.match(r"[0-9a-f]+ R_\S+ +(.+?)([+-]0x[0-9a-f]+)?$", line):
                self.names.setdefault(section, set()).add(homes.get(found[1], found[1]))

    def root(self, function):
        """The function's own section: those of what is local to it have longer names."""
        return min((s for s in self.counts if function in s and not s.startswith(COLD)), key=len)

    def reached(self, roots, refusals):
        """The sections that the functions lead to; those out of their way only if asked for."""
        ahead, seen = list(roots), set()
        while ahead:
            section = ahead.pop()
            if section in seen or section.startswith(COLD) and not refusals:
                continue
            seen.add(section)
            ahead.extend(self.names.get(section, ()))
        return seen | {COLD + s.removeprefix(HOT) for s in seen if s.startswith(HOT)}

    def instructions(self, *functions):
        """(own, whole) of functions, each named by a part of its mangled name."""
        roots = [self.root(function) for function in functions]
        return tuple(sum(self.counts.get(s, 0) for s in self.reached(roots, refusals))
                     for refusals in (False, True))


def lease(form, *functions):
    if form not in lease.made:
        lease.made[form] = Program(HERE / f"lease_by_{form}.cpp")
    return lease.made[form].instructions(*functions)


lease.made = {}


def square(form, side):
    source = SCRATCH / f"synthetic_by_{form}.cpp"
    source.write_text(getattr(synthetic, form)(side, side))
    return Program(source).instructions("apply_synthetic")


class Instructions(unittest.TestCase):
    def compare(self, what, ours, by_hand, judge):
        for kind, a, b in zip(("own", "whole"), ours, by_hand):
            print(f"{what}, {kind}: {a}, by hand {b}: {a / b:.3f}")
            with self.subTest(what, kind=kind):
                judge(a, WITHIN * b)

    def test_apply_is_the_switch_by_hand(self):
        self.compare("apply lease", lease("casement", "apply_lease"),
                     lease("switch", "apply_lease"), self.assertLessEqual)

    def test_step_is_the_function_by_hand(self):
        self.compare("step lease", lease("casement", *STEPS), lease("switch", *STEPS),
                     self.assertLessEqual)

    def test_it_stays_so_for_sixteen_states_and_sixteen_events(self):
        self.compare("apply 16 x 16", square("casement", 16), square("switch", 16),
                     self.assertLessEqual)

    def test_what_goes_by_tables_of_functions_is_more(self):
        self.compare("std::visit lease", lease("visit", "apply_lease")[:1],
                     lease("switch", "apply_lease"), self.assertGreater)


if __name__ == "__main__":
    SCRATCH.mkdir(parents=True, exist_ok=True)
    unittest.main(argv=sys.argv[:1])
