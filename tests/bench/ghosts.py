#!/usr/bin/env python3
"""Tell how much of what a style shows is copied into a sweep's pictures, pair by pair, and what that is worth in style error.

    python tests/bench/quality.py sweep --folder FOLDER --variant "before=--layer relu1_1=1 …"
    python tests/bench/ghosts.py --folder FOLDER

Printed is the share of places that look like some place of the style (`measures.py`) in percent, with the
style's weight as it is usual, and every system's means and fronts. Needs what `quality.py` needs.
"""

import argparse
import statistics
import sys
from pathlib import Path

from fronts import fronts_table, means_table, systems_of
from measures import GHOST_AXES
from quality import Results


def ghosts_table(points, factor):
    """Markdown: for each pair every system's share of copied places at each layer, in percent; their means
    and maxima."""
    shown = [point for point in points if point["factor"] == factor]
    systems = systems_of(shown)
    lines = ["| content, style | " + " | ".join(systems) + " |", "|---|" + "---|" * len(systems)]
    rows = {}
    for point in shown:
        rows.setdefault((point["content"], point["style"]), {})[point["system"]] = [100 * point[axis] for axis in GHOST_AXES]
    for (content, style), found in rows.items():
        cells = (" / ".join(f"{share:.0f}" for share in found[system]) if system in found else "" for system in systems)
        lines.append(f"| {content}, {style} | " + " | ".join(cells) + " |")
    for name, total in (("mean", statistics.mean), ("most", max)):
        columns = ([found[system] for found in rows.values() if system in found] for system in systems)
        cells = (" / ".join(f"{total(shares):.1f}" for shares in zip(*column)) for column in columns)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--factor", type=float, default=1.0, help="of the style's weight, for the shares")
    parser.add_argument("--hero", default="Impasto", help="the system whose fronts are compared with the others'")
    arguments = parser.parse_args()
    results = Results(arguments.folder)
    points = results.data["points"]
    starts = {pair[:2]: start for pair, start in results.starts().items()}
    tables = ghosts_table(points, arguments.factor), means_table(points), fronts_table(points, starts, arguments.hero)
    print("\n\n".join([f"copied at {' / '.join(axis.split()[1] for axis in GHOST_AXES)}, percent", *tables]))


if __name__ == "__main__":
    sys.exit(main())
