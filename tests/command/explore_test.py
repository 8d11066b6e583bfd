"""explore: what it knows, what it finds, and that one line takes a finding again."""

import json
import re
import subprocess

from command import FAILED, NO, OK, USAGE, CommandTest, main

SMALL = ("all-any-rev", "--scope", "2x1")
LEFT_OUT = "/the parent is as it was seen"


class Explore(CommandTest):
    def explore(self, *words, **how):
        return self.document("explore", *words, **how)

    def broken(self):
        """What a small mutant comes to."""
        return self.explore(*SMALL, "--without", LEFT_OUT, code=NO)

    def test_list(self):
        told = self.documents("explore", "--list")
        names = [one["name"] for one in told]
        self.assertEqual(len(set(names)), len(names))
        self.assertIn("all-any-rev", names)
        for one in told:
            self.assertEqual(set(one), {"name", "words", "race", "breaks"})
            self.assertTrue(one["words"])
        self.assertEqual([line.split()[0] for line in self.lines("explore", "--list")], names)

    def test_a_story_that_holds(self):
        told = self.explore(*SMALL)
        self.assertEqual(set(told), {
            "name", "story", "holds", "as_expected", "states", "transitions", "depth", "worlds",
            "logs", "runs", "walks", "seconds", "complete", "failed", "violations",
            "never", "unvalidated", "ways", "guards"})
        self.assertTrue(told["holds"] and told["complete"])
        self.assertEqual((told["violations"], told["failed"]), ([], ""))
        self.assertGreater(told["transitions"], told["states"])
        self.assertTrue(all(set(g) == {"operation", "guard", "held", "failed"}
                            for g in told["guards"]))
        self.assertIn("holds", self.lines("explore", *SMALL)[0])

    def test_how_each_guard_came_to_hold_and_to_fail(self):
        guards = self.explore(*SMALL, "--guards")["guards"]
        for came, by in (("held", "held_by"), ("failed", "failed_by")):
            tokens = [g[by] for g in guards if g[came] > 0]
            self.assertTrue(tokens)
            self.assertFalse(any(g[by] for g in guards if g[came] == 0))
            for token in tokens:
                self.assertFalse(self.explore("--replay", token)["violated"])
        failed = next(g for g in guards if g["failed_by"])
        text = "\n".join(self.lines("explore", "--replay", failed["failed_by"]))
        self.assertIn("in vain", text)
        told = "\n".join(self.lines("explore", *SMALL, "--guards"))
        self.assertIn(f"    failed by {failed['failed_by']}\n", told + "\n")

    def test_a_story_searched_raw(self):
        told = self.explore(*SMALL)
        raw = self.explore(*SMALL, "--raw")
        self.assertTrue(raw["holds"])
        self.assertGreater(raw["states"], told["states"])

    def test_a_story_that_is_told_to_break(self):
        told = self.explore("stuck")
        self.assertEqual((told["holds"], told["as_expected"]), (False, True))
        self.assertTrue(told["violations"])

    def test_a_mutant_and_its_token(self):
        told = self.broken()
        self.assertEqual((told["holds"], told["as_expected"]), (False, False))
        violation, = told["violations"]
        last = violation["schedule"][-1]
        self.assertEqual(last["without_guard"], LEFT_OUT[1:])
        self.assertTrue(last["changed"])
        self.assertTrue(any("entry 16/'x'" in c for c in last["changed"]), last)
        # Nothing but the token: it finds its story, its size and what was left out.
        again = self.explore("--replay", violation["token"], code=NO)
        self.assertEqual(again["schedule"], violation["schedule"])
        self.assertEqual((again["name"], again["property"]), (SMALL[0], violation["property"]))
        self.assertEqual(again["without"], [{"operation": "", "guard": LEFT_OUT[1:]}])
        text = self.run_command("explore", "--replay", violation["token"], code=NO).stdout.decode()
        self.assertIn("! without the guard", text)
        self.assertIn("client 1", text)
        # The same steps, and the guard where it belongs: it stops the last of them.
        stopped = self.explore("--replay", violation["token"].split("~")[0])
        self.assertFalse(stopped["violated"])
        self.assertEqual(stopped["schedule"][:-1], violation["schedule"][:-1])
        self.assertIn("no longer '" + LEFT_OUT[1:], stopped["schedule"][-1]["what"])

    def test_walks(self):
        told = self.explore("all-any-rev", "--scope", "3x3", "--walks", "20")
        self.assertEqual((told["walks"], told["complete"], told["as_expected"]), (20, False, True))
        self.assertEqual(told, {**self.explore("all-any-rev", "--scope", "3x3", "--walks", "20"),
                                "seconds": told["seconds"]})
        for how in [], ["--priorities", "3"], ["--seed", "5"]:
            broken = self.explore("all-any-rev", "--scope", "3x3", "--walks", "3000", *how,
                                  "--without", LEFT_OUT, code=NO)
            violation, = broken["violations"]
            again = self.explore("--replay", violation["token"], code=NO)
            self.assertEqual((again["property"], again["schedule"]),
                             (violation["property"], violation["schedule"]))
        self.assertIn("on 20 walks", self.lines("explore", *SMALL, "--walks", "20")[0])
        self.explore("stuck", "--walks", "20", code=NO)  # what no walk can show

    def test_a_token_of_nothing(self):
        self.refuses("explore", "--replay", "cm2.aaaaaa.ab", code=NO, says="no story",
                     error="illegal")
        self.refuses("explore", "--replay", "xx", code=NO, says="cm2", error="illegal")
        token = self.broken()["violations"][0]["token"]
        self.refuses("explore", "stuck", "--replay", token, code=NO, says="no story",
                     error="illegal")

    def test_pages(self):
        page = self.folder / "page.html"
        self.run_command("explore", *SMALL, "--html", str(page))
        plain = page.read_text()
        token = self.broken()["violations"][0]["token"]
        self.run_command("explore", "--replay", token, "--html", str(page), code=NO)
        told = page.read_text()
        for text in plain, told:
            self.assertTrue(text.startswith("<!DOCTYPE html>"))
            self.assertIsNone(re.search(r"https?://|src=|href=|url\(", text))
            self.assertIn("head 16", text)
        self.assertNotIn('"violation":', plain)
        self.assertIn('"violation":', told)
        self.assertIn("entry in no directory", told)
        self.refuses("explore", *SMALL, "--html", str(self.folder / "no" / "page"), code=NO,
                     says="no/page", error=None)

    def test_a_diagram(self):
        token = self.broken()["violations"][0]["token"]
        lines = self.lines("explore", "--replay", token, "--mermaid", code=NO)
        self.assertEqual(lines[0], "sequenceDiagram")
        self.assertTrue(all(line.startswith("    ") for line in lines[1:]))

    def test_mutants(self):
        words = ("explore", "late-writer", "--mutants", "--json")
        done = subprocess.run([self.command, *words], capture_output=True, timeout=120)
        *guards, whole = [json.loads(line) for line in done.stdout.splitlines()]
        # Which guards survive is for the stories to say.
        self.assertEqual(done.returncode, NO if whole["survivors"] else OK, done.stderr)
        self.assertEqual(whole["guards"], len(guards))
        self.assertEqual(whole["survivors"], sum(g["is"] == "SURVIVES" for g in guards))
        needed = [g for g in guards if g["is"] == "needed"]
        self.assertTrue(needed)
        for guard in needed:
            again = self.explore("--replay", guard["token"], code=NO)
            self.assertEqual((again["name"], again["property"]),
                             ("late-writer", guard["property"]))
            self.assertEqual(again["without"], guard["without"])

    def test_what_cannot_be_explored(self):
        told = self.explore(*SMALL, "--states-max", "10", code=FAILED)
        self.assertFalse(told["complete"] or told["violations"])
        self.refuses("explore", *SMALL, "--mutants", "--states-max", "10", code=NO,
                     says="not explored whole", error="illegal")
        told = self.explore("ensure-path-remove", "--scope", "6x1", code=FAILED)
        self.assertEqual(told["failed"], "it has more than 6 actors")

    def test_usage(self):
        for words, says in (
                (["all-anyrev"], "the nearest is 'all-any-rev'"), ([], "name a story"),
                ([*SMALL[:2], "9x1"], "--scope"), ([*SMALL[:2], "2"], "--scope"),
                ([*SMALL[:2], "0x1"], "--scope"), ([*SMALL, "--without", "x"], "--without"),
                (["--all", "--html", "x"], "--html"),
                ([*SMALL, "--priorities", "2"], "--walks"),
                ([*SMALL, "--walks", "2", "--raw"], "--raw"),
                ([*SMALL, "--walks", "2", "--mutants"], "--mutants"),
                ([*SMALL, "--walks", "2", "--priorities", "17"], "16"),
                ([*SMALL, "--walks", "2", "--guards"], "--guards"),
                ([*SMALL, "--mutants", "--guards"], "--guards"),
                (["--replay", "cm2.aaaaaa.", "--guards"], "--guards"),
                (["stuck", "--mutants"], "hold")):
            done = self.run_command("explore", *words, code=USAGE)
            self.assertIn(says, done.stderr.decode())
            self.assertEqual(done.stdout, b"")
        self.assertIn("\n  rename-loop\n",
                      self.run_command("explore", "nonsense", code=USAGE).stderr.decode())


if __name__ == "__main__":
    main()
