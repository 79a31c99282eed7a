# SPDX-License-Identifier: MIT
"""Numbers from measurements: medians, spreads, ratios, and how they are written."""
import statistics


def dig(found, path):
    """A value inside a measurement, `server.cpu_us_per_post`; None if there is none."""
    for name in path.split("."):
        if not isinstance(found, dict) or found.get(name) is None:
            return None
        found = found[name]
    return found


def values(point, path):
    """One value for each round, None for a round without."""
    return [dig(found, path) for found in point["runs"]] if point else []


def spread(numbers):
    """(median, lowest, highest), or None."""
    numbers = [number for number in numbers if number is not None]
    return (statistics.median(numbers), min(numbers), max(numbers)) if numbers else None


def of(point, path, scale=1.0):
    return spread([None if value is None else value * scale for value in values(point, path)])


def ratio(above, below, path):
    """The ratio of two points, round by round: what disturbed a round disturbed both."""
    pairs = zip(values(above, path), values(below, path))
    return spread([a / b for a, b in pairs if a is not None and b])


def number(value):
    """Three digits that matter, thousands apart."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size else "0"


def median(found):
    return number(found[0]) if found else "–"


def with_spread(found):
    """`20.1 (19.8 to 20.4)`; the median alone if there was one round."""
    if not found:
        return "–"
    middle, low, high = found
    return number(middle) if low == high else f"{number(middle)} ({number(low)} to {number(high)})"


def table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
