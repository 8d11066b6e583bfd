"""init: a store where one can live, a warning where it is weak, and nothing where it cannot."""

import os
import pathlib

from command import KIB, MIB, NO, OK, USAGE, CommandTest, main, noise


def with_fault(fault):
    return os.environ | {"LD_PRELOAD": os.environ["QUIRKS"], "QUIRK": fault}


class Init(CommandTest):
    def test_a_store_is_made(self):
        self.assertEqual(self.document("init", self.store), {"format": 1, "store": self.store})
        self.assertEqual(self.names(), [])
        self.refuses("init", self.store, code=NO, says="a store is already there", error="exists")

    def test_below_what_is_not_there_yet(self):
        deep = self.folder / "a" / "b" / "store"
        self.run_command("init", deep)
        self.assertEqual(self.lines("ls", deep), [])
        self.run_command("init", "relative", cwd=self.folder)
        self.assertEqual(self.lines("ls", self.folder / "relative"), [])

    def test_into_an_empty_directory_and_no_other(self):
        pathlib.Path(self.store).mkdir()
        self.init()
        self.assertEqual(self.names(), [])
        full = self.folder / "full"
        full.mkdir()
        (full / "mine").write_text("x")
        self.refuses("init", full, code=NO, says="holds 'mine'", error="not_empty")
        self.assertEqual(os.listdir(full), ["mine"])

    def test_it_refuses_where_the_doctor_says_unfit(self):
        for fault, says in (("no rename", "EACCES"), ("locks lie", "two processes"),
                            ("full", "0 B free"), ("stale mapping", "disagree"),
                            ("reads lie", "not what is read")):
            with self.subTest(fault):
                self.refuses("init", self.store, code=NO, says=says, error="unsupported",
                             env=with_fault(fault))
                self.assertEqual(os.listdir(self.folder), [])

    def test_unless_it_is_told_not_to_ask(self):
        self.run_command("init", self.store, "--anyway", env=with_fault("full"))
        self.assertEqual(self.names(), [])

    def test_it_warns_where_the_doctor_says_weak(self):
        for fault, says in (("little room", "500.0 MiB free"), ("no directory sync", "EINVAL"),
                            ("renamed is gone", "ENOENT")):
            with self.subTest(fault):
                store = str(self.folder / fault)
                done = self.run_command("init", store, "--json", env=with_fault(fault))
                warnings = done.stderr.decode()
                self.assertIn("casement: warning: ", warnings)
                self.assertIn(says, warnings)
                self.assertEqual(len(done.stdout.splitlines()), 1)
                self.assertEqual(self.lines("ls", store), [])

    def test_a_store_lives_on_a_disk_that_bends_the_rules(self):
        """Each fault for a whole life; and what was written there is whole anywhere."""
        files = {"a": b"bytes", "b": noise(300 * KIB, 1), "c": noise(5 * MIB, 2)}
        source = self.folder / "source"
        source.mkdir()
        for name, data in files.items():
            (source / name).write_bytes(data)
        for fault in ("scanners everywhere", "names come late", "transfers stop",
                      "no directory sync"):
            with self.subTest(fault):
                self.store = str(self.folder / fault)
                for words in (("init", self.store), ("import", self.store, source, "/it"),
                              ("import", self.store, source, "/passing"),
                              ("rm", "-r", self.store, "/passing"), ("gc", self.store),
                              ("verify", self.store)):
                    self.run_command(*words, env=with_fault(fault))
                for name, data in files.items():
                    read = ("cat", self.store, "/it/" + name)
                    self.assertEqual(self.run_command(*read, env=with_fault(fault)).stdout, data)
                    self.assertEqual(self.run_command(*read).stdout, data)

    def test_exports_alone_are_no_reason_to_warn(self):
        usual = self.run_command("init", str(self.folder / "usual"), code=OK).stderr
        for fault in ("no case", "no hash", "no symlinks", "no hard links"):
            done = self.run_command("init", str(self.folder / fault), env=with_fault(fault))
            self.assertEqual(done.stderr, usual, fault)

    def test_thresholds_that_cannot_be(self):
        self.refuses("init", self.store, "--inline-max", "9", "--dedicated-min", "5", code=NO,
                     says="inline_max < dedicated_min", error="illegal")
        self.refuses("init", code=USAGE, says="STORE")


if __name__ == "__main__":
    main()
