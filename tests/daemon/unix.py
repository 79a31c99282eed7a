# SPDX-License-Identifier: MIT
"""warmstartd and the line protocol on Unix sockets: one manager behind it and HTTP. Prints TAP.

Usage: unix.py WARMSTARTD [NAME]...
"""

import concurrent.futures
import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys

import process
from process import DEADLINE_S, Daemon, check, directory, equal, finish, message, poll, until
from stopping import Given

process.TESTS.clear()
test = process.test

FIELDS = b'{"deployment":"deployment_1","version":"20260327.4","cpu":0.5,"memory":0.5}'


class Line:
    """A connection to a path or @NAME."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect("\0" + path[1:] if path.startswith("@") else path)
        self.file = self.socket.makefile("rb")

    def say(self, *lines):
        self.socket.sendall(b"".join(line + b"\n" for line in lines))

    def hear(self):
        """The next line, without its end; nothing at the end of the connection."""
        return self.file.readline().removesuffix(b"\n")

    def ask(self, line):
        self.say(line)
        return self.hear()

    def wait(self, tag=b"w", fields=FIELDS):
        """Waits, and has been heard."""
        self.say(b"wait %s id=unix-1 instance=host-1 %s" % (tag, fields))
        check(self.ask(b"ping p").startswith(b"OK p 1 "), "ping")

    def payload(self, tag=b"w"):
        """Reads a payload: its id and bytes."""
        words = self.hear().split()
        equal(words[:2], [b"PAYLOAD", tag])
        content = self.file.read(int(words[3]))
        equal(self.file.read(1), b"\n")
        return words[2], content

    def dispatch(self, content, options=b"", fields=FIELDS):
        self.say(b"dispatch d %d %s%s" % (len(content), options, fields), content)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.file.close()
        self.socket.close()


@contextlib.contextmanager
def serving(*arguments, **more):
    """A warmstartd with a socket file of its own, and HTTP: it and the path."""
    with directory() as folder:
        path = folder + "/socket"
        with Daemon("--http", "127.0.0.1:0", "--unix", path, *arguments, listeners=2, **more) as daemon:
            yield daemon, path


# ---- One manager ----


@test
def a_run_of_one_client_reaches_another():
    with serving() as (daemon, path), Line(path) as controller, Line(path) as supervisor:
        equal(daemon.urls[1], path)
        controller.wait()
        supervisor.dispatch(b"any bytes\0\n")
        identity, content = controller.payload()
        equal(content, b"any bytes\0\n")
        equal(controller.ask(b"ack a " + identity), b"OK a")
        equal(supervisor.hear(), b"DELIVERED d 1 unix-1")
        daemon.stop()
        check(not os.path.exists(path), "the socket file is still there")


@test
def a_run_of_the_line_protocol_reaches_a_poll_over_http():
    with serving() as (daemon, path), Line(path) as supervisor:
        with contextlib.closing(poll(daemon)) as client:
            until(lambda: daemon.held() == 1, "the poll is held")
            supervisor.dispatch(message())
            response = client.getresponse()
            equal((response.status, response.read()), (200, message()))
            equal(supervisor.hear(), b"DELIVERED d 1 controller_1")
        daemon.stop()


@test
def a_run_over_http_reaches_a_client_that_acknowledges():
    with serving() as (daemon, path), Line(path) as controller:
        controller.wait()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            posted = pool.submit(daemon.post, message())
            identity, content = controller.payload()
            equal(content, message())
            check(not posted.done(), "told before it was acknowledged")
            equal(controller.ask(b"ack a " + identity), b"OK a")
            check(posted.result(DEADLINE_S), "the run was not delivered")
        daemon.stop()


@test
def a_run_over_http_that_is_refused_is_told_as_false():
    with serving() as (daemon, path), Line(path) as controller:
        controller.wait()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            posted = pool.submit(daemon.post, message())
            identity, _ = controller.payload()
            equal(controller.ask(b"refuse a " + identity), b"OK a")
            check(not posted.result(DEADLINE_S), "the run was delivered")
        daemon.stop()


UNIX_GAUGES = {"connections", "waits", "dispatches_running", "body_bytes"}


def metrics(daemon):
    """The text, and what it says without labels of the line protocol by the rest of its name."""
    status, text = daemon.request("GET", "/metrics")
    equal(status, 200, "status of /metrics")
    return text, {name.decode(): int(value) for name, value in re.findall(rb"^warmstart_unix_(\w+) (\d+)$", text, re.M)}


@test
def metrics_count_what_goes_over_the_unix_socket():
    with serving() as (daemon, path), Line(path) as controller, Line(path) as supervisor:
        for verb in (b"ack", b"refuse"):
            controller.wait()
            supervisor.dispatch(b"12345", b"attempts=1 ")
            identity, _ = controller.payload()
            _, figures = metrics(daemon)
            equal((figures["dispatches_running"], figures["body_bytes"] >= 5), (1, True), "while it is delivered")
            equal(controller.ask(verb + b" a " + identity), b"OK a")
            check(supervisor.hear().startswith(b"DELIVERED" if verb == b"ack" else b"LOST"), "outcome")
        check(controller.ask(b"nonsense n").startswith(b"ERR n "), "no error")
        controller.wait(b"v")
        text, figures = metrics(daemon)
        expected = {"connections": 2, "connections_accepted_total": 2, "waits": 1, "dispatches_running": 0,
                    "commands_total": 11, "errors_total": 1, "payloads_total": 2, "payloads_acknowledged_total": 1,
                    "payloads_refused_total": 1, "payloads_overdue_total": 0, "connections_refused_total": 0,
                    "connections_stalled_total": 0, "timeouts_total": 0, "body_bytes": 0}
        equal(figures, expected)
        for name in expected:
            kind = "gauge" if name in UNIX_GAUGES else "counter"
            check(f"# TYPE warmstart_unix_{name} {kind}\n".encode() in text, f"type of {name}")
        if shutil.which("promtool"):
            equal(subprocess.run(["promtool", "check", "metrics"], input=text).returncode, 0, "promtool")
        daemon.stop()


@test
def without_a_unix_socket_metrics_have_nothing_of_it():
    with Daemon("--http", "127.0.0.1:0") as daemon:
        equal(metrics(daemon)[1], {})
        daemon.stop()


@test
def a_run_that_is_refused_here_goes_to_a_poll_over_http():
    with serving() as (daemon, path), Line(path) as controller, Line(path) as supervisor:
        with contextlib.closing(poll(daemon)) as client:
            until(lambda: daemon.held() == 1, "the poll is held")
            controller.wait()  # the newest is tried first
            supervisor.dispatch(message(), b"timeout=30000 ")
            identity, _ = controller.payload()
            equal(controller.ask(b"refuse a " + identity), b"OK a")
            equal(client.getresponse().read(), message())
            equal(supervisor.hear(), b"DELIVERED d 2 controller_1")
        daemon.stop()


@test
def polls_and_waits_are_listed_together():
    with serving() as (daemon, path), Line(path) as controller:
        with contextlib.closing(poll(daemon)):
            controller.wait()
            until(lambda: daemon.held() == 2, "both are held")
            words = controller.ask(b"list l").split()
            equal(words[:2], [b"DATA", b"l"])
            equal(controller.file.read(int(words[2])),
                  b'2\t2\thost-1\t{"cpu":0.5,"memory":0.5,"version":"20260327.4","deployment":"deployment_1"}\n')
        daemon.stop()


# ---- Options ----


@test
def without_http_nothing_else_is_listened_on():
    with directory() as folder, Daemon("--unix-wait", folder + "/a", "--unix-dispatch", folder + "/b",
                                       listeners=2) as daemon:
        with Line(folder + "/a") as controller, Line(folder + "/b") as supervisor:
            equal(daemon.urls, [folder + "/a", folder + "/b"])
            check(controller.ask(b"count c").startswith(b"ERR c forbidden "), "count")
            check(supervisor.ask(b"wait w").startswith(b"ERR w forbidden "), "wait")
            controller.wait()
            supervisor.dispatch(b"x")
            identity, _ = controller.payload()
            equal(controller.ask(b"ack a " + identity), b"OK a")
            equal(supervisor.hear(), b"DELIVERED d 1 unix-1")
        daemon.stop()


@test
def options_come_from_the_environment_and_the_config_file():
    with directory() as folder:
        with open(folder + "/config", "w") as file:
            file.write("unix-mode = 0600\nunix-max-waits 1\nmax-body-bytes 1KiB\n")
        with Daemon("--config", folder + "/config", WARMSTART_UNIX=folder + "/socket,@" + folder[1:],
                    listeners=2) as daemon:
            equal(stat.S_IMODE(os.stat(folder + "/socket").st_mode), 0o600)
            with Line("@" + folder[1:]) as line:
                line.wait()
                check(line.ask(b"wait v").startswith(b"ERR v limit "), "a second wait")
                check(line.ask(b"dispatch d 1025").startswith(b"ERR d body "), "a larger body")
            daemon.stop()


@test
def users_and_groups_are_looked_up():
    for option, value, wanted in [
        ("--unix-allow-wait", "root,no-such-user", "option --unix-allow-wait: got 'no-such-user', expected the name of a user"),
        ("--unix-allow-dispatch", "@no-such-group", "option --unix-allow-dispatch: got '@no-such-group', expected the name of a group"),
        ("--unix-owner", "1,2", "option --unix-owner: expected one user, one @group, or both"),
        ("--unix-allow-operate", ",".join(map(str, range(65))), "expected at most 64 users"),
    ]:
        status, out, error = finish("--unix", "@nowhere", option, value)
        equal((status, out), (2, ""), error)
        check(error.startswith("warmstartd: ") and error.count("\n") == 1 and wanted in error, error)


@test
def rights_are_for_who_is_named():
    with serving("--unix-allow-wait", "12345", "--unix-allow-dispatch", f"@{os.getegid()}",
                 "--unix-allow-operate", "root,12346") as (daemon, path), Line(path) as line:
        check(line.ask(b"wait w").startswith(b"ERR w forbidden "), "wait")
        equal(line.ask(b"count c"), b"OK c 0")
        check(line.ask(b"cordon c -- x") == b"OK c" or os.geteuid() != 0, "cordon")
        daemon.stop()


@process.test_if(os.geteuid() == 0)
def socket_files_belong_to_whom_is_asked():
    with serving("--unix-owner", "12345,@12346") as (daemon, path):
        equal((os.stat(path).st_uid, os.stat(path).st_gid), (12345, 12346))
        daemon.stop()


@test
def what_cannot_be_listened_on_is_named():
    with serving() as (daemon, path):
        status, out, error = finish("--unix", path, "--log-level", "off")
        equal((status, out), (1, ""))
        equal(error, f"warmstartd: cannot listen on {path}: Address already in use\n")
        daemon.stop()


# ---- Stopping ----


@test
def waits_are_ended_when_it_stops():
    with serving() as (daemon, path), Line(path) as controller:
        controller.wait()
        daemon.stop()
        equal(controller.hear(), b"ENDED w draining")
        equal(controller.hear(), b"")


@test
def a_delivery_that_runs_is_finished():
    with serving("--unix-lease-ms", "30000") as (daemon, path), Line(path) as controller, Line(path) as supervisor:
        controller.wait()
        supervisor.dispatch(b"x", b"timeout=30000 attempts=1 ")
        identity, _ = controller.payload()
        daemon.send_signal(signal.SIGTERM)
        until(lambda: supervisor.ask(b"wait v").startswith(b"ERR v draining "), "it stops")
        equal(controller.ask(b"ack a " + identity), b"OK a")
        equal(supervisor.hear(), b"DELIVERED d 1 unix-1")
        equal(daemon.wait(), 0, "exit status")


@test
def an_operator_can_stop_it():
    with serving("--unix-allow-operate", str(os.geteuid())) as (daemon, path), Line(path) as line:
        line.wait()
        line.say(b"drain d timeout=3000")
        equal({line.hear(), line.hear()}, {b"OK d", b"ENDED w draining"})
        equal(line.hear(), b"")
        equal(daemon.wait(), 0, "exit status")


# ---- Sockets of a service manager ----


@contextlib.contextmanager
def listening(path):
    with socket.socket(socket.AF_UNIX) as given:
        given.bind(path)
        given.listen()
        yield given


@test
def given_sockets_have_the_rights_of_their_names():
    with directory() as folder, listening(folder + "/all") as first, listening(folder + "/wait") as second:
        with Given([first, second], LISTEN_FDNAMES="unix:unix-wait", listeners=0) as daemon:
            for path in (folder + "/all", folder + "/wait"):
                with Line(path) as line:
                    line.wait()
                    equal(line.ask(b"cancel c w"), b"OK c")
                    equal(line.hear(), b"ENDED w cancelled")
                    equal(line.ask(b"count c").startswith(b"ERR c forbidden "), path.endswith("wait"), path)
            daemon.send_signal(signal.SIGTERM)
            equal(daemon.wait(), 0, "exit status")
            # They are the manager's.
            check(os.path.exists(folder + "/all"), "the file is gone")


@test
def the_next_process_takes_over_without_a_refusal():
    with directory() as folder, listening(folder + "/socket") as given:
        with Given([given], LISTEN_FDNAMES="unix", listeners=0) as first, Line(folder + "/socket") as controller:
            controller.wait()
            first.send_signal(signal.SIGTERM)
            equal(controller.hear(), b"ENDED w draining")
            equal(controller.hear(), b"")
            # Nobody serves at this moment; the connection waits.
            with Line(folder + "/socket") as again:
                again.say(b"ping p")
                equal(first.wait(), 0, "exit status")
                with Given([given], LISTEN_FDNAMES="unix", listeners=0) as second:
                    check(again.hear().startswith(b"OK p 1 "), "ping")
                    second.send_signal(signal.SIGTERM)
                    equal(second.wait(), 0, "exit status")


sys.exit(process.main())
