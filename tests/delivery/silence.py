# SPDX-License-Identifier: MIT
"""Controllers that fall silent or are hostile, against warmstartd as a program. Prints TAP.

Usage: silence.py WARMSTARTD [NAME]...

Where network namespaces cannot be made (that needs root and the program ip) there are no tests with a link that goes
down, and it says so.
"""

import concurrent.futures
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))

import process
from process import Client, Daemon, check, equal, message, poll_headers, until

process.TESTS.clear()
test, test_if = process.test, process.test_if

SLACK_S = 0.1  # promised; what the machine took away comes to it, as measured
CONTROLLER = r"""
import http.client, json, sys, os
host, port, name, acknowledges = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "ack"
client = http.client.HTTPConnection(host, port)
headers = json.loads(sys.stdin.readline())
if acknowledges:
    headers["x-warmstart-ack"] = "required"
client.request("GET", "/warm-start", headers=headers)
answer = client.getresponse()
body = answer.read()
identity = answer.headers.get("x-warmstart-delivery-id")
taken = True
if acknowledges:
    client.request("POST", "/warm-start/ack/" + identity)
    taken = client.getresponse().status == 200
print(json.loads(body)["run"]["friendlyId"] if taken else "refused", flush=True)
sys.stdin.read()
"""


class Controller:
    """A controller as a process of its own, perhaps in a network namespace."""

    def __init__(self, url, name, acknowledges=False, namespace=None):
        host, port = url[len("http://"):].rsplit(":", 1)
        enter = ["ip", "netns", "exec", namespace] if namespace else []
        self.process = subprocess.Popen(
            enter + [sys.executable, "-c", CONTROLLER, host, port, name, "ack" if acknowledges else "plain"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.process.stdin.write(json.dumps(poll_headers(controller=name)) + "\n")
        self.process.stdin.flush()

    def run(self):
        """The run that it has got; waits for it."""
        return self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.kill()
        self.process.communicate()


class Stalls(threading.Thread):
    """Measures for how long this machine let nobody do anything, with a thread that never gets much to do."""

    TICK_S = 0.005

    def __init__(self):
        super().__init__(daemon=True)
        self.lost_s = 0.0
        self.over = threading.Event()

    def run(self):
        last = time.monotonic()
        while not self.over.wait(self.TICK_S):
            now = time.monotonic()
            if now - last > 2 * self.TICK_S:
                self.lost_s += now - last - self.TICK_S
            last = now

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *failure):
        self.over.set()
        self.join()


def timely(took, bound_s, stalls):
    print(f"# {took * 1000:.0f} ms, expected at most {bound_s * 1000:.0f} and what the machine took away, "
          f"{stalls.lost_s * 1000:.0f} ms")
    check(took <= bound_s + stalls.lost_s, f"took {took} s")


def posted(daemon, run="run_1", filler=""):
    """(didWarmStart, outcome, attempts, seconds) of a POST."""
    began = time.monotonic()
    with contextlib.closing(Client(daemon.urls[0])) as client:
        client.request("POST", "/warm-start", b'{"dequeuedMessage":' + message(run, filler=filler) + b"}",
                       {"content-type": "application/json"})
        answer = client.getresponse()
        equal(answer.status, 200, "status of the POST")
        warm = json.loads(answer.read())["didWarmStart"]
    headers = answer.headers
    return warm, headers["x-warmstart-outcome"], headers["x-warmstart-attempts"], time.monotonic() - began


def held(daemon, count):
    until(lambda: daemon.held() == count, f"{count} polls are held")


# ---- A link that goes down ----


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=process.DEADLINE_S)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Machines:
    """A broker's machine and two controllers' machines, each a network namespace, joined by a link each."""

    def __init__(self):
        self.broker = f"warmstart-{os.getpid()}-b"
        self.controllers = [f"warmstart-{os.getpid()}-{i}" for i in range(2)]

    def __enter__(self):
        try:
            ip("netns", "add", self.broker)
            ip("-n", self.broker, "link", "set", "lo", "up")
            for i, namespace in enumerate(self.controllers):
                ip("netns", "add", namespace)
                ip("-n", self.broker, "link", "add", f"to{i}", "type", "veth", "peer", "name", "plug", "netns", namespace)
                ip("-n", self.broker, "address", "add", f"10.231.{i}.1/24", "dev", f"to{i}")
                ip("-n", namespace, "address", "add", f"10.231.{i}.2/24", "dev", "plug")
                ip("-n", self.broker, "link", "set", f"to{i}", "up")
                ip("-n", namespace, "link", "set", "plug", "up")
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *failure):
        for namespace in [self.broker, *self.controllers]:
            with contextlib.suppress(OSError):
                ip("netns", "delete", namespace)

    def url(self, daemon, controller):
        return f"http://10.231.{controller}.1:{daemon.urls[0].rsplit(':', 1)[1]}"

    def unplug(self, controller):
        # At the controller's end the broker's link loses its carrier, as with a cable; its kernel says nothing to
        # the connections.
        ip("-n", self.controllers[controller], "link", "set", "plug", "down")


