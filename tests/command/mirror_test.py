"""mirror: a plain directory becomes what the store shows, by what has changed alone, whatever has
happened to it meanwhile and wherever a run was cut short."""

import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import stat
import subprocess
import time

from command import (FAILED, KIB, MIB, NO, ODD_NAMES, OK, USAGE, CommandTest, main, name_in, noise,
                     wait_until)

OWN = b".casement-mirror"
TIME = 1_234_567_890_123_456_789  # that all files have: a time alone tells no two apart


class Tree:
    """What a directory should be: its names as bytes, and what they stand for."""

    def __init__(self, names=None):
        self.names = dict(names or {})  # path: ("file", bytes, mode, mtime) and so on

    def file(self, path, data, mode=0o644, mtime=TIME):
        self.above(path)
        self.names[path] = ("file", data, mode, mtime)

    def link(self, path, target, mtime=TIME):
        self.above(path)
        self.names[path] = ("link", target, 0, mtime)

    def directory(self, path, mode=0o755, mtime=TIME):
        self.above(path)
        self.names[path] = ("directory", None, mode, mtime)

    def above(self, path):
        above = os.path.dirname(path)
        if above and self.names.get(above, ("",))[0] != "directory":
            self.directory(above)

    def remove(self, path):
        for name in [n for n in self.names if n == path or n.startswith(path + b"/")]:
            del self.names[name]

    def write(self, top):
        os.makedirs(top)
        for path in sorted(self.names):
            kind, what, mode, _ = self.names[path]
            there = os.path.join(os.fsencode(top), path)
            if kind == "directory":
                os.mkdir(there)
            elif kind == "link":
                os.symlink(what, there)
            else:
                pathlib.Path(os.fsdecode(there)).write_bytes(what)
                os.chmod(there, mode)
        for path in sorted(self.names, reverse=True):
            kind, _, mode, mtime = self.names[path]
            there = os.path.join(os.fsencode(top), path)
            if kind == "directory":
                os.chmod(there, mode)
            os.utime(there, ns=(mtime, mtime), follow_symlinks=False)

    def bytes_in(self, paths=None):
        return sum(len(what) for path, (kind, what, *_) in self.names.items()
                   if kind == "file" and (paths is None or path in paths))


def tree_at(top):
    """What is there, but for what mirrors keep for themselves."""
    found = Tree()
    top = os.fsencode(top)

    def read(inside):
        for name in os.listdir(os.path.join(top, inside)):
            if inside == b"" and name.startswith(OWN):
                continue
            path = os.path.join(inside, name)
            there = os.path.join(top, path)
            s = os.lstat(there)
            mode, mtime = stat.S_IMODE(s.st_mode), s.st_mtime_ns
            if stat.S_ISLNK(s.st_mode):
                found.names[path] = ("link", os.readlink(there), 0, mtime)
            elif stat.S_ISDIR(s.st_mode):
                found.names[path] = ("directory", None, mode, mtime)
                read(path)
            else:
                with open(there, "rb") as data:
                    found.names[path] = ("file", data.read(), mode, mtime)
    read(b"")
    return found


def fingerprint(top):
    """Every name below, our own too, with what changes if anything at all is done to it."""
    return {os.path.join(where, name): (s.st_ino, s.st_ctime_ns, s.st_mtime_ns, s.st_size)
            for where, below, names in os.walk(top) for name in below + names
            for s in [os.lstat(os.path.join(where, name))]}


class MirrorTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.at = self.folder / "mirror"

    def store_tree(self, tree, path="/it"):
        """Makes `path` of the store just that tree."""
        source = self.folder / "source"
        shutil.rmtree(source, ignore_errors=True)
        tree.write(source)
        os.utime(source, ns=(TIME, TIME))
        subprocess.run([self.command, "rm", "-r", self.store, path], capture_output=True)
        self.run_command("import", "--durability", "process", self.store, source, path)

    def run_mirror(self, *words, code=OK, path="/it", warns=False, **who):
        """The counts of a mirror; `self.told` is what it said of single names."""
        done = self.run_command("mirror", self.store, self.at, "--path", path, "--json", *words,
                                code=code if code != OK or not warns else None, **who)
        self.said = done.stderr.decode()
        *told, counts = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.told = [(one["told"], name_in(one, "path")) for one in told]
        return counts

    def is_mirror_of(self, tree):
        found = tree_at(self.at).names
        self.assertEqual(sorted(found), sorted(tree.names))
        for path, what in tree.names.items():
            self.assertEqual(found[path], what, path)
        left = [name for where, below, names in os.walk(self.at) for name in below + names
                if name.startswith(OWN.decode()) and name[-1:].isdigit()]
        self.assertEqual(left, [])
        record = (self.at / ".casement-mirror").read_bytes()
        self.assertEqual(sorted(recorded_in(record)), sorted([b"", *tree.names]))

    def mirrors(self, tree, *words, **how):
        counts = self.run_mirror(*words, **how)
        self.is_mirror_of(tree)
        self.assertEqual(counts["failed"], 0)
        return counts


