#!/usr/bin/env python3
"""compile.py BUILD CASE: passes if CASE does not compile, and the compiler says what its first line
wants, `// expected: <regular expression>`. It is compiled as headers.cpp is in BUILD."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

build, case = map(pathlib.Path, sys.argv[1:])
expected = re.match(r"// expected: (.+)\n", case.read_text())[1]
command = next(
    shlex.split(known["command"])
    for known in json.loads((build / "compile_commands.json").read_text())
    if pathlib.Path(known["file"]).parts[-3:] == ("tests", "fail", "headers.cpp"))
command = command[:command.index("-o")] + ["-S", "-o", "/dev/null", str(case)]
told = subprocess.run(command, cwd=build, env=os.environ | {"LC_ALL": "C"}, text=True,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
print(told.stdout)
if told.returncode == 0:
    sys.exit(f"{case} compiles")
if not re.search(expected, told.stdout, re.DOTALL):
    sys.exit(f"nothing said matches: {expected}")
