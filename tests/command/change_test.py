"""mkdir, mv, rm, ln and cp: what they change, and what they leave alone when they refuse."""

from command import MIB, NO, ODD_NAMES, USAGE, CommandTest, main, name_in, noise


class Change(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()

    def drawn(self, path="/"):
        """The whole tree as {path: kind or object}, facts and generations left out."""
        *names, _ = self.documents("tree", self.store, path)
        return {name_in(n, "path"): n.get("target", n.get("size", n["kind"])) for n in names}

    def leaves_alone(self, *words, **how):
        before = self.drawn()
        self.refuses(*words, **how)
        self.assertEqual(self.drawn(), before)

    def object(self, path):
        return self.document("stat", self.store, path)["object"]


class Mkdir(Change):
    def test_makes_and_refuses(self):
        self.assertEqual(self.lines("mkdir", self.store, "/a"), [])
        made = self.document("mkdir", self.store, "a/x")
        self.assertEqual((made["done"], made["path"]), ("mkdir", "a/x"))
        self.assertEqual(self.document("stat", self.store, "/a/x")["node"], made["node"])
        self.import_files({"file": b""})
        self.leaves_alone("mkdir", self.store, "/a", code=NO, says="/a", error="exists")
        self.leaves_alone("mkdir", self.store, "/n/o", code=NO, says="/n/o", error="not_found")
        self.leaves_alone("mkdir", self.store, "/", code=NO, says="exists", error="exists")
        self.leaves_alone("mkdir", self.store, "file/x", code=NO, says="file",
                          error="not_a_directory")

    def test_parents(self):
        self.run_command("mkdir", "-p", self.store, "/a/b/c")
        self.run_command("mkdir", "-p", self.store, "/a/b/d/")
        self.assertEqual(sorted(self.drawn()), [b"/a", b"/a/b", b"/a/b/c", b"/a/b/d"])
        self.import_files({"file": b""})
        self.leaves_alone("mkdir", "-p", self.store, "file", code=NO, says="file",
                          error="not_a_directory")

    def test_mode(self):
        self.run_command("mkdir", self.store, "/a", "--mode", "1750")
        self.run_command("mkdir", self.store, "/b")
        self.assertEqual([d["mode"] for d in self.documents("ls", self.store)], ["1750", "0755"])
        for wrong in "8", "77777", "", "-1", "0x1", "755 ":
            self.leaves_alone("mkdir", self.store, "/c", "--mode", wrong, code=USAGE, says="mode")

    def test_odd_names(self):
        for name in ODD_NAMES:
            self.run_command("mkdir", self.store, "--", name)
        self.assertEqual(self.names(), sorted(ODD_NAMES))
        for name in ODD_NAMES:
            self.run_command("rm", self.store, "--", name)
        self.assertEqual(self.names(), [])
        for wrong in "..", "a/./b", "n" * 256, "/a" * 2049:
            self.leaves_alone("mkdir", self.store, wrong, code=USAGE, says="", error="bad_name")

    def test_depth(self):
        self.run_command("mkdir", "-p", self.store, "/d" * 63)
        self.leaves_alone("mkdir", self.store, "/d" * 64, code=NO, says="64", error="too_deep")


class Mv(Change):
    def setUp(self):
        super().setUp()
        self.import_files({"f": b"1", "g": b"22", "d/x": b"333", "e/y": b"", "l": "d"})

    def test_renames(self):
        self.assertEqual(self.lines("mv", self.store, "/f", "/new"), [])
        told = self.document("mv", self.store, "d", "/d2")
        self.assertEqual((told["done"], told["path"], told["to"]), ("mv", "d", "/d2"))
        self.assertEqual(sorted(self.drawn()),
                         [b"/d2", b"/d2/x", b"/e", b"/e/y", b"/g", b"/l", b"/new"])

    def test_moves_into_directories_and_replaces_files(self):
        self.run_command("mv", self.store, "/f", "/d")
        self.run_command("mv", self.store, "/d", "/e")
        self.assertEqual(self.drawn()[b"/e/d/f"], 1)
        self.run_command("mv", self.store, "/e/d/f", "/g")
        self.assertEqual(self.drawn()[b"/g"], 1)
        self.run_command("mv", self.store, "/l", "/k")  # the link, not what it leads to
        self.assertEqual(self.drawn()[b"/k"], "d")

    def test_refuses(self):
        self.leaves_alone("mv", self.store, "/none", "/x", code=NO, says="/none", error="not_found")
        self.leaves_alone("mv", self.store, "/d", "/d/in", code=NO, says="itself", error="loop")
        self.leaves_alone("mv", self.store, "/", "/d", code=NO, says="root", error="illegal")
        self.leaves_alone("mv", self.store, "/f", "/f", code=NO, says="one name", error="exists")
        self.leaves_alone("mv", self.store, "/d", "/f", code=NO, says="directory", error="exists")
        self.leaves_alone("mv", self.store, "/f", "/n/o", code=NO, says="/n/o", error="not_found")
        self.leaves_alone("mv", self.store, "/f", "..", code=USAGE, says="..", error="bad_name")


class Rm(Change):
    def setUp(self):
        super().setUp()
        self.import_files({"f": b"", "d/x": b"", "d/e/y": b"", "d/to d": "../d", "l": "d"})

    def test_removes(self):
        self.assertEqual(self.lines("rm", self.store, "/f"), [])
        self.run_command("rm", self.store, "d/x")
        self.assertEqual(self.document("rm", self.store, "/l"), {"done": "rm", "path": "/l"})
        self.assertEqual(sorted(self.drawn()), [b"/d", b"/d/e", b"/d/e/y", b"/d/to d"])
        self.run_command("rm", "-r", self.store, "/d")
        self.assertEqual(self.drawn(), {})

    def test_refuses(self):
        self.leaves_alone("rm", self.store, "/d", code=NO, says="/d", error="not_empty")
        self.leaves_alone("rm", self.store, "/none", code=NO, says="/none", error="not_found")
        for how in [], ["-r"]:
            self.leaves_alone("rm", *how, self.store, "/", code=NO, says="root", error="illegal")
        self.leaves_alone("rm", "-r", self.store, "/f/x", code=NO, says="file",
                          error="not_a_directory")

    def test_a_name_in_brackets_is_one_name(self):
        self.import_files({"a": b"1", "[a]": b"2", "[a,f]": b"3"})
        self.assertEqual(self.run_command("cat", self.store, "[a]", "/[a,f]").stdout, b"23")
        self.run_command("rm", self.store, "[a]")
        self.run_command("rm", self.store, "[a,f]")
        self.assertEqual(self.names(), [b"a", b"d", b"f", b"l"])


class Ln(Change):
    def test_links(self):
        self.import_files({"d/x": b"bytes"})
        self.assertEqual(self.lines("ln", "-s", self.store, "d/x", "/l"), [])
        told = self.document("ln", "-s", self.store, "nowhere", "/d/m")
        self.assertEqual(told, {"done": "ln", "path": "/d/m", "target": "nowhere"})
        self.run_command("ln", "-s", self.store, "--", b"-\xff", "/d/n")
        self.assertEqual(self.run_command("cat", self.store, "/l").stdout, b"bytes")
        self.assertEqual(name_in(self.document("stat", self.store, "/d/n"), "target"), b"-\xff")
        self.run_command("ln", "-s", self.store, "loop", "/loop")
        self.refuses("cat", self.store, "/loop", code=NO, says="loop", error="loop")

    def test_refuses(self):
        self.import_files({"f": b""})
        self.leaves_alone("ln", "-s", self.store, "x", "/f", code=NO, says="/f", error="exists")
        self.leaves_alone("ln", "-s", self.store, "x", "/", code=NO, says="exists", error="exists")
        self.leaves_alone("ln", "-s", self.store, "", "/l", code=USAGE, says="empty",
                          error="bad_name")
        self.leaves_alone("ln", self.store, "f", "/l", code=USAGE, says="--symbolic")


class Cp(Change):
    def setUp(self):
        super().setUp()
        self.import_files({"f": noise(MIB), "g": b"22", "d/x": b"333", "d/e/y": noise(5 * MIB),
                           "d/l": "x", "d/empty/z": b""})

    def stored(self):
        told = self.document("stats", self.store)
        return {key: told[key] for key in ("stored_bytes", "packed", "dedicated", "blobs", "packs")}

    def test_names_are_copied_and_no_bytes(self):
        before = self.stored()
        self.assertEqual(self.lines("cp", self.store, "/f", "/copy"), [])
        told = self.document("cp", "-r", self.store, "/d", "/d2")
        self.assertEqual(told, {"done": "cp", "path": "/d", "to": "/d2", "directories": 3,
                                "files": 3, "links": 1, "unchanged": 0})
        self.assertEqual(self.stored(), before)
        self.assertEqual(self.object("/copy"), self.object("/f"))
        self.assertEqual(self.object("/d2/e/y"), self.object("/d/e/y"))
        one, two = self.drawn("/d"), self.drawn("/d2")
        self.assertEqual({k[2:]: v for k, v in one.items()}, {k[3:]: v for k, v in two.items()})
        for path in "/d{}", "/d{}/e", "/d{}/x", "/d{}/l":
            one, two = (self.document("stat", self.store, path.format(n)) for n in ("", "2"))
            self.assertEqual((one["mode"], one["mtime_ns"]), (two["mode"], two["mtime_ns"]))

    def test_into_directories_and_over_files(self):
        self.run_command("cp", self.store, "/g", "/d")
        self.run_command("cp", self.store, "/g", "/d/x")
        self.assertEqual((self.object("/d/g"), self.object("/d/x")), (self.object("/g"),) * 2)
        self.run_command("mkdir", self.store, "/t")
        self.run_command("cp", "-r", self.store, "d", "t")
        self.run_command("rm", self.store, "/t/d/x")
        self.run_command("rm", self.store, "/d/g")
        self.run_command("cp", self.store, "/f", "/d/e/y")
        self.run_command("cp", "-r", self.store, "/d", "/t")  # again: it brings up to date
        one, two = self.drawn("/d"), self.drawn("/t/d")
        self.assertEqual({k[2:]: v for k, v in one.items()},
                         {k[4:]: v for k, v in two.items() if k != b"/t/d/g"})
        self.assertEqual(self.object("/t/d/e/y"), self.object("/f"))
        told = self.document("cp", "-rT", "--rate", "100000", self.store, "/d", "/t/d")
        self.assertEqual((told["directories"], told["files"], told["unchanged"]), (3, 3, 7))

    def test_refuses(self):
        self.leaves_alone("cp", self.store, "/none", "/x", code=NO, says="/none", error="not_found")
        self.leaves_alone("cp", self.store, "/d", "/x", code=NO, says="-r", error="is_a_directory")
        for to in "/d", "/d/e", "/d/new":
            self.leaves_alone("cp", "-r", self.store, "/d", to, code=NO, says="itself",
                              error="loop")
        self.leaves_alone("cp", "-r", self.store, "/", "/d", code=NO, says="itself", error="loop")
        self.leaves_alone("cp", "-r", self.store, "/d", "/f", code=NO, says="/d", error="exists")
        self.leaves_alone("cp", "-r", self.store, "/d", "/n/o", code=NO, says="/n/o",
                          error="not_found")
        self.leaves_alone("cp", "-r", "--rate", "-1", self.store, "/d", "/d3", code=USAGE,
                          says="--rate")

    def test_something_of_another_kind_is_in_the_way(self):
        self.run_command("mkdir", "-p", self.store, "/t/d/x")
        self.refuses("cp", "-r", self.store, "/d", "/t", code=NO, says="x")
        self.assertEqual(self.document("stat", self.store, "/t/d/x")["kind"], "directory")


if __name__ == "__main__":
    main()
