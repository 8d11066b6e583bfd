#!/usr/bin/env python3
"""Makes the reference of the headers with Doxygen: reference.py ROOT OUTPUT [DOXYGEN]

HTML comes to OUTPUT/html. Comments are read as they are written here: the one that opens a header
documents it, and the class that it is named for; one behind a declaration documents that. What
Doxygen cannot read or resolve is an error, and so is what has no word of documentation: a header,
and in it each class, concept, function, enumeration, alias and constant that is not inside a class.
Members may speak for themselves, specialisations are what the template is, and functions of one
name in one header are one."""

import itertools
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
COMPOUNDS = {"class", "struct", "union", "concept"}
MEMBERS = {"function", "enum", "typedef", "variable"}

BEHIND = re.compile(r"^(?P<code> *[^/\s\"][^/\"]*[;,{}] +)// (?P<text>.*)$")
CONTINUED = re.compile(r"^(?P<indent> {20,})// (?P<text>.*)$")


def opening(lines):
    """The comment below `#pragma once`, without its slashes; what is drawn in it, as code."""
    if lines[:1] != ["#pragma once"]:
        return []
    end = next((i for i, line in enumerate(lines) if i and not line.startswith("//")), 1)
    return [line[2:].replace("   ", "       ", 1) if line.startswith("//   ") else line[2:]
            for line in lines[1:end]]


def blank_above(lines, declaration):
    """The place of the blank line above what is declared, or 0 where there is another."""
    at = next((i for i, line in enumerate(lines) if re.match(declaration, line)), 0)
    while at and re.match(r"template|    requires|\[\[", lines[at - 1]):
        at -= 1
    return at - 1 if at and not lines[at - 1] else 0


def document_its_class(lines, stem, words):
    """Above the class that the header is named for, unless it has words of its own."""
    if at := blank_above(lines, rf"(class|struct) {stem}\b[^;]*$"):
        paragraph = itertools.takewhile(str.strip, words)
        lines[at] = f"/** {' '.join(paragraph)} */"


def hide_the_standards(lines):
    """A header may end in specialisations for std: Doxygen looks for their templates in vain."""
    if at := blank_above(lines, r"struct std::"):
        lines[at] = "/// \\cond"
        lines.append("/// \\endcond")


def behind(lines):
    """`int a;  // what it is` with its `//` as `///<`, and what goes on below it."""
    continues = False
    for line in lines:
        if found := BEHIND.match(line) or continues and CONTINUED.match(line):
            continues = True
            line = f"{found[1]}///< {found['text']}"
        else:
            continues = False
        yield line


def as_read(text, stem):
    """A header as Doxygen is to read it, line for line."""
    lines = text.splitlines()
    if words := opening(lines):
        lines[:len(words) + 1] = ["/// \\file", *(f"///{line}" for line in words)]
        document_its_class(lines, stem, words)
    hide_the_standards(lines)
    return "".join(
        (line.replace("REQUIRES:", "\\pre") if line.lstrip().startswith("///") else line) + "\n"
        for line in behind(lines))


def read_into(sources, copies):
    for file in sources.rglob("*.hpp"):
        copy = copies / file.relative_to(sources)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(as_read(file.read_text(), file.stem))


def configure(**values):
    text = (HERE / "Doxyfile.in").read_text()
    return re.sub(r"@(\w+)@", lambda name: str(values[name[1]]), text)


def has_words(element):
    return any("".join(element.find(part).itertext()).strip()
               for part in ("briefdescription", "detaileddescription"))


def place(element):
    at = element.find("location")
    return f"{at.get('file')}:{at.get('line')}"


def say(element, name):
    return f"{place(element)}: {element.get('kind')} {name} is not documented"


def undocumented_members(namespace):
    members = [m for m in namespace.iter("memberdef") if m.get("kind") in MEMBERS]
    named = {(m.find("location").get("file"), m.findtext("name")) for m in members if has_words(m)}
    for m in members:
        name = m.findtext("name")
        if "<" not in name and (m.find("location").get("file"), name) not in named:
            yield say(m, f"{namespace.findtext('compoundname')}::{name}")


def undocumented(xml_directory):
    """A line for each that should say what it is for, and does not."""
    found = [c for file in sorted(xml_directory.glob("*.xml"))
             for c in xml.etree.ElementTree.parse(file).getroot().findall("compounddef")]
    classes = {c.findtext("compoundname") for c in found if c.get("kind") in COMPOUNDS}
    for compound in found:
        kind, name = compound.get("kind"), compound.findtext("compoundname")
        if kind == "namespace":
            yield from undocumented_members(compound)
        elif kind == "file" and name.endswith(".hpp") or kind in COMPOUNDS:
            inside = name.rpartition("::")[0] in classes
            if not (inside or "<" in name or has_words(compound)):
                yield say(compound, name)


def main():
    root, output = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    copies = output / "include"
    shutil.rmtree(output, ignore_errors=True)  # or it would have pages of what is gone
    read_into(root / "include", copies)
    subprocess.run(
        [*(sys.argv[3:] or ["doxygen"]), "-"], check=True, text=True,
        input=configure(root=copies, output=output, main_page=root / "README.md"))
    told = (output / "warnings").read_text().replace(f"{copies}", f"{root}/include")
    wrong = list(dict.fromkeys(told.splitlines()))  # it says some things several times
    wrong += (f"{root}/include/{line}" for line in sorted(undocumented(output / "xml")))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
