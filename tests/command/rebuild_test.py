"""rebuild: a store into other thresholds or another directory, and the old one kept until then."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time

from command import KIB, MIB, NO, USAGE, CommandTest, main, noise

IN_MEMORY = "/dev/shm"
KILLS = int(os.environ.get("KILLS", 8))


class Rebuild(CommandTest):
    def setUp(self):
        super().setUp()
        self.data = {"empty": b"", "row": noise(3 * KIB, 1), "pack": noise(200 * KIB, 2),
                     "own": noise(5 * MIB, 3), **{f"s{n}": noise(n * 500, n) for n in range(1, 40)}}

    def fill(self, *how):
        self.run_command("init", self.store, *how)
        self.import_files(self.data)

    def rebuild(self, *words):
        return self.document("rebuild", self.store, *words)

    def placed(self, store=None):
        told = self.document("stats", store or self.store)
        return tuple(told[kind]["contents"] for kind in ("inline", "packed", "dedicated"))

    def all_there(self, store=None):
        for name, bytes_ in self.data.items():
            there = self.run_command("cat", store or self.store, "/" + name).stdout
            self.assertEqual(there, bytes_, name)
        self.run_command("verify", store or self.store)
        self.run_command("fsck", store or self.store)

    def names(self):
        return sorted(os.listdir(self.store))

    def test_an_inline_only_store_becomes_what_it_is_today(self):
        self.fill("--inline-max", str(4 * MIB - 1))
        self.assertEqual(self.placed(), (42, 0, 1))
        dry = self.rebuild("--inline-max", "4096", "--dry-run")
        self.assertEqual(self.placed(), (42, 0, 1))
        told = self.rebuild("--inline-max", "4096")
        self.assertEqual((told["moved"], told["moved_bytes"]), (dry["moved"], dry["moved_bytes"]))
        self.assertEqual((told["linked"], told["linked_bytes"]), (1, 5 * MIB))
        self.assertEqual(told["verified_bytes"], told["bytes"])
        self.all_there()
        inline = sum(1 for b in self.data.values() if len(b) <= 4096)
        self.assertEqual(self.placed(), (inline, 42 - inline, 1))
        self.assertEqual(self.names(), ["blobs", "casement", "casement.1", "meta", "packs",
                                        "root.1"])
        self.assertEqual(self.rebuild("--release"), {"released": 1})
        self.assertEqual(self.names(), ["casement.1", "root.1"])
        self.all_there()
        self.refuses("init", self.store, code=NO, says="a store is already there", error="exists")

    def test_back_and_anyway(self):
        self.fill()
        self.refuses("rebuild", self.store, "--back", code=NO, says="there is none",
                     error="not_found")
        self.rebuild("--inline-max", "100")
        self.rebuild("--back")
        self.all_there()
        self.assertEqual(self.placed()[0], 41)
        self.rebuild("--inline-max", "100")
        self.run_command("mkdir", self.store, "/new")
        self.refuses("rebuild", self.store, "--back", code=NO, says="opened since")
        self.rebuild("--back", "--anyway")
        self.assertNotIn(b"new", self.names_in("/"))
        self.all_there()

    def names_in(self, path):
        return self.run_command("ls", self.store, path).stdout.splitlines()

    def test_another_directory_of_another_file_system(self):
        self.fill()
        with tempfile.TemporaryDirectory(dir=IN_MEMORY if os.path.isdir(IN_MEMORY) else None) as d:
            other = os.path.join(d, "other")
            told = self.rebuild("--to", other, "--pack-max", str(8 * MIB))
            apart = os.stat(d).st_dev != os.stat(self.folder).st_dev
            self.assertEqual(told["linked"], 0 if apart else 1)
            self.all_there(other)
            self.refuses("rebuild", self.store, "--to", other, code=NO, says="already there",
                         error="exists")
        self.all_there()

    def test_what_makes_no_sense_is_refused(self):
        self.fill()
        self.refuses("rebuild", self.store, "--inline-max", str(5 * MIB), code=NO,
                     says="threshold")
        self.run_command("rebuild", self.store, "--back", "--release", code=USAGE)
        for one in "--release", "--back", "--abandon":  # are done at once, and not said only
            self.run_command("rebuild", self.store, one, "--dry-run", code=USAGE)
        self.run_command("rebuild", self.store, "--inline-max", "-1", code=USAGE)
        self.refuses("rebuild", self.folder / "none", code=NO, says="no store is there",
                     error="not_found")
        self.assertEqual(self.rebuild("--release"), {"released": 0})

    def test_killed_anywhere_it_is_the_old_store_or_the_new(self):
        self.data |= {f"m{n}": noise(60 * KIB + n, n) for n in range(150)}
        self.fill()
        self.rebuild("--inline-max", "1000")
        self.rebuild("--release")
        slowly = ("--rate", str(20 * MIB))  # half a second, on any machine
        kills, resumed, limit = 0, 0, 1000
        for step in range(KILLS):
            limit = 70_000 if limit == 1000 else 1000
            words = [self.command, "rebuild", self.store, "--inline-max", str(limit), *slowly]
            work = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep((step + 1) * 0.4 / KILLS)
            work.send_signal(signal.SIGKILL)
            killed = work.wait() == -signal.SIGKILL
            work.communicate()
            kills += killed
            if step % 3 == 1:
                self.all_there()
            done = self.rebuild("--inline-max", str(limit))
            resumed += done["resumed"]
            self.assertEqual(self.rebuild("--release")["released"] > 0, True)
            self.assertEqual(len(self.names()), 2, self.names())
        self.all_there()
        self.assertGreater(kills, KILLS // 3)
        if KILLS >= 8:
            self.assertGreater(resumed, 0)

    def test_abandon(self):
        self.fill()
        root = pathlib.Path(self.store) / "root.1"
        root.mkdir()
        (root / "left").write_bytes(b"of a rebuild")
        self.rebuild("--abandon")
        self.assertFalse(root.exists())
        self.all_there()


if __name__ == "__main__":
    main()
