"""Standard streams that are closed, or full, or that nobody reads; and signals."""

import os
import signal
import subprocess
import time

from command import FAILED, NO, OK, USAGE, CommandTest, main


class Streams(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()

    def shell(self, redirected, *words, code):
        """With the shell's own redirections: `>&-` closes a stream before the program begins."""
        done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {redirected}', self.command, *words],
                              check=False, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, (redirected, words))

    def test_a_closed_stream_is_no_file_of_the_store(self):
        source = self.folder / "source"
        source.mkdir()
        os.mkfifo(source / "fifo")  # which is warned of
        (source / "f").write_bytes(b"f")
        for redirected, code in (">&- 2>&-", FAILED), ("2>&-", OK), ("<&- >&- 2>&-", FAILED):
            self.shell(redirected, "import", self.store, source, f"/{code}", code=code)
            self.run_command("verify", self.store)
            self.assertEqual(self.run_command("cat", self.store, f"/{code}/f").stdout, b"f")

    def test_a_full_stream_is_no_crash(self):
        self.shell("2> /dev/full", "ls", self.store, "/none", code=NO)
        self.shell("> /dev/full", "ls", self.store, "--json", "/", code=OK)  # it says nothing
        self.import_files({f"f{n}": b"" for n in range(2000)})
        self.shell("> /dev/full", "ls", self.store, "/", code=FAILED)
        self.shell("> /dev/full 2>&1", "frobnicate", code=USAGE)

    def started(self, *words, **how):
        child = subprocess.Popen([self.command, *words], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
        self.addCleanup(child.kill)
        return child

    def test_a_command_that_does_not_ask_is_ended_by_a_signal(self):
        self.import_files({f"d/f{n}": b"f" for n in range(3000)})
        child = self.started("rm", "-r", self.store, "/d")
        time.sleep(0.1)
        child.terminate()
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, -signal.SIGTERM)
        self.run_command("verify", self.store)
        self.run_command("fsck", self.store)
        self.assertIn(b"d", self.names())

    def test_a_signal_that_is_ignored_stays_so(self):
        child = self.started("write", self.store, "/f", "--create",
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        child.stdin.write(b"first")
        child.stdin.flush()
        for _ in range(200):
            time.sleep(0.02)
            child.send_signal(signal.SIGINT)
        child.communicate(b" second", timeout=60)
        self.assertEqual(child.returncode, OK)
        self.assertEqual(self.run_command("cat", self.store, "/f").stdout, b"first second")


if __name__ == "__main__":
    main()