def has_namespaces():
    try:
        with Machines() as machines:
            os.close(os.open(f"/run/netns/{machines.broker}", os.O_RDONLY))
        return True
    except OSError as error:
        print(f"# no network namespaces here: {error}")
        return False


WITH_NAMESPACES = has_namespaces()


@contextlib.contextmanager
def broker(machines, *options):
    """warmstartd in its namespace, and this process too, so that it can be asked."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    other = os.open(f"/run/netns/{machines.broker}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter_namespace(other)
        with Daemon("--http=0.0.0.0:0", *options) as daemon:
            daemon.urls = [daemon.urls[0].replace("0.0.0.0", "127.0.0.1")]
            yield daemon
    finally:
        enter_namespace(own)
        os.close(own)
        os.close(other)


def enter_namespace(descriptor):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@test_if(WITH_NAMESPACES)
def a_machine_that_dies_silently_is_uncertain_within_the_confirm_timeout():
    with Machines() as machines, broker(machines, "--confirm-timeout-ms=200") as daemon:
        with Controller(machines.url(daemon, 0), "c0", namespace=machines.controllers[0]):
            held(daemon, 1)
            machines.unplug(0)
            with Stalls() as stalls:
                warm, outcome, attempts, took = posted(daemon)
            equal((warm, outcome, attempts), (False, "uncertain", "1"))
            timely(took, 0.2 + SLACK_S, stalls)
            held(daemon, 0)


@test_if(WITH_NAMESPACES)
def with_retry_the_run_reaches_the_next_machine():
    # However long the machine stands still, there is time for a second attempt.
    with Machines() as machines, broker(machines, "--confirm-timeout-ms=200", "--on-uncertain=retry",
                                        "--dispatch-timeout-ms=10000") as daemon:
        with Controller(machines.url(daemon, 1), "c1", namespace=machines.controllers[1]) as alive:
            held(daemon, 1)
            with Controller(machines.url(daemon, 0), "c0", namespace=machines.controllers[0]):
                held(daemon, 2)
                machines.unplug(0)
                with Stalls() as stalls:
                    warm, outcome, attempts, took = posted(daemon, "run_7")
                equal((warm, outcome, attempts), (True, "delivered", "2"))
                equal(alive.run(), "run_7")
                timely(took, 0.2 + SLACK_S, stalls)


@test_if(WITH_NAMESPACES)
def when_the_kernel_gives_up_before_the_confirm_timeout_the_run_is_uncertain_and_not_given_again():
    with Machines() as machines, broker(machines, "--confirm-timeout-ms=60000", "--dispatch-timeout-ms=60000",
                                        "--tcp-keepalive-idle-s=1", "--tcp-keepalive-interval-s=1",
                                        "--tcp-keepalive-probes=1") as daemon:
        with Controller(machines.url(daemon, 1), "c1", namespace=machines.controllers[1]):
            held(daemon, 1)
            with Controller(machines.url(daemon, 0), "c0", namespace=machines.controllers[0]):
                held(daemon, 2)
                machines.unplug(0)
                warm, outcome, attempts, took = posted(daemon)
                print(f"# {took * 1000:.0f} ms")
                equal((warm, outcome, attempts), (False, "uncertain", "1"))
                held(daemon, 1)


@test_if(WITH_NAMESPACES)
def without_a_run_a_dead_machine_is_noticed_by_probes():
    with Machines() as machines, broker(machines, "--tcp-keepalive-idle-s=1", "--tcp-keepalive-interval-s=1",
                                        "--tcp-keepalive-probes=1") as daemon:
        with Controller(machines.url(daemon, 0), "c0", namespace=machines.controllers[0]):
            held(daemon, 1)
            machines.unplug(0)
            with Stalls() as stalls:
                began = time.monotonic()
                held(daemon, 0)
                took = time.monotonic() - began
            timely(took, 2 + 1 + SLACK_S, stalls)


# ---- A process that is stopped ----


@test
def a_stopped_process_still_acknowledges_through_its_kernel():
    """What is documented as not promised: nobody can tell from outside."""
    with Daemon("--http=127.0.0.1:0") as daemon, Controller(daemon.urls[0], "c0") as frozen:
        held(daemon, 1)
        frozen.process.send_signal(signal.SIGSTOP)
        equal(posted(daemon)[:3], (True, "delivered", "1"))


@test
def a_stopped_process_that_has_to_acknowledge_does_not_and_the_next_gets_the_run():
    # Much longer than the one that lives needs, even if the machine stands still for seconds.
    with Daemon("--http=127.0.0.1:0", "--ack-timeout-ms=5000") as daemon, \
            Controller(daemon.urls[0], "c1", acknowledges=True) as alive:
        held(daemon, 1)
        with Controller(daemon.urls[0], "c0", acknowledges=True) as frozen:
            held(daemon, 2)
            frozen.process.send_signal(signal.SIGSTOP)
            warm, outcome, attempts, took = posted(daemon, "run_9")
            print(f"# answered {outcome} after {took * 1000:.0f} ms")
            equal((warm, outcome, attempts), (True, "delivered", "2"))
            equal(alive.run(), "run_9")
            frozen.process.send_signal(signal.SIGCONT)
            check(frozen.run() != "run_9", "the run went to both")


# ---- Hostile readers ----

LARGE = "x" * (4 << 20)


def narrow_poll(daemon, name, headers=None):
    """A poll on a socket with the smallest receive buffer there is; nobody reads."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    host, port = daemon.urls[0][len("http://"):].rsplit(":", 1)
    peer.settimeout(process.DEADLINE_S)
    peer.connect((host, int(port)))
    lines = {**poll_headers(controller=name), **(headers or {})}
    text = "".join(f"{key}: {value}\r\n" for key, value in lines.items())
    peer.sendall(f"GET /warm-start HTTP/1.1\r\nHost: x\r\n{text}\r\n".encode())
    return peer


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


