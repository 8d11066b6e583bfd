"""What the tests on foreign file systems share: mounts that nobody else sees, and a store's whole
life on one of them.

A test goes on in a mount namespace and a process namespace of its own. What it mounts and who
serves it end with it, however it ends: after a failure, a timeout or kill -9 nothing stays."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import trees
from command import KIB, MIB, NO, OK, CommandTest, main as run_tests, wait_until

ALONE = "CASEMENT_TEST_IS_ALONE"
IN_MEMORY = "/dev/shm"
SERVER_SECONDS_MAX = 20
FULL = os.environ.get("SCALE") == "full"
DURABILITIES = ("power", "process") if FULL else ("power",)


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where mkfs is; not everybody's path leads there
    if ALONE not in os.environ and shutil.which("unshare") is not None:
        # Who is not root may be it in a namespace: for FUSE and memory that is enough.
        for user in ([], ["--map-root-user"]):
            words = ["unshare", *user, "--mount", "--pid", "--fork", "--kill-child"]
            if subprocess.run([*words, "true"], capture_output=True).returncode == 0:
                os.environ[ALONE] = "yes"
                os.execvp("unshare", [*words, sys.executable, "-B", *sys.argv])
    run_tests()


def make_tree(top):
    """Files of all placements, links, modes, an empty directory."""
    sizes = {"inline": (0, 1, 3000, 64 * KIB), "packed": (64 * KIB + 1, 300 * KIB),
             "dedicated": (4 * MIB,)}
    if FULL:
        sizes |= {"packed": (64 * KIB + 1, MIB, 4 * MIB - 1), "dedicated": (4 * MIB, 5 * MIB + 1)}
    for placement, each in sizes.items():
        directory = top / placement
        directory.mkdir(parents=True)
        for size in each:
            trees.write(directory / f"of {size}", trees.noise(size, size), 0o640)
        (directory / "link").symlink_to("of 1")
    (top / "many").mkdir()
    for number in range(60):
        trees.write(top / "many" / f"{number:03}", b"%d\n" % (number % 7), 0o600)
    (top / "empty").mkdir(0o750)


def directory_in_memory():
    """A directory that is gone with its owner, in memory where that can be: not the disk is what is
    tested."""
    return tempfile.TemporaryDirectory(prefix="casement-", dir=IN_MEMORY if
                                       os.path.isdir(IN_MEMORY) else None)


class ForeignTest(CommandTest):
    def setUp(self):
        if ALONE not in os.environ:
            self.skipTest("no right to mount here")
        super().setUp()

    def directory(self):
        return pathlib.Path(tempfile.mkdtemp(dir=self.folder))

    def needs(self, tool):
        if shutil.which(tool) is None:
            self.skipTest(f"there is no {tool}")

    def run_tool(self, *words):
        """Skips the test where the tool is missing or says that it cannot."""
        self.needs(words[0])
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"{words[0]} cannot: {(done.stderr or done.stdout).strip()[-200:]}")

    def mount(self, *words):
        """mount WORDS... DIRECTORY; answers the directory."""
        at = self.directory()
        self.run_tool("mount", *words, at)
        self.addCleanup(self.unmount, at)
        return at

    def unmount(self, at):
        # One that is in use, as a test has failed, goes when its last user does.
        if subprocess.run(["umount", str(at)], capture_output=True).returncode != 0:
            subprocess.run(["umount", "-l", str(at)], capture_output=True)

    def serve(self, *words, at):
        """Runs a file system in user space, until the test ends."""
        said = self.folder / "said"
        with open(said, "wb") as errors:
            server = subprocess.Popen([str(w) for w in words], stdout=errors, stderr=errors)
        self.addCleanup(self.stop, server, at)
        deadline = time.monotonic() + SERVER_SECONDS_MAX
        while not os.path.ismount(at):
            if server.poll() is not None:
                self.skipTest(f"{words[0]} cannot: {said.read_bytes()[-200:]!r}")
            self.assertLess(time.monotonic(), deadline, "it never came to be mounted")
            time.sleep(0.01)
        return at

    def stop(self, server, at):
        self.unmount(at)
        try:
            server.wait(timeout=SERVER_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def examined(self, path):
        """The doctor's verdict on a directory, its file system, and its findings by name."""
        done = subprocess.run([self.command, "doctor", "--json", path], capture_output=True)
        told = json.loads(done.stdout)
        self.assertEqual(done.returncode, NO if told["verdict"] == "unfit" else OK, told)
        return told["verdict"], told["file_system"], {f["check"]: f for f in told["checks"]}

    def make_source(self):
        source = self.directory() / "source"
        make_tree(source)
        return source

    def lives_on(self, where, keeps_facts=True, durability="power"):
        """A store on `where` is made, filled, listed, verified, emptied in part, and given back:
        exactly to a native directory, and beside itself as exactly as can be there."""
        self.store = str(where / "my.store")
        source, passing = self.make_source(), self.directory()
        for size in (100, 100 * KIB, 4 * MIB):
            trees.write(passing / f"of {size}", trees.noise(size, "passing"))
        self.run_command("init", self.store)
        import_to = ("import", "--durability", durability, self.store)
        self.run_command(*import_to, source, "/it")
        self.run_command(*import_to, passing, "/passing")
        again = self.document(*import_to, source, "/it")
        self.assertEqual((again["files"], again["links"]), (0, 0))
        self.assertEqual(set(self.names("/it")), {os.fsencode(p.name) for p in source.iterdir()})
        self.run_command("rm", "-r", self.store, "/passing")
        self.assertEqual(self.document("gc", self.store)["erased"], 3)
        self.is_whole(source, self.store)
        self.run_command("export", self.store, "/it", where / "back")
        self.run_command("export", self.store, "/it/inline/of 3000", where / "one")
        wait_until((where / "one").exists)  # what was renamed may come late, and this comes last
        self.assertEqual((where / "one").read_bytes(), (source / "inline" / "of 3000").read_bytes())
        differences = trees.compare(source, where / "back")
        if not keeps_facts:  # modes and times are the file system's; names and bytes are not
            differences = [d for d in differences if " is not " not in d]
        self.assertEqual(differences, [])

    def is_whole(self, source, store):
        """All of `source` is in the store as /it, and comes back equal."""
        self.run_command("verify", store)
        self.run_command("fsck", store)
        back = self.directory() / "back"
        self.run_command("export", store, "/it", back)
        self.assertEqual(trees.compare(source, back), [])
