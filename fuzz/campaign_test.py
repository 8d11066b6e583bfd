"""A campaign goes on past a target that is stuck, and past one that ends badly, and tells both."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CAMPAIGN = pathlib.Path(__file__).with_name("campaign")


class Campaign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        (self.build / "fuzz").mkdir()

    def target(self, name, script):
        program = self.build / "fuzz" / f"{name}_fuzz"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def campaign(self, code):
        """A second or two of it, on two cores."""
        done = subprocess.run([sys.executable, CAMPAIGN, self.build, "--minutes", "0.02", "--slice",
                               "1", "--cores", "2"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def test_what_is_well_is_counted(self):
        self.target("well", "echo '#7 NEW cov: 3 ft: 4 corp: 1'\n"
                    "echo 'stat::number_of_executed_units: 7'")
        self.assertIn("| well | 14 |", self.campaign(0))

    def test_a_count_that_ends_early_is_told(self):
        self.target("short", 'test -z "$CASEMENT_FUZZ_OUTCOMES" || '
                    'echo "seen\ta" > "$CASEMENT_FUZZ_OUTCOMES"')
        told = self.campaign(0)
        self.assertIn("1 seen, 1 missing", told)
        self.assertIn("the count ended early", told)

    def test_a_count_that_does_not_begin_is_told(self):
        self.target("none", 'test -z "$CASEMENT_FUZZ_OUTCOMES" || exit 70')
        self.assertIn("the count ended early", self.campaign(0))

    def test_a_count_that_takes_its_time_is_no_finding(self):
        self.target("slow", """for word; do case $word in
            -artifact_prefix=*) findings=${word#*=};;
            -report_slow_units=1200) patient=yes;;
        esac; done
        test -z "$CASEMENT_FUZZ_OUTCOMES$patient" || echo whole > "$CASEMENT_FUZZ_OUTCOMES"
        test -z "$CASEMENT_FUZZ_OUTCOMES" || test "$patient" || echo x > ${findings}slow-unit""")
        self.assertNotIn("slow-unit", self.campaign(0))

    def test_what_is_stuck_and_what_ends_badly_are_findings(self):
        self.target("stuck", "case $* in *-max_total_time=1*) exec sleep 100;; esac")
        self.target("bad", "echo required: that all is well\nexit 77")
        # Which is not stuck, for it has a corpus that takes it so long.
        self.target("slow", "case $* in *-max_total_time=1*) sleep 13;; esac")
        kept = self.build / "campaign/slow"
        (kept / "corpus").mkdir(parents=True)
        (kept / "corpus/input").write_text("x")
        (kept / "totals.json").write_text('{"executions": 1, "seconds": 5}')
        told = self.campaign(1)
        self.assertIn("required: an end within 12 s", told)
        self.assertIn("required: that all is well", told)
        self.assertIn("| stuck |", told)
        self.assertNotIn("- slow:", told)


if __name__ == "__main__":
    unittest.main()
