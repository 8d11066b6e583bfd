#!/usr/bin/env python3
"""What including the umbrella costs a compiler: an empty program with <casement/casement.hpp>
beside one with just those standard and Hana headers that the umbrella's headers name.

    header_cost.py INCLUDE_DIRECTORY COMPILER...

Prints what bench.py reads: compilations a second. A ratio of 0.33 is three times the time."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)
UMBRELLA = "casement/casement.hpp"


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


def seconds(compiler, root, headers, scratch):
    source = scratch / "program.cpp"
    source.write_text("".join(f"#include <{h}>\n" for h in headers) + "int main() {}\n")
    begin = time.monotonic()
    subprocess.run([compiler, "-std=c++23", "-O0", "-I", root, "-c", source, "-o", os.devnull],
                   check=True)
    return time.monotonic() - begin


def main():
    root = pathlib.Path(sys.argv[1])
    contestants = [("floor", "its std and Hana headers", needed(root)),
                   ("ours", "casement.hpp", [UMBRELLA])]
    with tempfile.TemporaryDirectory() as scratch:
        for compiler in filter(shutil.which, sys.argv[2:]):
            for round_number in range(6):
                for role, name, headers in contestants:
                    rate = 1 / seconds(compiler, root, headers, pathlib.Path(scratch))
                    if round_number:  # the first reads the headers into memory
                        print(f"compile, {compiler}", "TUs/s", role, name, f"{rate:.6g}", sep="\t",
                              flush=True)


if __name__ == "__main__":
    main()
