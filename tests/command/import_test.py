"""What import makes of odd sources: one bad name does not end it, and no wrong byte goes in. Trees
that are well are tests/end_to_end/'s."""

import fcntl
import os
import pathlib
import signal

from command import KIB, NO, CommandTest, main, noise


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

    def test_the_store_does_not_take_itself(self):
        (self.source / "f").write_bytes(b"f")
        inner = next(p for p in pathlib.Path(self.store).iterdir() if p.is_dir())
        for own in self.store, inner:
            self.refuses("import", self.store, own, "/it", code=NO, says="it is in the store",
                         error="illegal")
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    main()
