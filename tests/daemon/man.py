# SPDX-License-Identifier: MIT
"""The man page says what --help says: the same options, values, defaults and variables. So do tables of options in
Markdown files, of which the first has all of them. Prints TAP.

Usage: man.py WARMSTARTD PAGE MARKDOWN...
"""

import os
import re
import shutil
import subprocess
import sys

with open(sys.argv[2]) as file:
    page = file.read()
help_text = subprocess.run([sys.argv[1], "--help"], capture_output=True, check=True, timeout=60).stdout.decode()
results = []


def report(name, problems):
    for problem in problems:
        print("#", problem)
    results.append(not problems)
    print("ok" if not problems else "not ok", len(results), "-", name)


def section(name):
    return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)", page, re.M | re.S)[1]


def differences(ours, theirs):
    return [f"only in --help: {name}" for name in sorted(ours - theirs)] + [
        f"only in the man page: {name}" for name in sorted(theirs - ours)
    ]


def collect(text, pattern):
    return dict(re.findall(pattern, text, re.M | re.S))


# name -> what stands from there to the next option
entries = collect(help_text, r"^  --([a-z-]+)(.*?)(?=^  --|^\n|\Z)")
items = collect(section("OPTIONS"), r"^\.It Fl Fl ([a-z-]+)(.*?)(?=^\.It|^\.El)")
report("the same options", differences(set(entries), set(items)) or ([] if len(entries) > 10 else ["too few"]))

variables = {re.sub(r".*, (WARMSTART_\w+)\].*", r"\1", text, flags=re.S): name
             for name, text in entries.items() if "WARMSTART_" in text}
columns = collect(section("ENVIRONMENT"), r"^\.It Ev (\w+) Ta Fl Fl ([a-z-]+)$")
report("the same environment variables", differences(set(variables.items()), set(columns.items())))


def default_problems():
    for name, text in entries.items():
        match = re.search(r"\[(\S+), WARMSTART_", text)
        if match and match[1] != "none" and name in items:
            said = re.findall(r"(?:The default is|the address is)\s+(?:\.Cm )?(\S+?) ?\.?$", items[name], re.M)
            if said != [match[1]]:
                yield f"the default of --{name} is {match[1]}, not {said}"


report("the same defaults", list(default_problems()))

choices = {name: text.split()[0] for name, text in entries.items() if re.match(r" \w+(\|\w+)+\s", text)}
said = {name: "|".join(re.findall(r"Cm (\w+)", text.split("\n")[0])) for name, text in items.items() if " Cm " in text}
report("the same words to choose from", differences(set(choices.items()), set(said.items())))


def number(default):
    """As it would be without a unit."""
    match = re.fullmatch(r"(\d+) ?([KM])iB", default)
    return str(int(match[1]) << (10 if match[2] == "K" else 20)) if match else default


def expand(spans):
    """Names of options: "--a-b-c", and "-d" for what else ends the first of them."""
    first = None
    for name in (span.split()[0] for span in spans):
        if name.startswith("--"):
            first = first or name[2:]
            yield name[2:]
        else:
            words = first.split("-")
            ends = ["-".join(words[:cut]) + name for cut in range(len(words) - 1, 0, -1)]
            yield next((end for end in ends if end in entries), name)


def rows(path):
    """The options and the defaults, the second of three cells, of each row that begins with options."""
    with open(path) as file:
        for line in file:
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]
            if cells[0].startswith("`--") and line.startswith("|"):
                defaults = re.findall(r"\d+ [KM]iB|[^\s,;]\S*", re.sub(r", (off|if .*)", "", cells[1]).replace("`", ""))
                yield list(expand(re.findall(r"`(-[^`]+)`", cells[0]))), [text.strip(",;") for text in defaults]


def table_problems(path, all_of_them):
    named = set()
    for names, defaults in rows(path):
        named.update(names)
        for at, name in enumerate(names):
            match = re.search(r"\[(\S+), WARMSTART_", entries.get(name, ""))
            if name not in entries:
                yield f"no such option: --{name}"
            elif match and match[1] != "none" and defaults:
                said = defaults[at] if len(defaults) == len(names) else defaults[0]
                if number(said) != number(match[1]):
                    yield f"the default of --{name} is {match[1]}, not {said}"
            elif match and match[1] != "none":
                yield f"the default of --{name} is {match[1]}, which is not said"
    if all_of_them:
        for name in sorted(set(variables.values()) - named):
            yield f"--{name} is missing"


for place, path in enumerate(sys.argv[3:]):
    report(f"the options in {os.path.basename(path)}", list(table_problems(path, place == 0)))

if shutil.which("mandoc"):
    lint = subprocess.run(["mandoc", "-Tlint", sys.argv[2]], capture_output=True, timeout=60).stdout.decode()
    # Other pages need not be installed, or indexed, where the tests run.
    report("no complaint of mandoc", [line for line in lint.splitlines() if "referenced manual not found" not in line])
else:
    results.append(True)
    print("ok", len(results), "- no complaint of mandoc # SKIP mandoc is not installed")
print(f"1..{len(results)}")
sys.exit(not all(results))
