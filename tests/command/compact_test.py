"""compact: the dead bytes of packs go back to the disk, and nothing else goes."""

import os
import pathlib
import signal
import subprocess
import time

from command import FAILED, MIB, NO, OK, USAGE, CommandTest, main, noise, wait_until


class Compact(CommandTest):
    def compact(self, *words):
        return self.document("compact", self.store, *words)

    def packs(self):
        return sorted((pathlib.Path(self.store) / "packs").iterdir())

    def on_disk(self):
        return sum(f.stat().st_blocks * 512 for f in self.packs())

    def with_dead(self, files=8):
        """A store of some MiB in a pack, half of which nothing names any more."""
        self.init()
        self.data = {f"f{n}": noise(MIB, n) for n in range(files)}
        self.import_files({**self.data, "D": noise(5 * MIB)})
        for n in range(0, files, 2):
            self.run_command("rm", self.store, f"/f{n}")
            del self.data[f"f{n}"]
        self.run_command("gc", self.store)

    def all_there(self):
        for name, bytes_ in self.data.items():
            self.assertEqual(self.run_command("cat", self.store, "/" + name).stdout, bytes_)
        self.run_command("verify", self.store)

    def test_an_empty_store(self):
        self.init()
        self.assertEqual(self.compact()["packs"], 0)

    def test_dead_bytes_go_and_the_rest_stays(self):
        self.with_dead()
        blob = next((pathlib.Path(self.store) / "blobs").rglob("*.blob"))
        before, times = self.on_disk(), blob.stat()
        dry = self.compact("--dry-run")
        self.assertEqual(self.on_disk(), before)
        told = self.compact()
        self.assertEqual((told["live_bytes"], told["dead_bytes"]), (4 * (MIB + 64), 4 * MIB + 320))
        self.assertEqual((dry["punched"], dry["moved"]), (told["punched"], told["moved"]))
        self.assertGreater(before - self.on_disk(), 4 * MIB - 64 * 1024)
        self.assertEqual((blob.stat().st_mtime_ns, blob.stat().st_atime_ns),
                         (times.st_mtime_ns, times.st_atime_ns), "not even opened")
        self.all_there()

    def test_without_holes_what_is_live_is_moved(self):
        self.with_dead()
        old = self.packs()
        told = self.compact("--no-holes")
        self.assertEqual((told["rewritten"], told["moved"], told["removed"]), (1, 4, 1))
        self.assertEqual(told["moved_bytes"], 4 * (MIB + 64))
        self.assertFalse(set(old) & set(self.packs()))
        self.assertLess(self.on_disk(), 4 * MIB + 64 * 1024)
        self.all_there()
        self.assertEqual(self.compact("--no-holes")["moved"], 0)

    def test_a_little_is_left_alone(self):
        self.with_dead()
        self.assertEqual(self.compact("--no-holes", "--dead", "60")["moved"], 0)
        self.assertEqual(self.compact("--no-holes", "--moves", str(MIB))["moved"], 0)

    def test_killed_at_any_moment_nothing_is_lost(self):
        self.with_dead(32)
        for wait_ms in (5, 15, 30, 60, 120):
            process = subprocess.Popen(
                [self.command, "compact", self.store, "--no-holes", "--dead", "0", "--rate",
                 str(100 * MIB)], stdout=subprocess.DEVNULL)
            time.sleep(wait_ms / 1000)
            process.kill()
            process.wait()
        self.all_there()
        self.compact("--no-holes")
        self.assertLess(self.on_disk(), 17 * MIB)
        self.all_there()

    def test_stopped_as_asked_it_goes_on(self):
        self.with_dead(16)
        process = subprocess.Popen([self.command, "compact", self.store, "--no-holes", "--rate",
                                    str(2 * MIB)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        wait_until(lambda: len(self.packs()) > 1)  # the one that it moves to
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
        self.assertEqual(process.returncode, FAILED)
        self.assertIn(b"cancelled", told)
        self.all_there()
        self.compact("--no-holes")
        self.assertLess(self.on_disk(), 9 * MIB)

    def test_a_damaged_frame_stays_and_is_told(self):
        self.with_dead()
        [pack] = self.packs()
        with open(pack, "r+b") as f:
            for frame in range(8):  # whichever of them is live
                f.seek(frame * MIB + MIB // 2)
                byte = f.read(1)
                f.seek(-1, os.SEEK_CUR)
                f.write(bytes([byte[0] ^ 1]))
        done = self.run_command("compact", self.store, "--no-holes", code=FAILED)
        self.assertIn(str(pack).encode(), done.stderr)
        self.assertTrue(pack.exists())

    def test_bad_usage(self):
        self.init()
        self.run_command("compact", code=USAGE)
        for words in (["--dead", "101"], ["--rate", "-1"], ["--moves", "x"]):
            self.run_command("compact", self.store, *words, code=USAGE)
        self.run_command("compact", str(self.folder / "none"), code=NO)
        self.assertIn("packs", self.run_command("compact", self.store, code=OK).stdout.decode())


if __name__ == "__main__":
    main()
