#!/usr/bin/env python3
"""Measure how good Impasto's pictures are for the time that they take.

    cargo build --release
    python tests/bench/quality.py time    # against the tutorial's optimiser
    python tests/bench/quality.py sweep   # against pastiche (PyPI), Katherine Crowson's recipe and NNST, at equal time
    python tests/bench/quality.py sizes   # the same settings at 256, 512 and 1024 px
    python tests/bench/quality.py balance # the β of one style amount, pair by pair and size by size

`time` lets the tutorial's optimiser (Adam 0.003, 3000 steps, one size) minimise the balanced objective with
Gram matrices, and then Impasto with its usual optimiser for more and more steps, until its saved picture has
a lower objective.

`sweep` first times the systems' steps (the machine should be idle for that minute) and so finds for each how
many it paints in `--seconds`, its start not counted; then it paints every content in every style with each,
the style's weight times each factor, with that many steps: what else the machine does meanwhile does not
matter. In that time NNST gets a fraction of its published updates; `--published` paints it with all of them
as well, whatever time they take. Pictures are measured on layers that no system optimises, see `measures.py`,
and the systems compared by their fronts, see `fronts.py`. Everything is kept in `--folder`: what is there
already is not painted again, but measured by what it lacks; further pictures, factors and variants of Impasto
(`--variant "name=--lr 0.05 --style-weight 2"`) join it, and `--budget 0` only prints. A folder belongs to one
build of Impasto: that another build has other defaults is not noticed.

`sizes` paints with the same settings at each size and measures the style errors at that size.

`balance` lets Impasto find the β of one style amount, so that the style has the same share of the gradient
everywhere: the less these β differ, the more one β means the same for every pair and size.

Needs numpy, pillow, safetensors and torch; `sweep` also pastiche.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from PIL import Image
from fronts import contact_sheet, fronts_table, means_table, systems_of
from measures import AXES, HEADINGS, STYLE_AXES, Measure, load
from systems import PEERS, Impasto, calibrate, run

# A step size that begins large and falls.
FALLING = ("--automate", "learning-rate={ keys = [{ at = 0.0, value = 0.1 }, { at = 0.3, value = 0.1 }, { at = 1.0, value = 0.001 }] }")

ROOT = Path(__file__).resolve().parents[2]
CONTENTS = [ROOT / f"assets/{name}.jpg" for name in ("chelsea", "astronaut", "coffee", "rocket")]
STYLES = [ROOT / f"assets/{name}.jpg" for name in ("swirl", "mosaic", "woodcut", "embers")]


def time_to_quality(arguments):
    """Print how long the tutorial's recipe takes, here and in PyTorch, and how long Impasto to a picture as good."""
    with tempfile.TemporaryDirectory() as folder:
        report, output, again = (Path(folder) / name for name in ("report.json", "out.png", "again.png"))
        common = [arguments.impasto, "render", "--device", "cpu", "--quiet", "--force", "-c", CONTENTS[0], "-s", STYLES[0]]
        common += ["--size", arguments.size, "--statistic", "gram", "--padding", "zero", "--content-layer", "relu4_2=1"]
        common += ["--smoothness-weight", 0, "--report", report, "--report-every", 1000]

        def render(*flags):
            began = time.monotonic()
            subprocess.run(list(map(str, [*common, "-o", output, *flags])), check=True)
            seconds = time.monotonic() - began
            # The objective of the picture as it was saved.
            look = [*common, "-o", again, "--init", output, "--pyramid=false", "--steps", 1]
            subprocess.run(list(map(str, look)), check=True)
            return seconds, json.loads(report.read_text())["steps"][0]["total"]

        step = pytorch_step(arguments.size)
        tutorial = ("--pyramid=false", "--lr", 0.003, "--beta2", 0.999, "--averaging", 0, "--steps", 3000)
        seconds, goal = render(*tutorial)
        print(f"tutorial's recipe, 3000 steps at {arguments.size} px: {goal:.4f} in {seconds:.1f} s, "
              f"in PyTorch {3000 * step:.0f} s ({step:.3f} s a step)", flush=True)
        print("| steps | way | objective | seconds | of the tutorial's time | of its time in PyTorch |\n|---|---|---|---|---|---|")
        for way, flags in (("pyramid", ()), ("one size", ("--pyramid=false",)), ("one size, falling", ("--pyramid=false", *FALLING))):
            for steps in (60, 100, 140, 200, 300, 500, 800):
                wall, total = render("--steps", steps, *flags)
                print(f"| {steps} | {way} | {total:.3f} | {wall:.1f} | 1/{seconds / wall:.0f} | "
                      f"1/{3000 * step / wall:.0f} |", flush=True)
                if total <= goal:
                    break


