#!/usr/bin/env python3
"""Runs the benchmarks one after another and prints one table of them all.

    bench.py PROGRAM... [-- COMMAND ARGUMENT...]...

Each prints measurements, a line each: situation, unit, role (floor, ours, peer, part),
contestant and rate, tabs in between. The table has the median rate of each contestant, and its
median ratio to the floor beside it. Nothing here judges."""

import collections
import statistics
import subprocess
import sys
import time


def measure(command):
    """The lines of one command, told as they come to who watches."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            print(line, end="", file=sys.stderr, flush=True)
            yield line.rstrip("\n").split("\t")
    if running.returncode:
        sys.exit(f"bench: {command[0]} failed: {running.returncode}")


def collect(lines):
    """{situation: (unit, {(role, contestant): rates})}, in the order of their first lines."""
    table = {}
    for situation, unit, role, contestant, rate in lines:
        _, rates = table.setdefault(situation, (unit, {}))
        rates.setdefault((role, contestant), []).append(float(rate))
    return table


def ratio(rates, floors):
    """The median of the ratios of turns that followed each other: what disturbed one disturbed the
    other too."""
    return statistics.median(rate / floor for rate, floor in zip(rates, floors))


def figure(rate):
    """Three digits and a suffix: 12.3 k."""
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if rate >= size * 0.9995:
            rate, end = rate / size, suffix
            break
    else:
        end = ""
    return f"{rate:.{max(0, 3 - len(str(int(rate))))}f}{end}"


def rows(table):
    for situation, (unit, rates) in table.items():
        floor_name = next(name for role, name in rates if role == "floor")
        floors = rates["floor", floor_name]
        told = {key: figure(statistics.median(all_rates)) for key, all_rates in rates.items()}
        others = [f"{name} {told[role, name]} ({ratio(all_rates, floors):.2f})"
                  for (role, name), all_rates in rates.items() if role in ("peer", "part")]
        for (role, name), all_rates in rates.items():
            if role == "ours":
                yield (situation, unit, f"{floor_name} {told['floor', floor_name]}",
                       f"{name} {told[role, name]}", f"{ratio(all_rates, floors):.2f}",
                       "   ".join(others))
                others = []


def draw(table):
    lines = [("situation", "unit", "floor", "ours", "ratio", "others (to the floor)"), *rows(table)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for i, line in enumerate(lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if i == 0:
            print("  ".join("-" * width for width in widths))


def commands(arguments):
    """Programs stand alone; after each `--` comes one command with its arguments."""
    programs, *whole = " ".join(arguments).split("-- ")
    return [[program] for program in programs.split()] + [command.split() for command in whole]


def main():
    begin = time.monotonic()
    draw(collect(line for command in commands(sys.argv[1:]) for line in measure(command)))
    print(f"\n{time.monotonic() - begin:.0f} s. Medians of turns taken A B C A B C; above 1 "
          "is faster than the floor.")


if __name__ == "__main__":
    main()
