# SPDX-License-Identifier: MIT
"""SVG plots, drawn by gnuplot."""
import os
import subprocess

HEAD = """
set terminal svg size 760,400 dynamic background rgb 'white' font 'sans-serif,13'
set output '{path}'
set title "{title}"
set grid y lc rgb '#dddddd'
set format x "%.0s%c"
set border 3
set tics nomirror
"""
COLOURS = {"warmstartd": "#1b7837", "Bun": "#b2182b", "Redis": "#2166ac", "Node": "#e08214", "beanstalkd": "#762a83",
           "GLib": "#2166ac", "SQLite": "#e08214"}


def colour(name):
    """The same for a server in each plot."""
    return next((found for start, found in COLOURS.items() if name.startswith(start)), "#666666")


def draw(path, title, script):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    script = HEAD.format(path=path, title=title) + script
    # What it says of axes with one value only is of no interest.
    done = subprocess.run(["gnuplot"], input=script, text=True, timeout=60, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"gnuplot failed: {done.stderr}")


def block(name, rows):
    return "\n".join([f"${name} << END", *(" ".join(str(cell) for cell in row) for row in rows), "END"])


def lines(path, title, x_label, y_label, series, log_x=False, log_y=False):
    """`series`: name -> [(x, (median, lowest, highest))]. Whiskers from the lowest to the highest."""
    series = {name: [(x, *s) for x, s in points] for name, points in series.items()}
    script = [block(f"data{i}", points) for i, points in enumerate(series.values())]
    script += [f'set xlabel "{x_label}"', f'set ylabel "{y_label}"', "set key outside right top"]
    script += ["set logscale x" if log_x else "", "set logscale y" if log_y else "set yrange [0:*]"]
    drawn = [
        f"$data{i} using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.5 lc rgb '{colour(name)}' title \"{name}\""
        for i, name in enumerate(series)
    ]
    script.append("plot " + ", ".join(drawn))
    draw(path, title, "\n".join(script) + "\n")


def dots(path, title, label, found):
    """`found`: [(name, (median, lowest, highest))], the first on top. A logarithmic axis."""
    rows = [(len(found) - i, *three) for i, (_, three) in enumerate(found)]
    names = ", ".join(f'"{name}" {row[0]}' for (name, _), row in zip(found, rows))
    script = [block(f"data{i}", [row]) for i, row in enumerate(rows)]
    script += [f"set ytics ({names})", f"set yrange [0.5:{len(rows) + 0.5}]", "unset key"]
    script += [f'set xlabel "{label}"', "set logscale x", "set grid x"]
    drawn = [
        f"$data{i} using 2:1:3:4 with xerrorbars lw 2 pt 7 ps 0.8 lc rgb '{colour(name)}'"
        for i, (name, _) in enumerate(found)
    ]
    script.append("plot " + ", ".join(drawn))
    draw(path, title, "\n".join(script) + "\n")
