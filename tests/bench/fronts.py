"""Compare systems by their fronts: curves of style error over content error that a sweep of the style's
weight draws."""

import math
import statistics

from measures import AXES, COHERENCE_AXES, HEADINGS, STYLE_AXES
from PIL import Image, ImageDraw, ImageOps


def by_pair(points, system):
    """{(content, style): points of the system}."""
    pairs = {}
    for point in points:
        if point["system"] == system:
            pairs.setdefault((point["content"], point["style"]), []).append(point)
    return pairs


def dominates(a, b, axis):
    """Whether a is nowhere worse and somewhere better."""
    at, bt = (a[axis], a["cfsd"]), (b[axis], b["cfsd"])
    return at != bt and at[0] <= bt[0] and at[1] <= bt[1]


def front(points, axis, start):
    """(content error, style error) of the points that none dominates, from the untouched content on."""
    path = [(0.0, start[axis])]
    for content, style in sorted((point["cfsd"], point[axis]) for point in points):
        if style < path[-1][1]:
            path.append((content, style))
    return path


def style_error_at(path, content):
    """A front's style error at a content error, linear between its points; beyond its last point, that point's."""
    for (left, high), (right, low) in zip(path, path[1:]):
        if content <= right:
            return high + (low - high) * (content - left) / (right - left) if right > left else low
    return path[-1][1]


def volume(path, start, axis, worst):
    """Share of the rectangle from (0, 0) to (worst content error, the untouched content's style error) that a
    front dominates."""
    corners = [*path, (worst, path[-1][1])]
    area = sum((right - left) * (start[axis] - high) for (left, high), (right, _) in zip(corners, corners[1:]))
    return area / (worst * start[axis])


def mean_ratio(ratios):
    """Geometric mean."""
    return math.exp(statistics.mean(map(math.log, ratios)))


def systems_of(points):
    """Names, in order of appearance."""
    return list(dict.fromkeys(point["system"] for point in points))


def mean_cell(rows, axis, digits=3):
    """Mean of the rows that were measured by this axis; empty if none was, as in a folder of before."""
    measured = [row[axis] for row in rows if axis in row]
    return f"{statistics.mean(measured):.{digits}f}" if measured else ""


def means_table(points):
    """Markdown: every system's means at every factor; processor seconds are those of a whole run."""
    headings = ["style weight", "system", *(HEADINGS[axis] for axis in AXES), "steps", "CPU s", "pairs"]
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for factor in sorted({point["factor"] for point in points}):
        for system in systems_of(points):
            rows = [point for point in points if (point["system"], point["factor"]) == (system, factor)]
            if rows:
                numbers = " | ".join(mean_cell(rows, axis) for axis in AXES)
                lines.append(f"| ×{factor:g} | {system} | {numbers} | {rows[0]['steps']} | {mean_cell(rows, 'cpu', 0)} | {len(rows)} |")
    return "\n".join(lines)


def fronts_table(points, starts, hero):
    """Markdown: the hero's front against each other system's, axis by axis. `starts` has each pair's errors
    of the content itself."""
    lines = [f"| {hero} against | style axis | its points dominated | {hero}'s points dominated "
             f"| style error at equal content | hypervolume, theirs / {hero}'s |",
             "|---|---|---|---|---|---|"]
    ours = by_pair(points, hero)
    for other in systems_of(points):
        theirs = by_pair(points, other)
        shared = [pair for pair in ours if pair in theirs]
        if other == hero or not shared:
            continue
        for axis in (*STYLE_AXES, *COHERENCE_AXES):
            measured = [pair for pair in shared if all(axis in x for x in (starts[pair], *ours[pair], *theirs[pair]))]
            if not measured:
                continue
            lost, won, ratios, volumes = [], [], [], ([], [])
            for pair in measured:
                start, mine, yours = starts[pair], ours[pair], theirs[pair]
                won += [any(dominates(a, b, axis) for a in mine) for b in yours]
                lost += [any(dominates(b, a, axis) for b in yours) for a in mine]
                path = front(mine, axis, start)
                ratios += [style_error_at(path, b["cfsd"]) / b[axis] for b in yours]
                worst = max(point["cfsd"] for point in [*mine, *yours])
                for volume_list, path in zip(volumes, (front(yours, axis, start), path)):
                    volume_list.append(volume(path, start, axis, worst))
            theirs_volume, our_volume = map(statistics.mean, volumes)
            counts = f"{sum(won)} of {len(won)} | {sum(lost)} of {len(lost)}"
            lines.append(f"| {other} | {HEADINGS[axis]} | {counts} | ×{mean_ratio(ratios):.2f} | {theirs_volume:.3f} / {our_volume:.3f} |")
    return "\n".join(lines)


def contact_sheet(columns, rows, cell, path):
    """Save pictures in a grid: `rows` are lists of files, one per heading in `columns`; `cell` is the longest
    side in pixels."""
    margin, band = 8, 22
    images = [[ImageOps.contain(Image.open(file).convert("RGB"), (cell, cell), Image.LANCZOS) for file in row] for row in rows]
    heights = [max(image.height for image in row) for row in images]
    size = (len(columns) * (cell + margin) + margin, band + sum(heights) + margin * len(rows))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    y = band
    for index, row in enumerate(images):
        for column, image in enumerate(row):
            sheet.paste(image, (margin + column * (cell + margin) + (cell - image.width) // 2, y + (heights[index] - image.height) // 2))
        y += heights[index] + margin
    for column, heading in enumerate(columns):
        draw.text((margin + column * (cell + margin) + cell // 2, band // 2), heading, fill="black", anchor="mm", font_size=13)
    sheet.save(path, quality=88, subsampling=0)
