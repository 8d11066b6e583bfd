"""Stores whose rows are on an etcd cluster: every command, and the way there and back."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import urllib.request

from command import FAILED, KIB, MIB, NO, ODD_NAMES, OK, CommandTest, main, noise, wait_until


class Member:
    """A cluster of one, on a port of its own; gone at the end, whatever happens."""

    def __init__(self, folder):
        with socket.socket() as client, socket.socket() as peer:
            client.bind(("127.0.0.1", 0))
            peer.bind(("127.0.0.1", 0))
            self.endpoint = f"127.0.0.1:{client.getsockname()[1]}"
            beside = f"http://127.0.0.1:{peer.getsockname()[1]}"
        here = f"http://{self.endpoint}"
        with open(folder / "etcd.log", "wb") as log:
            self.process = subprocess.Popen(
                ["etcd", "--data-dir", folder / "etcd", "--unsafe-no-fsync", "--name", "m",
                 "--listen-client-urls", here, "--advertise-client-urls", here,
                 "--listen-peer-urls", beside, "--initial-advertise-peer-urls", beside,
                 "--initial-cluster", f"m={beside}"], stdout=log, stderr=log)

    def answers(self):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://{self.endpoint}/health", timeout=1) as health:
                return b'"true"' in health.read()
        return False

    def close(self):
        self.process.kill()
        self.process.wait()


class Engines(CommandTest):
    def setUp(self):
        super().setUp()
        self.member = Member(self.folder)
        self.addCleanup(self.member.close)
        wait_until(self.member.answers)
        self.files = {"empty": b"", "row": noise(3 * KIB, 1), "pack": noise(200 * KIB, 2),
                      "own": noise(5 * MIB, 3), "d/e/twin": noise(200 * KIB, 2), "d/link": "../own",
                      **{f"many/f{n}": noise(n * 50, n) for n in range(150)}}

    def at(self, prefix):
        return f"etcd://{self.member.endpoint}/{prefix}"

    def equal(self, source, path="/"):
        back = self.folder / "back"
        shutil.rmtree(back, ignore_errors=True)
        self.run_command("export", self.store, path, str(back))
        subprocess.run(["diff", "-r", "--no-dereference", source, back], check=True)

    def equal_bytes(self, path, expected):
        self.assertEqual(self.run_command("cat", self.store, path).stdout, expected)

    def is_well(self):
        self.run_command("verify", self.store)
        self.run_command("fsck", self.store)

    def test_every_command_does_what_it_does(self):
        self.init("--engine", self.at("s"))
        self.assertFalse(os.path.exists(f"{self.store}/meta"))
        source = self.import_files(self.files, "/in")
        self.equal(source, "/in")
        self.assertEqual(self.names("/"), [b"in"])
        self.assertEqual(self.document("stat", self.store, "/in/pack")["size"], 200 * KIB)

        self.run_command("mkdir", "-p", self.store, "/a/b")
        self.run_command("mv", self.store, "/in/row", "/a/b/moved")
        self.run_command("cp", "-r", self.store, "/in/many", "/a/many")
        self.run_command("ln", "-s", self.store, "b/moved", "/a/l")
        self.run_command("write", self.store, "/a/written", "--create", "--finalize", input=b"text")
        self.assertEqual(self.run_command("cat", self.store, "/a/written").stdout, b"text")
        self.assertEqual(self.run_command("cat", self.store, "/a/b/moved").stdout,
                         self.files["row"])
        self.assertEqual(self.documents("leases", self.store), [])

        self.run_command("snapshot", self.store, "/a", "first")
        self.run_command("rm", "-r", self.store, "/a/many")
        self.run_command("restore", self.store, "first", "/again")
        self.assertEqual(len(self.names("/again/many")), 150)
        kept = self.documents("snapshots", self.store)
        self.assertEqual([one["snapshot"] for one in kept], ["first"])
        self.run_command("finalize", self.store, "/in/d")
        self.is_well()
        self.run_command("rm", self.store, "/in/pack")
        self.run_command("rm", self.store, "/in/own")
        self.run_command("gc", self.store, "--grace", "0")
        self.run_command("gc", self.store, "--grace", "0")
        self.run_command("compact", self.store)
        self.is_well()
        self.run_command("mirror", self.store, str(self.folder / "mirror"))
        self.assertEqual((self.folder / "mirror/a/written").read_bytes(), b"text")
        self.assertGreater(self.document("stats", self.store)["files"], 150)

    def test_names_are_bytes(self):
        self.init("--engine", self.at("s"))
        odd = {os.fsdecode(name): noise(20, n) for n, name in enumerate(ODD_NAMES)}
        self.equal(self.import_files(odd))
        self.assertEqual(self.names("/"), sorted(ODD_NAMES))

    def test_there_and_back(self):
        self.init()
        source = self.import_files(self.files)
        self.run_command("rebuild", self.store, "--engine", self.at("there"))
        self.equal(source)
        self.is_well()
        self.run_command("rebuild", self.store, "--release")
        self.run_command("rebuild", self.store)  # where it is now
        self.run_command("rebuild", self.store, "--engine", "leveldb")
        self.run_command("rebuild", self.store, "--release")
        self.member.process.send_signal(signal.SIGKILL)
        self.equal(source)
        self.is_well()

    def test_several_have_it_open_at_once(self):
        self.init("--engine", self.at("s"))
        sources = []
        for n in range(4):
            files = {f"d{i % 3}/f{i}": noise(size, 100 * n + i)
                     for i, size in enumerate([0, KIB, 70 * KIB, 5 * MIB] * 8)}
            sources.append(self.import_files(files, f"/first{n}").rename(self.folder / f"in{n}"))
        writers = [subprocess.Popen([self.command, "import", self.store, str(source), f"/{n}"],
                                    stderr=subprocess.PIPE) for n, source in enumerate(sources)]
        # Each of these sweeps, and finds what the others are about to name.
        for n in range(1000):
            self.run_command("ls", self.store, "/")
            self.run_command("rm", "-r", self.store, f"/first{n % 4}", code=OK if n < 4 else NO)
            self.run_command("gc", self.store, "--grace", "0")
            self.run_command("fsck", self.store)
            if n >= 4 and all(one.poll() is not None for one in writers):
                break
        for one in writers:
            self.assertEqual((one.communicate()[1], one.returncode), (b"", OK))
        for n, source in enumerate(sources):
            self.equal(source, f"/{n}")
        self.is_well()

    def test_who_wants_it_alone_is_told_of_others(self):
        self.init("--engine", self.at("s"))
        source = self.import_files({"f": noise(200 * KIB), "big": noise(5 * MIB)})
        with self.held_store("/big"):
            for words in (["verify", self.store], ["compact", self.store],
                          ["rebuild", self.store, "--engine", "leveldb"]):
                self.refuses(*words, code=FAILED, says="the store open", error="in_use")
            self.run_command("rm", self.store, "/f")
            self.run_command("write", self.store, "/g", "--create", input=b"text")
            self.equal_bytes("/g", b"text")
        self.assertEqual(self.document("gc", self.store)["erased"], 0)  # it may be read still
        self.assertEqual(self.document("gc", self.store, "--grace", "0")["erased"], 1)
        self.run_command("compact", self.store)
        self.is_well()
        self.equal_bytes("/big", (source / "big").read_bytes())

    def test_what_cannot_be_is_told(self):
        self.init("--engine", self.at("s"))
        other = str(self.folder / "other")
        told = self.run_command("init", other, "--engine", self.at("s"), code=NO)
        self.assertIn(b"another store", told.stderr)
        for no in ("etcd://", "etcd://x/y", "redis://a:1/b", "s"):
            shutil.rmtree(other, ignore_errors=True)
            self.run_command("init", other, "--engine", no, code=NO)
        self.member.close()
        told = self.run_command("ls", self.store, "/", code=FAILED)
        self.assertIn(self.member.endpoint.encode(), told.stderr)


if __name__ == "__main__":
    if shutil.which("etcd"):
        main()
    else:
        print("no etcd here: skipped")
