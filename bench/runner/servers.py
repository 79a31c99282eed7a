# SPDX-License-Identifier: MIT
"""The servers that are measured: how each is started, where it listens, how it is stopped."""
import os
import select
import signal
import socket
import subprocess
import tempfile
import time

START_S = 20
STOP_S = 20
DESCRIPTORS = 20000


class Kind:
    """A kind of server. `command` gets the port (0: any) and a folder, `address` the same when it listens."""

    def __init__(self, title, command, address, says_so=True):
        self.title = title
        self.command = command
        self.address = address
        self.says_so = says_so  # prints "listening on ADDRESS" when it is ready, and takes port 0


def kinds(project, build):
    """All kinds of servers by their names."""
    warmstartd = f"{build}/servers/daemon/warmstartd"
    ours = [
        warmstartd,
        "--log-level=off",
        "--max-waiters=19000",
        "--max-connections=19500",
        "--max-body-bytes=16777216",
        # The load gives up its polls itself, where that is a part of it.
        "--connection-timeout-ms=900000",
    ]

    def peer(name, title):
        command = lambda port, folder: [
            f"{project}/bench/peers/start",
            name,
            f"--port={port}",
            "--hold-timeout-ms=900000",
        ]
        return Kind(title, command, lambda said, port, folder: said)

    def store(name, title, scheme):
        command = lambda port, folder: [f"{project}/bench/peers/start", name, f"--port={port}"]
        return Kind(title, command, lambda said, port, folder: f"{scheme}://127.0.0.1:{port}", says_so=False)

    return {
        "node-sqlite": peer("node-sqlite", "Node 22 + SQLite"),
        "node-map": peer("node-map", "Node 22 + Map"),
        "bun": peer("bun", "Bun"),
        "bun-compiled": peer("bun-compiled", "Bun, compiled"),
        "redis": store("redis", "Redis, BLPOP and LPUSH", "redis"),
        "beanstalkd": store("beanstalkd", "beanstalkd, reserve and put", "beanstalk"),
        "floor": Kind(
            "the floor",
            lambda port, folder: [f"{build}/bench/peers/floor", str(port)],
            lambda said, port, folder: said,
        ),
        "floor-suspend": Kind(
            "the floor, with libmicrohttpd's calls",
            lambda port, folder: [f"{build}/bench/peers/floor", "--suspend", str(port)],
            lambda said, port, folder: said,
        ),
        "warmstart": Kind(
            "warmstartd, HTTP",
            lambda port, folder: [*ours, f"--http=127.0.0.1:{port}"],
            lambda said, port, folder: said,
        ),
        "warmstart-small": Kind(
            "warmstartd, HTTP, small heads",
            lambda port, folder: [*ours, f"--http=127.0.0.1:{port}", "--max-header-bytes=2560"],
            lambda said, port, folder: said,
        ),
        "warmstart-http-unix": Kind(
            "warmstartd, HTTP on a Unix socket",
            lambda port, folder: [*ours, f"--http=unix:{folder}/http"],
            lambda said, port, folder: f"http+unix:{folder}/http",
        ),
        "warmstart-unix": Kind(
            "warmstartd, Unix protocol",
            lambda port, folder: [*ours, f"--unix={folder}/lines"],
            lambda said, port, folder: f"unix:{folder}/lines",
        ),
    }


class NotStarted(Exception):
    """The server did not come up; what it printed."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pin(processor):
    """What puts a command on one processor; nothing if there is only one."""
    return [] if processor is None else ["taskset", "-c", str(processor)]


class Server:
    """One running server, for `with`. It has a folder of its own in `folder`, and its log there."""

    def __init__(self, kind, processor, flags=()):
        self.kind = kind
        self.processor = processor
        self.flags = list(flags)

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="warmstart-run-")
        self.folder = self.directory.name
        self.port = 0 if self.kind.says_so else free_port()
        self.log = open(f"{self.folder}/log", "w+b")
        command = [*pin(self.processor), *self.kind.command(self.port, self.folder), *self.flags]
        # A session of its own: an interrupt is ours to handle.
        self.child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.pid = self.child.pid
        try:
            said = self._line() if self.kind.says_so else self._connects()
            self.address = self.kind.address(said, self.port, self.folder)
        except NotStarted:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child.stdout.close()
        self.log.close()
        self.directory.cleanup()

    def tail(self):
        """The end of what it printed."""
        self.log.flush()
        self.log.seek(0)
        return self.log.read()[-2000:].decode(errors="replace")

    def _fail(self, why):
        raise NotStarted(f"{self.kind.title} {why}: {' '.join(self.child.args)}\n{self.tail()}")

    def _line(self):
        end = time.monotonic() + START_S
        read = b""
        while b"\n" not in read:
            ready, _, _ = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.child.stdout.fileno(), 4096) if ready else b""
            if not piece:
                self._fail("ended" if ready else "did not say where it listens")
            read += piece
        words = read.decode().splitlines()[0].split(" ")
        if words[:2] != ["listening", "on"]:
            self._fail("said something else")
        return words[2]

    def _connects(self):
        end = time.monotonic() + START_S
        while self.child.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return None
            except OSError:
                time.sleep(0.002)
        self._fail("does not take connections")
        return None
