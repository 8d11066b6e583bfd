"""A store's life on the file systems that a Linux machine may have: each works, or init refuses it
for the reason that the doctor names."""

from command import NO
from mounts import DURABILITIES, ForeignTest, main

GIB = 1 << 30


class OtherFileSystems(ForeignTest):
    def image(self, *make):
        """A file with a new file system in it, as MAKE... FILE makes one."""
        path = self.directory() / "image"
        with open(path, "wb") as out:
            out.truncate(2 * GIB)  # hardly any of it is written
        self.run_tool(*make, path)
        return path

    def on_loop(self, kind, *make):
        return self.mount("-t", kind, "-o", "loop", self.image(*make))

    def lives_or_is_refused(self, where, kind, **how):
        """The doctor knows the kind, and what it says of it is true. Answers its findings."""
        verdict, file_system, checks = self.examined(where)
        self.assertEqual(file_system["kind"], kind)
        faults = {name: one["detail"] for name, one in checks.items()
                  if one["is"] in ("weak", "unfit")}
        print(f"{kind}: {verdict}", *(f"    {n}: {d}" for n, d in faults.items()), sep="\n",
              flush=True)
        if verdict == "unfit":
            reason = next(one["detail"] for one in checks.values() if one["is"] == "unfit")
            self.refuses("init", where / "my.store", code=NO, says=reason, error="unsupported")
            return checks
        for durability in DURABILITIES:
            (where / durability).mkdir()
            self.lives_on(where / durability, durability=durability, **how)
        return checks

    def test_ext4(self):
        self.lives_or_is_refused(self.on_loop("ext4", "mkfs.ext4", "-q", "-F"), "ext4")

    def test_xfs(self):
        self.lives_or_is_refused(self.on_loop("xfs", "mkfs.xfs", "-q"), "xfs")

    def test_btrfs(self):
        self.lives_or_is_refused(self.on_loop("btrfs", "mkfs.btrfs", "-q"), "btrfs")

    def test_ntfs(self):
        image = self.image("mkfs.ntfs", "-q", "-Q", "-F")
        at = self.directory()
        self.needs("ntfs-3g")
        self.serve("ntfs-3g", "-o", "no_detach", image, at, at=at)
        checks = self.lives_or_is_refused(at, "fuse", keeps_facts=False)
        self.assertIn("no UTF-8", checks["odd names"]["detail"])
        self.assertIn("mode 0741 came back as 0777", checks["mode, mtime"]["detail"])

    def test_memory(self):
        at = self.mount("-t", "tmpfs", "-o", "size=2g", "none")
        self.assertIn("volatile", self.lives_or_is_refused(at, "tmpfs"))

    def overlay(self, *options):
        upper = self.mount("-t", "tmpfs", "-o", "size=2g", "none")  # which no overlay refuses
        for name in ("lower", "upper", "work"):
            (upper / name).mkdir()
        given = [f"lowerdir={upper}/lower", f"upperdir={upper}/upper", f"workdir={upper}/work"]
        return self.mount("-t", "overlay", "-o", ",".join((*given, *options)), "none")

    def test_overlay(self):
        self.assertEqual(self.lives_or_is_refused(self.overlay(), "overlay")["overlay"]["is"],
                         "note")

    def test_an_overlay_that_syncs_nothing(self):
        checks = self.lives_or_is_refused(self.overlay("volatile"), "overlay")
        self.assertIn("syncs do nothing", checks["volatile"]["detail"])

    def test_a_small_one_is_refused(self):
        at = self.mount("-t", "tmpfs", "-o", "size=8m", "none")
        checks = self.lives_or_is_refused(at, "tmpfs")
        self.assertEqual(checks["space"]["is"], "unfit")

    def test_a_read_only_one_is_refused(self):
        at = self.mount("-t", "tmpfs", "-o", "ro", "none")
        checks = self.lives_or_is_refused(at, "tmpfs")
        self.assertIn("EROFS", checks["write"]["detail"])


if __name__ == "__main__":
    main()