@test
def a_reader_that_is_slow_but_reads_gets_a_large_message():
    options = ("--http=127.0.0.1:0", "--dispatch-timeout-ms=30000", "--confirm-timeout-ms=30000")
    with Daemon(*options) as daemon, narrow_poll(daemon, "c0") as peer, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        held(daemon, 1)
        answer = pool.submit(posted, daemon, "run_1", LARGE)
        received = bytearray()
        end = None
        while end is None or len(received) < end:
            some = peer.recv(65536)
            check(some, "closed in the middle")
            received += some
            if end is None and b"\r\n\r\n" in received:
                end = received.index(b"\r\n\r\n") + 4 + len(message("run_1", filler=LARGE))
        check(received.endswith(message("run_1", filler=LARGE)), "another message")
        equal(answer.result(process.DEADLINE_S)[:3], (True, "delivered", "1"))


@test
def a_reset_in_the_middle_of_a_message_is_lost():
    with Daemon("--http=127.0.0.1:0", "--dispatch-timeout-ms=30000", "--confirm-timeout-ms=30000") as daemon, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        peer = narrow_poll(daemon, "c0")
        held(daemon, 1)
        answer = pool.submit(posted, daemon, "run_1", LARGE)
        check(peer.recv(1), "the message has begun")
        reset(peer)
        equal(answer.result(process.DEADLINE_S)[:3], (False, "lost", "1"))


def durations(daemon, count):
    """What the server says each POST took, in seconds, by its own clock."""
    found = lambda: re.findall(rb'"event":"dispatch".*?"duration_us":(\d+)', daemon.log)
    until(lambda: len(found()) >= count, f"{count} POSTs are logged")
    return [int(text) / 1e6 for text in found()]


@test
def every_run_is_answered_in_time_whatever_the_controllers_do():
    with Daemon("--http=127.0.0.1:0", "--dispatch-timeout-ms=300", "--confirm-timeout-ms=100", "--log-level=info",
                "--log-format=json") as daemon, concurrent.futures.ThreadPoolExecutor(8) as pool:
        peers = []
        for i in range(48):
            kind = i % 3
            peers.append(narrow_poll(daemon, f"c{i}", {"x-warmstart-ack": "required"} if kind == 0 else None))
        held(daemon, 48)
        with Stalls() as stalls:
            answers = [pool.submit(posted, daemon, f"run_{i}", LARGE[: 1 << 20] if i % 2 else "") for i in range(24)]
            for peer in peers[2::3]:
                reset(peer)
            took = [answer.result(process.DEADLINE_S) for answer in answers]
        for peer in peers:
            peer.close()
        by_server = durations(daemon, len(took))
        equal(len(by_server), len(took), "POSTs in the log")
        print(f"# {len(took)} runs, the slowest as seen from outside {max(one[3] for one in took) * 1000:.0f} ms, by the "
              f"server's clock:")
        timely(max(by_server), 0.3 + SLACK_S, stalls)


if __name__ == "__main__":
    sys.exit(process.main())
