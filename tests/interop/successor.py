# SPDX-License-Identifier: MIT
"""A small service manager: runs one warmstartd after the other at the same address.

Usage: successor.py keep|port WARMSTARTD [OPTION]...

With "keep" it opens the listening socket itself and hands it to each process in turn; with "port" each opens
the same port again. Prints a line of JSON when the first is ready; for each line on standard input it stops the
one that runs, starts the next and prints a line about that. Stops the last one at the end of the input.
"""

import json
import os
import random
import signal
import socket
import sys
import tempfile
import time

DEADLINE_S = 60


def milliseconds(since):
    return round((time.monotonic() - since) * 1000, 1)


def lasting_listener():
    """On a port that the kernel gives to nobody else meanwhile, so that it may be closed and opened again."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        low, high = map(int, file.read().split())
    # fetch() refuses some ports below.
    ports = [*range(10100, low), *range(high + 1, 65536)]
    for port in random.sample(ports, len(ports)):
        try:
            return socket.create_server(("127.0.0.1", port), backlog=4096)
        except OSError:
            pass  # taken
    return socket.create_server(("127.0.0.1", 0), backlog=4096)


class Service:
    def __init__(self, mode, program, options):
        self.program, self.options = program, options
        self.folder = tempfile.TemporaryDirectory(prefix="warmstartd-test-")
        self.ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ready.bind(self.folder.name + "/notify")
        self.ready.settimeout(DEADLINE_S)
        listener = lasting_listener()
        self.port = listener.getsockname()[1]
        self.listener = listener
        if mode == "port":
            listener.close()
            self.listener = None
            self.options = [f"--http=127.0.0.1:{self.port}", *options]

    def become(self):
        """In the child: the descriptors and variables that systemd would give it, and then the program."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("WARMSTART")}
        variables["NOTIFY_SOCKET"] = self.folder.name + "/notify"
        # Standard output is for our own lines only.
        os.dup2(2, 1)
        if self.listener:
            os.dup2(self.listener.fileno(), 3)
            os.set_inheritable(3, True)
            variables.update(LISTEN_FDS="1", LISTEN_FDNAMES="http", LISTEN_PID=str(os.getpid()))
        os.execve(self.program, [self.program, *self.options], variables)

    def start(self):
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.become()
            finally:
                os._exit(127)
        while b"READY=1" not in self.ready.recv(4096).split(b"\n"):
            pass

    def stop(self):
        """The exit status, or minus the number of the signal that ended it."""
        os.kill(self.pid, signal.SIGTERM)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def tell(**what):
    print(json.dumps(what), flush=True)


def main():
    # Signals of a terminal are for whoever started us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    service = Service(sys.argv[1], sys.argv[2], sys.argv[3:])
    service.start()
    tell(port=service.port)
    for _ in sys.stdin:
        begun = time.monotonic()
        status = service.stop()
        stopped = milliseconds(begun)
        service.start()
        started = milliseconds(begun)
        tell(status=status, stopMs=stopped, startMs=round(started - stopped, 1), readyAt=time.time() * 1000)
    tell(status=service.stop())


main()
