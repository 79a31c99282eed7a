# SPDX-License-Identifier: MIT
"""Where, when and of what a measurement was made."""
import datetime
import os
import platform
import subprocess


def output_of(*command, cwd=None):
    """What a program prints, without the line end; empty if it fails or is not there. Spaces before it may mean something."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.rstrip()


def first_value(path, name):
    """The value of the first line `name : value` or `name=value` of a file."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key, separator, value = line.replace("=", ":", 1).partition(":")
            if separator and key.strip() == name:
                return value.strip().strip('"')
    return "unknown"


def commit(project):
    """The commit, with a mark if files differ from it that are not results."""
    changed = [
        line
        for line in output_of("git", "status", "--porcelain", "--untracked-files=no", cwd=project).splitlines()
        if not line[3:].startswith(("bench/results/", "docs/benchmarks"))
    ]
    return output_of("git", "rev-parse", "--short=10", "HEAD", cwd=project) + ("+" if changed else "")


def describe(project, processors):
    """What belongs to each result."""
    gibibytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(project),
        "cpu": first_value("/proc/cpuinfo", "model name"),
        "processors": os.cpu_count(),
        "pinned": {"server": processors[0], "load": processors[1]},
        "memory_gib": round(gibibytes, 1),
        "kernel": platform.release(),
        "hypervisor": "hypervisor" in first_value("/proc/cpuinfo", "flags").split(),
        "system": first_value("/etc/os-release", "PRETTY_NAME"),
        "compiler": output_of(os.environ.get("CC", "cc"), "--version").partition("\n")[0],
        "libmicrohttpd": output_of("pkg-config", "--modversion", "libmicrohttpd"),
        "load_average": os.getloadavg()[0],
    }
