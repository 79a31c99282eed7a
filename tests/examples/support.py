# SPDX-License-Identifier: MIT
"""What the tests of the examples share: TAP, waiting with a deadline, a broker in a process of its own."""
import http.client
import os
import subprocess
import sys
import time
import traceback

DEADLINE_S = 60


def run_tests(*tests):
    """Runs functions and prints TAP; each is named after the behaviour that it shows."""
    failed = 0
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f'ok {number} - {test.__name__}', flush=True)
        except Exception:
            failed += 1
            print(f'not ok {number} - {test.__name__}', flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)


def until(condition, what):
    """The condition's first true value."""
    give_up = time.monotonic() + DEADLINE_S
    while time.monotonic() < give_up:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f'not within {DEADLINE_S} s: {what}')


def run(*command):
    """A program that ends by itself: status, standard output, standard error."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout, done.stderr


class Broker:
    """The example ten_lines on a free port."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, '127.0.0.1:0'], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith('listening on http://127.0.0.1:'), line
        self.url = line.split()[-1]
        self.host = self.url.removeprefix('http://')

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()

    def connection(self):
        return http.client.HTTPConnection(self.host, timeout=DEADLINE_S)

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))
