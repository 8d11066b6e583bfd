"""import --link and promote: bytes that stay where they are, until they are taken in."""

import os
import pathlib
import shutil

from command import FAILED, KIB, MIB, CommandTest, main, noise


class Links(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.source = self.folder / "songs of #1 \N{LATIN SMALL LETTER U WITH DIAERESIS} %20"
        self.source.mkdir()
        self.data = {"small": noise(KIB), "packed": noise(MIB, 1), "own": noise(5 * MIB, 2),
                     "odd\n\udcff": noise(200 * KIB, 3)}
        for name, bytes_ in self.data.items():
            (self.source / name).write_bytes(bytes_)

    def bring(self, *how):
        return self.document("import", *how, self.store, self.source, "/songs")

    def used(self):
        return sum(f.stat().st_size for f in pathlib.Path(self.store).rglob("*") if f.is_file())

    def placed(self, kind):
        return self.document("stats", self.store)[kind]["contents"]

    def all_there(self):
        for name, bytes_ in self.data.items():
            there = self.run_command("cat", self.store, "/songs/" + name).stdout
            self.assertEqual(there, bytes_, name)
        self.run_command("verify", self.store)
        self.run_command("fsck", self.store)

    def test_bytes_stay_where_they_are_until_they_are_taken_in(self):
        self.assertEqual(self.bring("--link")["files"], 4)
        self.assertLess(self.used(), 100 * KIB)
        self.assertEqual((self.placed("external"), self.placed("inline")), (3, 1))
        self.all_there()
        where = self.document("stat", self.store, "/songs/own")["stored_in"]
        self.assertTrue(where.startswith("file:///") and where.endswith("/own"), where)
        again = self.bring("--link")
        self.assertEqual((again["files"], again["unchanged"]), (0, 4))
        back = self.folder / "back"
        self.run_command("export", self.store, "/songs", back)
        for name, bytes_ in self.data.items():
            self.assertEqual((back / name).read_bytes(), bytes_)

        dry = self.document("promote", self.store, "--dry-run")
        self.assertEqual((dry["links"], dry["taken"]), (3, 0))
        told = self.document("promote", self.store)
        self.assertEqual((told["taken"], told["taken_bytes"]), (3, dry["link_bytes"]))
        shutil.rmtree(self.source)
        self.assertEqual(self.placed("external"), 0)
        self.all_there()

    def test_who_imports_may_delete_afterwards(self):
        """The same names with the same facts: but until then their bytes were elsewhere."""
        self.bring("--link")
        told = self.bring()
        self.assertEqual((told["files"], told["unchanged"]), (3, 1))
        shutil.rmtree(self.source)
        self.all_there()

    def test_a_change_is_told(self):
        self.bring("--link")
        (self.source / "own").write_bytes(noise(5 * MIB, 7))
        (self.source / "packed").unlink()
        self.refuses("cat", self.store, "/songs/own", code=FAILED, says="checksum")
        self.assertIn(b"ENOENT", self.run_command("cat", self.store, "/songs/packed",
                                                  code=1).stderr)
        self.run_command("verify", self.store, code=1)
        done = self.run_command("promote", self.store, code=FAILED)
        self.assertIn(b"2 links lead to nothing, or to something else", done.stderr)
        self.assertEqual(self.placed("external"), 2)
        # What is there by now is another content of the same name.
        self.data["own"] = (self.source / "own").read_bytes()
        self.data["packed"] = noise(MIB, 1)
        (self.source / "packed").write_bytes(self.data["packed"])
        self.bring("--link")
        self.run_command("gc", self.store, "--grace", "0")  # of what no name leads to any more
        self.all_there()

    def test_files_that_were_moved_are_found_where_they_are_now(self):
        self.bring("--link")
        moved = self.folder / "moved"
        os.rename(self.source, moved)
        self.source = moved
        self.document("import", "--link", self.store, moved, "/elsewhere")
        self.all_there()

    def test_files_that_were_moved_are_linked_anew_under_their_old_names(self):
        self.bring("--link")
        moved = self.folder / "moved"
        os.rename(self.source, moved)
        self.source = moved
        told = self.bring("--link")
        self.assertEqual((told["files"], told["unchanged"]), (3, 1))
        self.all_there()

    def test_a_link_on_the_way_leads_to_the_file_that_was_read(self):
        (self.folder / "app/real").mkdir(parents=True)
        (self.folder / "cur").symlink_to("app/real")
        for place, seed in ("app/right", 11), ("right", 12):  # where it is, and as the text has it
            (self.folder / place).mkdir()
            (self.folder / place / "f").write_bytes(noise(MIB, seed))
        self.document("import", "--link", self.store, f"{self.folder}/cur/../right", "/right")
        self.assertEqual(self.run_command("cat", self.store, "/right/f").stdout, noise(MIB, 11))

    def test_links_are_collected_and_rebuilt_and_compacted(self):
        self.bring("--link")
        self.run_command("rebuild", self.store, "--inline-max", "100")
        self.all_there()
        self.run_command("rm", "-r", self.store, "/songs")
        self.run_command("gc", self.store, "--grace", "0")
        self.run_command("compact", self.store)
        self.assertEqual(self.placed("external"), 0)
        self.assertTrue((self.source / "own").exists(), "what a link leads to is nobody's here")
        self.run_command("verify", self.store)


if __name__ == "__main__":
    main()
