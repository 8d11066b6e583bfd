"""doctor: what it says of real directories, and that it finds each fault a file system can have."""

import os
import pathlib
import shutil
import subprocess
import unittest

from command import NO, OK, USAGE, CommandTest, main

CHECKS = {"write", "rename", "replace", "scanners", "transfers", "directories", "locks", "sharing",
          "mapping", "case", "odd names", "mode, mtime", "symlinks", "hard links", "reserving",
          "nameless", "sync", "space", "large files"}

# fault: (check, grade), and a word of what is said. The library in QUIRKS makes the fault.
FAULTS = {
    "no sync": ("write", "unfit", "EIO"),
    "reads lie": ("write", "unfit", "not what is read"),
    "no rename": ("rename", "unfit", "EACCES"),
    "renamed is gone": ("rename", "weak", "ENOENT"),
    "old name stays": ("rename", "weak", "old name"),
    "open files stay": ("replace", "weak", "EBUSY"),
    "no replacing": ("replace", "unfit", "EEXIST"),
    "a scanner passes by": ("scanners", "weak", "EACCES"),
    "writes stop": ("transfers", "weak", "stops after 99"),
    "no directory sync": ("directories", "weak", "EINVAL"),
    "no locks": ("locks", "unfit", "ENOLCK"),
    "locks lie": ("locks", "unfit", "two processes"),
    "no locks of parts": ("sharing", "weak", "EINVAL"),
    "locks of parts lie": ("sharing", "weak", "not seen"),
    "no mapping": ("mapping", "note", "ENODEV"),
    "stale mapping": ("mapping", "unfit", "disagree"),
    "no case": ("case", "weak", "upper and lower"),
    "no hash": ("odd names", "weak", "'#'"),
    "no modes": ("mode, mtime", "weak", "0741"),
    "coarse times": ("mode, mtime", "weak", "-89 ns"),
    "no symlinks": ("symlinks", "weak", "EPERM"),
    "no hard links": ("hard links", "note", "EPERM"),
    "no large files": ("large files", "weak", "EFBIG"),
    "no reserving": ("reserving", "note", "EOPNOTSUPP"),
    "no nameless files": ("nameless", "note", "EOPNOTSUPP"),
    "sync lies": ("sync", "weak", "no disk is so fast"),
    "full": ("space", "unfit", "0 B free"),
    "little room": ("space", "weak", "500.0 MiB free"),
    "few inodes": ("space", "weak", "7 inodes"),
    "cannot remove": ("remove", "weak", "EBUSY"),
}

ORDER = ["good", "note", "weak", "unfit"]


def file_system_of(path):
    return subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True).stdout.decode()


