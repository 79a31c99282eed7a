# SPDX-License-Identifier: MIT
"""bench/run: measures warmstartd beside its peers, and writes docs/benchmarks.md from what it found."""
import argparse
import contextlib
import fcntl
import json
import os
import resource
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import machine  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
from experiments import EXPERIMENTS  # noqa: E402
from servers import DESCRIPTORS, kinds  # noqa: E402

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PROJECT = os.path.dirname(HERE)

TARGETS = {
    "servers/daemon/warmstartd": (),
    "bench/load/warmstart-bench": (),
    "bench/peers/floor": (),
    "bench/core/bench-core": ("core",),
    "tests/delivery/abort_race": ("race",),
}


class Wrong(Exception):
    """Why nothing can be measured; the text is for people."""


def read_arguments():
    names = ", ".join(e.name for e in EXPERIMENTS)
    parser = argparse.ArgumentParser(
        prog="bench/run",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="""\
Builds a release, fetches the peers, and measures them in turn: the server on one processor, the load on another.
Writes bench/results/NAME.json for each experiment, docs/benchmarks.md and docs/benchmarks/*.svg.""",
        epilog=f"""\
Experiments: {names}.
`steady` runs only when it is named.

All of it takes about 35 minutes (--rounds 2: about 20), --quick less than 3, `--only steady` 21. Stop what else
runs on the machine.
Exit status: 0 done, 1 something could not be measured or a run of warmstartd was not right, 2 wrong usage,
3 something is missing.""",
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="few points, once, one second each; writes into build-bench/quick only")
    add("--only", action="append", metavar="EXPERIMENT", default=[], help="this experiment; repeatable")
    add("--servers", metavar="NAME,...", help="only points of these servers, where an experiment has any of them")
    add("--rounds", type=int, metavar="N", help="how often each point is measured (default: 3 or 5, by experiment)")
    add("--duration", type=int, metavar="SECONDS", help="how long a point is measured (default: 3)")
    add("--warm-up", type=int, metavar="SECONDS", help="what comes before that (default: 2)")
    add("--output", metavar="FOLDER", help="write bench/results and docs below this folder instead of the project")
    add("--no-install", action="store_true", help="fetch nothing: leave out the peers that are not there")
    add("--report", action="store_true", help="measure nothing, only write docs/benchmarks.md from bench/results")
    add("--list", action="store_true", help="list the experiments and their points")
    arguments = parser.parse_args()
    unknown = set(arguments.only) - {e.name for e in EXPERIMENTS}
    if unknown:
        parser.error(f"no such experiment: {', '.join(sorted(unknown))} (there are: {names})")
    for name in ("rounds", "duration", "warm_up"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    return arguments


def say(text):
    print(text, file=sys.stderr, flush=True)


def chosen(arguments):
    """The experiments of this call, with their points and rounds as it wants them."""
    wanted = []
    for experiment in EXPERIMENTS:
        if arguments.only and experiment.name not in arguments.only:
            continue
        if not arguments.only and not (experiment.quick if arguments.quick else experiment.default):
            continue
        if arguments.quick:
            experiment.points = experiment.short or experiment.points
            experiment.rounds = 3 if experiment.kind == "start" else 1
        if arguments.servers and experiment.points:
            names = arguments.servers.split(",")
            experiment.points = [point for point in experiment.points if point.server in names]
            if not experiment.points:
                continue
        if arguments.rounds:
            experiment.rounds = arguments.rounds
        wanted.append(experiment)
    if not wanted:
        raise Wrong("nothing is left to measure")
    return wanted


def prepare(arguments, build, experiments):
    """Programs, libraries, peers."""
    if not arguments.no_install:
        if subprocess.run([f"{PROJECT}/scripts/dependencies", "build", "test", "bench"], check=False).returncode != 0:
            raise Wrong("something is missing (--no-install goes without the peers)")
        if subprocess.run([f"{HERE}/peers/install"], check=False).returncode != 0:
            raise Wrong("the peers could not be fetched (--no-install goes without them)")
    names = {experiment.name for experiment in experiments}
    targets = [target for target, only in TARGETS.items() if not only or names & set(only)]
    if not os.path.exists(f"{build}/build.ninja"):
        say("configuring a release in build-bench")
        setup = ["meson", "setup", build, "--buildtype=release"]
        done = subprocess.run(setup, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Wrong(f"meson failed:\n{done.stdout[-3000:]}{done.stderr}")
    done = subprocess.run(["ninja", "-C", build, *targets], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"it does not build:\n{done.stdout[-3000:]}{done.stderr}")


def processors():
    """One for the server, one for the load; None, None if there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < DESCRIPTORS:
        say(f"only {most} descriptors a process (ulimit -n): points that need more will fail")


def short(found):
    """A measurement in a few words."""
    if "error" in found:
        return f"FAILED: {found['error'].splitlines()[0][:150]}"
    if "ms" in found:
        return f"{found['ms']:.1f} ms"
    if "wrong" in found:
        return f"{found['told_true']} true, {found['wrong']} of them wrong"
    if "posts_per_second" in found:
        text = f"{found['posts_per_second']:9.0f} posts/s, p99 {found['post_us']['p99']:.0f} us"
        if found.get("server"):
            text += f", {found['server']['cpu_us_per_post']:.1f} us CPU each"
        text += f", load at {found['self']['core_share']:.0%}"
        return text + ("" if found["right"] else f", NOT RIGHT: {report.faults_text(found['faults'])}")
    return "done"


def rounds_of(bench, experiment, progress):
    """Measures all points, round after round. The order turns, so that no point always follows the same other."""
    points = experiment.points or [None]
    runs = [[] for _ in points]
    with measure.Slices(bench, points) if experiment.kind == "slices" else contextlib.nullcontext() as slices:
        for number in range(experiment.rounds):
            for step in range(len(points)):
                index = (step + number) % len(points)
                point = points[index]
                found = measure.measure(bench, experiment, point, slices)
                runs[index].append(found)
                label = " ".join(str(word) for word in (point.server, point.x) if word is not None) if point else ""
                progress(f"{experiment.name} {number + 1}/{experiment.rounds} {label:30s} {short(found)}")
    return [
        {"server": point.server, "x": point.x, "load": point.load, "flags": point.flags, "runs": found}
        if point
        else {"runs": found}
        for point, found in zip(points, runs)
    ]


def write_json(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
    os.replace(f"{path}.new", path)


def is_bad(points):
    """Did something fail, or was a run of ours not right? What peers lose is a result."""
    for point in points:
        for found in point["runs"]:
            if "error" in found:
                return True
            if point.get("server", "").startswith("warmstart") and found.get("right") is False:
                return True
    return False


def without_missing_peers(experiments):
    there = os.path.exists(f"{HERE}/peers/build/bun-broker")
    if there:
        return
    say("the peers on Node and Bun are not there: left out")
    for experiment in experiments:
        experiment.points = [p for p in experiment.points if not p.server.startswith(("node", "bun"))]


def measure_all(arguments, output, build):
    experiments = chosen(arguments)
    prepare(arguments, build, experiments)
    if arguments.no_install:
        without_missing_peers(experiments)
    raise_descriptor_limit()
    quick = arguments.quick
    settings = {
        "quick": quick,
        "warm_up": arguments.warm_up or (1 if quick else 2),
        "duration": arguments.duration or (1 if quick else 3),
        "race_runs": 5000 if quick else 50000,
        "steady": arguments.duration or 600,
    }
    servers = kinds(PROJECT, build)
    bench = measure.Bench(PROJECT, build, servers, processors(), settings)
    versions = {name: machine.output_of(f"{HERE}/peers/start", "--version", name) for name in servers}
    began = time.monotonic()
    bad = []

    def progress(text):
        say(f"[{time.monotonic() - began:5.0f} s] {text}")

    for experiment in experiments:
        made = machine.describe(PROJECT, bench_processors(bench))
        made["versions"] = {name: version for name, version in versions.items() if version}
        points = rounds_of(bench, experiment, progress)
        content = {"experiment": experiment.name, "title": experiment.title, "rounds": experiment.rounds,
                   "settings": settings, "made": made, "points": points}
        write_json(f"{output}/bench/results/{experiment.name}.json", content)
        report.write(output)
        if is_bad(points):
            bad.append(experiment.name)
    if bad:
        say(f"not all is right or measured: {', '.join(bad)}")
    return 1 if bad else 0


def bench_processors(bench):
    return bench.server_processor, bench.load_processor


def main():
    arguments = read_arguments()
    build = f"{PROJECT}/build-bench"
    output = os.path.abspath(arguments.output or (f"{build}/quick" if arguments.quick else PROJECT))
    if arguments.list:
        for experiment in EXPERIMENTS:
            print(f"{experiment.name:10s} {experiment.title}")
            for point in experiment.points:
                print(f"           {point.server} {'' if point.x is None else point.x}")
        return 0
    if arguments.report:
        report.write(output)
        return 0
    os.makedirs(build, exist_ok=True)
    with open(f"{build}/.bench-lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Wrong("another bench/run is running here") from error
        status = measure_all(arguments, output, build)
    say(f"written: {output}/docs/benchmarks.md")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        say(f"bench/run: {wrong}")
        sys.exit(3)
    except BrokenPipeError:
        sys.exit(0)  # --list | head
    except KeyboardInterrupt:
        say("interrupted; what was finished is written")
        sys.exit(130)
