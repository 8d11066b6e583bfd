#!/usr/bin/env python3
"""Real trees go into a store and come out equal; the memory it takes is bounded.

Usage: round_trip_test.py CASEMENT WORK (small|full)
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import trees

CASEMENT, WORK, SCALE = sys.argv[1:4]
FULL = SCALE == "full"  # else `quick`, or `sanitized`
MEMORY_MAX_KIB = 256 * 1024


def casement(*words, expect=0):
    """Runs the command; its standard output, its standard error, and its peak memory in KiB."""
    out = open(os.path.join(WORK, "stdout"), "w+b")
    err = open(os.path.join(WORK, "stderr"), "w+b")
    with out, err:
        child = subprocess.Popen([CASEMENT, *words], stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        texts = out.read(), err.read()
    assert child.returncode == expect, (words, child.returncode, texts)
    return *texts, usage.ru_maxrss


class RoundTrip(unittest.TestCase):
    def setUp(self):
        self.work = os.path.join(WORK, self.id().rsplit(".", 1)[-1])
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        self.store, self.back = self.at("store"), self.at("back")
        casement("init", self.store)

    def tearDown(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def at(self, name):
        return os.path.join(self.work, name)

    def goes_round(self, source, *options):
        summary, _, memory = casement("import", "--json", *options, self.store, source, "/it")
        if SCALE != "sanitized":  # which multiply memory
            self.assertLess(memory, MEMORY_MAX_KIB)
        casement("verify", self.store)
        casement("export", self.store, "/it", self.back)
        self.assertEqual(trees.compare(source, self.back), [])
        again, _, _ = casement("import", "--json", self.store, source, "/it")
        counted = json.loads(again)
        self.assertEqual((counted["files"], counted["links"], counted["bytes"]), (0, 0, 0))
        return json.loads(summary)

    def test_an_odd_tree(self):
        source = self.at("source")
        trees.make_odd_tree(source, 50_000 if FULL else 500,
                            300 * trees.MIB if FULL else 9 * trees.MIB)
        summary = self.goes_round(source)
        self.assertEqual(summary["failed"], 0)

    def test_an_odd_tree_that_survives_the_process_only(self):
        source = self.at("source")
        trees.make_odd_tree(source, 2000, 20 * trees.MIB)
        self.goes_round(source, "--durability", "process")

    def test_the_headers_of_this_machine(self):
        self.goes_round("/usr/include/c++" if not FULL else "/usr/include")

    def test_a_snapshot_after_ten_changes_shares_what_did_not_change(self):
        source = "/usr/include" if FULL else "/usr/include/c++"
        casement("import", self.store, source, "/it")
        first = json.loads(casement("snapshot", "--json", self.store, "/it", "before")[0])
        trees.make_changes(source, self.at("changed"), 10)
        casement("import", self.store, self.at("changed"), "/it")
        second = json.loads(casement("snapshot", "--json", self.store, "/it", "after")[0])
        print(f"{source}: {first['files']} files; the first snapshot added {first['bytes_added']} "
              f"bytes, the second, after ten changes, {second['bytes_added']}", flush=True)
        self.assertEqual(first["files"], second["files"])
        # The directories on the way to ten files, and no content: those came with the import.
        self.assertGreater(second["bytes_added"], 0)
        self.assertLess(second["bytes_added"], first["bytes_added"] / (20 if FULL else 1))
        self.assertLess(second["bytes_added"], 10 * 16 * trees.KIB)
        pins = {p["snapshot"]: p for p in map(json.loads, casement(
            "snapshots", "--json", self.store)[0].splitlines())}
        # What it has alone: the ten old contents, and the same directories as they were.
        self.assertGreater(pins["before"]["bytes_pinned_alone"], 0)
        self.assertLess(pins["before"]["bytes_pinned_alone"], pins["before"]["bytes"] / 2)
        casement("fsck", self.store)

    def test_the_compiler_of_this_machine(self):
        if not FULL:
            self.skipTest("large")
        self.goes_round("/usr/lib/gcc")

    def test_what_is_no_file_is_named_and_skipped(self):
        source = self.at("source")
        os.makedirs(source)
        os.mkfifo(os.path.join(source, "pipe"))
        listener = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(source)  # the path of a socket may have 107 bytes
        listener.bind("socket")
        os.chdir(here)
        trees.write(os.path.join(source, "file"), b"kept\n")
        out, err, _ = casement("import", "--json", self.store, source, "/it")
        listener.close()
        self.assertEqual(json.loads(out)["skipped"], 2)
        for kind in (b"pipe': a FIFO", b"socket': a socket"):
            self.assertIn(kind, err)
        casement("export", self.store, "/it", self.back)
        self.assertEqual(os.listdir(self.back), ["file"])

    def test_a_store_inside_its_source_is_not_imported_into_itself(self):
        trees.write(self.at("file"), b"beside the store\n")
        out, err, _ = casement("import", "--json", self.store, self.work, "/it")
        self.assertIn(b"it is the store itself", err)
        self.assertEqual(json.loads(out)["files"], 1)

    def test_a_changed_source_is_brought_up_to_date(self):
        source = self.at("source")
        os.makedirs(source)
        trees.write(os.path.join(source, "file"), b"old")
        os.symlink("old", os.path.join(source, "link"))
        casement("import", self.store, source, "/it")
        trees.write(os.path.join(source, "file"), b"new", 0o600, mtime_ns=5)
        os.unlink(os.path.join(source, "link"))
        os.symlink("new", os.path.join(source, "link"))
        trees.write(os.path.join(source, "more"), b"more")
        self.goes_round(source)

    def test_names_deeper_than_the_limit_are_told_and_the_rest_is_kept(self):
        source = self.at("source")
        os.makedirs(os.path.join(source, *["d"] * 70))
        trees.write(os.path.join(source, "file"), b"kept\n")
        out, err, _ = casement("import", "--json", self.store, source, "/it", expect=1)
        self.assertEqual(json.loads(out)["failed"], 1)
        self.assertIn(b"more than 64 directories deep", err)
        self.assertEqual(casement("cat", self.store, "/it/file")[0], b"kept\n")

    def test_interrupted_and_resumed(self):
        source = self.at("source")
        trees.make_odd_tree(source, 3000, 9 * trees.MIB)
        child = subprocess.Popen([CASEMENT, "import", "--acknowledge", self.store, source, "/it"],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(200):
            child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.communicate()
        self.assertEqual(child.returncode, 1)
        casement("verify", self.store)
        self.goes_round(source)

    def test_a_full_disk_is_a_clear_error_and_loses_nothing(self):
        mount = self.at("small disk")
        os.makedirs(mount)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", mount],
                              stderr=subprocess.DEVNULL)
        if made.returncode != 0:
            self.skipTest("needs to mount a small tmpfs")
        try:
            store, source = os.path.join(mount, "store"), self.at("source")
            os.makedirs(source)
            for number in range(12):
                trees.write(os.path.join(source, f"{number}"), trees.noise(3 * trees.MIB, number))
            casement("init", store)
            _, err, _ = casement("import", store, source, "/it", expect=3)
            self.assertIn(b"No space left on device", err)
            subprocess.run(["mount", "-o", "remount,size=80m", mount], check=True)
            casement("verify", store)
            casement("import", store, source, "/it")
            casement("export", store, "/it", self.back)
            self.assertEqual(trees.compare(source, self.back), [])
        finally:
            time.sleep(0.1)
            subprocess.run(["umount", mount], check=False)


if __name__ == "__main__":
    os.makedirs(WORK, exist_ok=True)
    unittest.main(argv=sys.argv[:1], verbosity=2)
