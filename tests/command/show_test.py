"""ls, tree, stat and cat, in text and in JSON."""

import hashlib
import os
import pathlib
import signal
import subprocess

from command import FAILED, KIB, MIB, NO, ODD_NAMES, USAGE, CommandTest, main, name_in, noise

PACKED, DEDICATED = noise(MIB + 3), noise(5 * MIB + 1, seed=2)


class Ls(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()

    def test_names_come_in_byte_order(self):
        self.import_files({name: b"" for name in [b"b", b"a", b"B", b"\xff", b"a.b", b"a0"]})
        self.assertEqual(self.names(), [b"B", b"a", b"a.b", b"a0", b"b", b"\xff"])
        self.assertEqual(self.lines("ls", self.store), ["B", "a", "a.b", "a0", "b", "\\xff"])

    def test_odd_names_are_lines_and_survive_in_json(self):
        self.import_files({name: name for name in ODD_NAMES})
        self.assertEqual(self.names(), sorted(ODD_NAMES))
        self.assertEqual(len(self.lines("ls", self.store)), len(ODD_NAMES))
        for name in ODD_NAMES:
            read = self.run_command("cat", self.store, "--", b"/" + name).stdout
            self.assertEqual(read, name)
            self.assertEqual(self.run_command("cat", self.store, "--", name).stdout, name)

    def test_long_lines(self):
        source = self.import_files({"file": b"12345", "d/x": b"", "link": "file"})
        os.chmod(source / "file", 0o4751)
        os.utime(source / "file", ns=(0, 1_000_000_000_123_456_789))
        self.run_command("import", self.store, str(source), "/")
        directory, file, link = self.lines("ls", self.store, "-l")
        self.assertRegex(directory, r"^drwx.* - \d{4}-\d\d-\d\d .* d$")
        self.assertRegex(file, r"^-rwsr-x--x +5 2001-09-\d\d \d\d:\d\d:40\.123456789 file$")
        self.assertRegex(link, r"^lrwxrwxrwx .* link -> file$")
        d, f, l = self.documents("ls", self.store)
        self.assertEqual((d["kind"], f["kind"], l["kind"]), ("directory", "file", "link"))
        self.assertEqual((f["mode"], f["size"]), ("4751", 5))
        self.assertEqual(f["mtime_ns"], 1_000_000_000_123_456_789)
        self.assertEqual(l["target"], "file")

    def test_a_file_shows_itself_and_a_link_where_it_leads(self):
        self.import_files({"d/x": b"1", "f": b"", "to d": "d", "to f": "f", "dangling": "nowhere"})
        self.assertEqual(self.lines("ls", self.store, "/f"), ["f"])
        self.assertEqual(self.lines("ls", self.store, "d"), ["x"])
        self.assertEqual(self.lines("ls", self.store, "d//"), ["x"])
        self.assertEqual(self.lines("ls", self.store, "to d"), ["x"])
        self.assertEqual(self.lines("ls", self.store, "to f"), ["to f"])
        self.assertEqual(self.lines("ls", self.store, "dangling"), ["dangling"])

    def test_pages_together_are_the_list(self):
        names = [b"%04d" % n for n in range(500)] + [b"\xfe", b"\xff\xff"]
        self.import_files({name: b"" for name in names})
        pages, after = [], []
        while page := self.names("/", "--limit", "77", *after):
            self.assertLessEqual(len(page), 77)
            pages += page
            after = [b"--after=" + page[-1]]
        self.assertEqual(pages, names)
        self.assertEqual(self.names("/", "--limit", "0"), [])
        self.assertEqual(self.names("/", "--after", "0498", "--limit", "1"), [b"0499"])
        self.assertEqual(self.names("/", "--after", "0497x", "--limit", "1"), [b"0498"])

    def test_what_is_not_there(self):
        self.import_files({"f": b""})
        self.refuses("ls", self.store, "/none", code=NO, says="/none", error="not_found")
        self.refuses("ls", self.store, "/none/x", code=NO, says="none", error="not_found")
        self.refuses("ls", self.store, "/f/x", code=NO, says="file", error="not_a_directory")
        self.refuses("ls", self.store, "a/../b", code=USAGE, says="..", error="bad_name")
        self.refuses("ls", self.store, "n" * 256, code=USAGE, says="255", error="bad_name")


class Tree(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.import_files({"a/b/c": b"123", "a/z": "b", "d": b"45", b"e\n": b""})

    def test_drawing(self):
        self.assertEqual(self.lines("tree", self.store), [
            "/", "├── a", "│   ├── b", "│   │   └── c", "│   └── z -> b", "├── d", "└── e\\n", "",
            "2 directories, 3 files, 1 link, 5 B"])
        self.assertEqual(self.lines("tree", self.store, "a"), [
            "a", "├── b", "│   └── c", "└── z -> b", "", "1 directory, 1 file, 1 link, 3 B"])

    def test_depth(self):
        self.assertEqual(self.lines("tree", self.store, "--depth", "1"), [
            "/", "├── a", "├── d", "└── e\\n", "", "1 directory, 2 files, 0 links, 2 B"])

    def test_documents(self):
        *names, totals = self.documents("tree", self.store, "/a/")
        self.assertEqual([(n["path"], n["depth"], n["kind"]) for n in names],
                         [("/a/b", 1, "directory"), ("/a/b/c", 2, "file"), ("/a/z", 1, "link")])
        self.assertEqual(totals, {"directories": 1, "files": 1, "links": 1, "bytes": 3})
        self.assertEqual(name_in(self.documents("tree", self.store)[-2], "path"), b"/e\n")

    def test_what_is_no_directory(self):
        self.refuses("tree", self.store, "/d", code=NO, says="/d", error="not_a_directory")
        self.refuses("tree", self.store, "/x", code=NO, says="/x", error="not_found")


class Stat(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.import_files({"i": b"small", "p": PACKED, "d": DEDICATED, "sub/x": b"", "l": "p"})

    def stat(self, path, *words):
        return self.document("stat", self.store, path, *words)

    def test_placements(self):
        for path, data, placement in [("/i", b"small", "inline"), ("/p", PACKED, "packed"),
                                      ("/d", DEDICATED, "dedicated")]:
            told = self.stat(path)
            self.assertEqual((told["kind"], told["size"], told["placement"]),
                             ("file", len(data), placement))
            self.assertEqual(told["content"], hashlib.sha256(data).hexdigest())
            self.assertRegex(told["object"], "^file:[0-9a-f]{64}$")
        packed, dedicated = self.stat("/p"), self.stat("/d")
        with open(pathlib.Path(self.store) / packed["stored_in"], "rb") as pack:
            pack.seek(packed["position"])
            self.assertEqual(pack.read(len(PACKED)), PACKED)
        with open(pathlib.Path(self.store) / dedicated["stored_in"], "rb") as blob:
            self.assertEqual(blob.read(), DEDICATED)

    def test_directories_and_revs(self):
        root, sub = self.stat("/"), self.stat("sub")
        self.assertEqual((root["kind"], root["node"], sub["kind"]), ("directory", 1, "directory"))
        self.assertNotIn("generation", root)  # nothing points to the root
        self.assertEqual((sub["parent_node"], sub["parent_rev"]), (1, root["rev"]))
        self.run_command("rm", self.store, "sub/x")
        self.assertEqual(self.stat("sub")["rev"], sub["rev"] + 1)
        self.assertEqual(self.stat("/")["rev"], root["rev"])
        file = self.stat("/i")
        self.run_command("mv", self.store, "/i", "/j")
        moved = self.stat("/j")
        self.assertEqual(moved["object"], file["object"])
        self.assertNotEqual(moved["generation"], file["generation"])

    def test_links(self):
        self.assertEqual(self.stat("/l")["target"], "p")
        self.assertEqual(self.stat("/l", "--follow")["object"], self.stat("/p")["object"])

    def test_text(self):
        lines = dict(line.split(maxsplit=1) for line in self.lines("stat", self.store, "/p"))
        self.assertEqual(lines["kind"], "file")
        self.assertEqual(lines["size"], f"{len(PACKED)} (1.0 MiB)")
        self.assertRegex(lines["mtime"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}$")
        self.assertRegex(lines["mode"], r"^-rw.{7} \(0\d{3}\)$")

    def test_what_is_not_there(self):
        self.refuses("stat", self.store, "/none", code=NO, says="/none", error="not_found")


class Cat(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.import_files({"i": b"small", "p": PACKED, "d": DEDICATED, "sub/x": b"", "l": "i"})

    def test_whole_files(self):
        self.assertEqual(self.run_command("cat", self.store, "/i", "l", "sub/x").stdout,
                         b"smallsmall")
        self.assertEqual(self.run_command("cat", self.store, "/d", "/p").stdout, DEDICATED + PACKED)

    def test_ranges(self):
        chunk = 256 * KIB
        for path, data in ("/p", PACKED), ("/d", DEDICATED), ("/i", b"small"):
            end = len(data)
            for offset, length in [(0, 0), (0, 1), (chunk - 1, 2), (chunk, chunk), (1, 2 * chunk),
                                   (3 * chunk + 17, MIB), (end - 1, 5), (end, 1), (end + 9, 9),
                                   (0, 1 << 63), (7, None)]:
                words = ["--offset", str(offset)]
                words += [] if length is None else ["--length", str(length)]
                read = self.run_command("cat", self.store, path, *words).stdout
                wanted = data[offset:] if length is None else data[offset:offset + length]
                self.assertEqual(read, wanted, (path, offset, length))

    def test_documents(self):
        pieces = self.documents("cat", self.store, "/d", "--offset", "5")
        self.assertEqual(b"".join(bytes.fromhex(p["bytes_hex"]) for p in pieces), DEDICATED[5:])
        self.assertEqual(pieces[0]["offset"], 5)
        self.assertEqual(pieces[1]["offset"], MIB)

    def test_nothing_is_written_where_a_name_is_wrong(self):
        self.refuses("cat", self.store, "/i", "/none", code=NO, says="/none", error="not_found")
        self.refuses("cat", self.store, "/sub", code=NO, says="/sub", error="is_a_directory")

    def test_numbers_that_are_none(self):
        for words in (["cat", "/i", "--offset"], ["cat", "/i", "--length"], ["ls", "/", "--limit"],
                      ["tree", "/", "--depth"]):
            for wrong in "-1", "x", "", "1x", "1.5", str(1 << 64):
                self.refuses(words[0], self.store, *words[1:], wrong, code=USAGE, says=words[-1])

    def test_damage_is_never_handed_out(self):
        blob = pathlib.Path(self.store) / self.document("stat", self.store, "/d")["stored_in"]
        damaged = bytearray(DEDICATED)
        damaged[2 * MIB + 5] ^= 1
        blob.write_bytes(damaged)
        done = self.run_command("cat", self.store, "/d", code=FAILED)
        self.assertEqual(done.stdout, DEDICATED[:len(done.stdout)])
        self.assertLessEqual(len(done.stdout), 2 * MIB)
        self.assertIn("/d", done.stderr.decode())
        self.assertEqual(self.documents("cat", self.store, "/d", code=FAILED)[-1]["error"]["code"],
                         "corrupt")
        after = str(3 * MIB)  # what is not damaged is still read
        self.assertEqual(self.run_command("cat", self.store, "/d", "--offset", after).stdout,
                         DEDICATED[3 * MIB:])

    def test_output_that_does_not_arrive(self):
        for words in (["cat", self.store, "/i"], ["cat", self.store, "/d"], ["ls", self.store],
                      ["stat", self.store, "/"], ["tree", self.store], ["stats", self.store],
                      ["mkdir", self.store, "/new", "--json"], ["doctor", self.folder]):
            with open("/dev/full", "wb") as full:
                done = self.run_command(*words, code=FAILED, stdout=full, stderr=subprocess.PIPE)
                self.assertIn(b"No space left", done.stderr)

    def test_stops_when_asked(self):
        with self.held_store("/d") as holder:
            holder.send_signal(signal.SIGINT)
            _, said = holder.communicate(timeout=60)
            self.assertEqual(holder.returncode, FAILED)
            self.assertIn(b"stopped", said)


class Stores(CommandTest):
    """What goes wrong before a command begins goes wrong alike in all of them."""

    COMMANDS = [["ls"], ["tree"], ["stat", "/"], ["cat", "/x"], ["mkdir", "/d"], ["mv", "/x", "/y"],
                ["rm", "/x"], ["ln", "-s", "x", "/y"], ["cp", "/x", "/y"], ["stats"]]

    def each(self, store):
        for name, *words in self.COMMANDS:
            yield name, [name, store, *words]

    def test_no_store(self):
        for name, words in self.each(str(self.folder / "none")):
            self.refuses(*words, code=NO, says="no store is there", error="not_found")
        self.assertFalse((self.folder / "none").exists())

    def test_a_newer_store(self):
        self.init()
        marker = pathlib.Path(self.store) / "casement"
        marker.write_text(marker.read_text().replace("format 1", "format 2"))
        for name, words in self.each(self.store):
            self.refuses(*words, code=FAILED, says="format 2", error="newer_format")

    def test_a_broken_marker(self):
        self.init()
        (pathlib.Path(self.store) / "casement").write_text("This directory is a Casement")
        for name, words in self.each(self.store):
            self.refuses(*words, code=FAILED, says="marker", error="corrupt")

    def test_a_store_that_is_open_elsewhere(self):
        self.init()
        self.import_files({"big": DEDICATED})
        with self.held_store("/big"):
            for name, words in self.each(self.store):
                self.refuses(*words, code=FAILED, says="another process", error="in_use")
        self.assertEqual(self.names(), [b"big"])  # and it is free again

    def test_usage(self):
        for name, words in self.each(self.store):
            self.refuses(name, code=USAGE, says="STORE")
            self.refuses(*words, "--nonsense", code=USAGE, says="--nonsense")
            help_text = self.run_command(name, "--help").stdout.decode()
            self.assertIn(f"Example:\n  casement {name} ", help_text)
            self.assertIn("--json", help_text)


if __name__ == "__main__":
    main()
