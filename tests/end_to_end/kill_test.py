#!/usr/bin/env python3
"""kill -9 in every phase of an import: the store opens, is whole, and has every path that the
import had acknowledged; a resumed import does not read those again, and its result is equal. At
last kill -9 in the middle of its removal: the store is whole, and the rest is removed.

Usage: kill_test.py CASEMENT WORK KILLS
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import trees

# Each phase is a moment after an acknowledgement of this kind; "opening" is before the first of
# any, "closing" after the last.
PHASES = ["opening", "directory", "link", "inline", "packed", "dedicated", "closing"]


DIRECTORIES, FILES_EACH, DEDICATED = 40, 12, 5
PATHS = 1 + DIRECTORIES * (1 + FILES_EACH + 2) + DEDICATED


def run(*words, expect=(0,)):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode not in expect:
        sys.exit(f"{words}: exit {done.returncode}\n{done.stdout[-2000:]!r}\n{done.stderr!r}")
    return done.stdout


def make_source(source):
    for d in range(DIRECTORIES):
        directory = os.path.join(source, f"dir-{d:02}")
        os.makedirs(directory)
        for f in range(FILES_EACH):
            trees.write(os.path.join(directory, f"inline-{f}"), trees.noise(700 * f, d * 100 + f))
        trees.write(os.path.join(directory, "packed"), trees.noise(70_000 + d, d))
        os.symlink(f"inline-{d % FILES_EACH}", os.path.join(directory, "link"))
        if d % 8 == 3:
            trees.write(os.path.join(directory, "dedicated"), trees.noise(4 * trees.MIB + d, d))


def kill_in(phase, command, chance):
    """Runs the import until some moment in `phase` and kills it. The acknowledged paths."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    acknowledged, seen = [], 0  # `seen` counts those of this phase
    wanted = chance.randrange(1, 30 if phase in ("inline", "directory", "packed", "link") else 4)
    if phase == "opening":
        time.sleep(chance.random() * 0.02)
        child.send_signal(signal.SIGKILL)
    killed = phase == "opening"
    for line in child.stdout:
        if not line.endswith(b"\n") or not line.startswith(b"{"):
            break  # cut off by the kill, so not acknowledged; or the summary at the end
        told = json.loads(line)
        acknowledged.append((told["stored"], told["path"]))
        seen += told["stored"] == phase
        closing = phase == "closing" and len(acknowledged) == PATHS
        if not killed and (closing or seen >= wanted):
            time.sleep(chance.random() * 0.004)
            child.send_signal(signal.SIGKILL)
            killed = True
    child.communicate()
    return acknowledged, child.returncode == -signal.SIGKILL


def check_acknowledged(casement, store, source, work, acknowledged):
    """Before any resumption: all that was acknowledged is there, and right."""
    back = os.path.join(work, "partial")
    shutil.rmtree(back, ignore_errors=True)
    if not acknowledged:
        return
    run(casement, "export", store, "/it", back)
    for kind, path in acknowledged:
        there = os.path.join(back, os.path.relpath(path, source))
        if not os.path.lexists(there):
            sys.exit(f"lost: {kind} {path} was acknowledged")
        if kind == "link":
            right = os.readlink(there) == os.readlink(path)
        else:
            right = kind == "directory" or trees.same_bytes(there, path)
        if not right:
            sys.exit(f"wrong: {kind} {path} was acknowledged with other bytes")


def resume_without_reading(casement, store, source, acknowledged, durability):
    """Acknowledged files now have other bytes, of the same size and time: were one read again, the
    store would have them."""
    swapped = {p for kind, p in acknowledged if kind in ("inline", "packed", "dedicated")}
    originals = {}
    for path in swapped:
        with open(path, "rb") as old:
            originals[path] = old.read()
        s = os.stat(path)
        trees.write(path, bytes(b ^ 0xFF for b in originals[path]), 0o644, s.st_mtime_ns)
    run(casement, "import", "--durability", durability, store, source, "/it")
    for path, data in originals.items():
        trees.write(path, data, 0o644, os.stat(path).st_mtime_ns)


def kill_a_removal(casement, store, chance):
    """Whether something was left of it."""
    child = subprocess.Popen([casement, "rm", "-r", store, "/it"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(chance.random() * 0.12)
    child.kill()
    child.wait()
    run(casement, "verify", store)
    left = b"it" in run(casement, "ls", store, "/")
    if left:
        run(casement, "rm", "-r", store, "/it")
        run(casement, "verify", store)
    if run(casement, "ls", store, "/"):
        sys.exit("something outlived its removal")
    return left


def main():
    casement, work, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(os.environ.get("CASEMENT_SEED", random.randrange(2**32)))
    print(f"CASEMENT_SEED={seed}")
    chance = random.Random(seed)
    shutil.rmtree(work, ignore_errors=True)
    source = os.path.join(work, "source")
    make_source(source)
    done = {phase: 0 for phase in PHASES}
    removals = 0
    while sum(done.values()) < kills:
        store, back = os.path.join(work, "store"), os.path.join(work, "back")
        shutil.rmtree(store, ignore_errors=True)
        shutil.rmtree(back, ignore_errors=True)
        run(casement, "init", store)
        durability = chance.choice(["process", "power"])
        acknowledged = []
        # Some stores are killed more than once before they are resumed.
        for _ in range(chance.choice([1, 1, 2, 3])):
            phase = min(PHASES, key=lambda p: (done[p], chance.random()))
            told, killed = kill_in(phase, [casement, "import", "--acknowledge", "--durability",
                                           durability, store, source, "/it"], chance)
            acknowledged += told
            done[phase] += killed
            run(casement, "verify", store)
        check_acknowledged(casement, store, source, work, acknowledged)
        resume_without_reading(casement, store, source, acknowledged, durability)
        run(casement, "verify", store)
        run(casement, "export", store, "/it", back)
        differences = trees.compare(source, back)
        if differences:
            sys.exit("after the resumption: " + "\n".join(differences[:10]))
        removals += kill_a_removal(casement, store, chance)
    print(f"{sum(done.values())} kills: " + ", ".join(f"{n} {p}" for p, n in done.items())
          + f", {removals} removal")
    if min(done.values()) == 0 or removals == 0:
        sys.exit("a phase was never hit")
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
