"""A file system that bends the rules for real system calls, quirk by quirk: what everybody does
fails there, the doctor names the reason, and a store lives there all the same or is refused."""

import json
import os
import shutil
import subprocess
import time
from typing import Callable, NamedTuple

import trees
from command import FAILED, KIB, MIB, NO, OK
from mounts import DURABILITIES, FULL, ForeignTest, directory_in_memory, main


# --- what everybody does: true if the file system lets it down ------------------------------------

def write(path, data=b"bytes"):
    with open(path, "wb", buffering=0) as out:
        return out.write(data)


def refused(call, *words):
    try:
        call(*words)
    except OSError:
        return True
    return False


def rename_then_stat(at):
    write(at / "new")
    os.rename(at / "new", at / "name")
    return refused(os.stat, at / "name")


def rename_without_patience(at):
    def save(name):
        write(at / "new")
        os.rename(at / "new", at / name)
    return any(refused(save, str(n)) for n in range(10))


def sync_names(at):
    here = os.open(at, os.O_RDONLY)
    try:
        return refused(os.fsync, here)
    finally:
        os.close(here)


def write_in_one_call(at):
    return write(at / "long", b"x" * 100_000) != 100_000


def tell_case_apart(at):
    write(at / "Name", b"one")
    write(at / "name", b"two")
    return (at / "Name").read_bytes() != b"one"


def give_any_name(at):
    return refused(write, at / "#1")


def keep_a_secret(at):
    write(at / "secret")
    os.chmod(at / "secret", 0o600)
    return os.stat(at / "secret").st_mode & 0o777 != 0o600


def compare_times(at):
    write(at / "timed")
    os.utime(at / "timed", ns=(1, 1_000_000_000_123_456_789))
    return os.stat(at / "timed").st_mtime_ns != 1_000_000_000_123_456_789


def fill(at):
    def reserve():
        with open(at / "large", "wb") as out:
            os.posix_fallocate(out.fileno(), 0, 130 * MIB)
    return refused(reserve)


def sync_again(at):
    """The first sync fails; the second says that all is well, and nobody has written again."""
    with open(at / "synced", "wb", buffering=0) as out:
        out.write(b"bytes")
        return refused(os.fsync, out.fileno()) and not refused(os.fsync, out.fileno())


class Quirk(NamedTuple):
    options: tuple
    fails: Callable  # what everybody does
    check: str       # of the doctor, that finds it
    grade: str
    says: str
    keeps_facts: bool = True
    of_exports: bool = False  # a store by itself never meets it


QUIRKS = [
    Quirk(("unseen_ms=20",), rename_then_stat, "rename", "weak", "ENOENT"),
    Quirk(("scan_every=3", "scan_ms=10"), rename_without_patience, "scanners", "weak", "EACCES"),
    Quirk(("no_directory_sync",), sync_names, "directories", "weak", "EINVAL"),
    Quirk(("transfer_max=5000",), write_in_one_call, "transfers", "weak", "stops after 5000"),
    Quirk(("folded",), tell_case_apart, "case", "weak", "upper and lower case", of_exports=True),
    Quirk(("no_hash",), give_any_name, "odd names", "weak", "'#'", of_exports=True),
    Quirk(("fixed_modes",), keep_a_secret, "mode, mtime", "weak", "0777", False, of_exports=True),
    Quirk(("coarse_times",), compare_times, "mode, mtime", "weak", "-89 ns", False,
          of_exports=True),
    Quirk(("quota_kib=131072",), fill, "space", "weak", "MiB free"),
    # As WSL shows a Windows disk: all that it does at once.
    Quirk(("unseen_ms=20", "scan_every=7", "scan_ms=10", "no_directory_sync", "transfer_max=60000",
           "no_hash", "fixed_modes", "coarse_times"),
          rename_then_stat, "rename", "weak", "ENOENT", False),
]
# What a store never meets, and a mirror does: beside QUIRKS, and all of them at once.
OF_MIRRORS = [("plain_rename",), ("plain_rename", "no_hard_links"), ("no_modes",), ("one_inode",),
              ("read_only_stays",), ("read_only_stays", "plain_rename"),
              ("no_hard_links", "no_modes", "plain_rename", *QUIRKS[-1].options)]
