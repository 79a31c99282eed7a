#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The core stays pure: its sources include nothing that knows sockets, clocks, threads, signals or files,
and its objects call nothing from outside but a few functions of the C library.

Usage: check_core.py NM... ARCHIVE SOURCE_DIR INCLUDE_DIR
"""
import os
import re
import subprocess
import sys

HEADERS = {
    "assert.h",
    "limits.h",
    "stdalign.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "stdlib.h",
    "string.h",
}

FUNCTIONS = {"free", "memchr", "memcmp", "memcpy", "memmove", "memset", "realloc", "strlen"}

# What assert() calls in a debug build, and what compilers and sanitizers put in (clang: bcmp for memcmp).
HELPERS = re.compile(
    r"__assert_fail|bcmp|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|tsan|msan|lsan|gcov|llvm)_.*"
    r"|__(mem|str)\w+_chk|__sanitizer_.*|__gcov.*"
)


def check_includes(source_dir, include_dir):
    faults = []
    own = {name for name in os.listdir(source_dir) if name.endswith(".h")}
    files = [os.path.join(source_dir, name) for name in os.listdir(source_dir) if name.endswith((".c", ".h"))]
    files.append(os.path.join(include_dir, "warmstart", "warmstart.h"))
    for path in sorted(files):
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = re.match(r"\s*#\s*(?:include|import|include_next)\b\s*(.*)", line)
                if not match:
                    continue
                name = match.group(1).split()[0].strip('<>"')
                if name not in HEADERS and name not in own and name != "warmstart/warmstart.h":
                    faults.append(f"{path}:{number}: includes {match.group(1)}")
    if len(files) < 3:
        faults.append(f"{source_dir}: where are the sources?")
    return faults


def check_calls(nm, archive):
    command = nm + ["--format=posix", archive]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    defined = set()
    needed = set()
    for line in lines:
        words = line.split()
        if len(words) < 2 or len(words[1]) != 1:
            continue
        (needed if words[1] in "Uwv" else defined).add(words[0])
    faults = [
        f"{archive}: calls {name}"
        for name in sorted(needed - defined - FUNCTIONS)
        if not HELPERS.fullmatch(name)
    ]
    if "warmstart_register" not in defined:
        faults.append(f"{archive}: where is the core?")
    return faults


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    nm, archive, source_dir, include_dir = sys.argv[1:-3], sys.argv[-3], sys.argv[-2], sys.argv[-1]
    faults = check_includes(source_dir, include_dir) + check_calls(nm, archive)
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