def pytorch_step(size):
    """Seconds of one of the tutorial's steps in PyTorch, two threads: timed on a square, of which the content
    fills a part."""
    command = [sys.executable, ROOT / "tests/bench/pytorch_step.py", ROOT / "weights/vgg19.safetensors", "--size", size]
    found = subprocess.run(list(map(str, [*command, "--threads", 2])), check=True, capture_output=True, text=True)
    width, height = Image.open(CONTENTS[0]).size
    return json.loads(found.stdout)["median_seconds"] * width * height / max(width, height) ** 2


def diagonal_pairs(contents, styles):
    """All pairs, in an order in which every start of the list has as many different pictures as can be."""
    count = max(len(contents), len(styles))
    pairs = ((contents[index % len(contents)], styles[(index + offset) % len(styles)])
             for offset in range(count) for index in range(count))
    return list(dict.fromkeys(pairs))


class Results:
    """What a folder holds: timings, points and the errors of the untouched contents."""

    def __init__(self, folder):
        self.file = folder / "results.json"
        empty = {"timings": {}, "points": [], "starts": []}
        self.data = json.loads(self.file.read_text()) if self.file.exists() else empty

    def save(self):
        """Write the file anew."""
        draft = self.file.with_suffix(".part")
        draft.write_text(json.dumps(self.data, indent=1) + "\n")
        draft.replace(self.file)

    def has(self, task):
        """Whether the task's point is there."""
        return any(all(point[key] == value for key, value in task.items()) for point in self.data["points"])

    def starts(self):
        """{(content, style, size): errors}."""
        return {(start["content"], start["style"], start["size"]): start for start in self.data["starts"]}


def time_steps(arguments, systems, results):
    """Seconds to start and per step of every system, timed now unless the folder has them."""
    timings = results.data["timings"].setdefault(f"{arguments.size} px, {arguments.timing_threads} threads", {})
    for system in systems:
        if system.name not in timings and not system.steps and arguments.budget > 0:
            pair = arguments.contents[0], arguments.styles[0]
            output = arguments.folder / "trial.png"
            timings[system.name] = calibrate(system, *pair, output, arguments.size, arguments.timing_threads)
            print(f"{system.name}: {timings[system.name]}", flush=True)
            results.save()
    return timings


def missing(arguments, pairs, systems, timings, results):
    """What is still to be painted: (system, content, style, what identifies the point)."""
    tasks = []
    for content, style in pairs:
        for factor in arguments.factors:
            for system in (system for system in systems if system.steps or system.name in timings):
                steps = system.steps or max(1, round(arguments.seconds / timings[system.name]["step"]))
                task = {"system": system.name, "content": content.stem, "style": style.stem, "factor": factor,
                        "size": arguments.size, "steps": steps, "seconds": arguments.seconds}
                if not results.has(task):
                    tasks.append((system, content, style, task))
    return tasks


def complete(arguments, results):
    """Measure the folder's pictures by the axes that they lack, as they do if they are older than these."""
    measure, files = Measure(), {path.stem: path for path in (*arguments.contents, *arguments.styles)}
    for point in (*results.data["points"], *results.data["starts"]):
        # The errors of a pair's start are those of the content itself.
        content, style = (files.get(point[name]) for name in ("content", "style"))
        picture = arguments.folder / point["picture"] if "picture" in point else content
        if content and style and picture.exists() and any(axis not in point for axis in AXES):
            pictures = (load(path, point["size"], enlarge=path != style) for path in (picture, content, style))
            point |= {axis: error for axis, error in measure(*pictures).items() if axis not in point}
            results.save()


