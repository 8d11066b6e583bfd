"""export: real files again, each whole from the moment it has its name."""

import os
import pathlib
import resource
import signal
import subprocess

from command import FAILED, MIB, NO, CommandTest, main, noise, wait_until


def end_at_2_mib():
    """No file may grow beyond it: the write that would is the process's last."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Export(CommandTest):
    def setUp(self):
        super().setUp()
        self.back = self.folder / "back"

    def names_in(self, directory):
        return sorted(os.listdir(directory))

    def export(self, path, **how):
        return self.run_command("export", self.store, path, str(self.back), **how)

    def killed_while_writing(self, path):
        self.export(path, code=-signal.SIGXFSZ, preexec_fn=end_at_2_mib)

    def test_a_kill_leaves_no_half_file_under_its_name(self):
        self.init()
        small, large = noise(100), noise(5 * MIB)
        self.import_files({"d/a": small, "d/song": large})
        self.killed_while_writing("/d")
        left = self.names_in(self.back)
        self.assertNotIn("song", left)
        half = [name for name in left if (self.back / name).stat().st_size == 2 * MIB]
        self.assertEqual(len(half), 1, left)
        self.assertTrue(half[0].startswith(".casement-export."), left)
        self.assertEqual((self.back / half[0]).stat().st_mode & 0o777, 0o600)
        if "a" in left:
            self.assertEqual((self.back / "a").read_bytes(), small)
        self.refuses("export", self.store, "/d", str(self.back), code=NO, says="holds '",
                     error="not_empty")

    def test_a_kill_leaves_what_is_beside_a_single_file(self):
        self.init()
        self.import_files({"song": noise(5 * MIB)})
        self.folder.joinpath("beside").write_bytes(b"mine")
        before = self.names_in(self.folder)
        self.killed_while_writing("/song")
        new = set(self.names_in(self.folder)) - set(before)
        self.assertEqual(len(new), 1)
        self.assertTrue(new.pop().startswith(".casement-export."))
        self.assertEqual(self.folder.joinpath("beside").read_bytes(), b"mine")
        self.export("/song")
        self.assertEqual(self.back.stat().st_size, 5 * MIB)

    def test_only_what_was_stored_has_names_at_last(self):
        self.init()
        source = self.import_files({"a": noise(10), "d/b": noise(MIB), "d/empty": b"", "l": "a"})
        self.export("/")
        for where, _, names in os.walk(source):
            there = self.back / os.path.relpath(where, source)
            self.assertEqual(self.names_in(there), self.names_in(where))
            for name in names:
                file = pathlib.Path(where) / name
                self.assertEqual((there / name).read_bytes(), file.read_bytes())
                self.assertEqual((there / name).lstat().st_mode, file.lstat().st_mode)
                self.assertEqual((there / name).lstat().st_mtime_ns, file.lstat().st_mtime_ns)

    def test_what_has_the_name_stays_and_nothing_is_written(self):
        self.init()
        self.import_files({"song": noise(5 * MIB)})
        self.back.write_bytes(b"old")
        before = self.names_in(self.folder)
        done = self.export("/song", code=FAILED, preexec_fn=end_at_2_mib)
        self.assertIn("File exists", done.stderr.decode())
        self.assertEqual(self.back.read_bytes(), b"old")
        self.assertEqual(self.names_in(self.folder), before)

    def test_a_name_that_comes_while_the_file_is_written_stays(self):
        self.init()
        self.import_files({"song": noise(32 * MIB)})
        words = [self.command, "export", self.store, "/song", str(self.back)]

        def is_begun():
            return any(name.startswith(".casement-export.") for name in self.names_in(self.folder))
        for _ in range(20):  # until it is stopped before it was done
            with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as it:
                wait_until(lambda: is_begun() or it.poll() is not None)
                it.send_signal(signal.SIGSTOP)
                in_time = not self.back.exists()
                if in_time:
                    self.back.write_bytes(b"mine")
                it.send_signal(signal.SIGCONT)
                said = it.stderr.read().decode()
            if in_time:
                break
            self.back.unlink()
        self.assertTrue(in_time)
        self.assertEqual(it.returncode, FAILED)
        self.assertIn("File exists", said)
        self.assertEqual(self.back.read_bytes(), b"mine")
        self.assertFalse(is_begun(), "nothing is left")

    def test_a_damaged_file_is_not_there_and_the_others_are(self):
        self.init()
        self.import_files({"whole": noise(10), "song": noise(5 * MIB)})
        blob = next((pathlib.Path(self.store) / "blobs").rglob("*.blob"))
        with open(blob, "r+b") as file:
            file.seek(4 * MIB)
            byte = file.read(1)
            file.seek(4 * MIB)
            file.write(bytes([byte[0] ^ 1]))
        done = self.export("/", code=FAILED)
        self.assertIn("song", done.stderr.decode())
        self.assertIn("do not have their checksum", done.stderr.decode())
        self.assertEqual(self.names_in(self.back), ["whole"])


if __name__ == "__main__":
    main()