def some_tree():
    tree = Tree()
    tree.file(b"a", b"one", 0o640)
    tree.file(b"d/inline", noise(KIB))
    tree.file(b"d/packed", noise(300 * KIB), 0o755)
    tree.file(b"d/e/dedicated", noise(5 * MIB))
    tree.file(b"d/e/empty", b"")
    tree.link(b"d/link", b"../a")
    tree.link(b"dangling", b"no/such/file")
    tree.directory(b"void", 0o750)
    return tree


class Mirror(MirrorTest):
    def test_the_first_run_makes_it_and_the_second_writes_nothing(self):
        tree = some_tree()
        self.store_tree(tree)
        counts = self.mirrors(tree)
        self.assertEqual((counts["directories"], counts["files"], counts["links"]), (4, 5, 2))
        self.assertEqual(counts["bytes"], tree.bytes_in())
        self.assertEqual(os.stat(self.at).st_mtime_ns, TIME)
        before = fingerprint(self.at)
        counts = self.mirrors(tree)
        self.assertEqual({key for key, n in counts.items() if n}, {"unchanged"})
        self.assertEqual(counts["unchanged"], 11)
        self.assertEqual(fingerprint(self.at), before, "it was touched")

    def test_what_has_changed_is_moved_and_no_more(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        before = fingerprint(self.at)
        tree.file(b"a", b"two", 0o640)  # of the same size and time
        tree.file(b"new/x", b"new")
        tree.remove(b"d/packed")
        self.store_tree(tree)
        counts = self.mirrors(tree)
        self.assertEqual((counts["files"], counts["bytes"], counts["directories"]), (2, 6, 1))
        self.assertEqual((counts["removed"], counts["facts"], counts["unchanged"]), (1, 0, 9))
        after = fingerprint(self.at)
        untouched = os.fspath(self.at / "d/e/dedicated")
        self.assertEqual(before[untouched], after[untouched])

    def test_facts_alone_move_no_bytes(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        big = os.stat(self.at / "d/e/dedicated").st_ino
        tree.file(b"d/e/dedicated", noise(5 * MIB), 0o600, TIME + 1)
        tree.directory(b"void", 0o700)
        tree.link(b"dangling", b"no/such/file", TIME + 5)
        self.store_tree(tree)
        counts = self.mirrors(tree)
        self.assertEqual((counts["facts"], counts["bytes"], counts["files"]), (3, 0, 0))
        self.assertEqual(os.stat(self.at / "d/e/dedicated").st_ino, big)
        self.assertEqual(self.mirrors(tree)["facts"], 0)

    def test_whatever_changes_between_runs(self):
        chance = random.Random(int(os.environ.get("CASEMENT_SEED", 1)))
        tree, last = Tree(), Tree()
        for _ in range(25):
            for _ in range(chance.randrange(6)):
                self.change(tree, chance)
            self.store_tree(tree)
            options = chance.choice([(), ("--jobs", "1"), ("--durability", "process"),
                                     ("--verify",), ("--delete",)])
            counts = self.mirrors(tree, *options)
            new = {path for path, what in tree.names.items()
                   if last.names.get(path, (None,))[:2] != what[:2]}
            self.assertEqual(counts["bytes"], tree.bytes_in(new))
            self.assertEqual(counts["removed"], sum(
                what[0] != tree.names.get(path, ("",))[0] for path, what in last.names.items()))
            before = fingerprint(self.at)
            self.mirrors(tree, "--jobs", chance.choice("15"))
            self.assertEqual(fingerprint(self.at), before)
            last = Tree(tree.names)

    @staticmethod
    def change(tree, chance):
        path = b"/".join(chance.choice([b"a", b"b", b"ab", b"a!", b"c"])
                         for _ in range(chance.randrange(1, 4)))
        above = path.split(b"/")[:-1]
        for depth in range(1, len(above) + 1):  # whose names may be files
            name = b"/".join(above[:depth])
            if tree.names.get(name, ("directory",))[0] != "directory":
                tree.remove(name)
        mode, mtime = chance.choice([0o644, 0o600, 0o755]), TIME + chance.choice([0, 0, 1])
        kind = chance.randrange(5)
        if kind == 0:
            return tree.remove(path)
        if kind == 1 and tree.names.get(path, ("directory",))[0] == "directory":
            return tree.directory(path, chance.choice([0o755, 0o700, 0o555]))
        tree.remove(path)
        if kind == 2:
            return tree.link(path, chance.choice([b"x", b"/etc/passwd", b".."]), mtime)
        tree.file(path, chance.choice([b"", b"one", b"two", noise(80 * KIB)]), mode, mtime)

    def test_kinds_that_change(self):
        kinds = {"file": lambda t: t.file(b"x", b"bytes"), "link": lambda t: t.link(b"x", b"a"),
                 "directory": lambda t: t.file(b"x/y/z", b"deep"), "none": lambda t: None}
        for first, make_first in kinds.items():
            for second, make_second in kinds.items():
                with self.subTest(first + " to " + second):
                    for make in make_first, make_second:
                        tree = Tree()
                        tree.file(b"a", b"stays")
                        make(tree)
                        self.store_tree(tree)
                        self.mirrors(tree)

    def test_odd_names(self):
        tree = Tree()
        for name in ODD_NAMES:
            tree.file(name, name)
            tree.file(b"in/" + name, name)
            tree.link(b"links/" + name, name)
            tree.directory(b"dirs/" + name)
        self.store_tree(tree)
        self.mirrors(tree)
        self.assertEqual(self.mirrors(tree)["unchanged"], len(tree.names) + 1)
        self.store_tree(Tree())
        self.assertEqual(self.mirrors(Tree())["removed"], len(tree.names))

    def test_modes_that_shut_out(self):
        tree = Tree()
        tree.file(b"d/unreadable", b"x", 0o000)
        tree.file(b"d/setuid", b"x", 0o4755)
        tree.file(b"d/old", b"x", mtime=-1_500_000_001)
        tree.directory(b"d", 0o555)
        tree.directory(b"shut", 0o000)
        everybody = [{}]
        if os.geteuid() == 0:  # whom nothing shuts out
            everybody.append({"user": 65534, "group": 65534, "extra_groups": []})
        for who in everybody:
            with self.subTest(**who):
                shutil.rmtree(self.at, ignore_errors=True)
                self.at.mkdir()
                changed = Tree(tree.names)
                changed.file(b"d/unreadable", b"y", 0o000)
                changed.remove(b"d/setuid")
                changed.file(b"shut/x", b"x")
                changed.directory(b"shut", 0o100)
                for next_tree in (tree, changed, tree):
                    self.store_tree(next_tree)
                    if who:
                        subprocess.run(["chown", "-R", "65534:65534", self.folder], check=True)
                        os.chmod(self.folder, 0o755)
                    self.mirrors(next_tree, **who)
                    self.assertEqual(self.mirrors(next_tree, **who)["unchanged"],
                                     len(next_tree.names) + 1)
                    self.mirrors(next_tree, "--verify", **who)

    def test_a_file_that_is_not_finalized(self):
        self.run_command("mkdir", self.store, "/it")
        for data in (b"", b"first", b"other"):
            self.run_command("write", self.store, "/it/f", *(("--create",) if not data else ()),
                             input=data)
            self.assertEqual(self.run_mirror()["bytes"], len(data))
            self.assertEqual((self.at / "f").read_bytes(), data)
            self.assertEqual(self.run_mirror()["files"], 0)
        self.run_command("finalize", self.store, "/it")
        counts = self.run_mirror()
        self.assertEqual((counts["files"], counts["bytes"]), (0, 0), "the same bytes as an object")
        (self.at / "f").write_bytes(b"wrong")
        self.assertEqual(self.run_mirror()["files"], 1)

    def test_snapshots_and_other_paths_move_only_their_difference(self):
        tree = some_tree()
        self.store_tree(tree)
        self.run_command("snapshot", self.store, "/it", "s")
        self.mirrors(tree)
        changed = Tree(tree.names)
        changed.file(b"a", b"changed")
        self.store_tree(changed)
        self.assertEqual(self.mirrors(changed)["bytes"], 7)
        self.run_command("mount", self.store, "s", "/then")
        self.assertEqual(self.mirrors(tree, path="/then")["bytes"], 3)

    # --- what others do in the destination ---------------------------------------------------

    def test_what_others_have_changed_is_mended(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        (self.at / "a").write_bytes(b"longer than it was")
        (self.at / "d/e/empty").unlink()
        (self.at / "dangling").unlink()
        (self.at / "dangling").symlink_to("elsewhere")
        (self.at / "d/link").unlink()
        (self.at / "d/link").mkdir()
        shutil.rmtree(self.at / "void")
        (self.at / "void").write_bytes(b"no directory")
        os.chmod(self.at / "d", 0o700)
        counts = self.mirrors(tree)
        self.assertEqual((counts["files"], counts["links"], counts["directories"]), (2, 2, 1))
        self.assertEqual((counts["bytes"], counts["facts"]), (3, 1))

    def test_who_has_only_touched_a_file_costs_no_bytes(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        os.utime(self.at / "d/e/dedicated")
        (self.at / "d/inline").write_bytes(noise(KIB, 7))  # as long as it was
        counts = self.mirrors(tree)
        self.assertEqual((counts["compared"], counts["facts"]), (2, 1))
        self.assertEqual((counts["files"], counts["bytes"]), (1, KIB))

    def test_a_flipped_byte_is_found_by_verify_alone(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        file = self.at / "d/e/dedicated"
        with open(file, "r+b") as out:
            out.seek(3 * MIB)
            out.write(bytes([noise(5 * MIB)[3 * MIB] ^ 1]))
        os.utime(file, ns=(TIME, TIME))
        self.assertEqual(self.run_mirror()["bytes"], 0, "no byte was read")
        counts = self.run_mirror("--verify", "--dry-run", warns=True)
        self.assertEqual((counts["repaired"], counts["bytes"]), (1, 5 * MIB))
        counts = self.mirrors(tree, "--verify", warns=True)
        self.assertIn("other bytes than were written", self.said)
        self.assertEqual((counts["repaired"], counts["compared"]), (1, 5))
        self.assertEqual((counts["files"], counts["bytes"]), (1, 5 * MIB))
        self.assertEqual(self.mirrors(tree, "--verify")["repaired"], 0)

    def test_foreign_names_are_told_and_stay(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        (self.at / "d/mine").write_bytes(b"mine")
        (self.at / "d/aside").mkdir()
        (self.at / "d/aside/x").write_bytes(b"x")
        (self.at / "\udcff").symlink_to("/etc")
        foreign = [("foreign", b"\xff"), ("foreign", b"d/aside"), ("foreign", b"d/mine")]
        for options in ((), ("--verify",), ("--adopt",)):
            self.assertEqual(self.run_mirror(*options)["foreign"], 3)
            self.assertEqual(sorted(self.told), foreign[1:] + foreign[:1], options)
        self.assertEqual((self.at / "d/aside/x").read_bytes(), b"x")
        counts = self.mirrors(tree, "--delete")
        self.assertEqual((counts["removed"], counts["foreign"], counts["bytes"]), (3, 0, 0))
        self.assertTrue(os.path.isdir("/etc"))

    def test_names_that_the_store_has_no_more_go_unless_somebody_changed_them(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        (self.at / "d/inline").write_bytes(b"changed by others")
        (self.at / "d/e/mine").write_bytes(b"mine")
        left = Tree()
        left.file(b"a", b"one", 0o640)
        self.store_tree(left)
        counts = self.run_mirror()
        self.assertEqual(counts["removed"], 6)
        self.assertEqual((counts["foreign"], self.told), (1, [("foreign", b"d")]))
        self.assertEqual(sorted(tree_at(self.at).names),
                         [b"a", b"d", b"d/e", b"d/e/mine", b"d/inline"])
        (self.at / "d/e/mine").unlink()
        self.assertEqual(self.run_mirror()["removed"], 1, "d/e is empty now, and was ours")
        self.mirrors(left, "--delete")

    def test_what_stands_in_the_way_is_not_lost(self):
        self.store_tree(Tree())
        self.run_mirror()
        (self.at / "f").write_bytes(b"mine")
        (self.at / "g").mkdir()
        (self.at / "g/mine").write_bytes(b"mine")
        (self.at / "h").write_bytes(b"mine")
        (self.at / "k").mkdir()
        tree = Tree()
        tree.file(b"f", b"ours")
        tree.file(b"g", b"ours")
        tree.file(b"h/x", b"ours")
        tree.file(b"k/x", b"ours")
        self.store_tree(tree)
        counts = self.run_mirror(code=FAILED)
        self.assertEqual((counts["failed"], counts["files"]), (3, 1))
        self.assertIn("no mirror has put there what is there", self.said)
        self.assertEqual((self.at / "f").read_bytes(), b"mine")
        self.assertEqual((self.at / "h").read_bytes(), b"mine")
        counts = self.run_mirror("--adopt", code=FAILED)
        self.assertEqual((counts["failed"], counts["files"]), (1, 2))
        self.assertEqual((self.at / "g/mine").read_bytes(), b"mine")
        self.mirrors(tree, "--delete")

    def test_a_mirror_of_another_store_is_left_alone(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        other = self.folder / "other"
        self.run_command("init", other)
        for options in (), ("--dry-run",), ("--delete",):
            self.refuses("mirror", other, self.at, *options, code=NO, says="another store",
                         error="illegal")
        self.is_mirror_of(tree)
        self.run_command("rebuild", self.store)
        self.mirrors(tree)
        self.assertGreater(self.document("mirror", other, self.at, "--adopt")["removed"], 0)
        self.refuses("mirror", self.store, self.at, code=NO, says="another store")

    def test_adopt_takes_over_by_bytes(self):
        tree = some_tree()
        self.store_tree(tree)
        tree.write(self.at)
        (self.at / "a").write_bytes(b"two")
        (self.at / "mine").write_bytes(b"mine")
        self.refuses("mirror", self.store, self.at, "--path", "/it", code=NO, says="--adopt",
                     error="not_empty")
        big = os.stat(self.at / "d/e/dedicated").st_ino
        counts = self.run_mirror("--adopt")
        self.assertEqual((counts["files"], counts["bytes"], counts["compared"]), (1, 3, 5))
        self.assertEqual((counts["foreign"], counts["unchanged"]), (1, 9))
        self.assertEqual(os.stat(self.at / "d/e/dedicated").st_ino, big)
        (self.at / "mine").unlink()
        self.assertEqual(self.mirrors(tree)["compared"], 0)

    def test_a_destination_that_is_there_and_empty(self):
        tree = some_tree()
        self.store_tree(tree)
        self.at.mkdir(0o700)
        self.mirrors(tree)
        self.assertEqual(os.stat(self.at).st_mode & 0o777, 0o755)

    def test_hard_links_are_two_names(self):
        tree = some_tree()
        tree.file(b"twin", b"one", 0o640)
        self.store_tree(tree)
        self.mirrors(tree)
        (self.at / "twin").unlink()
        os.link(self.at / "a", self.at / "twin")
        self.mirrors(tree)
        self.mirrors(tree, "--verify")
        tree.file(b"twin", b"two", 0o640)
        self.store_tree(tree)
        self.mirrors(tree)

    # --- links that lead outside -------------------------------------------------------------

    def test_no_link_is_followed(self):
        tree = some_tree()
        self.store_tree(tree)
        # All that is outside could be ours, by its names, bytes and times.
        outside = self.folder / "outside"
        shutil.copytree(self.folder / "source" / "d", outside, symlinks=True)
        for options in ((), ("--verify",), ("--adopt",), ("--delete",)):
            with self.subTest(options):
                shutil.rmtree(self.at, ignore_errors=True)
                self.mirrors(tree)
                before = fingerprint(outside)
                self.assertEqual(len(before), 6)
                shutil.rmtree(self.at / "d")
                (self.at / "d").symlink_to(outside)
                (self.at / "a").unlink()
                (self.at / "a").symlink_to(outside / "inline")
                shutil.rmtree(self.at / "void")
                (self.at / "void").symlink_to(outside)
                self.mirrors(tree, *options)
                self.assertEqual(fingerprint(outside), before)
                # And where names are removed.
                shutil.rmtree(self.at / "d")
                (self.at / "d").symlink_to(outside)
                left = Tree()
                left.file(b"a", b"one", 0o640)
                self.store_tree(left)
                self.run_mirror(*options)
                self.assertEqual(fingerprint(outside), before)
                self.store_tree(tree)

    def test_a_stored_link_to_a_directory_is_no_way_out(self):
        outside = self.folder / "outside"
        outside.mkdir()
        tree = Tree()
        tree.link(b"d", os.fsencode(outside))
        self.store_tree(tree)
        self.mirrors(tree)
        tree.remove(b"d")
        tree.file(b"d/x", b"x")
        self.store_tree(tree)
        self.mirrors(tree)
        self.assertEqual(os.listdir(outside), [])

    # --- a dry run ---------------------------------------------------------------------------

    def test_a_dry_run_changes_nothing_and_says_the_same(self):
        chance = random.Random(2)
        tree = Tree()
        counted = ("directories", "files", "links", "bytes", "facts", "removed", "foreign",
                   "unchanged", "failed")
        for step in range(12):
            for _ in range(5):
                self.change(tree, chance)
            self.store_tree(tree)
            if step > 0:
                (self.at / f"mine {step}").write_bytes(b"mine")
                for path, what in list(tree_at(self.at).names.items())[::3]:
                    there = os.path.join(os.fsencode(self.at), path)
                    if what[0] == "file" and chance.random() < 0.3:
                        os.unlink(there)
                    elif what[0] == "directory":
                        os.mkdir(there + b"/mine")
            before = fingerprint(self.folder / "mirror")
            options = chance.choice([(), ("--delete",), ("--adopt",)])
            code = None if step else OK
            would = self.any_mirror("--dry-run", *options)
            told = [name for what, name in self.told if what == "foreign"]
            self.assertEqual(fingerprint(self.folder / "mirror"), before, code)
            if step == 0:
                self.assertFalse(self.at.exists())
            did = self.any_mirror(*options)
            self.assertEqual({k: would[k] for k in counted}, {k: did[k] for k in counted}, options)
            self.assertEqual(sorted(told), sorted(name for what, name in self.told))
            self.any_mirror("--delete")

    def any_mirror(self, *words):
        done = subprocess.run([self.command, "mirror", self.store, self.at, "--path", "/it",
                               "--json", *words], capture_output=True)
        self.assertIn(done.returncode, (OK, FAILED), done.stderr)
        *told, counts = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.told = [(one["told"], name_in(one, "path")) for one in told]
        return counts

    def test_a_dry_run_names_what_it_would_do(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        tree.file(b"a", b"two", 0o640)
        tree.file(b"n/x", b"n")
        tree.link(b"dangling", b"there")
        tree.directory(b"void", 0o700)
        tree.remove(b"d/inline")
        self.store_tree(tree)
        self.run_mirror("--dry-run")
        self.assertEqual(sorted(self.told), [
            ("would make", b"n"), ("would make link", b"dangling"), ("would remove", b"d/inline"),
            ("would set mode and time of", b"void"), ("would write", b"a"),
            ("would write", b"n/x")])

    # --- what is refused ---------------------------------------------------------------------

    def test_names_of_our_own_are_refused_and_the_rest_goes_on(self):
        tree = Tree()
        tree.file(b"x", b"x")
        self.store_tree(tree)
        others = Tree(tree.names)
        for name in (b".casement-mirror", b".casement-mirror.lock", b".casement-mirror.7",
                     b".CaseMent-Mirror", b"d/.casement-mirror.12"):
            others.file(name, b"not ours")
        others.file(b"d/.casement-mirror", b"of a mirror that was imported")
        self.store_tree(others)
        for _ in range(2):
            counts = self.run_mirror(code=FAILED)
            self.assertEqual(counts["failed"], 5)
            self.assertIn("keep for themselves", self.said)
            self.assertTrue((self.at / "d/.casement-mirror").exists())
        self.assertEqual(counts["bytes"], 0)

    def test_a_second_mirror_at_once_is_refused(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        with open(self.at / ".casement-mirror.lock", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for options in ((), ("--dry-run",)):
                self.refuses("mirror", self.store, self.at, "--path", "/it", *options,
                             code=FAILED, says="another mirror is writing there", error="in_use")
        self.mirrors(tree)

    def test_store_and_destination_stay_apart(self):
        self.store_tree(some_tree())
        before = fingerprint(self.folder)
        inside = pathlib.Path(self.store) / "blobs"
        link = self.folder / "link"
        for where in (self.store, inside, inside / "new", link):
            if where == link:
                link.symlink_to(inside)
                before = fingerprint(self.folder)
            self.refuses("mirror", self.store, where, code=NO, says="it is in the store",
                         error="illegal")
        self.refuses("mirror", self.store, self.folder, "--adopt", "--delete", code=NO,
                     says="the store itself is in it", error="illegal")
        changed = {name for name, what in fingerprint(self.folder).items()
                   if before.get(name) != what and not name.startswith(self.store)}
        self.assertEqual(changed, set())

    def test_who_is_asked_to_stop_says_so_and_goes_on_later(self):
        tree = some_tree()
        for number in range(300):
            tree.file(b"many/%03d" % number, noise(30 * KIB, number))
        self.store_tree(tree)
        child = subprocess.Popen([self.command, "mirror", self.store, self.at, "--path", "/it",
                                  "--jobs", "1", "--json"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        while not (self.at / "many").exists():
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        out, err = child.communicate()
        self.assertEqual(child.returncode, NO, err)
        self.assertTrue(json.loads(out)["stopped"])
        self.assertIn(b"another run goes on from here", err)
        counts = self.mirrors(tree)
        self.assertEqual(counts["files"] + json.loads(out)["files"], 305)

    def test_usage(self):
        self.store_tree(some_tree())
        self.run_command("mirror", self.store, code=USAGE)
        self.refuses("mirror", self.store, self.at, "--path", "/none", code=NO, says="/none",
                     error="not_found")
        self.refuses("mirror", self.store, self.at, "--path", "/it/a", code=NO, says="/it/a",
                     error="not_a_directory")
        self.refuses("mirror", self.store, self.folder / "no" / "way", code=NO, says="no")
        self.assertFalse(self.at.exists())
        text = self.run_command("mirror", self.store, self.at).stdout.decode()
        self.assertIn("5 files (5.3 MiB), 5 directories, 2 links; 0 facts", text)

    # --- the record --------------------------------------------------------------------------

    def test_a_damaged_record_is_refused_and_adopt_begins_anew(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        record = self.at / ".casement-mirror"
        whole = record.read_bytes()
        for damaged, error in ((whole[:-1], "corrupt"), (b"", "corrupt"), (whole[:40], "corrupt"),
                               (whole[:50] + bytes([whole[50] ^ 1]) + whole[51:], "corrupt"),
                               (whole[:4] + b"\x02" + whole[5:], "newer_format")):
            with self.subTest(len(damaged)):
                record.write_bytes(damaged)
                before = fingerprint(self.at)
                done = self.run_command("mirror", self.store, self.at, "--path", "/it", "--json",
                                        code=FAILED)
                self.assertEqual(json.loads(done.stdout)["error"]["code"], error)
                self.assertEqual(fingerprint(self.at), before)
        self.run_command("mirror", self.store, self.at, "--adopt", code=FAILED)  # a newer one
        record.write_bytes(whole[:-1])
        counts = self.mirrors(tree, "--adopt")
        self.assertEqual((counts["compared"], counts["bytes"]), (5, 0))
        self.assertEqual(self.mirrors(tree)["compared"], 0)

    def test_a_mirror_without_its_record_is_not_empty(self):
        tree = some_tree()
        self.store_tree(tree)
        self.mirrors(tree)
        (self.at / ".casement-mirror").unlink()
        self.refuses("mirror", self.store, self.at, "--path", "/it", code=NO, says="--adopt")
        self.assertEqual(self.mirrors(tree, "--adopt")["bytes"], 0)


class Killed(MirrorTest):
    """kill -9: two trees take turns, with equal sizes and times where their bytes differ."""
    kills = int(os.environ.get("KILLS", 30))  # in the midst of their work

    def make_trees(self):
        one, other = Tree(), Tree()
        for d in range(6):
            for f in range(20):
                path = b"d%d/f%02d" % (d, f)
                size = [3, 3, 2000, 70_000][f % 4]
                one.file(path, noise(size, 1000 + d * 20 + f))
                if f % 5 == 0:
                    other.link(path, b"target %d" % f)
                elif f % 7 == 0:
                    other.file(path + b"/below", b"deep")
                elif f % 3 != 0:
                    other.file(path, noise(size, 5000 + d * 20 + f))
        other.file(b"e/only", b"other")
        one.directory(b"z")
        one.link(b"z/l", b"1")
        return {"/one": one, "/other": other}

    def is_whole(self, all_trees):
        """Each name is of one tree or of the other, but for facts that come after."""
        for path, (kind, what, _, _) in tree_at(self.at).names.items():
            if os.path.basename(path).startswith(OWN):
                continue  # a leftover
            may_be = [t.names[path][:2] for t in all_trees if path in t.names]
            self.assertIn((kind, what), may_be, path)

    def test_each_name_is_old_or_new_and_the_next_run_finishes(self):
        chance = random.Random(int(os.environ.get("CASEMENT_SEED", 3)))
        trees = self.make_trees()
        for path, tree in trees.items():
            self.store_tree(tree, path)
        cut_short, seconds = 0, 0.5  # it finds out how long a run takes here
        for _ in range(20 * self.kills):
            if cut_short >= self.kills:
                break
            for _ in range(chance.choice([1, 1, 2, 3])):
                path = chance.choice(list(trees))
                child = subprocess.Popen(
                    [self.command, "mirror", self.store, self.at, "--path", path, "--durability",
                     chance.choice(["power", "process"]), "--jobs", chance.choice("138")],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.random() * seconds)
                child.kill()
                was_killed = child.wait() == -signal.SIGKILL
                seconds *= 1.1 if was_killed else 0.8
                cut_short += (self.at / ".casement-mirror.log").exists()
                if self.at.exists():
                    self.is_whole(trees.values())
            path = chance.choice(list(trees))
            self.mirrors(trees[path], path=path)
            self.assertFalse((self.at / ".casement-mirror.log").exists())
            self.assertEqual(self.mirrors(trees[path], path=path)["bytes"], 0)
            if chance.random() < 0.2:
                shutil.rmtree(self.at)
        self.assertGreaterEqual(cut_short, self.kills, "too few were hit in their work")

    def test_what_a_killed_run_had_settled_is_not_compared_again(self):
        tree = Tree()
        for number in range(400):
            tree.file(b"%03d" % number, noise(40 * KIB, number))
        self.store_tree(tree)
        child = subprocess.Popen([self.command, "mirror", self.store, self.at, "--path", "/it",
                                  "--jobs", "2"], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.at.exists() and len(os.listdir(self.at)) >= 200)
        child.kill()
        child.wait()
        counts = self.mirrors(tree)
        self.assertLess(counts["compared"], 20)
        self.assertLess(counts["files"], 220)
        self.assertGreater(counts["unchanged"], 180)

    def make_old_and_new(self):
        """Two trees of the same names, sizes and times in the store, and /old in the mirror."""
        new = Tree()
        for number in range(50):
            new.file(b"%03d" % number, b"new %03d" % number)
        old = Tree({path: ("file", b"old" + what[3:], mode, mtime)
                    for path, (_, what, mode, mtime) in new.names.items()})
        self.store_tree(old, "/old")
        self.store_tree(new, "/it")
        self.mirrors(old, path="/old")
        return old, new

    def forge_log(self, record, boot, frames):
        """As a run that went on from that record would have left it."""
        sum_of_names = varints(list(frames_of(record))[-1][1:])[1]
        begun = b"\x04" + varint(sum_of_names) + varint(len(boot)) + boot
        (self.at / ".casement-mirror").write_bytes(record)
        (self.at / ".casement-mirror.log").write_bytes(
            record[:5] + b"".join(map(framed, [begun, *frames])))

    def test_a_loss_of_power_leaves_nothing_of_a_log_sure(self):
        """The log is of another start of the machine, and a file has its old bytes again."""
        _, new = self.make_old_and_new()
        record = (self.at / ".casement-mirror").read_bytes()
        self.mirrors(new)
        *settled, _ = frames_of((self.at / ".casement-mirror").read_bytes())
        self.forge_log(record, b"another", settled)
        (self.at / "007").write_bytes(b"old 007")
        os.utime(self.at / "007", ns=(TIME, TIME))
        counts = self.mirrors(new)
        self.assertEqual((counts["compared"], counts["files"]), (50, 1))

    def test_what_was_about_to_get_its_name_is_compared(self):
        """Killed before the rename or after it: nobody knows, and sizes and times do not tell."""
        old, new = self.make_old_and_new()
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
        record = (self.at / ".casement-mirror").read_bytes()
        self.mirrors(new)
        touched = [b"\x02" + frame[1:] for frame in frames_of(
            (self.at / ".casement-mirror").read_bytes()) if b"\x03007" in frame[:8]]
        self.assertEqual(len(touched), 1)
        for to, path in ((new, "/it"), (old, "/old"), (Tree(), "/none")):
            for bytes_of_it in (b"old 007", b"new 007", b"other's"):
                self.store_tree(Tree(), "/none")
                self.mirrors(old, "--delete", path="/old")
                self.forge_log(record, boot, touched)
                (self.at / "007").write_bytes(bytes_of_it)
                mtime = TIME + 9 * (bytes_of_it == b"other's")
                os.utime(self.at / "007", ns=(mtime, mtime))
                counts = self.run_mirror(path=path)
                is_there = tree_at(self.at).names.get(b"007", (None, None))[1]
                if to.names:
                    self.assertEqual(is_there, to.names[b"007"][1])
                    self.is_mirror_of(to)
                    wrong = bytes_of_it != to.names[b"007"][1]
                    self.assertEqual(counts["files"], 49 * (to is new) + wrong)
                else:
                    mine = bytes_of_it if bytes_of_it == b"other's" else None
                    self.assertEqual((is_there, counts["foreign"]), (mine, mine is not None))
                self.assertFalse((self.at / ".casement-mirror.log").exists())


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def varints(data):
    all_of_them, n, shift = [], 0, 0
    for byte in data:
        n |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            all_of_them.append(n)
            n = shift = 0
    return all_of_them


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def framed(payload):
    return varint(len(payload)) + payload + crc32c(payload).to_bytes(4, "little")


def recorded_in(data):
    """The paths of a record, which begins each frame with one, after the tag and its length."""
    for frame in frames_of(data):
        if frame[0] == 1:
            length, rest = frame[1], frame[2:]
            if length >= 0x80:
                length, rest = length & 0x7F | rest[0] << 7, rest[1:]
            yield rest[:length]


def frames_of(data):
    at = 5
    while at < len(data):
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield data[at:at + length]
        at += length + 4


if __name__ == "__main__":
    main()
