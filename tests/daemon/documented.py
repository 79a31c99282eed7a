# SPDX-License-Identifier: MIT
"""The console lines of docs/protocol.md do what stands there. Prints TAP.

Usage: documented.py WARMSTARTD PROTOCOL.md

A line that begins with "$ " is given to a shell, with the server's address in place of the documented one; what follows
up to the next one is what it has to print. What waits goes on in the background, as in a terminal of its own.
"""

import re
import subprocess
import sys
import time
import urllib.request

PROGRAM, PAGE = sys.argv[1:]
DEADLINE_S = 60
DOCUMENTED = "http://127.0.0.1:8080"


def commands():
    """(command, expected output) of each console line."""
    with open(PAGE, encoding="utf-8") as file:
        blocks = re.findall(r"^```console\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def defines(command):
    return re.match(r"\w+(=|\(\) )", command)


def registrations(url):
    """How many have begun to wait so far."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=DEADLINE_S) as answer:
        return float(re.search(r"^warmstart_registrations_total (\S+)$", answer.read().decode(), re.MULTILINE)[1])


def begin(script, url):
    """Starts it and waits until it has ended, or waits for a run."""
    before = registrations(url)
    process = subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    end = time.monotonic() + DEADLINE_S
    while process.poll() is None and registrations(url) == before:
        assert time.monotonic() < end, f"neither ended nor waiting: {script}"
        time.sleep(0.01)
    return process


def run(url):
    """Each command with what it printed and what it should have printed, in the order of the page."""
    prelude, started = [], []
    for command, expected in commands():
        command = command.replace(DOCUMENTED, url)
        if defines(command):
            prelude.append(command)
        else:
            started.append((command, expected, begin("\n".join([*prelude, command]), url)))
    return [(command, expected, process.communicate(timeout=DEADLINE_S)[0].decode())
            for command, expected, process in started]


def main():
    # A machine that stands still for seconds is no reason to give a controller up.
    patient = ["--dispatch-timeout-ms", "60000", "--confirm-timeout-ms", "20000", "--ack-timeout-ms", "20000"]
    with subprocess.Popen([PROGRAM, "--http", "127.0.0.1:0", *patient],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            url = server.stdout.readline().split()[-1]
            results = run(url)
        finally:
            server.terminate()
    print(f"1..{len(results)}")
    wrong = 0
    for number, (command, expected, printed) in enumerate(results, 1):
        # A payload has no line end of its own.
        fine = printed.rstrip("\n") == expected.rstrip("\n")
        wrong += not fine
        print(f"{'ok' if fine else 'not ok'} {number} - {command}")
        if not fine:
            print(f"# printed: {printed!r}\n# documented: {expected!r}")
    sys.exit(1 if wrong or not results else 0)


main()