def paint_and_measure(arguments, tasks, results):
    """Paint the tasks that the budget allows, and keep their points."""
    began, measure = time.monotonic(), Measure()

    def paint(entry):
        system, content, style, task = entry
        if time.monotonic() - began > 60 * arguments.budget:
            return None
        name = "-".join(str(task[key]) for key in ("system", "content", "style", "factor", "size", "steps"))
        output = arguments.folder / f"{name.replace(' ', '_').replace('/', '_')}.png"
        command = system.command(content, style, output, arguments.size, task["steps"], task["factor"], arguments.threads)
        cost = run(command, arguments.threads, arguments.nice)
        return {**task, "wall": cost.wall, "cpu": cost.cpu, "picture": output.name}

    with ThreadPoolExecutor(arguments.jobs) as pool:
        for (system, content, style, task), point in zip(tasks, pool.map(paint, tasks)):
            if point is None:
                continue
            targets = load(content, arguments.size), load(style, arguments.size, enlarge=False)
            if (content.stem, style.stem, arguments.size) not in results.starts():
                pair = {"content": content.stem, "style": style.stem, "size": arguments.size}
                results.data["starts"].append({**pair, **measure(targets[0], *targets)})
            point |= measure(load(arguments.folder / point["picture"], arguments.size), *targets)
            results.data["points"].append(point)
            results.save()
            seconds = time.monotonic() - began
            print(f"{seconds:6.0f} s  {system.name}, {content.stem} in {style.stem}, ×{task['factor']:g}", flush=True)


def sweep(arguments):
    """Paint what is missing, measure it, print the tables, save the sheet."""
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results = Results(arguments.folder)
    systems = [*(peer for peer in PEERS if arguments.published or not peer.steps), Impasto(arguments.impasto)]
    systems += [Impasto(arguments.impasto, *variant.split("=", 1)) for variant in arguments.variant]
    systems = [system for system in systems if not arguments.only or system.name in arguments.only]
    timings = time_steps(arguments, systems, results)
    if arguments.time_only:
        return
    pairs = diagonal_pairs(arguments.contents, arguments.styles)[: arguments.pairs]
    if arguments.budget > 0:
        complete(arguments, results)
        paint_and_measure(arguments, missing(arguments, pairs, systems, timings, results), results)
    names = {(content.stem, style.stem) for content, style in pairs}
    points = [point for point in results.data["points"]
              if (point["content"], point["style"]) in names and (point["size"], point["seconds"]) == (arguments.size, arguments.seconds)]
    starts = {pair[:2]: start for pair, start in results.starts().items() if pair[2] == arguments.size}
    print(f"\n{arguments.size} px, {arguments.seconds:g} s of painting\n\n{means_table(points)}\n")
    for hero in (name for name in systems_of(points) if name not in {peer.name for peer in PEERS}):
        print(fronts_table(points, starts, hero) + "\n")
    if arguments.sheet:
        save_sheet(arguments, points, pairs[: arguments.sheet_rows])


def save_sheet(arguments, points, pairs):
    """The pictures at the usual style weight, one row per pair."""
    names = [name for name in systems_of(points) if not arguments.only or name in arguments.only]
    rows = []
    for content, style in pairs:
        row = [content, style]
        for name in names:
            task = (name, content.stem, style.stem, arguments.sheet_factor)
            row += [arguments.folder / p["picture"] for p in points if (p["system"], p["content"], p["style"], p["factor"]) == task][-1:]
        if len(row) == len(names) + 2:
            rows.append(row)
    contact_sheet(["content", "style", *names], rows, arguments.size, arguments.sheet)


def sizes(arguments):
    """Print the style errors at each size, and how far they are apart."""
    measure = Measure()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    system = Impasto(arguments.impasto, "Impasto", arguments.flags)
    print(f"| content, style | px | {' | '.join(HEADINGS[axis] for axis in AXES)} |\n" + "|---" * (len(AXES) + 2) + "|")
    pairs, pictures = diagonal_pairs(arguments.contents, arguments.styles)[: arguments.pairs], []
    for content, style in pairs:
        rows = []
        pictures.append([folder / f"sizes-{content.stem}-{style.stem}-{size}.png" for size in arguments.sizes])
        for size, output in zip(arguments.sizes, pictures[-1]):
            command = system.command(content, style, output, size, arguments.steps, 1.0, arguments.threads)
            run(command, arguments.threads, arguments.nice)
            row = measure(load(output, size), load(content, size), load(style, size, enlarge=False))
            rows.append(row)
            numbers = " | ".join(f"{row[axis]:.3f}" for axis in AXES)
            print(f"| {content.stem}, {style.stem} | {size} | {numbers} |", flush=True)
        apart = " | ".join(f"{max(r[a] for r in rows) / min(r[a] for r in rows):.2f}" for a in STYLE_AXES)
        print(f"| | largest / smallest | {apart}{' |' * (len(AXES) - len(STYLE_AXES))} |", flush=True)
    if arguments.sheet:
        contact_sheet([f"{size} px" for size in arguments.sizes], pictures, 480, arguments.sheet)


