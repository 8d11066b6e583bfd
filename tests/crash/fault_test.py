"""A store's whole life on a disk that fails one call, whichever it is, or is full from some call
on: whoever is refused says why, nothing that was promised is lost, and the store goes on when the
disk is well again (SPEC W7). The disk is one in user space; LevelDB's calls are among them."""

import concurrent.futures
import errno
import os
import pathlib
import subprocess
import time

from mounts import FULL, ForeignTest, directory_in_memory, main


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
        """Lives on such a disk; answers the code, what it said, what is wrong with what is left,
        and how many calls and looks at names it took."""
        with directory_in_memory() as scratch:
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
        """Whether somebody was refused, and what is wrong with that life."""
        code, said, lost, _ = self.life(f"{what}={number}", f"fails_with={with_errno}", *more)
        name = errno.errorcode[with_errno]
        about = f"{what}={number} {name} {' '.join(more)}: {said}"
        if code not in (0, 1):
            return True, f"{about}: ended by {code}"
        if lost:
            return code == 1, f"{about}: lost: {lost}"
        if code == 1 and f"({name})" not in said:
            return True, f"{about}: does not say why"
        return code == 1, ""

    def each(self, what, last, with_errno, *more):
        """How many of the lives had somebody refused."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() if FULL else 1) as some:
            lives = list(some.map(lambda n: self.survives(what, n, with_errno, *more),
                                  numbers(what, with_errno, last)))
        refused, wrong = sum(r for r, _ in lives), [w for _, w in lives if w]
        print(f"{what} {errno.errorcode[with_errno]} {' '.join(more)}: {len(lives)} lives, "
              f"{refused} of them refused, {len(wrong)} wrong")
        self.assertEqual(wrong, [])
        return refused / len(lives)

    def test_whichever_it_is_the_store_says_so_and_loses_nothing(self):
        code, said, lost, (calls, looks) = self.life()
        self.assertEqual((code, said, lost), (0, "", ""))
        self.assertGreater(calls, 1000)
        self.assertGreater(looks, 10000)
        for with_errno in (errno.EIO, errno.ENOSPC, errno.EACCES):
            for what, last in (("call_fails", calls), ("look_fails", looks)):
                with self.subTest(what, errno=errno.errorcode[with_errno]):
                    self.each(what, last, with_errno)

    def test_a_disk_that_stays_full_is_told_and_nothing_is_lost(self):
        *_, (calls, _) = self.life()
        self.assertGreater(self.each("call_fails", calls, errno.ENOSPC, "stays_full"), 0.9,
                           "who writes afterwards is refused")


if __name__ == "__main__":
    main()
