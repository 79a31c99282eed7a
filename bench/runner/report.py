# SPDX-License-Identifier: MIT
"""docs/benchmarks.md and its plots, from bench/results. Every number in them comes from there."""
import datetime
import glob
import json
import os
import re

import plots
from figures import dig, median, number, of, ratio, spread, table, values, with_spread

CPU = "server.cpu_us_per_post"
RATE = "posts_per_second"
TEMPLATE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "benchmarks.md.in")
TITLES = {
    "node-sqlite": "Node 22 + SQLite",
    "node-map": "Node 22 + Map",
    "bun": "Bun",
    "bun-compiled": "Bun, compiled",
    "redis": "Redis, `BLPOP` and `LPUSH`",
    "beanstalkd": "beanstalkd, `reserve` and `put`",
    "floor": "the floor",
    "floor-suspend": "the floor, with libmicrohttpd's calls",
    "warmstart": "**warmstartd**, HTTP",
    "warmstart-small": "**warmstartd**, HTTP, `--max-header-bytes 2560`",
    "warmstart-http-unix": "**warmstartd**, HTTP on a Unix socket",
    "warmstart-unix": "**warmstartd**, Unix protocol",
}
MISSING = "*Not measured yet.*"


def plain(server):
    return re.sub(r"[*`]", "", TITLES[server])


def faults_text(faults):
    """The faults that there were, in words."""
    found = [f"{count:,} {name.replace('_', ' ')}" for name, count in faults.items() if count]
    return ", ".join(found) or "none"


def faults_of(runs):
    """The faults of several measurements together."""
    total = {}
    for found in runs:
        for name, count in (dig(found, "faults") or {}).items():
            total[name] = total.get(name, 0) + count
    return total


class Results:
    """All of bench/results below a folder."""

    def __init__(self, output):
        self.experiments = {}
        for path in sorted(glob.glob(f"{output}/bench/results/*.json")):
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            self.experiments[content["experiment"]] = content

    def points(self, experiment):
        return self.experiments.get(experiment, {}).get("points", [])

    def point(self, experiment, server, x=None):
        for point in self.points(experiment):
            if point["server"] == server and point["x"] == x:
                return point
        return None

    def whole(self, experiment):
        """The one measurement of an experiment without points."""
        points = self.points(experiment)
        return points[0]["runs"][-1] if points else None

    def servers(self, experiment):
        return list(dict.fromkeys(point["server"] for point in self.points(experiment)))

    def xs(self, experiment):
        return list(dict.fromkeys(point["x"] for point in self.points(experiment)))

    def made(self, experiment):
        """When and of what, as a line below a table."""
        content = self.experiments[experiment]
        made = content["made"]
        date = datetime.datetime.fromisoformat(made["date"])
        text = f"{date.day} {date:%B %Y, %H:%M} UTC, commit `{made['commit']}`"
        if content["rounds"] > 1:
            text += f", {content['rounds']} rounds"
        loaded = any("posts_per_second" in found for point in content["points"] for found in point["runs"])
        settings = content["settings"]
        if experiment == "steady":
            text += f", {settings['steady']} s each"
        elif experiment == "ratios":
            text += ", each 1 s after 0.3 s of warm-up"
        elif loaded:
            text += f", each {settings['duration']} s after {settings['warm_up']} s of warm-up"
        if made["load_average"] > 0.7:
            text += f"; other programs were running (load {made['load_average']:.1f} before it began)"
        stolen = spread([found.get("stolen_share") for point in content["points"] for found in point["runs"]])
        if stolen and stolen[2] >= 0.02:
            text += f"; the hypervisor gave {stolen[0]:.0%} of the time to others ({stolen[1]:.0%} to {stolen[2]:.0%})"
        failed = [point.get("server") for point in content["points"] for f in point["runs"] if "error" in f]
        if failed:
            names = ", ".join(sorted({plain(server) for server in failed if server}))
            text += f"; **{len(failed)} measurements failed**{': ' + names if names else ''}"
        return f"*{text}.*"


