# SPDX-License-Identifier: MIT
"""The man page says what --help says: the same options, values, defaults and variables. Prints TAP.

Usage: man.py WARMSTARTD PAGE
"""

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

if shutil.which("mandoc"):
    lint = subprocess.run(["mandoc", "-Tlint", sys.argv[2]], capture_output=True, timeout=60).stdout.decode()
    # Other pages need not be installed, or indexed, where the tests run.
    report("no complaint of mandoc", [line for line in lint.splitlines() if "referenced manual not found" not in line])
else:
    results.append(True)
    print("ok", len(results), "- no complaint of mandoc # SKIP mandoc is not installed")
print(f"1..{len(results)}")
sys.exit(not all(results))
