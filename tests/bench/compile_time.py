#!/usr/bin/env python3
"""What Casement costs a compiler, in time and in memory.

    compile_time.py INCLUDE_DIRECTORY COMPILER...

The umbrella: an empty program with <casement/casement.hpp> beside one with just those standard and
Hana headers that the umbrella's headers name, and beside its budget. A machine of a few states and
events, and one of 16 x 16: as Casement has it, with and without its proofs, beside the same as a
switch by hand, with std::visit, and as a table of transitions in the style of Boost.SML.

Prints what bench.py reads: compilations a second of the processor's time, and how many of them fit
into a GiB. A ratio of 0.33 is three times the time, or the memory."""

import os
import pathlib
import re
import shutil
import sys
import tempfile

PEERS = pathlib.Path(__file__).resolve().parents[1] / "machine/peers"
sys.path.append(str(PEERS))
sys.dont_write_bytecode = True
import synthetic  # noqa: E402

INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)
UMBRELLA = "casement/casement.hpp"
BUDGET_S, BUDGET_MB = 1.3, 150  # of the umbrella
ROUNDS = 6                      # and the first is not counted: it reads the headers into memory
SIZES = ((4, 8), (16, 16))
FORMS = (
    ("floor", "switch by hand", synthetic.switch),
    ("ours", "Casement", synthetic.casement),
    ("ours", "Casement, proved", lambda *size: synthetic.casement(*size, prove=True)),
    ("peer", "std::visit", synthetic.visit),
    ("peer", "table of transitions", synthetic.table),
)


def needed(root):
    """The headers of others that the umbrella and what it includes name, each once."""
    ahead, seen, others = [UMBRELLA], {UMBRELLA}, set()
    while ahead:
        for what in INCLUDE.findall((root / ahead.pop()).read_text()):
            if not what.startswith("casement/"):
                others.add(what)
            elif what not in seen:
                seen.add(what)
                ahead.append(what)
    return sorted(others)


def including(headers):
    return "".join(f"#include <{h}>\n" for h in headers) + "int main() {}\n"


def cost(command):
    """(seconds of processor time, MB at most) of a command and all that it starts."""
    _, status, used = os.wait4(os.posix_spawnp(command[0], command, os.environ), 0)
    if status:
        sys.exit(f"compile_time: {' '.join(map(str, command))} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def say(situation, role, name, seconds, megabytes):
    print(situation, "TUs/s", role, name, f"{1 / seconds:.6g}", sep="\t")
    print(f"memory, {situation}", "TUs/GiB", role, name, f"{1073.741824 / megabytes:.6g}",
          sep="\t", flush=True)


def compete(situation, compiler, flags, contestants, root, scratch):
    """Each in turn, so that what disturbs one disturbs the others too."""
    source = scratch / "program.cpp"
    for round_number in range(ROUNDS):
        for role, name, text in contestants:
            source.write_text(text)
            used = cost([compiler, "-std=c++23", *flags, "-I", root, "-I", PEERS, "-c", source,
                         "-o", os.devnull])
            if round_number:
                say(f"{situation}, {compiler}", role, name, *used)
                if name == "casement.hpp":
                    say(f"budget of {situation}, {compiler}", "floor",
                        f"{BUDGET_S} s, {BUDGET_MB} MB", BUDGET_S, BUDGET_MB)
                    say(f"budget of {situation}, {compiler}", role, name, *used)


def main():
    root = pathlib.Path(sys.argv[1])
    umbrella = [("floor", "its std and Hana headers", including(needed(root))),
                ("ours", "casement.hpp", including([UMBRELLA]))]
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        for compiler in filter(shutil.which, sys.argv[2:]):
            compete("umbrella", compiler, ["-O0"], umbrella, root, scratch)
            for size in SIZES:
                compete(f"machine of {size[0]} x {size[1]}", compiler, ["-O2", "-DNDEBUG"],
                        [(role, name, form(*size)) for role, name, form in FORMS], root, scratch)


if __name__ == "__main__":
    main()