def article_table(results):
    rows = []
    for server in results.servers("article"):
        point = results.point("article", server)
        ms = [median(of(point, f"post_us.{name}", 1e-3)) for name in ("p50", "p95", "p99", "max")]
        rows.append([
            TITLES[server],
            with_spread(of(point, CPU)),
            with_spread(of(point, RATE)),
            *ms,
            median(of(point, "hit_share", 100)),
            median(of(point, "self.core_share", 100)),
            faults_text(faults_of(point["runs"])),
        ])
    head = ["server", "CPU µs a POST", "POSTs/s", "p50 ms", "p95", "p99", "max", "hits %", "load's core %", "faults"]
    return table(head, rows)


def grid(results, experiment, x_title, x_text=str, extra=()):
    """For each x a row for each server."""
    columns = [("POSTs/s", RATE, 1), ("p50 ms", "post_us.p50", 1e-3), ("p99 ms", "post_us.p99", 1e-3), *extra]
    rows = []
    for x in results.xs(experiment):
        for server in results.servers(experiment):
            point = results.point(experiment, server, x)
            if point:
                cells = [median(of(point, path, scale)) for _, path, scale in columns]
                faults = faults_text(faults_of(point["runs"]))
                rows.append([x_text(x), TITLES[server], with_spread(of(point, CPU)), *cells, faults])
    return table([x_title, "server", "CPU µs a POST", *(title for title, _, _ in columns), "faults"], rows)


