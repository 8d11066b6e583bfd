"""snapshot, snapshots, restore, mount, unmount and forget: directories as they were."""

from command import FAILED, KIB, MIB, NO, USAGE, CommandTest, main, noise


class Snapshots(CommandTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.song, self.cover = noise(5 * MIB), noise(KIB)
        self.import_files({"m/a/song": self.song, "m/a/cover": self.cover, "m/l": "a/song"})

    def snapshots(self):
        return {d["snapshot"]: d for d in self.documents("snapshots", self.store)}

    def names(self, path):
        return [d["name"] for d in self.documents("ls", self.store, path)]

    def cat(self, path):
        return self.run_command("cat", self.store, path).stdout

    def test_what_changes_later_is_not_in_it(self):
        told = self.document("snapshot", self.store, "/m", "s")
        self.assertEqual((told["directories"], told["files"], told["links"]), (2, 2, 1))
        self.assertEqual(told["bytes"], len(self.song) + len(self.cover))
        self.assertLess(told["bytes_added"], 4 * KIB)
        self.assertEqual(told["left_out"], 0)
        self.run_command("rm", "-r", self.store, "/m/a")
        self.run_command("restore", self.store, "s", "/was")
        self.assertEqual(self.names("/m"), ["l"])
        self.assertEqual(self.names("/was"), ["a", "l"])
        self.assertEqual(self.cat("/was/a/song"), self.song)
        self.assertEqual(self.cat("/was/l"), self.song)
        self.run_command("verify", self.store)

    def test_what_is_restored_can_be_changed(self):
        self.run_command("snapshot", self.store, "/m", "s")
        self.run_command("restore", self.store, "s", "/was")
        self.run_command("rm", self.store, "/was/a/cover")
        self.run_command("mkdir", self.store, "/was/new")
        self.assertEqual(self.names("/was/a"), ["song"])
        self.assertEqual(self.names("/m/a"), ["cover", "song"])
        self.run_command("restore", self.store, "s", "/again")
        self.assertEqual(self.names("/again/a"), ["cover", "song"])
        self.assertEqual(self.names("/again"), ["a", "l"])
        self.run_command("verify", self.store)

    def test_in_the_place_of_what_is_there(self):
        self.run_command("snapshot", self.store, "/m", "s")
        self.run_command("rm", self.store, "/m/a/cover")
        self.refuses("restore", self.store, "s", "/m", code=NO, says="/m", error="exists")
        self.run_command("restore", self.store, "s", "/m", "--aside", "m.old")
        self.assertEqual(self.names("/"), ["m", "m.old"])
        self.assertEqual(self.names("/m/a"), ["cover", "song"])
        self.assertEqual(self.names("/m.old/a"), ["song"])
        self.refuses("restore", self.store, "s", "/m", "--aside", "m.old", code=NO, says="m",
                     error="exists")
        self.run_command("verify", self.store)

    def test_what_each_pins(self):
        self.run_command("snapshot", self.store, "/m", "s")
        self.run_command("snapshot", self.store, "/m", "t")
        pins = self.snapshots()
        self.assertEqual(list(pins), ["s", "t"])
        self.assertEqual(pins["s"]["path"], "/m")
        self.assertEqual((pins["s"]["files"], pins["s"]["bytes"]), (2, 5 * MIB + KIB))
        self.assertEqual(pins["s"]["bytes_pinned_alone"], 0, "t has it too")
        self.run_command("forget", self.store, "t")
        self.run_command("rm", self.store, "/m/a/song")
        alone = self.snapshots()["s"]["bytes_pinned_alone"]
        self.assertGreaterEqual(alone, len(self.song))
        self.assertLess(alone, len(self.song) + 4 * KIB)

    def test_a_mount_is_for_readers(self):
        self.run_command("snapshot", self.store, "/m", "s")
        self.run_command("mount", self.store, "s", "/old")
        self.assertEqual(self.cat("/old/a/song"), self.song)
        for words in (["rm", self.store, "/old/a/song"], ["mkdir", self.store, "/old/new"],
                      ["mv", self.store, "/old/a", "/a"], ["mv", self.store, "/m/a", "/old/b"],
                      ["cp", self.store, "/m/a/song", "/old/song"]):
            self.refuses(*words, code=FAILED, says="mounted", error="read_only")
        self.run_command("cp", self.store, "/old/a/song", "/song")
        self.refuses("unmount", self.store, "/m", code=NO, says="/m")
        self.run_command("unmount", self.store, "/old")
        self.assertEqual(self.names("/"), ["m", "song"])
        self.run_command("verify", self.store)

    def test_what_is_not_there(self):
        for words in (["restore", self.store, "none", "/x"], ["mount", self.store, "none", "/x"],
                      ["forget", self.store, "none"]):
            self.refuses(*words, code=NO, says="none", error="not_found")
        self.refuses("snapshot", self.store, "/none", "s", code=NO, says="/none",
                     error="not_found")
        self.refuses("snapshot", self.store, "/m", "a/b", code=USAGE, says="a/b", error="bad_name")
        self.run_command("snapshot", self.store, "/m", "s")
        self.refuses("snapshot", self.store, "/m", "s", code=NO, says="s", error="exists")
        self.refuses("mount", self.store, "s", "/m", code=NO, says="/m", error="exists")
        self.run_command("snapshot", self.store, code=USAGE)
        self.run_command("restore", self.store, "s", code=USAGE)
        self.assertEqual(list(self.snapshots()), ["s"])


if __name__ == "__main__":
    main()
