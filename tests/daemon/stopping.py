# SPDX-License-Identifier: MIT
"""warmstartd and a service manager: sockets it is given, what it tells, signals. Prints TAP.

Usage: stopping.py WARMSTARTD [NAME]...
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys

import process
from process import DEADLINE_S, Client, Daemon, check, closed_without_answer, deliver, directory, equal, poll, until

process.TESTS.clear()
test = process.test

# Puts inherited sockets where the protocol wants them, and says that they are for this very process.
LAUNCHER = """
import os, sys
count = int(sys.argv[1])
sockets = [os.dup(int(fd)) for fd in sys.argv[2:2 + count]]
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(sockets)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
    os.set_inheritable(3 + i, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count))
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


class Given(Daemon):
    """A warmstartd with these sockets."""

    def __init__(self, sockets, *arguments, **more):
        descriptors = [one.fileno() for one in sockets]
        program, wrapper = process.PROGRAM, process.WRAPPER
        words = wrapper + [program]
        launcher = [sys.executable, "-c", LAUNCHER, str(len(sockets)), *map(str, descriptors)]
        for descriptor in descriptors:
            os.set_inheritable(descriptor, True)
        process.WRAPPER, process.PROGRAM = launcher + words[:-1], words[-1]
        try:
            with keep_descriptors():
                super().__init__(*arguments, **more)
        finally:
            process.WRAPPER, process.PROGRAM = wrapper, program


@contextlib.contextmanager
def keep_descriptors():
    original = subprocess.Popen.__init__
    subprocess.Popen.__init__ = lambda self, *words, **options: original(self, *words, close_fds=False, **options)
    try:
        yield
    finally:
        subprocess.Popen.__init__ = original


