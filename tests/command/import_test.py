"""What import makes of odd sources: one bad name does not end it, and no wrong byte goes in. Trees
that are well are tests/end_to_end/'s."""

import fcntl
import os
import pathlib
import signal

from command import KIB, MIB, NO, CommandTest, main, noise


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
