"""What a loss of power leaves of a store's disk, at any moment of the store's life and by the rules
of four journals, is a store in which all is that was promised: LevelDB, blobs and packs on real
files. And of a mirror's disk: each name old or new, and another run makes the whole. The disk is
one that a file system in user space has recorded."""

import os
import pathlib
import re
import subprocess
import sys

import trees
from mounts import FULL, ForeignTest, directory_in_memory, main

# So many moments, while the store is made; then every so many, and so many states of each.
SCOPE = ("0", "1", "40") if FULL else ("40", "12", "3")
MIRROR_SCOPE = ("0", "1", "12") if FULL else ("0", "8", "2")
MIRRORED = ("/old", "/new", "/old")
JOURNALS = ("strict", "ordered", "sized", "none")


class PowerLoss(ForeignTest):
    def setUp(self):
        super().setUp()
        scratch = directory_in_memory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def record(self, live):
        """What `live(directory, log)` does on a recording file system; answers the log."""
        log, below, at = (self.scratch / name for name in ("log", "below", "at"))
        below.mkdir()
        at.mkdir()
        self.serve(os.environ["BENT_FS"], at, "-f", "-s", f"--below={below}", f"--record={log}",
                   at=at)
        live(at, log)
        self.unmount(at)
        return log

    @staticmethod
    def lives_as_a_store(at, log):
        subprocess.run([os.environ["CRASH_WORKLOAD"], at / "store", log], check=True,
                       timeout=300)

    def lives_as_a_mirror(self, at, _):
        """Of /old, of /new and of /old again; each end is on the disk as a name."""
        for number, path in enumerate(MIRRORED):
            self.run_command("mirror", self.mirrored, at / "mirror", "--path", path, "--jobs", "3")
            with open(at / str(number), "wb") as told:
                os.fsync(told.fileno())
            here = os.open(at, os.O_RDONLY)
            os.fsync(here)
            os.close(here)

    def make_mirrored(self):
        """A store of two trees whose files differ by their bytes alone."""
        self.mirrored = self.folder / "mirrored"
        self.run_command("init", self.mirrored)
        for path in set(MIRRORED):
            for number in range(9):
                file = self.folder / path[1:] / ("a", "b/c", "d")[number % 3] / str(number)
                file.parent.mkdir(parents=True, exist_ok=True)
                trees.write(file, b"%s %d" % (path.encode(), number), 0o644, 0)
            self.run_command("import", self.mirrored, self.folder / path[1:], path)

    def states(self, log, journal, *how):
        """How many were tried, and what the first that lost something has lost."""
        done = subprocess.run([os.environ["CRASH_STATES"], log, self.scratch / "left", journal,
                               *how], capture_output=True, text=True, timeout=1500)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        *losses, summary = done.stdout.splitlines()
        print(summary)
        tried = int(re.search(r"(\d+) states", summary)[1])
        return tried, losses[0] if done.returncode == 1 else None

    def test_what_was_promised_is_there(self):
        log = self.record(self.lives_as_a_store)
        for journal in JOURNALS:
            tried, lost = self.states(log, journal, *SCOPE)
            self.assertIsNone(lost, journal)
            self.assertGreater(tried, 60, journal)

    def test_a_disk_that_forgets_is_found_out(self):
        log = self.record(self.lives_as_a_store)
        for forgets in ("sync", "sync_directory"):
            _, lost = self.states(log, "none", "0", "16", "4", forgets)
            self.assertIsNotNone(lost, forgets)

    def test_a_mirror_is_old_or_new_and_another_run_makes_the_whole(self):
        self.make_mirrored()
        log = self.record(self.lives_as_a_mirror)
        judge = f"{sys.executable} -B {pathlib.Path(__file__).parent}/mirror_left.py" \
                f" {self.command} {self.folder}"
        for journal in JOURNALS if FULL else ("none",):
            tried, lost = self.states(log, journal, *MIRROR_SCOPE, "", judge)
            self.assertIsNone(lost, journal)
            self.assertGreater(tried, 15, journal)
        _, lost = self.states(log, "none", "0", "16", "4", "sync", judge)
        self.assertIsNotNone(lost, "a disk that forgets is not found out")


if __name__ == "__main__":
    main()