class Manager:
    """The socket of a service manager."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE_S)
        self.socket.bind(path)

    def next(self, wanted):
        """The next message that has this line; signs of life are passed over."""
        while True:
            lines = self.socket.recv(4096).decode().split("\n")
            if wanted in lines:
                return lines
            equal(lines, ["WATCHDOG=1"], f"waiting for {wanted}")

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.socket.close()


def listener():
    return socket.create_server(("127.0.0.1", 0))


# ---- Sockets of a service manager ----


@test
def a_given_socket_replaces_the_default_listener():
    with listener() as given, Given([given]) as daemon:
        equal(daemon.urls, ["http://127.0.0.1:%d" % given.getsockname()[1]])
        deliver(daemon)
        daemon.stop()


@test
def given_sockets_have_the_roles_of_their_names():
    with listener() as first, listener() as second:
        with Given([first, second], "--http", "127.0.0.1:0", listeners=3, LISTEN_FDNAMES="poll:dispatch") as daemon:
            # The listeners of options come first.
            equal([daemon.request("GET", "/connect", listener=i)[0] for i in range(3)], [200, 200, 404], "/connect")
            equal([daemon.request("GET", "/metrics", listener=i)[0] for i in range(3)], [200, 404, 200], "/metrics")
            deliver(daemon, 1, 2)
            daemon.stop()


@test
def sockets_of_another_process_are_left_alone():
    with Daemon("--http", "127.0.0.1:0", LISTEN_PID="1", LISTEN_FDS="5") as daemon:
        deliver(daemon)
        daemon.stop()


def refused(sockets, status, wanted, **variables):
    with Given(sockets, "--log-level", "off", listeners=0, **variables) as daemon:
        equal(daemon.wait(), status, "exit status")
        check(wanted in daemon.log.decode(), daemon.log)


@test
def an_unknown_name_is_refused():
    with listener() as given:
        refused([given], 2, "LISTEN_FDNAMES: socket 1 of 1 is called 'warmstartd.socket', expected http, "
                            "poll, dispatch, unix, unix-wait or unix-dispatch", LISTEN_FDNAMES="warmstartd.socket")
        refused([given, given], 2, "socket 2 of 2 is called '', expected", LISTEN_FDNAMES="poll")


@test
def what_does_not_listen_is_refused():
    with socket.socket() as given:
        refused([given], 1, "cannot listen on descriptor 3 of LISTEN_FDS: it is not a stream socket that listens")


@test
def the_next_process_takes_over_without_a_refusal():
    with listener() as given:
        with Given([given]) as first:
            deliver(first)
            held = poll(first)
            until(lambda: first.held() == 1, "the poll is held")
            first.send_signal(signal.SIGTERM)
            check(closed_without_answer(held), "closed")
            held.close()
            equal(first.wait(), 0, "exit status")
            waiting = Client(first.urls[0])
            waiting.request("GET", "/healthz")  # nobody is there, but it is not refused
        with contextlib.closing(waiting), Given([given]) as second:
            equal(waiting.getresponse().status, 200, "status")
            deliver(second)
            second.stop()


# ---- What a service manager is told ----


@test
def it_says_when_it_is_ready_reloads_and_stops():
    with directory() as path, Manager(path + "/notify") as manager:
        with Daemon("--http", "127.0.0.1:0", NOTIFY_SOCKET=path + "/notify") as daemon:
            check("STATUS=Serving" in manager.next("READY=1"), "status")
            daemon.send_signal(signal.SIGHUP)
            lines = manager.next("RELOADING=1")
            check(any(line.startswith("MONOTONIC_USEC=") and line[15:].isdigit() for line in lines), lines)
            manager.next("READY=1")
            daemon.stop()
            check("EXTEND_TIMEOUT_USEC=15000000" in manager.next("STOPPING=1"), "more time to stop")


@test
def an_abstract_socket_is_told_too():
    name = f"warmstartd-test-{os.getpid()}"
    with Manager("\0" + name) as manager, Daemon("--http", "127.0.0.1:0", NOTIFY_SOCKET="@" + name) as daemon:
        manager.next("READY=1")
        daemon.stop()


@test
def it_gives_signs_of_life():
    with directory() as path, Manager(path + "/notify") as manager:
        with Daemon("--http", "127.0.0.1:0", NOTIFY_SOCKET=path + "/notify", WATCHDOG_USEC="20000") as daemon:
            manager.next("READY=1")
            for _ in range(5):
                equal(manager.socket.recv(4096), b"WATCHDOG=1")
            daemon.stop()


@test
def a_manager_that_is_not_there_does_not_matter():
    for address in ("/nonexistent/notify", "relative", "vsock:2:1", "@", "/" + "x" * 200):
        with Daemon("--http", "127.0.0.1:0", NOTIFY_SOCKET=address, WATCHDOG_USEC="x") as daemon:
            deliver(daemon)
            daemon.stop()


# ---- Signals ----


@test
def in_the_delay_runs_are_still_handed_over():
    with Daemon("--http", "127.0.0.1:0", "--drain-delay-ms=60000", "--drain-timeout-ms=60000") as daemon:
        daemon.send_signal(signal.SIGTERM)
        until(lambda: daemon.request("GET", "/readyz")[0] == 503, "it says that it stops")
        deliver(daemon)
        daemon.send_signal(signal.SIGTERM)
        equal(daemon.wait(), 1, "exit status of a second signal")


@test
def a_redirected_poll_gets_307():
    with Daemon("--http", "127.0.0.1:0", "--drain-polls", "redirect") as daemon:
        clients = [poll(daemon, controller=f"controller_{i}") for i in range(20)]
        until(lambda: daemon.held() == len(clients), "the polls are held")
        daemon.send_signal(signal.SIGTERM)
        for client in clients:
            response = client.getresponse()
            equal((response.status, response.getheader("location")), (307, "/warm-start"))
            client.close()
        equal(daemon.wait(), 0, "exit status")


@test
def a_reload_applies_log_level_and_secrets():
    with directory() as path:
        config, secret = path + "/config", path + "/token"

        def write(name, text):
            with open(name, "w", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
                file.write(text)

        write(config, "log-level error\n")
        write(secret, "first\n")
        with Daemon("--http", "127.0.0.1:0", "--config", config, "--dispatch-token-file", secret) as daemon:

            def status(token):
                return daemon.request("POST", "/warm-start", {"authorization": "Bearer " + token},
                                      b'{"dequeuedMessage":' + process.message() + b"}")[0]

            equal((status("first"), status("second"), daemon.log), (200, 401, b""))
            write(config, "log-level info\n")
            write(secret, "second\n")
            daemon.send_signal(signal.SIGHUP)
            until(lambda: b"event=reloaded" in daemon.log, "it says so")
            equal((status("first"), status("second")), (401, 200))
            write(config, "log-level nonsense\n")
            write(secret, "third\n")
            daemon.send_signal(signal.SIGHUP)
            until(lambda: b"event=reload_failed" in daemon.log, "it says so")
            check(b"got 'nonsense'" in daemon.log, daemon.log)
            equal((status("second"), status("third")), (200, 401))
            write(config, "log-level info\n")
            os.unlink(secret)
            daemon.send_signal(signal.SIGHUP)
            until(lambda: daemon.log.count(b"event=reload_failed") == 2, "a missing file is named")
            equal(status("second"), 200, "the secret stays")
            daemon.stop()


if __name__ == "__main__":
    sys.exit(process.main())
