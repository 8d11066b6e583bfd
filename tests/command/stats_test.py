"""stats: counts against what was put in, bytes against what lies on the disk."""

import pathlib

from command import FAILED, KIB, MIB, CommandTest, main, noise


class Stats(CommandTest):
    def stats(self, *words):
        return self.document("stats", self.store, *words)

    def test_an_empty_store(self):
        self.init()
        told = self.stats()
        self.assertEqual((told["directories"], told["files"], told["links"]), (1, 0, 0))
        self.assertEqual((told["logical_bytes"], told["stored_bytes"], told["dedupe_ratio"]),
                         (0, 0, 1.0))

    def test_counts(self):
        self.init()
        inline, packed, dedicated = noise(64 * KIB), noise(64 * KIB + 1), noise(4 * MIB)
        self.import_files({"i": inline, "i2": inline, "d/p": packed, "d/D": dedicated,
                           "d/e/D2": dedicated, "l": "i", "empty": b""})
        told = self.stats()
        self.assertEqual((told["directories"], told["files"], told["links"]), (3, 6, 1))
        self.assertEqual(told["inline"], {"contents": 2, "bytes": len(inline)})
        self.assertEqual(told["packed"], {"contents": 1, "bytes": len(packed)})
        self.assertEqual(told["dedicated"], {"contents": 1, "bytes": len(dedicated)})
        self.assertEqual(told["external"], {"contents": 0, "bytes": 0})
        stored = len(inline) + len(packed) + len(dedicated)
        self.assertEqual(told["stored_bytes"], stored)
        self.assertEqual(told["logical_bytes"], stored + len(inline) + len(dedicated))
        self.assertAlmostEqual(told["dedupe_ratio"], told["logical_bytes"] / stored)

    def test_disk(self):
        self.init()
        self.import_files({"p": noise(MIB), "d": noise(5 * MIB)})
        told = self.stats()
        for part in "blobs", "packs":
            files = [f for f in (pathlib.Path(self.store) / part).rglob("*") if f.is_file()]
            self.assertEqual(told[part]["files"], len(files))
            self.assertEqual(told[part]["bytes"], sum(f.stat().st_size for f in files))
        self.assertGreater(told["meta"]["files"], 2)
        self.assertEqual(told["disk_bytes"],
                         sum(told[part]["disk_bytes"] for part in ("meta", "blobs", "packs")))
        # A pack is its frames and a header: nothing was removed from it.
        self.assertEqual(told["packs_live"], MIB + 64)
        self.assertLess(told["packs_dead"], 4 * KIB)
        self.assertEqual(self.run_command("stats", self.store).stderr, b"")

    def test_dead_bytes_are_warned_of(self):
        self.init()
        self.import_files({"a": noise(3 * MIB, 1), "b": noise(3 * MIB, 2)})
        self.run_command("rm", self.store, "/a")
        self.run_command("gc", self.store)
        done = self.run_command("stats", self.store, code=None)
        self.assertIn(b"casement compact " + self.store.encode(), done.stderr)
        self.run_command("compact", self.store)
        self.assertEqual(self.run_command("stats", self.store).stderr, b"")

    def test_rows_come_and_go_with_names(self):
        self.init()
        before = self.stats()["rows"]
        self.run_command("mkdir", self.store, "/a")
        # Entry, head, rev and binding, the record of the change, and the first block of ids.
        self.assertEqual(self.stats()["rows"] - before, 6)
        self.run_command("rm", self.store, "/a")
        self.assertEqual(self.stats()["rows"] - before, 3)  # two records are left
        self.import_files({"p": noise(MIB)})  # entry, object, content, sums, frame; two records
        self.assertEqual(self.stats()["rows"] - before, 10)

    def test_text_and_levels(self):
        self.init()
        lines = self.lines("stats", self.store)
        self.assertIn(["directories", "1"], [line.split() for line in lines])
        self.assertNotIn("levels", "\n".join(lines))
        self.assertIn("Level", self.run_command("stats", self.store, "--levels").stdout.decode())
        self.assertIn("Level", self.stats("--levels")["levels"])

    def test_a_damaged_store(self):
        self.init()
        self.import_files({"p": noise(MIB)})
        for log in (pathlib.Path(self.store) / "meta").rglob("*.log"):
            log.write_bytes(b"")
        self.refuses("stats", self.store, code=FAILED, says="store", error="corrupt")


if __name__ == "__main__":
    main()
