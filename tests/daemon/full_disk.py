# SPDX-License-Identifier: MIT
"""A file system without room under warmstartd's log, and with room again. Prints TAP.

Usage: full_disk.py WARMSTARTD [NAME]...

It needs a file system of its own, and so root or a kernel that lets users have namespaces. Elsewhere it is skipped,
or with CI in the environment failed.
"""

import contextlib
import errno
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True

import process
from process import Daemon, check, directory, equal, message, poll, until

process.TESTS.clear()
test = process.test

INSIDE = "WARMSTART_TEST_MOUNTS"  # set once this process has mounts of its own
ROOM = "64k"


@contextlib.contextmanager
def small_disk():
    with directory() as path:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", path], check=True)
        try:
            yield path
        finally:
            subprocess.run(["umount", path], check=True)


def fill(path):
    """Takes all the room that is left."""
    with open(f"{path}/filler", "ab", buffering=0) as filler:
        for bytes_len in (4096, 1):
            with contextlib.suppress(OSError):
                while filler.write(b"x" * bytes_len):
                    pass
    with open(f"{path}/probe", "wb", buffering=0) as probe:
        try:
            probe.write(b"x")
        except OSError as error:
            equal(error.errno, errno.ENOSPC, "what is wrong with the disk")
            return
    raise AssertionError("there is room left")


def run(daemon, name):
    """One run from a supervisor to a controller."""
    with contextlib.closing(poll(daemon)) as controller:
        until(lambda: daemon.held() == 1, "the poll is held")
        check(daemon.post(message(name)), f"{name} was not delivered")
        equal(json.loads(controller.getresponse().read())["run"]["friendlyId"], name, "the run that came")


def records(path):
    """The whole lines of the log; what is torn is none, and nothing else may be broken."""
    with open(f"{path}/log", "rb") as file:
        lines = file.read().split(b"\n")
    equal(lines.pop(), b"", "end of the log")
    whole = []
    for line in lines:
        try:
            whole.append(json.loads(line))
        except ValueError:
            check(line.startswith(b'{"time":') or not line, f"neither a record nor the beginning of one: {line!r}")
    return whole


@test
def on_a_full_disk_runs_are_delivered_and_what_was_not_logged_is_counted():
    names = [f"run_{i}" for i in range(55)]
    with small_disk() as path, open(f"{path}/log", "ab") as file:
        with Daemon("--http=127.0.0.1:0", "--log-format=json", stderr=file) as daemon:
            for name in names[:5]:
                run(daemon, name)
            for round_names in (names[5:25], names[30:50]):
                fill(path)
                size = os.path.getsize(f"{path}/log")
                for name in round_names:
                    run(daemon, name)
                check(os.path.getsize(f"{path}/log") < size + 4096, "the log has grown by more than its last page")
                os.unlink(f"{path}/filler")
                after = names[names.index(round_names[-1]) + 1 :][:5]
                for name in after:
                    run(daemon, name)
            daemon.send_signal(15)
            equal(daemon.wait(), 0, "exit status")
        found = records(path)
    logged = [record["run"] for record in found if record["event"] == "dispatch"]
    lost = [record["lines"] for record in found if record["event"] == "log_lines_dropped"]
    print(f"# {len(names)} runs, {len(logged)} of them in the log, dropped {lost}")
    check(set(names[:5] + names[25:30] + names[50:55]) <= set(logged), "a run that there was room for is not logged")
    equal(len(lost), 2, "how often lines were counted")
    equal(sum(lost), len(names) - len(logged), "lines that were dropped")
    equal(found[-1]["event"], "stopped", "the last line")


def enter():
    """Becomes a process with mounts of its own, if this one has none."""
    if INSIDE in os.environ:
        return
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    # In a root that is no mount itself (a plain chroot) nothing can be made private: what is mounted is unmounted.
    for propagation in ("private", "unchanged"):
        own = ["unshare", "--mount", "--propagation", propagation, *user]
        trial = [*own, "sh", "-c", "mount -t tmpfs tmpfs /mnt && umount /mnt"]
        tried = subprocess.run(trial, capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp(own[0], [*own, sys.executable, *sys.argv])
    verdict = "not ok 1 - a file system of our own" if os.environ.get("CI") else "ok 1 # SKIP no file system of our own"
    print(f"1..1\n# {tried.stderr.strip()}\n{verdict}")
    sys.exit(1 if os.environ.get("CI") else 0)


if __name__ == "__main__":
    enter()
    sys.exit(process.main())
