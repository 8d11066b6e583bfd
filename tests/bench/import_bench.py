#!/usr/bin/env python3
"""Imports a tree with the casement command beside what else takes a tree in: whole commands, in
turn, everything read once before. With the durability of power beside `cp -a` and a sync of the
file system, with that of the process beside `git init` and `git add -A`.

    import_bench.py CASEMENT [TREE]

Prints what bench.py reads: trees a second. TREE is /usr/include unless it is given."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL)


def copy(tree, place):
    run("cp", "-a", tree, place / "copy")
    run("sync", "-f", place)


def add_to_git(tree, place):
    git = ("git", "--git-dir", place / "git")
    run(*git, "init", "--quiet")
    # Work where the tree is, and take the user's settings out of it.
    run(*git, "-c", "core.autocrlf=false", "-c", "core.excludesFile=", "--work-tree", tree, "add",
        "-A")


def import_into_casement(casement, durability):
    def take(tree, place):
        run(casement, "init", place / "store")
        run(casement, "import", "--durability", durability, place / "store", tree, "/tree")
    return take


def seconds(take, tree):
    chosen = os.environ.get("CASEMENT_BENCH_DIR", ".")
    place = pathlib.Path(tempfile.mkdtemp(prefix="import_bench.", dir=chosen)).resolve()
    try:
        run("sync", "-f", place)  # nobody pays for what another has left unwritten
        begin = time.monotonic()
        take(tree, place)
        return time.monotonic() - begin
    finally:
        shutil.rmtree(place)


def read_all(tree):
    for path in tree.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.read_bytes()


def main():
    casement = pathlib.Path(sys.argv[1]).resolve()
    tree = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "/usr/include").resolve()
    contests = {
        f"import {tree}, power": [
            ("floor", "cp -a + sync", copy),
            ("ours", "import", import_into_casement(casement, "power"))],
        f"import {tree}, process": [
            ("floor", "git add -A", add_to_git),
            ("ours", "import", import_into_casement(casement, "process"))],
    }
    rounds = 5 if "CASEMENT_BENCH_LONG" in os.environ else 3
    read_all(tree)
    for situation, contestants in contests.items():
        if os.environ.get("CASEMENT_BENCH_ONLY", "") not in situation:
            continue
        for _ in range(rounds):
            for role, name, take in contestants:
                print(situation, "trees/s", role, name, f"{1 / seconds(take, tree):.6g}", sep="\t",
                      flush=True)


if __name__ == "__main__":
    main()
