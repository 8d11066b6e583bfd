"""What a loss of power leaves of a store's disk, at any moment of the store's life and by the rules
of four journals, is a store in which all is that was promised: LevelDB, blobs and packs on real
files. The disk is one that a file system in user space has recorded."""

import os
import pathlib
import re
import subprocess
import tempfile

from mounts import FULL, ForeignTest, main

IN_MEMORY = "/dev/shm"
# So many moments, while the store is made; then every so many, and so many states of each.
SCOPE = ("0", "1", "40") if FULL else ("40", "12", "3")
JOURNALS = ("strict", "ordered", "sized", "none")


class PowerLoss(ForeignTest):
    def setUp(self):
        super().setUp()
        scratch = tempfile.TemporaryDirectory(prefix="casement-crash-", dir=IN_MEMORY if
                                              os.path.isdir(IN_MEMORY) else None)
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def record(self):
        """Lives a store's life on a recording file system; answers the log."""
        log, below, at = (self.scratch / name for name in ("log", "below", "at"))
        below.mkdir()
        at.mkdir()
        self.serve(os.environ["BENT_FS"], at, "-f", "-s", f"--below={below}", f"--record={log}",
                   at=at)
        subprocess.run([os.environ["CRASH_WORKLOAD"], at / "store", log], check=True,
                       timeout=300)
        self.unmount(at)
        return log

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
        log = self.record()
        for journal in JOURNALS:
            tried, lost = self.states(log, journal, *SCOPE)
            self.assertIsNone(lost, journal)
            self.assertGreater(tried, 60, journal)

    def test_a_disk_that_forgets_is_found_out(self):
        log = self.record()
        for forgets in ("sync", "sync_directory"):
            _, lost = self.states(log, "none", "0", "16", "4", forgets)
            self.assertIsNotNone(lost, forgets)


if __name__ == "__main__":
    main()
