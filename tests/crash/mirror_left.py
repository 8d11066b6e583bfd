#!/usr/bin/env python3
"""Judges what a loss of power has left of a mirror, which was made of /old, of /new and of /old
again: each name is whole, and old or new; what a run had finished is there; another run makes the
whole. All files have one size and one time, so that only bytes tell them apart.

Usage: mirror_left.py CASEMENT FOLDER LEFT, where FOLDER has `old`, `new` and the store, `mirrored`
"""
import os
import pathlib
import subprocess
import sys
import zlib

from mirror_test import framed, frames_of  # beside the tests of the command

RUNS = ("old", "new", "old")


def files_in(top):
    return {os.path.relpath(os.path.join(where, name), top): pathlib.Path(where, name).read_bytes()
            for where, _, names in os.walk(top) for name in names
            if not name.startswith(".casement-mirror")}


def of_another_start(log):
    """The machine has started again since."""
    whole = log.read_bytes()
    try:
        first, *rest = frames_of(whole)
    except (IndexError, ValueError):
        return
    if first[:1] == b"\x04":
        log.write_bytes(whole[:5] + framed(first[:-1] + b"?") + whole[5 + len(framed(first)):])


def main():
    command, folder, left = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    at = left / "mirror"
    trees = {name: files_in(folder / name) for name in set(RUNS)}
    finished = max([number for number in range(3) if (left / str(number)).exists()], default=-1)
    may_be = {RUNS[finished]} if finished == 2 else {"old", "new"}
    there = files_in(at)
    for path, data in there.items():
        if data not in [trees[name].get(path) for name in may_be]:
            sys.exit(f"{path} has {data!r} after run {finished}")
    if finished >= 0 and set(there) != set(trees["old"]):
        sys.exit(f"lost after run {finished}: {sorted(set(trees['old']) - set(there))}")
    for where, _, names in os.walk(at):
        for name in names:
            os.chmod(os.path.join(where, name), 0o644)
            os.utime(os.path.join(where, name), ns=(0, 0))
    if (at / ".casement-mirror.log").exists():
        of_another_start(at / ".casement-mirror.log")
    name = ("old", "new")[zlib.crc32(repr(sorted(there.items())).encode()) % 2]
    done = subprocess.run([command, "mirror", folder / "mirrored", at, "--path", "/" + name],
                          capture_output=True)
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}: {done.stderr!r}")
    if files_in(at) != trees[name]:
        sys.exit(f"not {name}, after run {finished}: {files_in(at)}")


if __name__ == "__main__":
    main()