def bytes_text(count):
    for unit, size in (("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= size:
            return f"{count / size:g} {unit}"
    return f"{count} B"


def held_table(results):
    return grid(results, "held", "held", number, [("bytes each", "server.held_bytes_per_connection", 1)])


def confirm_table(results):
    rows = []
    for how in results.xs("confirm"):
        point = results.point("confirm", "warmstart", how)
        latencies = [median(of(point, f"post_us.{name}", 1e-3)) for name in ("p50", "p99")]
        rows.append([f"`--confirm {how}`", with_spread(of(point, CPU)), with_spread(of(point, RATE)), *latencies])
    return table(["", "CPU µs a POST", "POSTs/s", "p50 ms", "p99"], rows)


def logging_table(results):
    rows = []
    for level in results.xs("logging"):
        point = results.point("logging", "warmstart", level)
        rows.append([f"`--log-level {level}`", with_spread(of(point, CPU)), with_spread(of(point, RATE))])
    return table(["", "CPU µs a POST", "POSTs/s"], rows)


def tail_ratio(point):
    """The p99 of a POST divided by its p50."""
    return spread([a / b for a, b in zip(values(point, "post_us.p99"), values(point, "post_us.p50")) if a and b])


def tail_table(results):
    rows = []
    for point in sorted(results.points("tail"), key=lambda p: (p["x"], p["server"])):
        ms = [median(of(point, f"post_us.{name}", 1e-3)) for name in ("p50", "p99", "p99_9", "max")]
        rows.append([f"{point['x']} %", TITLES[point["server"]], median(of(point, RATE)), *ms,
                     with_spread(tail_ratio(point))])
    return table(["of capacity", "server", "POSTs/s", "p50 ms", "p99", "p99.9", "max", "p99 ÷ p50"], rows)


def start_table(results):
    rows = [
        [TITLES[server], with_spread(of(results.point("start", server), "ms"))] for server in results.servers("start")
    ]
    return table(["server", "ms from exec to the first answer"], rows)


def size_table(results):
    found = results.whole("size")
    if not found or "error" in found:
        return MISSING
    titles = {"node": "Node 22 (the stages' own code aside)", "bun": "Bun (the same)"}
    rows = []
    for name, files in found["programs"].items():
        program, *libraries = files.values()
        rows.append([titles.get(name, TITLES.get(name, name)), f"{program:,}", f"{program + sum(libraries):,}"])
    image = dict(found["image"])
    total = image.pop("total")
    rows.append(["**the image** of `scripts/image`, program stripped", "", f"{total:,}"])
    heaviest = sorted(image.items(), key=lambda item: -item[1])
    tried = "a run was handed over inside of it" if found["tried_inside"] else "not tried: not root"
    return "\n".join([
        table(["", "program, bytes", "with all that it is linked with"], rows),
        "",
        f"What is in the image ({tried}):",
        "",
        table(["file", "bytes"], [[f"`{os.path.basename(path)}`", f"{size:,}"] for path, size in heaviest]),
    ])


def race_table(results):
    rows = []
    for point in results.points("race"):
        told = [value for value in values(point, "told_true") if value]
        wrong = [value for value in values(point, "wrong") if value is not None]
        half = [value for value in values(point, "half_closed") if value is not None]
        if not told:
            continue
        title = TITLES[point["server"]] + (f", `{point['x']}`" if point["server"] == "warmstart" else "")
        rows.append([
            title,
            f"{sum(told):,}",
            f"{sum(wrong):,}",
            number(1e6 * sum(wrong) / sum(told)),
            number(1e6 * sum(half) / sum(told)),
            median(of(point, "median_us", 1e-3)),
            median(of(point, "p99_us", 1e-3)),
        ])
    head = ["", "told `true`", "nobody has it", "in a million", "half-closed, in a million", "median ms", "p99 ms"]
    return table(head, rows)


def core_table(results):
    found = results.whole("core")
    if not found or "error" in found:
        return MISSING
    sizes = {(10000, 1000), (1000000, 100000)}
    chosen = {}
    contenders = []
    for one in found["results"]:
        size = (one["waiters"], one["keys"])
        subset = "subset" in one["operation"]
        if "error" in one or not (subset or size in sizes):
            continue
        chosen.setdefault((one["operation"], *size), {})[one["contender"]] = one
        if one["contender"] not in contenders:
            contenders.append(one["contender"])
    rows = [
        [operation, number(waiters), number(keys), *(number(dig(by, f"{name}.median_ns")) for name in contenders)]
        for (operation, waiters, keys), by in chosen.items()
    ]
    return table(["ns an operation", "waiters", "keys", *contenders], rows)


def steady_table(results):
    rows = []
    for point in results.points("steady"):
        found = point["runs"][-1]
        samples = found.get("samples", [])
        if "error" in found or len(samples) < 10:
            continue
        tenth = len(samples) // 10
        mebi = lambda i: number(samples[i]["resident_bytes"] / 2**20)
        rows.append([
            TITLES[point["server"]],
            f"{found['posts']:,}",
            mebi(tenth), mebi(len(samples) // 2), mebi(-1 - tenth),
            faults_text(found["faults"]),
        ])
    head = ["server", "POSTs", "resident MiB after a tenth", "half", "nine tenths", "faults"]
    return table(head, rows) if rows else MISSING


def goal(found, limit):
    """What was found, and whether the goal was reached."""
    if found is None:
        return ["–", "not measured"]
    reached = "reached" if found[0] <= limit else f"**not reached**, {found[0] / limit - 1:.0%} above"
    return [with_spread(found), reached]


def our_faults(results):
    """All faults of warmstartd in all experiments. What was told false though it arrived is counted, and safe."""
    runs = [
        found
        for content in results.experiments.values()
        for point in content["points"]
        if point.get("server", "").startswith("warmstart")
        for found in point["runs"]
        if "faults" in found
    ]
    if not runs:
        return ["–", "not measured"]
    faults = faults_of(runs)
    safe = faults.pop("unconfirmed", 0)
    text = f"{faults_text(faults)} in {sum(found['posts'] for found in runs):,} POSTs"
    if safe:
        text += f" ({safe:,} told `false` and arrived all the same, which is safe)"
    return [text, "reached" if not any(faults.values()) else "**not reached**"]


def beside(found):
    """What is not a goal, but tells something about one."""
    return [with_spread(found), ""] if found else ["–", "not measured"]


def goals_table(results):
    at = lambda server, experiment="article", x=None: results.point(experiment, server, x)
    beside_us = lambda server, x=None: at(server, "ratios", x)
    ours = beside_us("warmstart")
    image = (results.whole("size") or {}).get("image", {}).get("total")
    largest = max((x for x in results.xs("held") if results.point("held", "warmstart", x)), default=None)
    held = at("warmstart", "held", largest)
    rows = [
        ["CPU a POST ÷ compiled Bun's", "at most 0.45", *goal(ratio(ours, beside_us("bun-compiled"), CPU), 0.45)],
        ["CPU a POST ÷ Redis's", "at most 0.9", *goal(ratio(ours, beside_us("redis"), CPU), 0.9)],
        ["CPU a POST ÷ the floor's", "at most 1.35", *goal(ratio(ours, beside_us("floor"), CPU), 1.35)],
        ["the same ÷ the floor's with libmicrohttpd's calls", "",
         *beside(ratio(ours, beside_us("floor-suspend"), CPU))],
        ["CPU a POST with 17,500 held ÷ with 500", "at most 1.05",
         *goal(ratio(beside_us("warmstart", 17500), ours, CPU), 1.05)],
        ["user memory for a held HTTP connection, bytes", "at most 5,120",
         *goal(of(held, "server.held_bytes_per_connection"), 5120)],
        ["the same with `--max-header-bytes 2560`", "",
         *beside(of(at("warmstart-small", "held", largest), "server.held_bytes_per_connection"))],
        ["POST p99 ÷ p50, open loop at 60 % of capacity", "at most 3",
         *goal(tail_ratio(at("warmstart", "tail", 60)), 3)],
        ["the same of the floor", "", *beside(tail_ratio(at("floor", "tail", 60)))],
        ["CPU a POST, `--confirm ack` ÷ `write`", "at most 1.08",
         *goal(ratio(ours, beside_us("warmstart", "write"), CPU), 1.08)],
        ["CPU a hand-over, Unix protocol ÷ HTTP", "at most 0.5",
         *goal(ratio(beside_us("warmstart-unix"), ours, CPU), 0.5)],
        ["lost, duplicated, misrouted, told `true` wrongly", "0", *our_faults(results)],
        ["image: bytes with all that `warmstartd` needs", "under 10 MB",
         *goal(spread([image]), 10_000_000)],
    ]
    return table(["", "goal", "measured", ""], rows)


def machine_text(results):
    content = results.experiments.get("article") or next(iter(results.experiments.values()), None)
    if not content:
        return MISSING
    made = content["made"]
    virtual = "a virtual machine, " if made["hypervisor"] else ""
    alone = made["pinned"]["server"] is not None
    pinned = "the server on one of them, the load on the other" if alone else "not pinned"
    lines = [
        f"- {virtual}{made['cpu']}, {made['processors']} processors ({pinned}), {made['memory_gib']} GiB; "
        f"{made['system']}, Linux {made['kernel']}",
        f"- `warmstartd` of commit `{made['commit']}`, {made['compiler']}, libmicrohttpd {made['libmicrohttpd']}",
        "- " + ", ".join(dict.fromkeys(", ".join(made["versions"].values()).split(", "))),
    ]
    return "\n".join(lines)


def by_server(results, experiment, path, scale=1.0):
    """What a plot shows: a line for each server."""
    series = {}
    for point in results.points(experiment):
        found = of(point, path, scale)
        if found:
            series.setdefault(plain(point["server"]), []).append((point["x"], found))
    return series


CONTENDERS = {"warmstart": "warmstartd's core", "glib": "GLib's containers", "sqlite": "SQLite in memory",
              "cache-miss": "one load that misses the caches"}


def core_growth(results):
    """A hand-over by the number of waiters, ten for each key."""
    found = results.whole("core") or {}
    series = {}
    for one in found.get("results", []):
        chosen = one["operation"] == "hand-over" and one["waiters"] == 10 * one["keys"] and "error" not in one
        if chosen and one["contender"] in CONTENDERS:
            three = (one["median_ns"], one["fastest_ns"], one["slowest_ns"])
            series.setdefault(CONTENDERS[one["contender"]], []).append((one["waiters"], three))
    return series


def memory_by_time(results):
    series = {}
    for point in results.points("steady"):
        samples = point["runs"][-1].get("samples", [])
        if samples:
            mebi = [(sample["seconds"], (sample["resident_bytes"] / 2**20,) * 3) for sample in samples]
            series[plain(point["server"])] = mebi
    return series


def ratios_table(results):
    rows = []
    ours = results.point("ratios", "warmstart")
    for point in results.points("ratios"):
        more = {"write": ", `--confirm write`", 17500: ", 17,500 held"}
        name = TITLES[point["server"]] + more.get(point["x"], "")
        rows.append([name, with_spread(of(point, CPU)), median(of(point, RATE)), with_spread(ratio(ours, point, CPU)),
                     median(of(point, "self.core_share", 100)), faults_text(faults_of(point["runs"]))])
    return table(["server", "CPU µs a POST", "POSTs/s", "`warmstartd`, HTTP ÷ it", "load's core %", "faults"], rows)


def article_dots(results):
    found = [(plain(server), of(results.point("article", server), CPU)) for server in results.servers("article")]
    return [(name, cpu) for name, cpu in found if cpu]


def plots_of(results):
    """Name -> (title, what draws it into a file); only those that have something to show."""
    held = by_server(results, "held", CPU)
    found = {
        "held": ("CPU by held connections", "held", "µs a POST", held, {}),
        "payload": ("CPU by size of the message", "bytes", "µs a POST", by_server(results, "payload", CPU),
                    {"log_x": True, "log_y": True}),
        "keys": ("CPU by different keys", "keys", "µs a POST", by_server(results, "keys", CPU), {"log_x": True}),
        "churn": ("CPU by connections that come and go", "a second", "µs a POST",
                  by_server(results, "churn", CPU), {}),
        "tail": ("p99 at a fixed rate", "% of the server's own capacity", "ms",
                 by_server(results, "tail", "post_us.p99", 1e-3), {"log_y": True}),
        "core": ("A hand-over in the core, ten waiters a key", "waiters", "ns", core_growth(results),
                 {"log_x": True, "log_y": True}),
        "steady": ("Resident memory under load", "seconds", "MiB", memory_by_time(results), {}),
    }
    drawn = {
        name: (title, lambda path, what=(title, x, y, series), how=how: plots.lines(path, *what, **how))
        for name, (title, x, y, series, how) in found.items()
        if series
    }
    found = article_dots(results)
    if found:
        drawn["article"] = ("CPU for each POST", lambda path: plots.dots(path, "CPU for each POST", "µs", found))
    return drawn


TABLES = {
    "goals": goals_table,
    "ratios": ratios_table,
    "article": article_table,
    "held": held_table,
    "miss": lambda results: grid(results, "miss", "misses %"),
    "payload": lambda results: grid(results, "payload", "message", bytes_text),
    "keys": lambda results: grid(results, "keys", "keys", number),
    "churn": lambda results: grid(results, "churn", "connections/s", number),
    "confirm": confirm_table,
    "logging": logging_table,
    "tail": tail_table,
    "start": start_table,
    "size": size_table,
    "race": race_table,
    "core": core_table,
    "steady": steady_table,
}


def render(results):
    """The text of docs/benchmarks.md."""
    drawn = plots_of(results)

    def fill(match):
        kind, _, name = match[1].partition(" ")
        if kind == "machine":
            return machine_text(results)
        if kind == "made":
            return results.made(name) if results.points(name) else ""
        if kind == "plot":
            return f"![{drawn[name][0]}](benchmarks/{name}.svg)" if name in drawn else ""
        return TABLES[name](results) if name == "goals" or results.points(name) else MISSING

    with open(TEMPLATE, encoding="utf-8") as file:
        text = re.sub(r"\{\{([a-z ]+)\}\}", fill, file.read())
    return re.sub(r"\n{3,}", "\n\n", text)


def write(output):
    """docs/benchmarks.md and docs/benchmarks/ below a folder, from bench/results there."""
    results = Results(output)
    os.makedirs(f"{output}/docs", exist_ok=True)
    with open(f"{output}/docs/benchmarks.md", "w", encoding="utf-8") as file:
        file.write(render(results))
    for name, (_, draw) in plots_of(results).items():
        draw(f"{output}/docs/benchmarks/{name}.svg")
