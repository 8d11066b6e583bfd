#!/usr/bin/env python3
"""Plants one violation at a time in a small tree that is tidy, and expects check.py to see it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check  # noqa: E402

TIDY = {
    "include/casement/casement.hpp": "#include <casement/kv/store.hpp>\n",
    "include/casement/vault.hpp": "#include <casement/engine/leveldb.hpp>\n",
    "include/casement/core/error.hpp": "#include <string>\n",
    "include/casement/protocol/ids.hpp": "#include <casement/core/error.hpp>\n",
    "include/casement/kv/store.hpp": "#include <casement/core/error.hpp>\n",
    "include/casement/engine/leveldb.hpp": "#include <casement/kv/store.hpp>\n",
    "include/casement/tree/list.hpp": "#include <range/v3/view/filter.hpp>\n",
    "impl/engine/leveldb.cpp": "#include <leveldb/db.h>\n#include <casement/kv/store.hpp>\n",
    "impl/CMakeLists.txt": "# nothing\n",
    "tests/consumer/casement_test.cpp": "// the umbrella\n",
    "tests/vault/vault_test.cpp": "// the vault\n",
    "tests/core/error_test.cpp": "// errors\n",
    "tests/protocol/ids_test.cpp": "// ids\n",
    "tests/kv/store_test.cpp": "// stores\n",
    "tests/engine/leveldb_test.cpp": "// LevelDB\n",
    "tests/tree/list_test.cpp": "// lists\n",
    "tests/fail/mistake.cpp": "// expected: " + "x" * 200 + "\nint main() {}\n",
    ".build/generated.cpp": "\t" + "x" * 200,
    "notes.md": "\tTO" + "DO: prose is not checked \n",
}


class Check(unittest.TestCase):
    def found(self, changes, lacking=()):
        with tempfile.TemporaryDirectory() as place:
            root = pathlib.Path(place)
            for name, text in (TIDY | changes).items():
                if name not in lacking:
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    (root / name).write_text(text)
            return list(check.problems(root))

    def expect(self, problem, changes, lacking=()):
        self.assertEqual(self.found(changes, lacking), [problem])

    def test_a_tidy_tree_has_no_problems(self):
        self.assertEqual(self.found({}), [])

    def test_headers_that_ship_have_no_switch(self):
        for line in "#ifdef MUTANT", "# define GUARD 1", "#if __has_include(<x>)":
            self.expect("include/casement/core/error.hpp:1: switches: "
                        "a header has no switch and no macro",
                        {"include/casement/core/error.hpp": line + "\n"})
            self.assertEqual(self.found({"include/casement/check/a.hpp": line + "\n",
                                         "tests/check/a_test.cpp": "// a\n"}), [])

    def test_layers_point_one_way(self):
        for layer, known in check.KNOWS.items():
            for other in check.KNOWS:
                changes = {
                    f"include/casement/{layer}/a.hpp": f"#include <casement/{other}/b.hpp>\n",
                    f"tests/{layer}/a_test.cpp": "// a\n",
                }
                if other == layer or other in known:
                    self.assertEqual(self.found(changes), [])
                else:
                    self.expect(f"include/casement/{layer}/a.hpp:1: layers: "
                                f"{layer} does not know casement/{other}/b.hpp", changes)

    def test_the_order_of_the_layers_has_no_circle(self):
        order = list(check.KNOWS)
        for layer, known in check.KNOWS.items():
            for other in known:
                self.assertLess(order.index(other), order.index(layer))
        for layer in ("protocol", "tree", "check"):
            self.assertNotIn("engine", check.KNOWS[layer])
        self.assertNotIn("protocol", check.KNOWS["engine"])

    def test_layers_bind_the_compiled_part_too(self):
        self.expect("impl/engine/leveldb.cpp:1: layers: "
                    "engine does not know casement/tree/list.hpp",
                    {"impl/engine/leveldb.cpp": "#include <casement/tree/list.hpp>\n"})
        self.assertEqual(self.found({"impl/command/a.cpp": "#include <casement/vault.hpp>\n"}), [])

    def test_no_layer_includes_a_face(self):
        self.expect("include/casement/tree/list.hpp:1: layers: "
                    "tree does not know casement/vault.hpp",
                    {"include/casement/tree/list.hpp": "#include <casement/vault.hpp>\n"})

    def test_the_faces_do_not_know_the_tools(self):
        self.expect("include/casement/vault.hpp:1: layers: "
                    "vault.hpp does not know casement/check/explorer.hpp",
                    {"include/casement/vault.hpp": "#include <casement/check/explorer.hpp>\n"})

    def test_a_folder_must_be_a_layer(self):
        self.expect("include/casement/misc/a.hpp:1: layers: misc is no layer",
                    {"include/casement/misc/a.hpp": "", "tests/misc/a_test.cpp": "// a\n"})

    def test_includes_stand_in_brackets(self):
        self.expect("include/casement/kv/store.hpp:1: brackets: include <row.hpp> by its full name",
                    {"include/casement/kv/store.hpp": '  #  include "row.hpp"\n'})

    def test_headers_leak_no_third_party(self):
        for what in ("leveldb/db.h", "openssl/evp.h", "range/v3/all.hpp", "boost/hana.hpp"):
            self.expect(f"include/casement/tree/list.hpp:1: leaks: no header includes {what}",
                        {"include/casement/tree/list.hpp": f"#include <{what}>\n"})

    def test_the_umbrella_stays_light_through_all_that_it_includes(self):
        self.expect("include/casement/kv/store.hpp:1: umbrella: "
                    "casement.hpp would include range/v3/view/filter.hpp",
                    {"include/casement/kv/store.hpp": "#include <range/v3/view/filter.hpp>\n"})
        engine = "#include <casement/engine/leveldb.hpp>\n"
        found = self.found({"include/casement/casement.hpp": engine})
        self.assertIn("include/casement/casement.hpp:1: umbrella: "
                      "casement.hpp would include casement/engine/leveldb.hpp", found)

    def test_every_header_has_its_test(self):
        self.expect("include/casement/kv/store.hpp:1: tests: has no tests/kv/store_test.cpp",
                    {"tests/core/store_test.cpp": "// in the wrong folder\n"},
                    lacking=["tests/kv/store_test.cpp"])
        self.expect("include/casement/vault.hpp:1: tests: has no tests/vault_test.cpp", {},
                    lacking=["tests/vault/vault_test.cpp"])

    def test_an_exception_needs_no_test(self):
        check.HEADERS_WITHOUT_A_TEST["kv/store.hpp"] = "planted"
        try:
            self.assertEqual(self.found({}, lacking=["tests/kv/store_test.cpp"]), [])
        finally:
            del check.HEADERS_WITHOUT_A_TEST["kv/store.hpp"]

    def test_the_page_keeps_its_shape(self):
        def expect(text, line, what, name="impl/kv/a.cpp"):
            self.expect(f"{name}:{line}: page: {what}", {name: text})

        expect("x\n" + "x" * 101 + "\n", 2, "101 columns")
        self.assertEqual(self.found({"impl/kv/a.cpp": "\u00e9" * 100 + "\n"}), [])
        expect("// expected\n" + "x" * 101 + "\n", 2, "101 columns", "tests/fail/mistake.cpp")
        expect("if\tx\n", 1, "a tab", "impl/CMakeLists.txt")
        expect("x \n", 1, "trailing space", "tools/a.py")
        expect("x\r\n", 1, "trailing space")
        expect("x", 1, "no newline at the end", "tools/a.cmake")
        expect("// TO" + "DO: later\n", 1, "unfinished")
        expect("// FIX" + "ME\n", 1, "unfinished", ".ci/a.sh")
        self.assertEqual(self.found({"impl/kv/a.cpp": "int TO" + "DOS;\n"}), [])

    def test_the_command_answers_by_its_exit_code(self):
        with tempfile.TemporaryDirectory() as place:
            run = [sys.executable, check.__file__, place]
            self.assertEqual(subprocess.run(run, capture_output=True).returncode, 0)
            (pathlib.Path(place) / "a.cpp").write_text("\t\n")
            bad = subprocess.run(run, capture_output=True, text=True)
            self.assertEqual(bad.returncode, 1)
            self.assertIn("a.cpp:1: page: a tab", bad.stdout)


if __name__ == "__main__":
    unittest.main()
