# SPDX-License-Identifier: MIT
"""warmstartd's secrets: where they come from, what is said about wrong ones, what they guard. Prints TAP.

Usage: security.py WARMSTARTD [NAME]...
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import process
from process import Client, Daemon, check, directory, equal, finish, message, poll_headers, until

process.TESTS.clear()
test = process.test

SECRET = b"a secret that nobody uses"


def segment(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(secret=SECRET, deployment="deployment_1", seconds=3600):
    claims = {"ver": 1, "deployment": deployment, "deployment_version": "20260327.4", "exp": int(time.time()) + seconds}
    signed = segment(b'{"alg":"HS256"}') + b"." + segment(json.dumps(claims).encode())
    return (signed + b"." + segment(hmac.new(secret, signed, hashlib.sha256).digest())).decode()


def write(path, name, content, mode=0o600):
    file = os.path.join(path, name)
    with open(file, "wb") as out:
        os.fchmod(out.fileno(), mode)
        out.write(content)
    return file


def poll_status(daemon, deployment):
    """What a poll is answered with: a status, or "held"."""
    before = daemon.held()
    with contextlib.closing(Client(daemon.urls[0])) as client:
        client.request("GET", "/warm-start", headers=poll_headers(deployment=deployment))
        client.sock.settimeout(0.01)
        answer = []

        def is_decided():
            with contextlib.suppress(TimeoutError):
                answer.append(client.sock.recv(4096))
            return answer or daemon.held() > before

        until(is_decided, "the poll is held or answered")
        if not answer:
            return "held"
        check(deployment.encode() not in answer[0], "the token is in the answer")
        return int(answer[0].split()[1])


def post_status(daemon, authorization=None):
    headers = {"authorization": authorization} if authorization else {}
    return daemon.request("POST", "/warm-start", headers, b'{"dequeuedMessage":' + message() + b"}")[0]


LISTEN = "--http=127.0.0.1:0"


@test
def a_token_needs_the_secret_of_the_file():
    for content in [SECRET, SECRET + b"\n", SECRET + b"\r\n"]:
        with directory() as path:
            file = write(path, "secret", content)
            with Daemon(LISTEN, "--token-mode=enforce", f"--token-secret-file={file}") as daemon:
                equal(poll_status(daemon, token()), "held", "with the right secret")
                equal(poll_status(daemon, token(b"another")), 401, "with another secret")
                equal(poll_status(daemon, token(SECRET + b"\n")), 401, "with a line end")
                equal(poll_status(daemon, "deployment_1"), 401, "without a token")
                daemon.stop()


@test
def the_secret_may_come_from_the_supervisor_s_variable():
    with Daemon(LISTEN, "--token-mode=enforce", WORKLOAD_TOKEN_SECRET=SECRET.decode()) as daemon:
        equal(poll_status(daemon, token()), "held")
        equal(poll_status(daemon, token(b"another")), 401)
        daemon.stop()


@test
def the_file_wins_over_the_variable():
    with directory() as path:
        file = write(path, "secret", SECRET)
        with Daemon(LISTEN, "--token-mode=enforce", f"--token-secret-file={file}",
                    WORKLOAD_TOKEN_SECRET="another") as daemon:
            equal(poll_status(daemon, token()), "held")
            equal(poll_status(daemon, token(b"another")), 401)
            daemon.stop()


@test
def other_modes_let_everything_pass():
    for mode in ["disabled", "log"]:
        with Daemon(LISTEN, f"--token-mode={mode}", WORKLOAD_TOKEN_SECRET=SECRET.decode()) as daemon:
            for deployment in [token(), token(b"another"), token(seconds=-1), "deployment_1"]:
                equal(poll_status(daemon, deployment), "held", mode)
            daemon.stop()


@test
def the_dispatch_token_guards_runs():
    with directory() as path:
        file = write(path, "dispatch", b"dispatch-0123\n")
        with Daemon(LISTEN, f"--dispatch-token-file={file}") as daemon:
            equal(post_status(daemon), 401, "without it")
            equal(post_status(daemon, "Bearer dispatch-0124"), 401, "with a wrong one")
            equal(post_status(daemon, "Bearer dispatch-0123"), 200, "with it")
            equal(daemon.request("GET", "/metrics")[0], 200, "metrics")
            daemon.stop()


@test
def wrong_files_exit_with_2_and_name_the_option_and_the_file():
    with directory() as path:
        empty = write(path, "empty", b"")
        line = write(path, "line", b"\n")
        long = write(path, "long", b"x" * 5000)
        longer = write(path, "longer", b"x" * 4096 + b"\r\ny")
        two_lines = write(path, "two", b"a\nb\n")
        missing = os.path.join(path, "missing")
        for option, file, wanted in [
            ("token-secret-file", missing, "No such file"),
            ("token-secret-file", path, "Is a directory"),
            ("token-secret-file", empty, "is empty"),
            ("token-secret-file", line, "is empty"),
            ("token-secret-file", long, "is too large"),
            ("token-secret-file", longer, "is too large"),
            ("dispatch-token-file", missing, "No such file"),
            ("dispatch-token-file", empty, "is empty"),
            ("dispatch-token-file", line, "is empty"),
            ("dispatch-token-file", long, "is too large"),
            ("dispatch-token-file", two_lines, "visible ASCII"),
        ]:
            status, out, error = finish(LISTEN, "--token-mode=log", f"--{option}={file}", WORKLOAD_TOKEN_SECRET="x")
            equal((status, out, error.count("\n")), (2, "", 1), f"{option} {wanted}: {error}")
            check(f"option --{option}: '" in error and wanted in error, error)


@test
def the_longest_secret_is_taken():
    with directory() as path:
        for end in [b"", b"\n", b"\r\n"]:
            file = write(path, "secret", b"x" * 4096 + end)
            with Daemon(LISTEN, "--token-mode=enforce", f"--token-secret-file={file}") as daemon:
                equal(poll_status(daemon, token(b"x" * 4096)), "held")
                daemon.stop()


@test
def a_mode_that_verifies_needs_a_secret():
    for mode in ["log", "enforce"]:
        status, out, error = finish(LISTEN, f"--token-mode={mode}")
        equal((status, out, error.count("\n")), (2, "", 1), error)
        check("option --token-mode" in error and "--token-secret-file" in error, error)
    status, out, error = finish(LISTEN, "--token-mode=log", WORKLOAD_TOKEN_SECRET="x" * 4097)
    equal((status, out, error.count("\n")), (2, "", 1), error)
    check("WORKLOAD_TOKEN_SECRET" in error and "xx" not in error, error)


@test
def a_file_that_everybody_can_read_is_warned_of():
    with directory() as path:
        for mode, wanted in [(0o600, 0), (0o640, 0), (0o644, 1), (0o604, 1)]:
            file = write(path, f"secret{mode}", SECRET, mode)
            for options in [("--token-mode=log", f"--token-secret-file={file}"), (f"--dispatch-token-file={file}x",)]:
                write(path, f"secret{mode}x", b"token", mode)
                with Daemon(LISTEN, "--log-level=warn", *options) as daemon:
                    daemon.stop()
                equal(daemon.log.count(b"event=secret_file_exposed"), wanted, f"{mode:o} {options}: {daemon.log}")
                check(SECRET not in daemon.log, "the secret is in the log")


@test
def a_secret_that_is_not_used_is_warned_of():
    with directory() as path:
        file = write(path, "secret", SECRET)
        for mode, wanted in [("disabled", 1), ("log", 0), ("enforce", 0)]:
            with Daemon(LISTEN, f"--token-mode={mode}", f"--token-secret-file={file}") as daemon:
                daemon.stop()
            equal(daemon.log.count(b"event=token_secret_unused"), wanted, mode)


@test
def a_listener_for_everybody_with_a_dispatch_token_is_not_warned_of():
    with directory() as path:
        file = write(path, "dispatch", b"token")
        for options, wanted in [((), 1), ((f"--dispatch-token-file={file}",), 0)]:
            with Daemon("--http=0.0.0.0:0", *options) as daemon:
                daemon.stop()
            equal(daemon.log.count(b"event=listener_not_split"), wanted, options)


def reload(daemon, event):
    count = daemon.log.count(event)
    daemon.send_signal(signal.SIGHUP)
    until(lambda: daemon.log.count(event) > count, f"the log has {event}")


@test
def a_config_file_without_its_end_takes_no_token_away():
    with directory() as path:
        file, config = write(path, "dispatch", b"token"), os.path.join(path, "config")
        write(path, "config", b"http = 127.0.0.1:0\nlog-level = info\n")
        with Daemon("--config", config) as daemon:
            equal(post_status(daemon), 200)
            write(path, "config", f"http = 127.0.0.1:0\ndispatch-token-file = {file}\n".encode())
            reload(daemon, b"event=reloaded")
            equal((post_status(daemon), post_status(daemon, "Bearer token")), (401, 200))
            for content in [b"", b"http = 127.0.0.1:0\n"]:
                write(path, "config", content)
                reload(daemon, b"event=reload_failed")
                check(b"option --dispatch-token-file: is not given any more" in daemon.log, daemon.log)
                equal((post_status(daemon), post_status(daemon, "Bearer token")), (401, 200))
            daemon.stop()


@test
def what_was_read_from_a_pipe_is_not_read_again():
    def start(path, *options):
        """A daemon whose options name a pipe, with somebody who writes into it once."""
        writer = subprocess.Popen([sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write(sys.argv[2])",
                                   os.path.join(path, "pipe"), options[-1]])
        try:
            return Daemon(*options[:-1])
        finally:
            writer.wait(process.DEADLINE_S)

    with directory() as path:
        pipe, file = os.path.join(path, "pipe"), write(path, "dispatch", b"token")
        os.mkfifo(pipe)
        for options in [("--config", pipe, f"http = 127.0.0.1:0\ndispatch-token-file = {file}\n"),
                        (LISTEN, "--dispatch-token-file", pipe, "token")]:
            with start(path, *options) as daemon:
                reload(daemon, b"event=reload_failed")
                check(b"cannot be read again: it is a pipe or a terminal" in daemon.log, daemon.log)
                equal((post_status(daemon), post_status(daemon, "Bearer token")), (401, 200))
                daemon.stop()
    with Daemon(LISTEN, "--config", os.devnull) as daemon:
        reload(daemon, b"event=reloaded")
        daemon.stop()


@process.test_if(not process.WRAPPER and process.BUILD != "sanitized")  # whose memory is too large to search
def no_secret_is_left_in_memory():
    with directory() as path:
        # Not in one piece in this file's process image either: the daemon reads it from the file only.
        secret = hashlib.sha256(os.urandom(16)).hexdigest().encode()
        dispatch = hashlib.sha256(os.urandom(16)).hexdigest().encode()
        with Daemon(LISTEN, "--token-mode=enforce", f"--token-secret-file={write(path, 'a', secret)}",
                    f"--dispatch-token-file={write(path, 'b', dispatch)}") as daemon:
            equal(poll_status(daemon, token(secret)), "held")
            found = []
            with open(f"/proc/{daemon.pid}/maps") as maps, open(f"/proc/{daemon.pid}/mem", "rb") as memory:
                areas = [line.split() for line in maps]
                for area in areas:
                    if not area[1].startswith("rw") or area[-1] == "[vvar]":
                        continue
                    start, end = (int(text, 16) for text in area[0].split("-"))
                    with contextlib.suppress(OSError):
                        memory.seek(start)
                        data = memory.read(end - start)
                        found += [area for wanted in (secret, dispatch) if wanted in data]
            equal(found, [], "areas with a secret")
            daemon.stop()


if __name__ == "__main__":
    sys.exit(process.main())
