# SPDX-License-Identifier: MIT
"""What is measured: each experiment is a list of points, and each point is a server under a load."""
from dataclasses import dataclass, field

SUPERVISORS = 50
CONTROLLERS = 500
ALL = ["node-sqlite", "node-map", "bun", "bun-compiled", "redis", "beanstalkd", "floor", "floor-suspend",
       "warmstart", "warmstart-http-unix", "warmstart-unix"]
RIVALS = ["bun-compiled", "warmstart"]


@dataclass
class Point:
    """One server under one load. `x` is what the experiment varies."""

    server: str
    x: object = None
    load: dict = field(default_factory=dict)  # options of warmstart-bench
    flags: list = field(default_factory=list)  # options of the server


@dataclass
class Experiment:
    """Points that are measured in turn, round after round. `short` is what --quick leaves of them."""

    name: str
    title: str
    rounds: int
    points: list
    short: list
    quick: bool = True  # part of --quick
    default: bool = True  # part of a call that names none
    kind: str = "load"  # or a measurement of its own, see measure.py


def article(names):
    return [Point(name) for name in names]


def held(names, sizes):
    # The polls stay held for as long as it takes; otherwise their coming again would be part of the load.
    load = {"poll-timeout": 600}
    return [Point(name, size, {"idle": size - CONTROLLERS, **load}) for size in sizes for name in names]


def misses(names, shares):
    return [Point(name, share, {"misses": share}) for share in shares for name in names]


def payload(names, sizes):
    return [Point(name, size, {"payload": size}) for size in sizes for name in names]


def keys(names, numbers):
    return [
        Point(name, number, {"keys": number, "controllers": max(CONTROLLERS, number)})
        for number in numbers
        for name in names
    ]


def churn(names, rates):
    return [Point(name, rate, {"churn": rate}) for rate in rates for name in names]


def confirm():
    return [Point("warmstart", how, flags=[f"--confirm={how}"]) for how in ("write", "ack")]


def logging(levels):
    return [Point("warmstart", level, flags=[f"--log-level={level}"]) for level in levels]


def side_by_side():
    """The servers whose ratios are goals."""
    names = ["bun-compiled", "redis", "floor", "floor-suspend", "warmstart", "warmstart-unix"]
    return [*article(names), Point("warmstart", "write", flags=["--confirm=write"]), *held(["warmstart"], [17500])]


def tail(names, shares):
    """The rate is a share of the server's own capacity, which is measured first."""
    return [Point(name, share, {"share-of-capacity": share}) for share in shares for name in names]


def steady():
    """Polls that end and come again, as in life."""
    load = {"churn": 200, "idle": 2000}
    return [
        Point("warmstart", load=load, flags=["--connection-timeout-ms=30000"]),
        Point("bun-compiled", load=load, flags=["--hold-timeout-ms=65000"]),
    ]


# Those with the figures that are asked for most come first: an interrupted call keeps what it has finished.
EXPERIMENTS = [
    Experiment("ratios", "Side by side, in slices of a second", 12, side_by_side(), side_by_side(), kind="slices"),
    Experiment(
        "article", "The article's load: 500 controllers, 50 supervisors", 5, article(ALL),
        article(["node-sqlite", "node-map", "bun-compiled", "redis", "floor", "floor-suspend", "warmstart",
                 "warmstart-unix"])),
    Experiment(
        "held", "Held connections", 3,
        held(["redis", *RIVALS], [500, 2000, 5000, 10000, 17500]) + held(["warmstart-small"], [17500]),
        held(["warmstart"], [500, 17500])),
    Experiment("confirm", "The cost of knowing that it arrived", 5, confirm(), confirm()),
    Experiment("tail", "Latency at a fixed rate", 3, tail(["redis", "floor", *RIVALS], [30, 60, 90]),
               tail(["floor", "warmstart"], [60])),
    Experiment("size", "What has to be shipped", 1, [], [], kind="size"),
    Experiment("start", "Time to start", 20, article([name for name in ALL if not name.startswith("floor")]),
               article(["bun-compiled", "warmstart"]), kind="start"),
    Experiment("race", "Polls that are aborted", 1,
               [Point("warmstart", mode) for mode in ("write", "ack:0", "ack:2", "ack:5", "required")]
               + [Point("bun-compiled", "-")],
               [Point("warmstart", "ack:5"), Point("bun-compiled", "-")], kind="race"),
    Experiment(
        "miss", "Nobody waits", 3, misses(RIVALS, [0, 50, 100]), misses(["warmstart"], [100])),
    Experiment(
        "payload", "Size of the message", 3, payload(RIVALS, [700, 2048, 16384, 131072, 1048576]),
        payload(["warmstart"], [131072])),
    Experiment("keys", "Different keys", 3, keys(RIVALS, [1, 10, 100, 1000, 10000]), keys(["warmstart"], [1000])),
    Experiment("churn", "Connections that come and go", 3, churn(RIVALS, [0, 500, 2000, 5000]),
               churn(["warmstart"], [2000])),
    Experiment("logging", "The cost of a log", 3, logging(["off", "error", "info", "debug"]),
               logging(["off", "info"])),
    Experiment("core", "The core alone", 1, [], [], kind="core"),
    Experiment("steady", "Ten minutes", 1, steady(), [], quick=False, default=False, kind="steady"),
]
