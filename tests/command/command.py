"""What the tests of the command share: they run the program that CASEMENT names, as users do, on
stores in a directory of their own. No test reads a store but through the program."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import unittest

OK, NO, USAGE, FAILED = 0, 1, 2, 3
KIB, MIB = 1 << 10, 1 << 20

# Bytes that names may have and that programs trip over. `ls` is a command of ours too.
ODD_NAMES = [b"-n", b"--help", b"new\nline", b"'quote\"", b"back\\slash", b"a b", b"#1",
             b"\xff\xfe", b"tab\t", b"{}", b"[a,b]", b"$HOME", b"n" * 255, b"\x01",
             "gr\u00fc\u00df".encode(), b"ls", b"...", b"*"]


class CommandTest(unittest.TestCase):
    command = os.environ["CASEMENT"]

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="casement-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.store = str(self.folder / "store")

    def run_command(self, *words, code=OK, **how):
        """Runs it and checks its exit code; answers what it wrote. Without a code: it
        goes well, and may warn."""
        done = subprocess.run([self.command, *words], capture_output="stdout" not in how,
                              timeout=120, **how)
        self.assertEqual(done.returncode, code or OK,
                         (words, (done.stdout or b"")[:2000], (done.stderr or b"")[:2000]))
        if code == OK and words[0] != "init":  # which warns of where the tests happen to run
            self.assertFalse(done.stderr, words)
        return done

    def lines(self, *words, **how):
        return self.run_command(*words, **how).stdout.decode().splitlines()

    def documents(self, *words, **how):
        """The answer in JSON: a document a line, and nothing else."""
        return [json.loads(line) for line in self.lines(*words, "--json", **how)]

    def document(self, *words, **how):
        answer = self.documents(*words, **how)
        self.assertEqual(len(answer), 1, answer)
        return answer[0]

    def refuses(self, *words, code, says, error=None, **how):
        """It fails with this code and text, and with nothing on standard output but the error as
        JSON, and that only if JSON was asked for."""
        plain = self.run_command(*words, code=code, **how)
        self.assertEqual(plain.stdout, b"", words)
        self.assertIn(says, plain.stderr.decode())
        if error is not None:
            self.assertEqual(self.document(*words, code=code, **how)["error"]["code"], error)

    def init(self, *words):
        self.run_command("init", self.store, *words)

    def import_files(self, files, path="/"):
        """{"a/b": bytes} or {"a": "target of a link"} as a directory, imported at `path`."""
        source = self.folder / "source"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for name, what in files.items():
            file = os.path.join(os.fsencode(source), os.fsencode(name))
            os.makedirs(os.path.dirname(file), exist_ok=True)
            if isinstance(what, str):
                os.symlink(what, file)
            else:
                with open(file, "wb") as out:
                    out.write(what)
        self.run_command("import", self.store, str(source), path)
        return source

    def names(self, path="/", *words):
        """What `ls` shows, as bytes."""
        return [name_in(one) for one in self.documents("ls", self.store, path, *words)]

    @contextlib.contextmanager
    def held_store(self, big):
        """A process that has the store open: it writes the file `big`, and nobody reads it."""
        holder = subprocess.Popen([self.command, "cat", self.store, big], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        try:
            self.assertTrue(holder.stdout.read(1))
            yield holder
        finally:
            holder.kill()
            holder.communicate()


def name_in(document, key="name"):
    """The bytes of a name: `key_hex` where the text is not exactly them."""
    hexadecimal = document.get(key + "_hex")
    return document[key].encode() if hexadecimal is None else bytes.fromhex(hexadecimal)


def wait_until(done, seconds=60):
    """Until `done()` holds, which is asked again and again: how long it takes is the machine's."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"not done in {seconds} s")
        time.sleep(0.001)


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def main():
    unittest.main()
