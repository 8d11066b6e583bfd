#!/usr/bin/env python3
"""Writes machine/ as one header, for who has no build to include it in: single_header.py SOURCES
HEADER. What is compiled of it stands behind CASEMENT_IMPLEMENTATION, which one file of a program
defines before it includes the header."""

import pathlib
import re
import sys

SOURCES, HEADER = map(pathlib.Path, sys.argv[1:])
OURS = re.compile(r"#include <(casement/[^>]+)>\n")
THEIRS = re.compile(r"#include (<[^>]+>)\n")


def body_of(path, seen, others):
    """The text of a file with each of our headers in the place where it is first included; what
    else it includes goes to `others`."""
    text = path.read_text().replace("#pragma once\n", "", 1)
    text = OURS.sub(lambda found: header(found[1], seen, others), text)
    others.update(THEIRS.findall(text))
    return THEIRS.sub("", text).strip("\n") + "\n"


def header(name, seen, others):
    if name in seen:
        return ""
    seen.add(name)
    return f"\n// ---- {name}\n\n" + body_of(SOURCES / "include" / name, seen, others)


seen, others, compiled_others = set(), set(), set()
public = "".join(header(f"casement/machine/{path.name}", seen, others)
                 for path in sorted((SOURCES / "include/casement/machine").glob("*.hpp")))
compiled = body_of(SOURCES / "impl/core/error.cpp", seen, compiled_others)
includes = "".join(f"#include {name}\n" for name in sorted(others))
compiled_includes = "".join(f"#include {name}\n" for name in sorted(compiled_others - others))
text = (
    "#pragma once\n"
    "// Casement's machines as one header, made from include/casement/machine: needs Boost.Hana\n"
    "// and C++23. One file of a program defines CASEMENT_IMPLEMENTATION before it includes it.\n\n"
    f"{includes}{public}\n"
    f"#ifdef CASEMENT_IMPLEMENTATION\n\n{compiled_includes}\n{compiled}\n#endif\n")
HEADER.write_text(re.sub(r"\n{3,}", "\n\n", text))
