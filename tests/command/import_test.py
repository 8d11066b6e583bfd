"""What import makes of odd sources: one bad name does not end it, and no wrong byte goes in. Trees
that are well are tests/end_to_end/'s."""

import fcntl
import json
import os
import pathlib
import signal

from command import FAILED, KIB, MIB, NO, USAGE, CommandTest, main, noise


class Import(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.source = self.folder / "source"
        self.source.mkdir()

    def test_what_cannot_be_read_now_is_told_and_the_rest_goes_in(self):
        data = {f"f{n}": noise(KIB, n) for n in range(20)}
        for name, bytes_ in data.items():
            (self.source / name).write_bytes(bytes_)
        # As Samba's kernel oplocks do: who opens it without waiting is refused.
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        held = os.open(self.source / "f7", os.O_RDWR)
        fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        told = self.document("import", self.store, self.source, "/it", code=NO)
        self.assertEqual((told["files"], told["failed"]), (19, 1))
        os.close(held)
        told = self.document("import", self.store, self.source, "/it")
        self.assertEqual((told["files"], told["unchanged"]), (1, 19))
        self.assertEqual(self.run_command("cat", self.store, "/it/f7").stdout, data["f7"])

    def test_what_is_named_must_be_a_file_or_a_directory(self):
        os.mkfifo(self.source / "fifo")
        self.refuses("import", self.store, self.source / "fifo", "/it", code=NO, says="a FIFO",
                     error="unsupported")
        self.refuses("import", self.store, "/dev/null", "/it", code=NO, says="a character device")
        self.assertEqual(self.names(), [])

    def test_through_a_link_it_is_the_directory_that_gets_mode_and_time(self):
        self.run_command("mkdir", self.store, "/d")
        self.run_command("ln", "-s", self.store, "d", "/l")
        self.source.chmod(0o710)
        self.run_command("import", self.store, self.source, "/l")
        self.assertTrue(self.lines("ls", "-l", self.store)[0].startswith("drwx--x---"))
        self.assertEqual(self.document("stat", self.store, "/l")["kind"], "link")

    def test_what_changed_behind_its_size_and_time_is_found_by_checksum(self):
        sizes = {"inline": KIB, "packed": 100 * KIB, "dedicated": 5 * MIB, "empty": 0}
        for name, size in sizes.items():
            (self.source / name).write_bytes(noise(size, size))
        self.run_command("import", self.store, self.source, "/it")
        told = self.document("import", self.store, self.source, "/it", "--checksum")
        self.assertEqual((told["files"], told["bytes"], told["unchanged"]), (0, 0, len(sizes)))
        for name, size in sizes.items():
            file = self.source / name
            before = file.stat()
            file.write_bytes(noise(size, size + 1))
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        told = self.document("import", self.store, self.source, "/it")
        self.assertEqual((told["files"], told["unchanged"]), (0, len(sizes)))
        told = self.document("import", self.store, self.source, "/it", "--checksum")
        self.assertEqual((told["files"], told["unchanged"]), (3, 1), "the empty one is the same")
        self.assertEqual(told["bytes"], sum(sizes.values()))
        for name, size in sizes.items():
            self.assertEqual(self.run_command("cat", self.store, "/it/" + name).stdout,
                             noise(size, size + 1))

    def damage(self):
        """Turns a byte of each file of the blobs and the packs."""
        store = pathlib.Path(self.store)
        for file in [*store.rglob("*.blob"), *store.rglob("*.pack")]:
            held = bytearray(file.read_bytes())
            held[len(held) // 2] ^= 1
            file.write_bytes(held)

    def test_what_is_damaged_is_healed_from_who_has_it(self):
        sizes = {"inline": KIB, "packed": 100 * KIB, "dedicated": 5 * MIB, "lost": 6 * MIB}
        for name, size in sizes.items():
            (self.source / name).write_bytes(noise(size, size))
        (self.source / "again").write_bytes(noise(5 * MIB, 5 * MIB))
        self.run_command("import", self.store, self.source, "/it")
        self.damage()
        for file in pathlib.Path(self.store).rglob("*.blob"):
            if file.stat().st_size == 6 * MIB:
                file.unlink()
        self.assertEqual(self.documents("verify", self.store, code=NO)[-1]["problems"], 4)
        told = self.document("import", self.store, self.source, "/it")
        self.assertEqual((told["unchanged"], told["healed"]), (5, 0), "it is not looked at")

        ran = self.run_command("import", self.store, self.source, "/it", "--heal", "--jobs", "1",
                               "--json", code=None)
        told = json.loads(ran.stdout)
        self.assertEqual((told["files"], told["unchanged"], told["healed"]), (3, 2, 3))
        self.assertEqual(len(ran.stderr.splitlines()), 3, "each is named")
        self.assertEqual(self.document("verify", self.store)["problems"], 0)
        for name, size in sizes.items():
            self.assertEqual(self.run_command("cat", self.store, "/it/" + name).stdout,
                             noise(size, size))
        told = self.document("import", self.store, self.source, "/it", "--heal")
        self.assertEqual((told["unchanged"], told["healed"]), (5, 0))
        self.assertEqual(len([*pathlib.Path(self.store).rglob("*.blob")]), 2,
                         "what was damaged is gone")

    def test_a_new_name_for_damaged_bytes_heals_those_that_have_them(self):
        (self.source / "song").write_bytes(noise(5 * MIB, 1))
        self.run_command("import", self.store, self.source, "/old")
        self.damage()
        told = self.document("import", self.store, self.source, "/new", "--heal")
        self.assertEqual((told["files"], told["healed"]), (1, 1))
        self.assertEqual(self.document("verify", self.store)["problems"], 0)
        self.assertEqual(self.run_command("cat", self.store, "/old/song").stdout,
                         noise(5 * MIB, 1))

    def test_what_is_damaged_and_changed_at_its_source_stays_so_and_is_told(self):
        song = self.source / "song"
        song.write_bytes(noise(5 * MIB, 1))
        self.run_command("import", self.store, self.source, "/old")
        self.run_command("cp", self.store, "/old/song", "/copy")
        self.damage()
        song.write_bytes(noise(5 * MIB, 2))
        self.run_command("import", self.store, self.source, "/old", "--heal")
        self.assertEqual(self.run_command("cat", self.store, "/old/song").stdout,
                         noise(5 * MIB, 2))
        self.assertEqual(self.documents("verify", self.store, code=NO)[-1]["problems"], 1)
        self.run_command("cat", self.store, "/copy", code=FAILED)

    def test_other_bytes_under_the_same_facts_are_no_cure(self):
        song = self.source / "song"
        song.write_bytes(noise(5 * MIB, 1))
        before = song.stat()
        self.run_command("import", self.store, self.source, "/it")
        self.damage()
        song.write_bytes(noise(5 * MIB, 2))
        os.utime(song, ns=(before.st_atime_ns, before.st_mtime_ns))
        ran = self.run_command("import", self.store, self.source, "/it", "--heal", code=NO)
        self.assertIn(b"other bytes than were stored", ran.stderr)
        self.assertEqual(self.documents("verify", self.store, code=NO)[-1]["problems"], 1)
        self.run_command("import", self.store, self.source, "/it", "--heal", "--checksum",
                         code=None)
        self.assertEqual(self.run_command("cat", self.store, "/it/song").stdout, noise(5 * MIB, 2))

    def test_what_is_behind_a_link_is_not_looked_for(self):
        (self.source / "song").write_bytes(noise(5 * MIB, 1))
        self.run_command("import", self.store, self.source, "/it", "--link")
        kept = self.folder / "kept"
        self.source.rename(kept)
        told = self.document("import", self.store, kept, "/it", "--heal")
        self.assertEqual((told["files"], told["healed"]), (1, 0), "it is stored now")
        self.assertEqual(self.document("verify", self.store)["problems"], 0)

    def test_a_link_heals_nothing(self):
        self.refuses("import", self.store, self.source, "/it", "--heal", "--link", code=USAGE,
                     says="--heal")

    def test_a_link_to_bytes_that_changed_is_made_anew_by_checksum(self):
        song = self.source / "song"
        song.write_bytes(noise(MIB, 1))
        self.run_command("import", self.store, self.source, "/it", "--link")
        before = song.stat()
        song.write_bytes(noise(MIB, 2))
        os.utime(song, ns=(before.st_atime_ns, before.st_mtime_ns))
        again = ("import", self.store, self.source, "/it", "--link")
        self.assertEqual(self.document(*again)["unchanged"], 1)
        self.assertEqual(self.document(*again, "--checksum")["files"], 1)
        self.assertEqual(self.run_command("cat", self.store, "/it/song").stdout, noise(MIB, 2))
        self.assertEqual(self.document(*again, "--checksum")["unchanged"], 1)

    def test_the_store_does_not_take_itself(self):
        (self.source / "f").write_bytes(b"f")
        inner = next(p for p in pathlib.Path(self.store).iterdir() if p.is_dir())
        for own in self.store, inner:
            self.refuses("import", self.store, own, "/it", code=NO, says="it is in the store",
                         error="illegal")
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    main()
