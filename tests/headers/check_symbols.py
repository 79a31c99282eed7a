#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The symbols that a shared library exports are those of its version script, each under its version, and
those that its public header declares: no more, no fewer.

Usage: check_symbols.py NM... LIBRARY MAP HEADER
"""
import re
import subprocess
import sys


def read_map(path):
    """The names of each version node: {name: version}."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/|#[^\n]*", "", file.read(), flags=re.S)
    wanted = {}
    for version, body in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}", text, flags=re.S):
        visible = True
        for word in re.findall(r"global:|local:|[\w*?.\[\]]+", body):
            if word.endswith(":"):
                visible = word == "global:"
            elif visible:
                if re.search(r"[*?\[]", word):
                    sys.exit(f"{path}: '{word}' is a pattern; name each symbol")
                wanted[word] = version
    if not wanted:
        sys.exit(f"{path}: no symbols found")
    return wanted


def read_library(nm, path):
    """What the library defines for others: {name: version}."""
    command = nm + ["-D", "--defined-only", "--with-symbol-versions", path]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    found = {}
    for line in lines:
        kind, name = line.split()[-2:]
        if kind == "A":  # the version nodes themselves
            continue
        name, _, version = name.partition("@")
        found[name] = version.lstrip("@")
    return found


def read_header(path):
    """The calls that a header declares with WARMSTART_API."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    declared = set(re.findall(r"^WARMSTART_API\b[^;]*?\b(warmstart_\w+)\s*\(", text, flags=re.M))
    if not declared:
        sys.exit(f"{path}: no declarations found")
    return declared


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    nm, library, script, header = sys.argv[1:-3], sys.argv[-3], sys.argv[-2], sys.argv[-1]
    wanted = read_map(script)
    found = read_library(nm, library)
    declared = read_header(header)
    faults = [f"not exported: {name}" for name in sorted(wanted.keys() - found.keys())]
    faults += [f"exported, but not in the map: {name}" for name in sorted(found.keys() - wanted.keys())]
    faults += [
        f"{name} has the version '{found[name]}', not '{wanted[name]}'"
        for name in sorted(wanted.keys() & found.keys())
        if found[name] != wanted[name]
    ]
    faults += [f"declared, but not in the map: {name}" for name in sorted(declared - wanted.keys())]
    faults += [f"in the map, but not declared: {name}" for name in sorted(wanted.keys() - declared)]
    for fault in faults:
        print(fault)
    print(f"{len(wanted)} symbols in {script}, {len(found)} exported")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
