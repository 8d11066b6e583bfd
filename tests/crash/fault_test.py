"""A store's whole life on a disk that fails one call, whichever it is, or is full from some call on:
whoever is refused says why, nothing that was promised is lost, and the store goes on when the disk
is well again (SPEC W7). The disk is a file system in user space; LevelDB's calls are among them."""

import concurrent.futures
import errno
import os
import pathlib
import subprocess
import tempfile
import time

from mounts import FULL, ForeignTest, main

IN_MEMORY = "/dev/shm"
def numbers(what, with_errno, last):
    """Which calls fail, each in a life of its own. Of looks at names there are ten times as many as
    of calls, and most are alike."""
    if FULL:
        every = {"call_fails": 1 if with_errno == errno.EIO else 5, "look_fails": 37}[what]
    else:
        every = {"call_fails": 191, "look_fails": 3989}[what]
    return range(1 + 37 * with_errno % every, last, every)  # of few, others for each errno


class OneCallFails(ForeignTest):
    def life(self, *quirks):
        """Lives on such a disk; answers the code, what it said, what is wrong with what is left, and
        how many calls and looks at names it took."""
        with tempfile.TemporaryDirectory(prefix="casement-", dir=IN_MEMORY if
                                         os.path.isdir(IN_MEMORY) else None) as scratch:
            log, below, at, counted = (pathlib.Path(scratch) / name
                                       for name in ("log", "below", "at", "counted"))
            below.mkdir()
            at.mkdir()
            self.serve(os.environ["BENT_FS"], at, "-f", "-s", f"--below={below}",
                       f"--counted={counted}", *(["-o", ",".join(quirks)] if quirks else []), at=at)
            done = subprocess.run([os.environ["CRASH_WORKLOAD"], at / "store", log],
                                  capture_output=True, text=True, timeout=120)
            self.unmount(at)
            left = subprocess.run([os.environ["CRASH_LEFT"], below / "store", log],
                                  capture_output=True, text=True, timeout=120)
            while not (counted.exists() and counted.read_text().endswith("\n")):
                time.sleep(0.01)  # the server ends a moment after it is unmounted
            counts = tuple(map(int, counted.read_text().split()))
            return done.returncode, done.stderr, left.stdout or left.stderr, counts

    def survives(self, what, number, with_errno, *more):
        """Answers whether somebody was refused."""
        code, said, lost, counts = self.life(f"{what}={number}", f"fails_with={with_errno}", *more)
        about = f"{what} {number}, {errno.errorcode[with_errno]} {more}: {said}"
        self.assertIn(code, (0, 1), f"{about}, ended by {code}")
        self.assertEqual(lost, "", about)
        if code == 1:
            self.assertIn(f"({errno.errorcode[with_errno]})", said, about)
        return code == 1

    def each(self, what, last, with_errno, *more):
        """How many of the lives had somebody refused."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() if FULL else 1) as some:
            refused = list(some.map(lambda n: self.survives(what, n, with_errno, *more),
                                    numbers(what, with_errno, last)))
        return sum(refused), len(refused)

    def test_whichever_it_is_the_store_says_so_and_loses_nothing(self):
        code, said, lost, (calls, looks) = self.life()
        self.assertEqual((code, said, lost), (0, "", ""))
        self.assertGreater(calls, 1000)
        self.assertGreater(looks, 10000)
        for with_errno in (errno.EIO, errno.ENOSPC, errno.EACCES):
            for what, last in (("call_fails", calls), ("look_fails", looks)):
                with self.subTest(what, errno=errno.errorcode[with_errno]):
                    print(what, errno.errorcode[with_errno], self.each(what, last, with_errno))

    def test_a_disk_that_stays_full_is_told_and_nothing_is_lost(self):
        *_, (calls, _) = self.life()
        refused, of = self.each("call_fails", calls, errno.ENOSPC, "stays_full")
        print("stays full", refused, of)
        self.assertGreater(refused, of * 0.9, "who writes afterwards is refused")


if __name__ == "__main__":
    main()
