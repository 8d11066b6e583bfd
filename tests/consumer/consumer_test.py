#!/usr/bin/env python3
"""Programs that are not ours, each in one file that includes only Casement and the standard
library, are built in every way there is to take Casement in, and run: consumer_test.py BUILD CMAKE
COMPILER SCRATCH. Each way finds only the packages that its component needs."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD, CMAKE, COMPILER, SCRATCH = sys.argv[1:5]
INSTALLED = pathlib.Path(SCRATCH) / "installed"
README = (HERE.parents[1] / "README.md").read_text()
FUZZER = shutil.which("clang++-19")
LINES_MAX = 80
ELSE = ("OpenSSL", "xxHash", "leveldb", "Protobuf", "gRPC", "Threads")  # none of them needs it
SAYS = {
    "job_queue": ("workers and one job: holds", "violated: a job is done by its last lease",
                  "without the guard 'the job is as it was seen'"),
    "job_queue_property": ("scripts hold\nOK", "and without the fence\nFalsifiable",
                           "violated: every history is linearizable"),
    "turnstile": ("turnstile: no transition from locked on push", "[*] --> locked"),
    "counter": ("no longer holds: nobody has counted",),
}


def shown(program):
    """The lines that README shows of what a program prints; some end where others may differ."""
    block = re.search(rf"<!-- printed by: {program} -->\n```\n(.*?)\n```", README, re.DOTALL)
    return block[1].splitlines() if block else []


def prints(told, lines):
    """The first of the lines that is not printed, in their order; none if all are."""
    ahead = iter(told.splitlines())
    for line in lines:
        begin, cut, _ = line.partition("...")
        if not any(begin == is_[:len(begin)] if cut else line == is_.rstrip() for is_ in ahead):
            return line
    return None


def run(*words, **how):
    done = subprocess.run(words, capture_output=True, text=True, **how)
    if done.returncode != 0:
        raise AssertionError(f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout + done.stderr


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(SCRATCH, ignore_errors=True)
        run(CMAKE, "--install", BUILD, "--prefix", str(INSTALLED))

    def works(self, program, at):
        told = run(str(at), env={**os.environ, "RC_PARAMS": "seed=1"})
        for words in SAYS[program]:
            self.assertIn(words, told)
        self.assertIsNone(prints(told, shown(program)), told)

    @staticmethod
    def linking(component):
        """What pkg-config says of it, and where it looks."""
        found = {**os.environ, "PKG_CONFIG_PATH": ":".join(
            str(p.parent) for p in INSTALLED.rglob("casement-machine.pc"))}
        return run("pkg-config", "--cflags", "--libs", f"casement-{component}", env=found).split()

    def project(self, program, component, way, without, *words):
        build = pathlib.Path(SCRATCH) / f"{program}.{way}"
        run(CMAKE, "-S", str(HERE / "project"), "-B", str(build), "-G", "Ninja",
            f"-DPROGRAM={program}", f"-DCOMPONENT={component}", f"-DCMAKE_CXX_COMPILER={COMPILER}",
            *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in without), *words)
        run(CMAKE, "--build", str(build), "--target", program)
        self.works(program, build / program)

    def compiled(self, program, name, *words):
        at = pathlib.Path(SCRATCH) / f"{program}.{name}"
        run(COMPILER, "-std=c++23", str(HERE / f"{program}.cpp"), "-o", str(at), *words)
        self.works(program, at)

    def test_each_is_short_and_includes_nothing_else(self):
        for file in HERE.glob("*.?pp"):
            text = file.read_text()
            code = [line for line in text.splitlines() if line.strip()]
            self.assertLess(len(code), LINES_MAX, file)
            for header in re.findall(r"#include (\S+)", text):
                self.assertRegex(
                    header, r"^<(casement/.*|casement_machine.hpp|[a-z_]+)>$|^\"job_queue.hpp\"$")

    def test_the_installed_package_finds_what_a_component_needs(self):
        here = f"-DCMAKE_PREFIX_PATH={INSTALLED}"
        self.project("turnstile", "machine", "installed", (*ELSE, "range-v3"), here)
        self.project("counter", "kv", "installed", (*ELSE, "range-v3"), here)
        self.project("job_queue", "check", "installed", ELSE, here)

    def test_a_component_that_is_none_is_refused(self):
        with self.assertRaisesRegex(AssertionError, "no component no_such, but"):
            self.project("turnstile", "no_such", "refused", (),
                         f"-DCMAKE_PREFIX_PATH={INSTALLED}")

    def test_without_its_package_a_component_is_not_found(self):
        with self.assertRaisesRegex(AssertionError, "(?s)range-v3"):
            self.project("job_queue", "check", "lacking", ("range-v3",),
                         f"-DCMAKE_PREFIX_PATH={INSTALLED}")

    def test_the_sources_are_taken_in(self):
        sources = f"-DCASEMENT_SOURCES={HERE.parents[1]}"
        self.project("turnstile", "machine", "fetched", (*ELSE, "range-v3"), sources)
        self.project("counter", "kv", "fetched", (*ELSE, "range-v3"), sources)

    @unittest.skipIf(shutil.which("pkg-config") is None, "there is no pkg-config")
    def test_pkg_config_knows_each_component(self):
        for program, component in (("turnstile", "machine"), ("counter", "kv"),
                                   ("job_queue", "check")):
            self.compiled(program, "pkg-config", *self.linking(component))
        self.compiled("job_queue_property", "pkg-config", *self.linking("check"), "-lrapidcheck")
        for file in INSTALLED.rglob("casement-*.pc"):
            self.linking(file.stem.removeprefix("casement-"))

    @unittest.skipIf(shutil.which("pkg-config") is None or FUZZER is None, "there is no fuzzer")
    def test_a_fuzzer_finds_what_the_fence_is_for(self):
        at = pathlib.Path(SCRATCH) / "job_queue_fuzz"
        run(FUZZER, "-std=c++23", "-fsanitize=fuzzer", "-DNO_FENCE",
            str(HERE / "job_queue_fuzz.cpp"), "-o", str(at), *self.linking("check"))
        done = subprocess.run([at, "-seed=1", "-runs=100000"], cwd=SCRATCH, capture_output=True,
                              text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(shown("job_queue_fuzz"))
        self.assertIsNone(prints(done.stderr, shown("job_queue_fuzz")), done.stderr[-2000:])

    def test_what_readme_shows_is_compared_line_by_line(self):
        for program in ("job_queue", "job_queue_property"):
            self.assertGreater(len(shown(program)), 5)
        self.assertIsNone(prints("a\nb 1 s\nc\n", ["a", "b ...", "c"]))
        self.assertEqual(prints("a\nb 1 s\nc\n", ["b ...", "a"]), "a")
        self.assertEqual(prints("a\nb 1 s\nc\n", ["b"]), "b")

    def test_machine_is_one_header(self):
        one = pathlib.Path(SCRATCH) / "one"
        one.mkdir()
        shutil.copy(INSTALLED / "include" / "casement_machine.hpp", one)
        self.compiled("turnstile", "one-header", "-DONE_HEADER", f"-I{one}", "-Wall", "-Wextra",
                      "-Werror")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
