#!/usr/bin/env python3
"""Checks what no compiler checks: includes point one way, every header has its test, and the page
keeps its shape (STYLE). `check.py ROOT` prints one line for each violation and exits 1 if there is
one. Reads only; needs nothing but Python's library."""

import os
import pathlib
import re
import sys

# Which layers a layer may include besides itself (DESIGN, Layers). Protocols, trees and the tools
# of `check` name no engine; engines name no protocol.
KNOWS = {
    "core": set(),
    "machine": {"core"},
    "protocol": {"core", "machine"},
    "kv": {"core", "machine", "protocol"},
    "engine": {"core", "machine", "kv"},
    "object": {"core", "machine", "protocol", "kv"},
    "blob": {"core", "machine", "protocol", "kv", "object"},
    "tree": {"core", "machine", "protocol", "kv", "object", "blob"},
    "check": {"core", "machine", "protocol", "kv", "object", "blob", "tree"},
}
FACES = {  # the headers over the layers
    "casement.hpp": set(KNOWS) - {"engine", "check"},
    "vault.hpp": set(KNOWS) - {"check"},
    "rebuild.hpp": set(KNOWS) - {"check"} | {"vault.hpp"},
}

NEVER_IN_A_HEADER = ("leveldb/", "openssl/", "grpc", "google/protobuf/", "range/v3/all.hpp",
                     "boost/hana.hpp")
NEVER_UNDER_THE_UMBRELLA = ("casement/engine/", "range/v3/", "leveldb/", "openssl/")

# Headers, by their path in include/casement, that need no test of the same name, and why.
HEADERS_WITHOUT_A_TEST = {
    "core/durability.hpp": "an enumeration, tested where it is obeyed",
}

COLUMNS = 100
# The first line of a file that must not compile is the message expected, however long.
LONG_FIRST_LINE = "tests/fail/"
SUFFIXES = {".hpp", ".cpp", ".cmake", ".py", ".sh"}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")
SWITCH = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else|define|undef)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(root):
    """Every file that people write, hidden directories but `.ci` left out."""
    for folder, below, names in os.walk(root):
        below[:] = sorted(f for f in below if not f.startswith(".") or f == ".ci")
        for path in (pathlib.Path(folder, name) for name in sorted(names)):
            if path.suffix in SUFFIXES or path.name == "CMakeLists.txt":
                yield path


def headers(root):
    yield from sorted((root / "include/casement").rglob("*.hpp"))


def includes(path):
    """(line number, quote or bracket, what) for each include of a file."""
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1], found[2]


def layer_of(header):
    """"casement/kv/store.hpp" -> "kv"; a face is its own layer."""
    return header.split("/")[1]


def layers(root):
    """Includes between layers go the one way that KNOWS draws."""
    in_layers = [(path, path.relative_to(root / "include").as_posix()) for path in headers(root)]
    in_layers += [(path, f"casement/{path.relative_to(root / 'impl')}")
                  for path in sources(root / "impl") if path.parent != root / "impl"]
    for path, name in in_layers:
        layer = layer_of(name)
        if layer not in KNOWS and layer not in FACES:
            if path.is_relative_to(root / "include"):
                yield path, 1, f"{layer} is no layer"
            continue
        allowed = (KNOWS | FACES)[layer] | {layer}
        for number, _, what in includes(path):
            if what.startswith("casement/") and layer_of(what) not in allowed:
                yield path, number, f"{layer} does not know {what}"


def brackets(root):
    """A public header includes by <>, or `layers` would not see what."""
    for path in headers(root):
        for number, mark, what in includes(path):
            if mark == '"':
                yield path, number, f"include <{what}> by its full name"


def leaks(root):
    """No public header shows a third party's headers, nor one of the slow ones."""
    for path in headers(root):
        for number, _, what in includes(path):
            if what.startswith(NEVER_IN_A_HEADER):
                yield path, number, f"no header includes {what}"


def switches(root):
    """No header that ships has a switch: what the explorer runs is what users compile."""
    for path in headers(root):
        if path.relative_to(root / "include/casement").parts[0] == "check":
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if SWITCH.match(line):
                yield path, number, "a header has no switch and no macro"


def umbrella(root):
    """casement.hpp, with all that it includes, stays light and free of engines."""
    ahead = ["casement/casement.hpp"]
    seen = set(ahead)
    while ahead:
        name = ahead.pop()
        path = root / "include" / name
        if not path.is_file():
            continue
        for number, _, what in includes(path):
            if what.startswith(NEVER_UNDER_THE_UMBRELLA):
                yield path, number, f"casement.hpp would include {what}"
            elif what.startswith("casement/") and what not in seen:
                seen.add(what)
                ahead.append(what)


def tests(root):
    """include/casement/L/x.hpp has tests/L/x_test.cpp; a face has its x_test.cpp anywhere."""
    for path in headers(root):
        name = path.relative_to(root / "include/casement")
        if name.as_posix() in HEADERS_WITHOUT_A_TEST:
            continue
        wanted = f"{name.stem}_test.cpp"
        if len(name.parts) == 1:
            there = any((root / "tests").rglob(wanted))
        else:
            wanted = f"{name.parts[0]}/{wanted}"
            there = (root / "tests" / wanted).is_file()
        if not there:
            yield path, 1, f"has no tests/{wanted}"


def page(root):
    """At most 100 columns, no tab, no trailing space, a newline at the end, nothing unfinished."""
    for path in sources(root):
        text = path.read_bytes().decode(errors="replace")
        message = path.relative_to(root).as_posix().startswith(LONG_FIRST_LINE)
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "no newline at the end"
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > COLUMNS and not (message and number == 1):
                yield path, number, f"{len(line)} columns"
            if "\t" in line:
                yield path, number, "a tab"
            if line != line.rstrip():
                yield path, number, "trailing space"
            if UNFINISHED.search(line):
                yield path, number, "unfinished"


RULES = (layers, brackets, leaks, switches, umbrella, tests, page)


def problems(root):
    for rule in RULES:
        for path, number, what in rule(root):
            yield f"{path.relative_to(root)}:{number}: {rule.__name__}: {what}"


def main():
    found = list(problems(pathlib.Path(sys.argv[1]).resolve()))
    print("\n".join(found) if found else "tidy")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
