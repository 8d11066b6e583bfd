"""gc: what nothing leads to goes, from the rows and from the disk, and nothing else."""

import pathlib

from command import KIB, MIB, NO, OK, USAGE, CommandTest, main, noise


class Gc(CommandTest):
    def gc(self, *words):
        return self.document("gc", self.store, *words)

    def files_on_disk(self):
        return sorted(f.name for part in ("blobs", "packs")
                      for f in (pathlib.Path(self.store) / part).rglob("*") if f.is_file())

    def test_an_empty_store(self):
        self.init()
        told = self.gc()
        self.assertEqual((told["contents"], told["unnamed"], told["erased"]), (0, 0, 0))

    def test_what_is_removed_goes_and_the_rest_stays(self):
        self.init()
        inline, packed, dedicated, kept = noise(KIB), noise(MIB), noise(5 * MIB), noise(6 * MIB)
        self.import_files({"i": inline, "p": packed, "D": dedicated, "kept": kept})
        files = self.files_on_disk()
        self.run_command("rm", self.store, "/i")
        self.run_command("rm", self.store, "/p")
        self.run_command("rm", self.store, "/D")
        lost = len(inline) + len(packed) + len(dedicated)

        dry = self.gc("--dry-run")
        self.assertEqual((dry["unnamed"], dry["unnamed_bytes"]), (3, lost))
        self.assertNotIn("erased", dry)
        self.assertEqual(self.files_on_disk(), files)

        told = self.gc()
        self.assertEqual((told["unnamed"], told["erased"], told["erased_bytes"]), (3, 3, lost))
        self.assertEqual((told["contents"], told["bytes"]), (1, len(kept)))
        self.assertEqual(told["files_removed"], 2, "the pack and the blob")
        self.assertEqual(len(self.files_on_disk()), 1)
        self.assertEqual(self.run_command("cat", self.store, "/kept").stdout, kept)
        self.run_command("verify", self.store)
        self.assertEqual(self.document("stats", self.store)["stored_bytes"], len(kept))
        self.assertEqual(self.gc()["unnamed"], 0)

    def test_a_snapshot_keeps_until_it_is_forgotten(self):
        self.init()
        data = noise(100 * KIB)
        self.import_files({"d/x": data})
        self.run_command("snapshot", self.store, "/", "s")
        self.run_command("rm", "-r", self.store, "/d")
        self.assertEqual(self.gc()["erased"], 0)
        self.run_command("restore", self.store, "s", "/back")
        self.assertEqual(self.run_command("cat", self.store, "/back/d/x").stdout, data)
        self.run_command("forget", self.store, "s")
        self.assertEqual(self.gc()["erased"], 0, "/back leads there")
        self.run_command("rm", "-r", self.store, "/back")
        self.assertEqual(self.gc()["contents"], 0)
        self.run_command("verify", self.store)

    def test_what_waits(self):
        self.init()
        self.import_files({"x": b"x"})
        self.run_command("rm", self.store, "/x")
        told = self.gc("--grace", "3600")
        self.assertEqual((told["condemned"], told["erased"], told["waiting"]), (1, 0, 1))
        self.import_files({"again": b"x"})
        self.assertEqual(self.gc()["erased"], 0, "it was stored once more")
        self.assertEqual(self.run_command("cat", self.store, "/again").stdout, b"x")

    def test_usage(self):
        self.init()
        self.run_command("gc", code=USAGE)
        self.run_command("gc", self.store, "--grace", "-1", code=USAGE)
        self.run_command("gc", str(self.folder / "none"), code=NO)
        text = self.run_command("gc", self.store, code=OK).stdout.decode()
        self.assertIn("erased", text)


if __name__ == "__main__":
    main()
