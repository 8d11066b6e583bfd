"""write, finalize and leases, and how the other commands see a file that is not finalized."""

import os
import signal
import subprocess
import time

from command import FAILED, MIB, NO, USAGE, CommandTest, main, noise, wait_until


class Write(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()

    def write(self, path, data, *words):
        self.run_command("write", self.store, path, *words, input=data)

    def cat(self, path):
        return self.run_command("cat", self.store, path).stdout

    def staged(self):
        folder = os.path.join(self.store, "staging")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def state(self, path):
        states = {d["path"]: d["state"] for d in self.documents("leases", self.store)}
        return states.get(path)

    def verified(self):
        self.assertEqual(self.document("verify", self.store)["problems"], 0)

    def killed_writer(self, path, data, *words):
        """A writer that is killed when all of the data has come into its staging file."""
        writer = subprocess.Popen([self.command, "write", self.store, path, *words],
                                  stdin=subprocess.PIPE)
        writer.stdin.write(data)
        writer.stdin.flush()
        folder = os.path.join(self.store, "staging")
        wait_until(lambda: len(data) in [os.path.getsize(os.path.join(folder, f))
                                         for f in self.staged()])
        writer.send_signal(signal.SIGKILL)
        writer.communicate()


class Ways(Write):
    def test_make_or_empty_is_what_is_done_unless_asked(self):
        self.write("/x", b"first")
        self.assertEqual(self.cat("/x"), b"first")
        self.write("/x", b"2nd")
        self.assertEqual(self.cat("/x"), b"2nd")
        self.assertEqual(len(self.staged()), 1)
        self.verified()

    def test_append(self):
        self.refuses("write", self.store, "/x", "--append", code=NO, says="/x", error="not_found",
                     input=b"")
        for size in 10, 100_000, 5 * MIB:  # an object of each placement
            self.write("/x", noise(size), "--finalize")
            self.write("/x", b"+", "--append")
            self.assertEqual(self.cat("/x"), noise(size) + b"+")
        self.verified()

    def test_create(self):
        self.write("/x", b"new", "--create")
        self.refuses("write", self.store, "/x", "--create", code=NO, says="/x", error="exists",
                     input=b"other")
        self.assertEqual(self.cat("/x"), b"new")

    def test_refuses_what_it_cannot(self):
        self.run_command("mkdir", self.store, "/d")
        self.refuses("write", self.store, "/d", code=NO, says="/d", error="is_a_directory",
                     input=b"")
        self.refuses("write", self.store, "/no/x", code=NO, says="no", error="not_found", input=b"")
        self.refuses("write", self.store, "/x", "--append", "--create", code=USAGE, says="exclude",
                     input=b"")
        self.refuses("write", self.store, "/x", "--term", "-1", code=USAGE, says="term", input=b"")
        self.assertEqual(self.names(), [b"d"])

    def test_json(self):
        done = self.document("write", self.store, "/x", "--finalize", input=b"12345")
        self.assertEqual((done["done"], done["path"], done["bytes"], done["size"]),
                         ("write", "/x", 5, 5))
        self.assertEqual(self.document("stat", self.store, "/x")["object"], done["object"])
        done = self.document("write", self.store, "/x", "--append", input=b"67")
        self.assertEqual((done["bytes"], done["size"], "object" in done), (2, 7, False))


class Interrupted(Write):
    def test_is_continued_when_its_lease_has_run_out(self):
        self.killed_writer("/x", b"one ", "--term", "0")
        self.assertEqual(self.state("/x"), "working")
        self.refuses("cat", self.store, "/x", code=FAILED, says="written", error="in_use")
        self.write("/x", b"two", "--continue")
        self.assertEqual(self.cat("/x"), b"one two")
        self.assertEqual(len(self.staged()), 1)
        self.verified()

    def test_is_left_alone_before(self):
        self.killed_writer("/x", b"half", "--term", "3600")
        for way in "--append", "--continue":
            self.refuses("write", self.store, "/x", way, code=FAILED, says="lease", error="in_use",
                         input=b"")
        self.refuses("finalize", self.store, "/x", code=FAILED, says="lease", error="in_use")
        lease, = self.documents("leases", self.store)
        self.assertEqual((lease["path"], lease["state"], lease["expired"]),
                         ("/x", "working", False))
        self.assertGreater(lease["expires_ns"], time.time_ns())
        self.assertEqual(self.documents("leases", self.store, "--reclaim")[-1], {"reclaimed": 0})
        self.verified()

    def test_is_taken_back(self):
        self.killed_writer("/x", b"half", "--term", "0")
        self.assertTrue(self.documents("leases", self.store)[0]["expired"])
        lease, count = self.documents("leases", self.store, "--reclaim")
        self.assertEqual((lease["state"], lease["session"], count["reclaimed"]),
                         ("cooling", None, 1))
        self.assertEqual(self.cat("/x"), b"half")
        self.assertIn("cooling", self.lines("leases", self.store)[0])

    def test_by_ctrl_c_keeps_what_has_come(self):
        writer = subprocess.Popen([self.command, "write", self.store, "/x"],
                                  stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        writer.stdin.write(b"so far")
        writer.stdin.flush()
        wait_until(lambda: self.staged() and os.path.getsize(
            os.path.join(self.store, "staging", self.staged()[0])))
        writer.send_signal(signal.SIGINT)
        _, told = writer.communicate(timeout=60)
        self.assertEqual(writer.returncode, FAILED)
        self.assertIn(b"stopped", told)
        self.assertEqual(self.state("/x"), "cooling")
        self.assertEqual(self.cat("/x"), b"so far")

    def test_leaves_nothing_that_no_row_names(self):
        self.write("/x", b"kept")
        with open(os.path.join(self.store, "staging", "00000000000fffff"), "wb"):
            pass
        self.assertEqual(self.cat("/x"), b"kept")  # which opens the store
        self.assertEqual(len(self.staged()), 1)


class Finalize(Write):
    def test_makes_an_object(self):
        self.write("/x", b"bytes")
        made = self.document("finalize", self.store, "/x")
        self.assertEqual(made["object"], self.document("stat", self.store, "/x")["object"])
        self.assertEqual(self.document("finalize", self.store, "/x")["object"], made["object"])
        self.assertEqual(self.staged(), [])
        self.assertEqual(self.documents("leases", self.store), [])
        self.assertEqual(self.cat("/x"), b"bytes")
        self.verified()

    def test_a_directory_with_the_files_below(self):
        self.run_command("mkdir", "-p", self.store, "/d/e")
        self.write("/d/x", b"1")
        self.write("/d/e/y", b"22")
        made = self.document("finalize", self.store, "/d")
        self.assertEqual(self.document("stat", self.store, "/d")["object"], made["object"])
        self.assertEqual(self.cat("/d/e/y"), b"22")
        self.assertEqual(self.staged(), [])
        self.write("/d/e/y", b"3", "--append")
        self.assertEqual(self.cat("/d/e/y"), b"223")
        self.verified()

    def test_refuses_what_is_not_there(self):
        self.refuses("finalize", self.store, "/no", code=NO, says="no", error="not_found")
        self.refuses("finalize", self.store, "/", code=NO, says="root", error="illegal")


class Seen(Write):
    """A file that is not finalized, by the other commands."""

    def test_with_its_staged_size_and_state(self):
        self.write("/x", b"12345")
        shown = self.document("stat", self.store, "/x")
        self.assertEqual((shown["kind"], shown["size"], shown["state"], shown["mode"]),
                         ("file", 5, "cooling", "0644"))
        self.assertEqual(shown["stored_in"], "staging/" + self.staged()[0])
        listed, = self.documents("ls", self.store, "-l")
        self.assertEqual(listed["size"], 5)
        self.assertEqual(self.document("stats", self.store)["open_files"], 1)
        self.assertEqual(self.document("verify", self.store)["open_files"], 1)

    def test_exported_as_it_was_closed(self):
        self.write("/x", b"staged")
        out = str(self.folder / "out")
        self.run_command("export", self.store, "/", out)
        with open(os.path.join(out, "x"), "rb") as file:
            self.assertEqual(file.read(), b"staged")

    def test_missed_when_its_bytes_are_gone(self):
        self.write("/x", b"staged")
        os.remove(os.path.join(self.store, "staging", self.staged()[0]))
        self.refuses("cat", self.store, "/x", code=FAILED, says="/x", error="corrupt")
        *problems, count = self.documents("verify", self.store, code=NO)
        self.assertEqual(count["problems"], 1)
        self.assertEqual(problems[0]["path"], "/x")
        self.assertEqual(len(self.names()), 1)

    def test_moved_and_removed(self):
        self.write("/x", b"staged")
        self.run_command("mv", self.store, "/x", "/y")
        self.assertEqual(self.cat("/y"), b"staged")
        self.run_command("rm", self.store, "/y")
        self.assertEqual(self.staged(), [])
        self.verified()


if __name__ == "__main__":
    main()
