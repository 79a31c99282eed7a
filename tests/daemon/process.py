# SPDX-License-Identifier: MIT
"""warmstartd as a program: what it prints, how it exits, and that it serves. Prints TAP.

Usage: process.py WARMSTARTD [NAME]...

With NAMEs only these tests. The environment's PROCESS_WRAPPER (a command line, such as "valgrind -q
--error-exitcode=99") is put before the program.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import resource
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

PROGRAM = os.path.abspath(sys.argv[1])
WRAPPER = shlex.split(os.environ.get("PROCESS_WRAPPER", ""))
# A machine that stands still for seconds is no reason to give a controller up.
PATIENT = {"WARMSTART_DISPATCH_TIMEOUT_MS": "60000", "WARMSTART_CONFIRM_TIMEOUT_MS": "20000",
           "WARMSTART_ACK_TIMEOUT_MS": "20000", "WARMSTART_UNIX_LEASE_MS": "20000"}
DEADLINE_S = 60  # for things that happen at once; only a failure waits so long

TESTS = []
tls_context = None  # of clients; set by tests of TLS


def test(function):
    TESTS.append(function)
    return function


def test_if(applies):
    """For what only some builds and machines have: elsewhere it is no test, rather than one that is skipped."""
    return test if applies else lambda function: function


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


BUILD = os.environ.get("PROCESS_BUILD")  # the build type; "sanitized" under a sanitizer


def until(condition, what):
    """Waits until the condition is true and returns its value."""
    end = time.monotonic() + DEADLINE_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain until {what}")
        select.select([], [], [], 0.005)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(found, wanted, what=""):
    check(found == wanted, f"{what or 'found'}: {found!r}, wanted {wanted!r}")


def environment(**variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WARMSTART", "WORKLOAD"))}
    return {**kept, **variables}


def finish(*arguments, **variables):
    """Runs the program to its end: (status, stdout, stderr)."""
    done = subprocess.run(
        WRAPPER + [PROGRAM, *arguments], env=environment(**variables), capture_output=True, timeout=DEADLINE_S
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Daemon:
    """A running warmstartd. Its standard error is collected; it is killed at the end if it still runs."""

    def __init__(self, *arguments, listeners=1, stderr=subprocess.PIPE, stdout=subprocess.PIPE, prepare=None,
                 **variables):
        self.process = subprocess.Popen(
            WRAPPER + [PROGRAM, *arguments], env=environment(**{**PATIENT, **variables}), stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=stderr, preexec_fn=prepare,
        )
        self.pid = self.process.pid
        self.log = b""
        self.collector = None
        if self.process.stderr:
            self.collector = threading.Thread(target=self.collect, daemon=True)
            self.collector.start()
        self.urls = [self.read_url() for _ in range(listeners)] if self.process.stdout else []

    def collect(self):
        for line in self.process.stderr:
            self.log += line

    def read_url(self):
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"listening on (https?://\S+:[1-9][0-9]*|unix:\S+|[/@]\S+)\n", line)
        check(match, f"not the line of a listener: {line!r}; {self.log.decode()}")
        return match[1]

    def connect(self, listener=0):
        return connect(self.urls[listener])

    def request(self, method, path, headers=None, body=None, listener=0):
        """One request on a connection of its own: (status, body)."""
        with contextlib.closing(Client(self.urls[listener])) as client:
            client.request(method, path, body, headers or {})
            response = client.getresponse()
            return response.status, response.read()

    def held(self, listener=0):
        status, text = self.request("GET", "/metrics", listener=listener)
        equal(status, 200, "status of /metrics")
        return sum(int(float(value)) for value in re.findall(rb"^warmstart_waiters(?:\{.*?\})? (\S+)$", text, re.M))

    def post(self, message, listener=0):
        """Whether somebody took the message."""
        status, text = self.request("POST", "/warm-start", {"content-type": "application/json"},
                                    b'{"dequeuedMessage":' + message + b"}", listener)
        equal(status, 200, "status of the POST")
        return json.loads(text)["didWarmStart"]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """The exit status, and what else was printed on standard output."""
        status = self.process.wait(DEADLINE_S)
        if self.collector:
            self.collector.join(DEADLINE_S)
        return status

    def stop(self):
        self.send_signal(signal.SIGTERM)
        equal(self.wait(), 0, f"exit status; {self.log.decode()}")
        if self.process.stdout:
            equal(self.process.stdout.read(), b"", "more on standard output")

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.collector:
            self.collector.join(DEADLINE_S)
        if failure[0]:
            print("\n".join("# " + line for line in self.log.decode(errors="replace").splitlines()[-20:]))
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


def connect(url):
    if url.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(DEADLINE_S)
        connection.connect(url[5:])
        return connection
    scheme, host, port = re.fullmatch(r"(https?)://\[?(.*?)\]?:(\d+)", url).groups()
    connection = socket.create_connection((host, int(port)), DEADLINE_S)
    return tls_context.wrap_socket(connection, server_hostname="localhost") if scheme == "https" else connection


def accepts(url):
    """Whether somebody listens there. The file of a Unix socket is there a moment before that."""
    try:
        connect(url).close()
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return True


class Client(http.client.HTTPConnection):
    """An HTTP connection to the address that a listener has printed."""

    def __init__(self, url):
        super().__init__("localhost", timeout=DEADLINE_S)
        self.url = url

    def connect(self):
        self.sock = connect(self.url)


def poll_headers(controller="controller_1", deployment="deployment_1"):
    return {
        "x-trigger-workload-controller-id": controller,
        "x-trigger-deployment-id": deployment,
        "x-trigger-deployment-version": "20260327.4",
        "x-trigger-machine-cpu": "0.5",
        "x-trigger-machine-memory": "0.5",
        "x-trigger-worker-instance-name": "host-1",
    }


def poll(daemon, listener=0, **who):
    """Sends a poll: its connection, on which nothing has been answered yet."""
    client = Client(daemon.urls[listener])
    client.request("GET", "/warm-start", headers=poll_headers(**who))
    return client


def message(run="run_1", deployment="deployment_1", filler=""):
    return (
        '{ "run" : {"friendlyId":"%s","machine":{"cpu":0.50,"memory":5e-1}},"deployment":{"friendlyId":"%s"},\n'
        '"backgroundWorker":{"version":"20260327.4"},"filler":"%s" }' % (run, deployment, filler)
    ).encode()


def deliver(daemon, poll_listener=0, post_listener=0):
    """Holds a poll, sends a run, and sees it arrive byte for byte."""
    with contextlib.closing(poll(daemon, poll_listener)) as client:
        until(lambda: daemon.held(post_listener) == 1, "the poll is held")
        sent = message()
        # Not one after the other: on a Unix socket a message counts when the controller has read it.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            posted = pool.submit(daemon.post, sent, post_listener)
            response = client.getresponse()
            equal(response.status, 200, "status of the poll")
            equal(response.read(), sent, "message")
            check(posted.result(DEADLINE_S), "the run was not delivered")


def closed_without_answer(client):
    try:
        equal(client.sock.recv(1), b"", "answer to a held poll")
    except ConnectionResetError:
        pass
    return True


@contextlib.contextmanager
def directory():
    with tempfile.TemporaryDirectory(prefix="warmstartd-test-") as path:
        yield path


# ---- What is printed, and exit statuses ----


@test
def help_is_printed_to_standard_output():
    status, out, error = finish("--help", WARMSTART_ORDER="none")
    equal((status, error), (0, ""))
    check(out.startswith("Usage: warmstartd ") and "\n  --http ADDRESS" in out, out)
    check(max(map(len, out.splitlines())) <= 84, "a line is too long")


@test
def the_version_is_printed():
    status, out, error = finish("--version")
    equal((status, error), (0, ""))
    check(re.fullmatch(r"warmstartd \d+\.\d+\.\d+\n", out), out)


@test
def output_that_cannot_be_written_is_a_failure():
    with open("/dev/full", "wb") as full:
        done = subprocess.run(WRAPPER + [PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE_S)
    equal(done.returncode, 1, "exit status")
    check(b"No space left" in done.stderr, done.stderr)


@test
def wrong_options_exit_with_2_and_one_line():
    with directory() as path:
        config = path + "/config"
        with open(config, "w") as file:
            file.write("# nothing wrong here\nmax-atempts 3\n")
        for arguments, variables, wanted in [
            (["--max-waiters", "0"], {}, "option --max-waiters (flag): got '0', expected a whole number from 1 to "),
            (["--nonsense"], {}, "unknown option '--nonsense' (flag)"),
            ([], {"WARMSTART_ORDER": "random"}, "option --order (environment variable WARMSTART_ORDER): got 'random'"),
            (["--config", config], {}, f"unknown option 'max-atempts' ({config}:2); did you mean max-attempts?"),
            ([], {"WARMSTART_CONFIG": path + "/none"}, "cannot be read: No such file or directory"),
            (["--match-margin-ms=99999"], {}, "expected less than the 30000 of --connection-timeout-ms (default)"),
        ]:
            status, out, error = finish(*arguments, **variables)
            equal((status, out), (2, ""), error)
            check(error.startswith("warmstartd: ") and error.count("\n") == 1 and wanted in error, error)


@test
def an_address_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        status, out, error = finish("--http", "127.0.0.1:0", "--http", address, "--log-level", "off")
    equal((status, out), (1, ""), "status and standard output")
    equal(error, f"warmstartd: cannot listen on {address}: Address already in use\n")


@test
def a_host_that_is_not_known_is_named():
    status, out, error = finish("--http", "host.invalid:80", "--log-level", "off")
    equal((status, out), (1, ""), "status and standard output")
    check(re.fullmatch(r"warmstartd: cannot listen on host\.invalid:80: .+\n", error), error)


@test
def a_socket_that_cannot_be_made_is_named():
    status, out, error = finish("--http", "unix:/nonexistent/socket", "--log-level", "off")
    equal((status, out), (1, ""), "status and standard output")
    equal(error, "warmstartd: cannot listen on unix:/nonexistent/socket: No such file or directory\n")


@test
def the_program_is_alone():
    """None of our own libraries has to be found at run time, and none that only they need."""
    done = subprocess.run([PROGRAM], env=environment(LD_TRACE_LOADED_OBJECTS="1"), capture_output=True, timeout=DEADLINE_S)
    check(b"libmicrohttpd" in done.stdout and b"libwarmstart" not in done.stdout, done.stdout)


@test_if(BUILD == "release")
def an_optimized_program_is_small():
    with directory() as path:
        subprocess.run(["strip", "-o", path + "/stripped", PROGRAM], check=True, timeout=DEADLINE_S)
        size = os.path.getsize(path + "/stripped")
    check(size <= 250_000, f"{size} bytes")


# ---- Listening and serving ----


@test
def port_0_prints_the_real_port():
    with Daemon("--http", "127.0.0.1:0", "--log-level", "off") as daemon:
        check(re.fullmatch(r"http://127\.0\.0\.1:\d+", daemon.urls[0]), daemon.urls[0])
        equal(daemon.request("GET", "/healthz")[0], 200, "status of /healthz")
        equal(daemon.request("HEAD", "/healthz")[0], 200, "status of /healthz")
        equal(daemon.request("GET", "/readyz")[0], 200, "status of /readyz")
        daemon.stop()
        equal(daemon.log, b"", "log")


@test
def every_listener_prints_a_line_in_order():
    with Daemon("--http-dispatch", "127.0.0.1:0", "--http", "127.0.0.1:0", "--http-poll=127.0.0.1:0",
                listeners=3) as daemon:
        equal(len(set(daemon.urls)), 3, "different addresses")
        equal([daemon.request("GET", "/connect", listener=i)[0] for i in range(3)], [404, 200, 200], "/connect")
        equal([daemon.request("GET", "/metrics", listener=i)[0] for i in range(3)], [200, 200, 404], "/metrics")
        equal([daemon.request("GET", "/healthz", listener=i)[0] for i in range(3)], [200, 200, 200], "/healthz")
        daemon.stop()


@test
def a_run_reaches_a_held_poll():
    with Daemon("--http", "127.0.0.1:0") as daemon:
        check(not daemon.post(message()), "delivered to nobody")
        deliver(daemon)
        check(not daemon.post(message()), "delivered twice")
        daemon.stop()


@test
def with_the_limits_by_default_who_is_told_true_can_rely_on_it():
    with Daemon("--http", "127.0.0.1:0", **dict.fromkeys(PATIENT, "")) as daemon:

        def is_delivered():
            with contextlib.closing(poll(daemon)) as client:
                until(lambda: daemon.held() == 1, "the poll is held")
                if not daemon.post(message()):  # a machine that stood still may have been the reason
                    return False
                equal(client.getresponse().read(), message(), "message")
                return True

        until(is_delivered, "a run is delivered")
        daemon.stop()


@test
def a_run_crosses_from_one_listener_to_another():
    with directory() as path, Daemon("--http-poll", "127.0.0.1:0", "--http-dispatch", f"unix:{path}/socket",
                                     listeners=2) as daemon:
        equal(daemon.urls[1], f"unix:{path}/socket")
        deliver(daemon, poll_listener=0, post_listener=1)
        daemon.stop()


@test
def a_unix_socket_serves_and_is_taken_over():
    with directory() as path:
        address = f"unix:{path}/socket"
        with Daemon("--http", address) as daemon:
            equal(daemon.urls, [address])
            deliver(daemon)
            status, _, error = finish("--http", address, "--log-level", "off")
            equal(status, 1, "exit status of a second one")
            check("Address already in use" in error, error)
            deliver(daemon)
            daemon.process.kill()
            daemon.wait()
        with Daemon("--http", address) as daemon:
            deliver(daemon)
            daemon.stop()


@test_if(has_ipv6())
def ipv6_stands_in_brackets():
    with Daemon("--http", "[::1]:0") as daemon:
        check(daemon.urls[0].startswith("http://[::1]:"), daemon.urls[0])
        deliver(daemon)
        daemon.stop()
        check(b"listener_not_split" not in daemon.log, daemon.log)


@test
def options_come_from_flags_environment_and_config_file():
    with directory() as path:
        config = path + "/config"
        with open(config, "w") as file:
            file.write("http 127.0.0.1:0\nconnection-timeout-ms = 12345\nkeepalive-ms = 1\nmax-body-bytes 1KiB\n")
        with Daemon(WARMSTART_CONFIG=config, WARMSTART_KEEPALIVE_MS="54321") as daemon:
            status, text = daemon.request("GET", "/connect")
            equal(status, 200)
            equal(json.loads(text), {"connectionTimeoutMs": 12345, "keepaliveMs": 54321})
            equal(daemon.request("POST", "/warm-start", body=b" " * 1025)[0], 413, "status of a large body")
            daemon.stop()
        with Daemon("--connection-timeout-ms", "999", "--keepalive-ms=0", WARMSTART_CONFIG=config,
                    WARMSTART_KEEPALIVE_MS="54321") as daemon:
            equal(json.loads(daemon.request("GET", "/connect")[1]), {"connectionTimeoutMs": 999, "keepaliveMs": 0})
            daemon.stop()


@test
def the_bounds_of_every_option_are_accepted():
    together = {"match-margin-ms": "--connection-timeout-ms=86400000", "connection-timeout-ms": "--match-margin-ms=0",
                "drain-delay-ms": "--drain-timeout-ms=7200000", "drain-spread-ms": "--drain-timeout-ms=7200000",
                "confirm-linger-ms": "--confirm-timeout-ms=60000", "confirm-timeout-ms": "--confirm-linger-ms=0"}
    tried = 0
    for name in re.findall(r"^  --([a-z-]+) (?:MS|COUNT|BYTES) ", finish("--help")[1], re.M):
        bounds = re.search(r"from (\w+) to (\w+)$", finish(f"--{name}=none")[2])
        for bound in bounds.groups():
            if (name, bound) == ("match-margin-ms", "86400000"):
                bound = "86399999"  # smaller than the timeout
            if (name, bound) == ("confirm-linger-ms", "60000"):
                bound = "59999"
            with Daemon("--http=127.0.0.1:0", f"--{name}={bound}", together.get(name, "--order=newest")) as daemon:
                if name != "drain-delay-ms":  # it would take that long
                    daemon.stop()
                tried += 1
    check(tried >= 18, f"only {tried} bounds were found")


@test
def the_order_option_decides_who_gets_the_run():
    for order, wanted in [("newest", 1), ("oldest", 0)]:
        with Daemon("--http", "127.0.0.1:0", "--order", order) as daemon:
            clients = []
            for i in range(2):
                clients.append(poll(daemon, controller=f"controller_{i}"))
                until(lambda: daemon.held() == len(clients), "the poll is held")
            check(daemon.post(message()), "not delivered")
            equal(clients[wanted].getresponse().status, 200, "status")
            equal(daemon.held(), 1, "polls that are left")
            for client in clients:
                client.close()
            daemon.stop()


@test
def polls_over_the_limit_are_refused():
    with Daemon("--http", "127.0.0.1:0", "--max-waiters", "1") as daemon:
        with contextlib.closing(poll(daemon)):
            until(lambda: daemon.held() == 1, "the poll is held")
            equal(daemon.request("GET", "/warm-start", poll_headers("controller_2"))[0], 503, "status of another")
            equal(daemon.held(), 1, "polls held")
            daemon.stop()


@test
def no_descriptor_is_leaked():
    with Daemon("--http", "127.0.0.1:0", "--log-level", "off") as daemon:
        deliver(daemon)
        before = []

        def settled():
            before.append(daemon.descriptors())
            return len(before) > 20 and len(set(before[-20:])) == 1

        until(settled, "the number of descriptors stays the same")
        for i in range(40):
            deliver(daemon)
            with contextlib.closing(poll(daemon, controller=f"controller_{i}")):
                until(lambda: daemon.held() == 1, "the poll is held")
            until(lambda: daemon.held() == 0, "a poll that went away is dropped")
            daemon.connect().close()
        until(lambda: daemon.descriptors() <= before[-1], "the descriptors are back")
        daemon.stop()


# ---- Signals ----


@test
def a_signal_closes_held_polls_without_an_answer():
    for number in (signal.SIGTERM, signal.SIGINT):
        with directory() as path, Daemon("--http", "127.0.0.1:0", "--http", f"unix:{path}/socket",
                                         listeners=2) as daemon:
            clients = [poll(daemon, i % 2, controller=f"controller_{i}") for i in range(20)]
            until(lambda: daemon.held() == len(clients), "the polls are held")
            daemon.send_signal(number)
            for client in clients:
                check(closed_without_answer(client), "closed")
                client.close()
            equal(daemon.wait(), 0, "exit status")
            check(b"event=draining signal=" + signal.Signals(number).name.encode() in daemon.log, daemon.log)
            check(b"event=stopped" in daemon.log, daemon.log)


@contextlib.contextmanager
def stalled_delivery(daemon):
    """A run that is being written to a controller that does not read, so that a drain cannot end."""
    receiver = socket.socket(socket.AF_INET)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    receiver.connect(("127.0.0.1", int(daemon.urls[0].rsplit(":", 1)[1])))
    lines = ["GET /warm-start HTTP/1.1", "host: localhost", *map(": ".join, poll_headers().items()), "", ""]
    receiver.sendall("\r\n".join(lines).encode())
    until(lambda: daemon.held() == 1, "the poll is held")
    sender = Client(daemon.urls[0])
    sender.request("POST", "/warm-start", b'{"dequeuedMessage":' + message(filler="x" * (7 << 20)) + b"}")
    check(select.select([receiver], [], [], DEADLINE_S)[0], "nothing is being delivered")
    with contextlib.closing(receiver), contextlib.closing(sender):
        yield


@test
def a_second_signal_ends_it_at_once():
    with Daemon("--http", "127.0.0.1:0", "--dispatch-timeout-ms", "60000") as daemon, stalled_delivery(daemon):
        daemon.send_signal(signal.SIGTERM)
        until(lambda: b"event=draining" in daemon.log, "the first signal was taken")
        equal(daemon.process.poll(), None, "exit status after one signal")
        daemon.send_signal(signal.SIGTERM)
        equal(daemon.wait(), 1, "exit status")
        check(b"event=drain_timeout" not in daemon.log, daemon.log)


@test
def a_drain_that_hangs_is_given_up():
    with Daemon("--http", "127.0.0.1:0", "--dispatch-timeout-ms", "60000",
                "--drain-timeout-ms", "100") as daemon, stalled_delivery(daemon):
        daemon.send_signal(signal.SIGTERM)
        equal(daemon.wait(), 0, "exit status")
        check(b"event=drain_timeout" in daemon.log, daemon.log)


@test
def readyz_says_503_while_draining():
    with Daemon("--http", "127.0.0.1:0", "--dispatch-timeout-ms", "60000") as daemon, stalled_delivery(daemon):
        with contextlib.closing(Client(daemon.urls[0])) as client:
            client.request("GET", "/readyz")
            response = client.getresponse()
            equal((response.status, response.read() and None), (200, None), "before")
            daemon.send_signal(signal.SIGTERM)
            until(lambda: b"event=draining" in daemon.log, "the signal was taken")
            equal(daemon.request("GET", "/readyz")[0], 503, "while draining")
            equal(daemon.request("GET", "/healthz")[0], 200, "alive")
            equal(daemon.post(message()), False, "a new run while draining")
            daemon.send_signal(signal.SIGINT)
            equal(daemon.wait(), 1, "exit status")


# ---- Logging ----


@test
def neither_tokens_nor_messages_are_logged():
    import base64

    def part(text):
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    claims = {"ver": 1, "deployment": "deployment_1", "deployment_version": "20260327.4", "exp": 4102444800,
              "environment_id": "MARKERCLAIM"}
    token = ".".join([part('{"alg":"HS256","typ":"JWT"}'), part(json.dumps(claims)), part("MARKERSIGNATURE" * 3)])
    secrets = [token, *token.split("."), "MARKERCLAIM", "MARKERFILLER", "MARKERBODY", "MARKERBAD", "MARKERQUERY",
               "MARKERAUTH"]
    for form in ("logfmt", "json"):
        with Daemon("--http", "127.0.0.1:0", "--log-level", "debug", "--log-format", form) as daemon:
            with contextlib.closing(poll(daemon, deployment=token)) as client:
                until(lambda: daemon.held() == 1, "the poll is held")
                check(daemon.post(message(run="run_logged", filler="MARKERFILLER")), "not delivered")
                equal(client.getresponse().status, 200)
            bad = poll_headers(deployment="MARKERBAD.e30.e30")
            equal(daemon.request("GET", "/warm-start", bad)[0], 400, "status of a bad token")
            equal(daemon.request("POST", "/warm-start", {"authorization": "Bearer MARKERAUTH"}, b'"MARKERBODY"')[0], 400)
            daemon.request("GET", "/warm-start?MARKERQUERY", {**poll_headers(), "x-trigger-machine-cpu": "x"})
            check(not daemon.post(message(run="run_missed", filler="MARKERFILLER")), "delivered to nobody")
            daemon.stop()
        log = daemon.log.decode()
        for word in ("run_logged", "run_missed", "controller_1", "host-1"):
            check(word in log, f"{word} is not in the log: {log}")
        for secret in secrets:
            check(secret not in log, f"{secret} is in the log: {log}")
        for line in log.splitlines():
            if form == "json":
                record = json.loads(line)
                check({"time", "level", "event"} <= record.keys(), line)
            else:
                check(re.match(r"time=\S+Z level=(error|warn|info|debug) event=\S+", line), line)


@test
def a_line_is_logged_for_each_run_at_info():
    with Daemon("--http", "127.0.0.1:0") as daemon:
        for i in range(5):
            check(not daemon.post(message(run=f"run_{i}")), "delivered to nobody")
        daemon.stop()
    for i in range(5):
        equal(daemon.log.count(b"run=run_%d " % i), 1, f"lines about run_{i} in {daemon.log.decode()}")


@test
def a_listener_for_everybody_is_warned_of():
    for arguments, wanted in [
        (["--http", "0.0.0.0:0"], 1),
        (["--http", "127.0.0.1:0"], 0),
        (["--http-poll", "0.0.0.0:0"], 0),
        (["--http-dispatch", "0.0.0.0:0"], 0),
    ]:
        with Daemon(*arguments, "--log-level", "warn") as daemon:
            daemon.stop()
        equal(daemon.log.count(b"event=listener_not_split"), wanted, f"warnings with {arguments}")


@test_if(not WRAPPER)  # which may have limits of its own
def the_limit_of_descriptors_is_raised():
    def set_limit(soft, hard):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with Daemon("--http", "127.0.0.1:0", "--max-connections", "100", prepare=set_limit(64, 1024)) as daemon:
        with open(f"/proc/{daemon.pid}/limits") as limits:
            check(re.search(r"^Max open files\s+1024\s+1024\s", limits.read(), re.M), "not raised")
        daemon.stop()
        check(b"descriptor_limit_low" not in daemon.log, daemon.log)
    with Daemon("--http", "127.0.0.1:0", "--max-connections", "2000", prepare=set_limit(64, 1024)) as daemon:
        daemon.stop()
        check(b"level=warn event=descriptor_limit_low max_connections=2000 " in daemon.log, daemon.log)
    with directory() as path:
        with Daemon("--unix", f"{path}/lines", "--unix-max-connections", "100", "--max-connections", "2000",
                    prepare=set_limit(64, 1024)) as daemon:
            daemon.stop()
            check(b"descriptor_limit_low" not in daemon.log, daemon.log)


@test_if(not WRAPPER)  # which may need them
def closed_standard_descriptors_are_not_given_to_peers():
    def close_all():
        for descriptor in range(3):
            os.close(descriptor)

    with directory() as path:
        with Daemon("--http", f"unix:{path}/socket", "--log-level", "debug", stderr=None, stdout=None,
                    prepare=close_all) as daemon:
            daemon.urls = [f"unix:{path}/socket"]
            until(lambda: accepts(daemon.urls[0]), "it listens")
            deliver(daemon)
            equal([os.readlink(f"/proc/{daemon.pid}/fd/{i}") for i in range(3)], ["/dev/null"] * 3)
            daemon.stop()


@test
def a_standard_error_that_cannot_be_written_to_does_not_matter():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    os.set_blocking(writer, True)
    broken_reader, broken_writer = os.pipe()
    os.close(broken_reader)
    full = os.open("/dev/full", os.O_WRONLY)
    for descriptor in (writer, broken_writer, full):
        with Daemon("--http", "127.0.0.1:0", "--log-level", "debug", stderr=descriptor) as daemon:
            deliver(daemon)
            daemon.stop()
        os.close(descriptor)
    os.close(reader)


@test_if(not WRAPPER)  # which may write more than that
def a_log_file_that_cannot_grow_does_not_matter():
    room = 2048
    with directory() as path:
        with open(f"{path}/log", "ab") as file:
            with Daemon("--http", "127.0.0.1:0", "--log-level", "debug", stderr=file,
                        prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))) as daemon:
                for _ in range(30):
                    deliver(daemon)
                equal(os.path.getsize(f"{path}/log"), room, "size of the full log")
                os.truncate(f"{path}/log", 0)
                deliver(daemon)
                daemon.stop()
        with open(f"{path}/log", "rb") as file:
            log = file.read()
        check(re.search(rb"event=log_lines_dropped lines=[1-9]", log), log)
        check(b"event=stopped" in log, log)


@test_if(not WRAPPER)  # which may need descriptors of its own
def without_descriptors_it_refuses_and_recovers():
    limit = 40
    with Daemon("--http", "127.0.0.1:0", "--header-timeout-ms", "600000",
                prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))) as daemon:
        with contextlib.closing(poll(daemon)) as waiting, contextlib.closing(daemon.connect()) as post:
            until(lambda: daemon.held() == 1, "the poll is held")
            with contextlib.ExitStack() as stack:
                opened = []

                def ten_are_refused():
                    opened.append(stack.enter_context(contextlib.closing(daemon.connect())))
                    answered = select.select(opened, [], [], 0)[0]
                    return len(answered) >= 10 and answered

                for one in until(ten_are_refused, "connections are refused"):
                    check(one.recv(4096).startswith(b"HTTP/1.1 503 "), "not 503")
                check(daemon.descriptors() <= limit, "more descriptors than the limit")
                body = b'{"dequeuedMessage":' + message() + b"}"
                head = f"POST /warm-start HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
                post.sendall(head.encode() + body)
                check(post.recv(4096).endswith(b'{"didWarmStart":true}'), "a held poll went on")
                equal(waiting.getresponse().read(), message(), "message")
            until(lambda: daemon.request("GET", "/healthz")[0] == 200, "it recovers")
            deliver(daemon)
        daemon.stop()
        check(b"event=accept_failed" in daemon.log, daemon.log)


@test
def a_standard_output_that_nobody_reads_does_not_matter():
    with directory() as path:
        reader, writer = os.pipe()
        os.close(reader)
        with Daemon("--http", f"unix:{path}/socket", stdout=writer) as daemon:
            os.close(writer)
            daemon.urls = [f"unix:{path}/socket"]
            until(lambda: accepts(daemon.urls[0]), "it listens")
            deliver(daemon)
            daemon.stop()


def main():
    chosen = [function for function in TESTS if not sys.argv[2:] or function.__name__ in sys.argv[2:]]
    failed = 0
    print(f"1..{len(chosen)}", flush=True)
    for number, function in enumerate(chosen, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:
            failed += 1
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()))
            print(f"not ok {number} - {function.__name__}", flush=True)
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
