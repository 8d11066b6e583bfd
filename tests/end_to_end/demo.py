#!/usr/bin/env python3
"""The demonstration: a real directory goes into a store, is listed, verified, exported, compared.

Usage: demo.py CASEMENT SOURCE WORK   (WORK is made afresh)
"""
import os
import shlex
import shutil
import subprocess
import sys

import trees


def main():
    casement, source, work = sys.argv[1:]
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    store, back = os.path.join(work, "my.store"), os.path.join(work, "back")

    def show(*words, lines=None):
        print("\n$ casement " + " ".join(map(shlex.quote, words)), flush=True)
        piped = subprocess.PIPE if lines else None
        done = subprocess.run([casement, *words], stdout=piped, check=True)
        if lines:
            text = done.stdout.decode(errors="replace").splitlines()
            print("\n".join(text[:lines]) + (f"\n... {len(text) - lines} more lines"
                                             if len(text) > lines else ""), flush=True)

    show("init", store)
    show("import", store, source, "/demo")
    show("import", store, source, "/demo")
    show("ls", "-l", store, "/demo", lines=8)
    show("snapshot", store, "/demo", "before")
    show("stats", store)
    show("verify", store)
    show("export", store, "/demo", back)
    differences = trees.compare(source, back)
    for difference in differences[:20]:
        print(difference)
    if differences:
        sys.exit(f"{len(differences)} differences between {source} and what came back")
    print(f"\n{source} came back equal: bytes, modes, times and links.")
    changed = os.path.join(work, "changed")
    trees.make_changes(source, changed, 10)
    show("import", store, changed, "/demo")
    show("snapshot", store, "/demo", "after")
    show("snapshots", store)


if __name__ == "__main__":
    main()