def balance(arguments):
    """Print the β of a style amount at each size, and how far they are apart."""
    found = []
    print("| content, style | " + " | ".join(f"{size} px" for size in arguments.sizes) + " |\n|---|" + "---|" * len(arguments.sizes))
    pairs = diagonal_pairs(arguments.contents, arguments.styles)[: arguments.pairs]
    with tempfile.TemporaryDirectory() as folder:
        output, report = (Path(folder) / name for name in ("out.png", "report.json"))
        for content, style in pairs:
            row = []
            for size in arguments.sizes:
                command = [arguments.impasto, "render", "--device", "cpu", "--quiet", "--force", "-c", content, "-s", style]
                command += ["-o", output, "--size", size, "--pyramid=false", "--steps", 1, "--report", report]
                run([*command, "--style-amount", arguments.amount], arguments.threads, arguments.nice)
                written = json.loads(report.read_text())
                settings, terms = written["settings"], written["steps"][0]
                # It begins with the content, whose term is 0 there.
                rest = terms["total"] - settings["smoothness_weight"] * terms["smoothness"]
                row.append(rest / sum(settings["style_layers"][layer] * term for layer, term in terms["style"].items()))
            found += row
            print(f"| {content.stem}, {style.stem} | " + " | ".join(f"{beta:.2f}" for beta in row) + " |", flush=True)
    spread = statistics.pstdev(map(math.log, found))
    print(f"\nβ from {min(found):.2f} to {max(found):.2f}, geometric mean {statistics.geometric_mean(found):.2f}, "
          f"standard deviation of its logarithm {spread:.2f}")


def main():
    """Run one of the four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--impasto", type=Path, default=ROOT / "target/release/impasto")
    pictures = argparse.ArgumentParser(add_help=False)
    pictures.add_argument("--contents", type=Path, nargs="+", default=CONTENTS)
    pictures.add_argument("--styles", type=Path, nargs="+", default=STYLES)
    pictures.add_argument("--pairs", type=int, help="only so many pairs of content and style")
    pictures.add_argument("--folder", type=Path, default=ROOT / "target/quality", help="for pictures and results")
    pictures.add_argument("--threads", type=int, default=2, help="of each run")
    pictures.add_argument("--nice", type=int, default=0)
    command = commands.add_parser("time", parents=[common])
    command.add_argument("--size", type=int, default=256)
    command = commands.add_parser("sweep", parents=[common, pictures])
    command.add_argument("--size", type=int, default=192)
    command.add_argument("--seconds", type=float, default=10, help="time to paint one picture, start not counted")
    command.add_argument("--factors", type=float, nargs="+", default=[0.25, 1.0, 4.0], help="of the style's weight")
    command.add_argument("--timing-threads", type=int, default=2, help="with which steps are timed")
    command.add_argument("--time-only", action="store_true", help="time the steps and stop")
    command.add_argument("--published", action="store_true", help="NNST with its published number of updates too")
    command.add_argument("--variant", action="append", default=[], metavar="NAME=FLAGS", help="Impasto with other flags")
    command.add_argument("--only", action="append", default=[], metavar="SYSTEM", help="paint only with this system")
    command.add_argument("--jobs", type=int, default=1, help="pictures painted at the same time")
    command.add_argument("--budget", type=float, default=600, help="minutes after which no further picture is begun")
    command.add_argument("--sheet", type=Path, help="file for a contact sheet")
    command.add_argument("--sheet-rows", type=int, default=4)
    command.add_argument("--sheet-factor", type=float, default=1.0)
    command = commands.add_parser("sizes", parents=[common, pictures])
    command.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    command.add_argument("--steps", type=int, default=500)
    command.add_argument("--flags", default="", help="further flags of impasto render")
    command.add_argument("--sheet", type=Path, help="file for the pictures, shown at one size")
    command = commands.add_parser("balance", parents=[common, pictures])
    command.add_argument("--sizes", type=int, nargs="+", default=[192, 512])
    command.add_argument("--amount", type=float, default=0.9, help="the style amount")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    {"time": time_to_quality, "sweep": sweep, "sizes": sizes, "balance": balance}[arguments.what](arguments)


if __name__ == "__main__":
    sys.exit(main())