FAILING_SYNC = Quirk(("sync_fails=1",), sync_again, "write", "unfit", "EIO")


class BentFileSystem(ForeignTest):
    def setUp(self):
        if "BENT_FS" not in os.environ:
            self.skipTest("built without libfuse3")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            self.skipTest("there is no /dev/fuse that we may use")
        super().setUp()

    def bent(self, *quirks, below=None):
        at = self.directory()
        words = [os.environ["BENT_FS"], at, "-f", "-s", f"--below={below or self.directory()}"]
        return self.serve(*words, *(["-o", ",".join(quirks)] if quirks else []), at=at)

    def in_memory(self):
        """What lies below when it is not the disk that is tested."""
        below = directory_in_memory()
        self.addCleanup(below.cleanup)
        return below.name

    def test_what_everybody_does_fails(self):
        for quirk in QUIRKS + [FAILING_SYNC]:
            with self.subTest(quirk.options):
                self.assertFalse(quirk.fails(self.bent()), "on an honest one too")
                self.assertTrue(quirk.fails(self.bent(*quirk.options)))

    def test_the_doctor_tells_bent_from_honest(self):
        verdict, honest, usual = self.examined(self.bent())
        self.assertEqual((honest["kind"], honest["magic"]), ("fuse", "0x65735546"))
        own = {"sync", "space"}  # of the disk below
        self.assertEqual({n for n, f in usual.items() if f["is"] in ("weak", "unfit")} - own, set())
        for quirk in QUIRKS + [FAILING_SYNC]:
            with self.subTest(quirk.options):
                at = self.bent(*quirk.options)
                told, file_system, checks = self.examined(at)
                self.assertEqual(file_system["magic"], honest["magic"])
                self.assertEqual(checks[quirk.check]["is"], quirk.grade)
                self.assertIn(quirk.says, checks[quirk.check]["detail"])
                if verdict == "good":  # else the disk below is at fault
                    self.assertEqual(told, quirk.grade)
                if len(quirk.options) <= 2:  # one quirk, one fault
                    faults = {n for n, f in checks.items() if f["is"] in ("weak", "unfit")} - own
                    self.assertEqual(faults - {quirk.check}, set())
                self.assertEqual(os.listdir(at), [])

    def test_a_store_lives_on_an_honest_one(self):
        for durability in ("power", "process"):
            self.lives_on(self.bent(below=self.in_memory()), durability=durability)

    def test_a_store_lives_on_a_bent_one(self):
        for quirk in QUIRKS:
            for durability in DURABILITIES if FULL or not quirk.of_exports else ():
                with self.subTest(quirk.options, durability=durability):
                    at = self.bent(*quirk.options, below=self.in_memory())
                    self.lives_on(at, keeps_facts=quirk.keeps_facts, durability=durability)

    def test_init_refuses_where_a_sync_fails(self):
        at = self.bent(*FAILING_SYNC.options)
        self.refuses("init", at / "my.store", code=NO, says="sync a file: Input/output error (EIO)")

    def test_a_sync_that_fails_loses_nothing_that_was_acknowledged(self):
        """Whichever sync it is: the command says so or has no need of it; the next one works."""
        syncs = 40  # of the two commands, and some more
        source = self.directory() / "source"
        for size in (10, 70 * KIB, 4 * MIB):
            source.mkdir(exist_ok=True)
            trees.write(source / str(size), trees.noise(size, size))
        reported = 0
        for number in range(1, syncs, 1 if FULL else 6):
            below = self.in_memory()
            store = self.bent(f"sync_fails={number}", below=below) / "my.store"
            for words in (("init", store, "--anyway"), ("import", store, source, "/it")):
                done = subprocess.run([self.command, *words], capture_output=True, timeout=120)
                if done.returncode == OK:
                    continue
                reported += 1
                self.assertEqual(done.returncode, FAILED, (number, done.stderr))
                self.assertIn(b"Input/output error", done.stderr)
                again = subprocess.run([self.command, *words], capture_output=True)
                if b"a store is already there" not in again.stderr:  # the last sync of its making
                    self.assertEqual(again.returncode, OK, (number, again.stderr))
            self.is_whole(source, os.path.join(below, "my.store"))
        self.assertGreater(reported, 20 if FULL else 3)

    def test_beyond_a_quota_the_store_says_so_and_stays_whole(self):
        at = self.bent("quota_kib=20480", below=self.in_memory())
        store = at / "my.store"
        small, large = self.directory(), self.directory()
        for number in range(3):
            trees.write(small / str(number), trees.noise(MIB, number))
        for number in range(6):
            trees.write(large / str(number), trees.noise(4 * MIB, 10 + number))
        self.run_command("init", store)
        self.run_command("import", store, small, "/it")
        done = subprocess.run([self.command, "import", store, large, "/large"],
                              capture_output=True)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(b"No space left on device (ENOSPC)", done.stderr)
        self.is_whole(small, store)
        self.run_command("rm", "-r", store, "/large")
        self.run_command("gc", store)
        (large / "5").unlink()
        for number in range(2, 5):
            (large / str(number)).unlink()
        self.run_command("import", store, large, "/large")
        self.is_whole(small, store)

    def test_names_that_it_refuses_are_named_and_stay_in_the_store(self):
        self.store = str(self.folder / "store")
        self.init()
        self.import_files({"#1": b"one", "Two": b"two", "two": b"three"}, "/it")
        for quirk, lost in (("no_hash", b"#1"), ("folded", b"wo")):
            back = self.bent(quirk) / "back"
            done = subprocess.run([self.command, "export", self.store, "/it", back],
                                  capture_output=True)
            self.assertEqual(done.returncode, FAILED)
            self.assertIn(lost, done.stderr)
            self.assertEqual(len(os.listdir(back)), 2)
        self.is_whole(self.folder / "source", self.store)

    # --- mirrors of a store that lies elsewhere ----------------------------------------------

    def mirror(self, source, at, *words, path="/it", code=OK):
        """The counts of a mirror of `path`, which becomes `source` first."""
        if source is not None:
            subprocess.run([self.command, "rm", "-r", self.store, path], capture_output=True)
            self.run_command("import", self.store, source, path)
        done = subprocess.run([self.command, "mirror", self.store, at, "--path", path, "--json",
                               *words], capture_output=True)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        self.said = done.stderr.decode()
        return json.loads(done.stdout.splitlines()[-1])

    def mirror_differs(self, source, at, facts=True):
        time.sleep(0.03)  # what was renamed is seen by then
        return [d for d in trees.compare(source, at)
                if b".casement-mirror" not in os.fsencode(d) and (facts or " is not " not in d)]

    def test_a_mirror_on_a_bent_one(self):
        self.store = str(self.folder / "store")
        self.init()
        source = self.make_source()
        for number in (0, 5):
            (source / "many" / f"{number:03}").chmod(0o440)
        changed = self.directory() / "changed"
        of_mirrors = [Quirk(options, None, "", "", "", "no_modes" not in options)
                      for options in OF_MIRRORS]
        for quirk in QUIRKS + of_mirrors:
            for durability in DURABILITIES:
                with self.subTest(quirk.options, durability=durability):
                    shutil.rmtree(changed, ignore_errors=True)
                    shutil.copytree(source, changed, symlinks=True)
                    (changed / "many" / "000").unlink()
                    trees.write(changed / "many" / "000", b"other", 0o444)
                    (changed / "many" / "005").unlink()
                    trees.write(changed / "many" / "001", b"9\n")  # as long as it was
                    os.makedirs(changed / "new" / "deep")
                    trees.write(changed / "new" / "deep" / "x", b"new")
                    shutil.rmtree(changed / "empty")
                    trees.write(changed / "empty", b"a file now")
                    (changed / "inline" / "link").unlink()
                    (changed / "inline" / "link").symlink_to("of 0")
                    (changed / "packed" / "link").unlink()
                    at = self.bent(*quirk.options, below=self.in_memory()) / "mirror"
                    how = ("--durability", durability)
                    for tree, bytes_moved in ((source, None), (changed, 2 + 5 + 3 + 10),
                                              (source, 6)):
                        counts = self.mirror(tree, at, *how)
                        self.assertEqual(self.mirror_differs(tree, at, quirk.keeps_facts), [])
                        if bytes_moved is not None:
                            self.assertEqual(counts["bytes"], bytes_moved)
                        counts = self.mirror(None, at, *how)
                        self.assertEqual({key for key, n in counts.items() if n}, {"unchanged"})
                        counts = self.mirror(None, at, *how, "--verify")
                        self.assertEqual((counts["bytes"], counts["repaired"]), (0, 0))

    def test_a_mirror_tells_names_that_are_refused_or_one_there(self):
        self.store = str(self.folder / "store")
        self.init()
        files = {"#1": b"one", "Two": b"two", "two": b"three", "x": b"x", "Dir/a": b"upper",
                 "dir/a": b"lower", "dir/b": b"b"}
        source = self.import_files(files, "/it")
        for quirks in (("no_hash",), ("folded",), ("folded", "plain_rename"),
                       ("folded", "plain_rename", "no_hard_links"),
                       ("folded", "unseen_ms=20"), ("folded", "plain_rename", "unseen_ms=20")):
            for adopt in ((), ("--adopt",), ("--delete",)):
                with self.subTest(quirks, adopt=adopt):
                    at = self.bent(*quirks) / "mirror"
                    refused = {"#1"} if "no_hash" in quirks else {"Two", "Dir"}
                    for _ in range(3):
                        counts = self.mirror(None, at, *adopt, code=FAILED)
                        self.assertEqual(counts["failed"], len(refused))
                        self.assertEqual(counts["foreign"], 0)
                        for name in refused:
                            self.assertIn("/" + name.lower(), self.said.lower())
                        time.sleep(0.03)
                    self.assertEqual(counts["removed"], 0)
                    if not adopt:  # else the name that is listed may get it, once
                        self.assertEqual(counts["bytes"], 0)
                    self.assertEqual((at / "x").read_bytes(), b"x")
                    if "folded" in quirks:  # the first of both, as it came
                        self.assertIn((at / "two").read_bytes(), (b"two", b"three"))
                        self.assertIn((at / "dir" / "a").read_bytes(), (b"upper", b"lower"))
                        self.assertEqual(len([n for n in os.listdir(at) if n[0] != "."]), 4)
        self.is_whole(source, self.store)

    def test_a_mirror_follows_a_name_that_changes_its_case(self):
        self.store = str(self.folder / "store")
        self.init()
        at = self.bent("folded") / "mirror"
        for names in ({"Readme": b"1", "D/x": b"1"}, {"README": b"1", "d/x": b"1"}):
            self.mirror(self.import_files(names, "/it"), at)
            for words in ((), ("--delete",), ("--adopt", "--verify")):
                counts = self.mirror(None, at, *words)
                self.assertEqual((counts["unchanged"], counts["foreign"]), (4, 0))
                self.assertEqual(counts["removed"], 0)
            self.assertEqual((at / "readme").read_bytes(), b"1")

    def test_of_names_that_are_one_there_the_first_wins_however_many_come_at_once(self):
        self.store = str(self.folder / "store")
        self.init()
        source = self.directory()
        for number in range(60):
            for name in (f"n{number}", f"N{number}"):
                (source / name).write_text(name)
        self.run_command("import", self.store, source, "/it")
        for quirks in (("folded",), ("folded", "plain_rename"),
                       ("folded", "plain_rename", "no_hard_links")):
            for first in ((), ("--adopt", "--jobs", "1"), ("--delete",)):
                with self.subTest(quirks, first=first):
                    at = self.bent(*quirks) / "mirror"
                    if first:
                        at.mkdir()  # where each name is looked at before it is placed
                    counts = self.mirror(None, at, *first, code=FAILED)
                    self.assertEqual((counts["failed"], counts["files"]), (60, 60))
                    for words in ((), ("--verify",), ("--adopt",), ("--delete",), ()):
                        counts = self.mirror(None, at, *words, code=FAILED)
                        self.assertEqual((counts["failed"], counts["removed"]), (60, 0), words)
                        if words not in (("--adopt",), ("--delete",)):
                            self.assertEqual(counts["files"], 0, words)
                    for number in range(60):
                        self.assertIn((at / f"n{number}").read_text(), (f"n{number}", f"N{number}"))

    def test_a_mirror_is_seen_as_it_was_left_where_names_come_late(self):
        self.store = str(self.folder / "store")
        self.init()
        at = self.bent("unseen_ms=250", below=self.in_memory()) / "mirror"
        self.mirror(self.make_source(), at)
        counts = self.mirror(None, at)  # at once
        self.assertEqual({key for key, n in counts.items() if n}, {"unchanged"})
        # And after a kill, when nobody has waited for anything.
        at = self.bent("unseen_ms=250", below=self.in_memory()) / "mirror"
        child = subprocess.Popen([self.command, "mirror", self.store, at, "--path", "/it"])
        while not (at / "many").exists() or len(os.listdir(at / "many")) < 20:
            self.assertIsNone(child.poll())
        child.kill()
        child.wait()
        self.assertEqual(self.mirror(None, at)["failed"], 0)

    def test_a_mirror_deletes_nothing_of_another_file_system(self):
        self.store = str(self.folder / "store")
        self.init()
        at = self.directory() / "mirror"
        self.mirror(self.make_source(), at)
        (at / "mine" / "mounted").mkdir(parents=True)
        self.run_tool("mount", "-t", "tmpfs", "none", at / "mine" / "mounted")
        self.addCleanup(self.unmount, at / "mine" / "mounted")
        (at / "mine" / "mounted" / "x").write_bytes(b"x")
        counts = self.mirror(None, at, "--delete", code=FAILED)
        self.assertEqual((counts["failed"], counts["removed"]), (1, 0))
        self.assertEqual((at / "mine" / "mounted" / "x").read_bytes(), b"x")

    def test_a_mirror_on_a_full_disk_ends_and_goes_on_when_there_is_room(self):
        self.store = str(self.folder / "store")
        self.init()
        source = self.directory() / "source"
        source.mkdir()
        for number in range(6):
            trees.write(source / str(number), trees.noise(2 * MIB, number))
        below = self.in_memory()
        at = self.bent("quota_kib=9216", below=below) / "mirror"
        self.mirror(source, at, code=FAILED)
        self.assertIn("No space left on device (ENOSPC)", self.said)
        for name in os.listdir(at):
            if name.isdigit():
                self.assertTrue(trees.same_bytes(at / name, source / name))
        for number in range(3):  # old names go before new ones come
            os.rename(source / str(number), source / f"new {number}")
        for number in (3, 4):
            (source / str(number)).unlink()
        self.mirror(source, at)
        self.assertEqual(self.mirror_differs(source, at), [])

    def test_a_mirror_whose_sync_fails_says_so_and_trusts_nothing(self):
        self.store = str(self.folder / "store")
        self.init()
        source = self.make_source()
        self.run_command("import", self.store, source, "/it")
        reported = 0
        for number in range(1, 200, 1 if FULL else 13):
            at = self.bent(f"sync_fails={number}", below=self.in_memory()) / "mirror"
            done = subprocess.run([self.command, "mirror", self.store, at, "--path", "/it"],
                                  capture_output=True)
            if done.returncode != OK:
                reported += 1
                self.assertEqual(done.returncode, FAILED)
                self.assertIn(b"Input/output error", done.stderr)
            self.mirror(None, at)
            self.assertEqual(self.mirror_differs(source, at), [])
        self.assertGreater(reported, 100 if FULL else 7)

    def test_a_source_is_read_whole_where_reads_stop_half_way(self):
        below = self.directory()
        at = self.bent("transfer_max=5000", below=below)
        trees.write(below / "long", trees.noise(5 * MIB, 1))
        trees.write(below / "short", trees.noise(50 * KIB, 1))
        self.init()
        self.run_command("import", self.store, at, "/it")
        self.is_whole(below, self.store)


if __name__ == "__main__":
    main()