class Doctor(CommandTest):
    def checks(self, document):
        return {one["check"]: one for one in document["checks"]}

    def consistent(self, document):
        """The verdict is the worst finding, and what is at fault says what to do."""
        worst = max((one["is"] for one in document["checks"]), key=ORDER.index)
        self.assertEqual(document["verdict"], "good" if worst == "note" else worst)
        for one in document["checks"]:
            self.assertTrue(one["detail"], one)
            self.assertEqual("advice" in one, one["is"] in ("weak", "unfit"), one)

    def test_an_ordinary_directory(self):
        (self.folder / "mine").write_text("untouched")
        told = self.document("doctor", self.folder)
        self.assertIn(told["verdict"], ("good", "weak"))
        self.consistent(told)
        self.assertEqual(CHECKS - set(self.checks(told)), set())
        self.assertEqual(os.listdir(self.folder), ["mine"])  # it leaves nothing behind
        system = told["file_system"]
        self.assertTrue(str(self.folder.resolve()).startswith(system["mounted_at"]), system)
        lines = self.lines("doctor", self.folder)
        self.assertIn("verdict: " + told["verdict"], lines)
        self.assertIn(system["kind"], lines[0])

    def test_the_demonstration_runs_where_the_doctor_says_good(self):
        if self.document("doctor", self.folder)["verdict"] != "unfit":
            self.init()
            self.assertEqual(self.names(), [])

    @unittest.skipUnless(file_system_of("/dev/shm").startswith("tmpfs"), "no tmpfs is mounted")
    def test_memory_is_volatile(self):
        told = self.document("doctor", "/dev/shm")
        self.assertEqual(told["file_system"]["kind"], "tmpfs")
        self.assertEqual(told["verdict"], "weak")
        self.assertIn("does not survive a restart", self.checks(told)["volatile"]["detail"])
        self.assertIn("verdict: weak", self.lines("doctor", "/dev/shm"))

    def test_what_is_no_directory(self):
        file = self.folder / "file"
        file.write_text("")
        self.refuses("doctor", self.folder / "none", code=NO, says="none", error="not_found")
        self.refuses("doctor", file, code=NO, says="file", error="not_a_directory")
        self.refuses("doctor", code=USAGE, says="PATH")

    def test_a_directory_that_takes_no_files(self):
        told = self.document("doctor", "/proc", code=NO)
        self.assertEqual((told["verdict"], told["file_system"]["kind"]), ("unfit", "proc"))
        self.assertEqual(self.checks(told)["write"]["is"], "unfit")
        self.assertIn("verdict: unfit", self.lines("doctor", "/proc", code=NO))

    def in_namespace(self, mount, *words):
        """Runs the command with something mounted on the folder, seen by nobody else."""
        if shutil.which("unshare") is None:
            self.skipTest("there is no unshare")
        script = 'mount $0 none "$1" || exit 77; shift; exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script.replace("$0", mount), "sh",
                               str(self.folder), self.command, *words], capture_output=True)
        if done.returncode not in (OK, NO):
            self.skipTest("no right to mount here")
        return done

    def test_read_only(self):
        done = self.in_namespace("-t tmpfs -o ro", "doctor", self.folder)
        self.assertEqual(done.returncode, NO)
        self.assertIn(b"verdict: unfit", done.stdout)
        self.assertIn(b"Read-only file system (EROFS)", done.stdout)

    def test_a_full_disk(self):
        done = self.in_namespace("-t tmpfs -o size=1m", "doctor", self.folder)
        self.assertEqual(done.returncode, NO)
        self.assertRegex(done.stdout.decode(), "unfit +space")

    def test_each_fault_is_found(self):
        usual = self.checks(self.document("doctor", self.folder))
        for fault, (check, grade, says) in FAULTS.items():
            with self.subTest(fault):
                self.assertNotEqual(usual.get(check, {}).get("is"), grade,
                                    "the machine has the fault already")
                environment = os.environ | {"LD_PRELOAD": os.environ["QUIRKS"], "QUIRK": fault}
                told = self.document("doctor", self.folder, env=environment,
                                     code=NO if grade == "unfit" else OK)
                found = self.checks(told)[check]
                self.assertEqual((found["is"], says in found["detail"]), (grade, True), found)
                self.consistent(told)
                # What else is found is what is found without the fault.
                others = {name: one["is"] for name, one in self.checks(told).items()
                          if name not in (check, "sync")}
                self.assertEqual(others, {name: usual[name]["is"] for name in others}, fault)

    def test_no_fault_is_found_through_the_library(self):
        environment = os.environ | {"LD_PRELOAD": os.environ["QUIRKS"], "QUIRK": ""}
        usual, told = (self.checks(self.document("doctor", self.folder, env=how))
                       for how in (os.environ, environment))
        self.assertEqual({k: v["is"] for k, v in usual.items()},
                         {k: v["is"] for k, v in told.items()})

    def test_what_it_cannot_remove_it_names(self):
        environment = os.environ | {"LD_PRELOAD": os.environ["QUIRKS"], "QUIRK": "cannot remove"}
        told = self.document("doctor", self.folder, env=environment)
        self.assertIn(".casement-doctor", self.checks(told)["remove"]["advice"])
        self.assertEqual(len(os.listdir(self.folder)), 1)


if __name__ == "__main__":
    main()
