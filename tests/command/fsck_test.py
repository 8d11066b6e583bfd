"""fsck: a store that is well has no faults. That each fault is found and mended,
tests/tree/fsck_test shows; here, how the command tells of it."""

from command import NO, USAGE, CommandTest, main


class Fsck(CommandTest):
    def test_a_sound_store(self):
        self.init()
        self.import_files({"d/x": b"x", "l": "d/x"})
        self.run_command("snapshot", self.store, "/", "s")
        self.run_command("rm", "-r", self.store, "/d")
        self.run_command("restore", self.store, "s", "/back")
        self.run_command("write", self.store, "/back/d/y", input=b"y")
        for words in ([], ["--repair"], ["--dry-run"], ["--repair", "--dry-run"]):
            told = self.document("fsck", self.store, *words)
            self.assertEqual(told, {"faults": 0, "mends": 0, "left": 0})
        self.assertEqual(self.lines("fsck", self.store), ["0 faults; 0 mends; 0 left"])

    def test_usage(self):
        self.run_command("fsck", code=USAGE)
        self.run_command("fsck", str(self.folder / "none"), code=NO)


if __name__ == "__main__":
    main()
