#!/usr/bin/env python3
"""Compare the contents of a sweep's pictures by other measures than the CFSD at relu3_1, beside which Impasto takes content.

    python tests/bench/quality.py sweep --folder FOLDER
    python tests/bench/content.py --folder FOLDER

For every point of another system: Impasto's content error at that point's Gram error, linear between
Impasto's points over the logarithm of theirs, the untouched content being one of them, over the other's.
Printed is the geometric mean over the points; below 1, Impasto's pictures are nearer to the photograph. Needs
what `quality.py` needs.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np
import torch
from fronts import by_pair, mean_ratio, systems_of
from measures import Measure, load
from quality import CONTENTS, Results
from torch.nn import functional

DEPTHS = ("relu2_2", "relu4_1", "relu5_1")
HERO = "Impasto"


def luminance(picture):
    """Rec. 601 luma [H, W] of [3, H, W]."""
    return (picture * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)


def structure_error(a, b, window=8, noise=4.5e-4):
    """1 − the mean of SSIM's structure term (Wang et al. 2004): how little luminances correlate in windows of
    8 × 8 pixels."""
    a, b = (luminance(picture)[None, None] for picture in (a, b))

    def mean(x):
        return functional.avg_pool2d(x, window, window // 2)

    covariance = mean(a * b) - mean(a) * mean(b)
    variances = [(mean(x * x) - mean(x) ** 2).clamp(min=0) for x in (a, b)]
    return 1 - ((covariance + noise) / ((variances[0] * variances[1]).sqrt() + noise)).mean().item()


def orientations(picture, cell=6, bins=8):
    """Histograms [bins, cells] of the directions of luminance edges, weighted by their strength (HOG)."""
    light = functional.avg_pool2d(luminance(picture)[None, None], 2)[0, 0]
    across, down = light[1:-1, 2:] - light[1:-1, :-2], light[2:, 1:-1] - light[:-2, 1:-1]
    angle = torch.atan2(down, across) % math.pi
    index = (angle / math.pi * bins).long().clamp(max=bins - 1)
    votes = functional.one_hot(index, bins).permute(2, 0, 1) * (across**2 + down**2).sqrt()
    return functional.avg_pool2d(votes[None], cell)[0].flatten(1)


def edge_error(picture, content):
    """1 − the mean cosine of two pictures' histograms of edge directions; cells count as strongly as the
    content's edges."""
    found, wanted = orientations(picture), orientations(content)
    strength = wanted.norm(dim=0)
    cosines = functional.cosine_similarity(found, wanted, dim=0)
    return 1 - ((cosines * strength).sum() / strength.sum()).item()


class Errors:
    """Content errors by name, each picture measured once."""

    def __init__(self, folder, size, contents):
        self.folder, self.size, self.measure, self.known = folder, size, Measure(), {}
        self.contents = {path.stem: load(path, size) for path in contents}

    def __call__(self, point):
        name = point["picture"]
        if name not in self.known:
            content, picture = self.contents[point["content"]], load(self.folder / name, self.size)
            found = {"edges": edge_error(picture, content), "luminance": structure_error(picture, content)}
            found |= {f"CFSD at {layer}": self.measure.content(picture, content, layer) for layer in DEPTHS}
            self.known[name] = found
        return self.known[name]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a sweep's")
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--seconds", type=float, default=10, help="of painting")
    parser.add_argument("--contents", type=Path, nargs="+", default=CONTENTS)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    results, wanted = Results(arguments.folder), (arguments.size, arguments.seconds)
    points = [point for point in results.data["points"] if (point["size"], point["seconds"]) == wanted]
    errors, ours = Errors(arguments.folder, arguments.size, arguments.contents), by_pair(points, HERO)
    starts = results.starts()
    for other in (name for name in systems_of(points) if name != HERO):
        ratios = {}
        for pair, theirs in by_pair(points, other).items():
            curve = sorted(ours.get(pair, []), key=lambda point: point["gram"])
            if not curve:
                continue
            grams = np.log([*(mine["gram"] for mine in curve), starts[*pair, arguments.size]["gram"]])
            for point in theirs:
                for name, error in errors(point).items():
                    heights = [*(errors(mine)[name] for mine in curve), 0.0]
                    ratios.setdefault(name, []).append(np.interp(math.log(point["gram"]), grams, heights) / error)
        print(f"{other}: " + ", ".join(f"{name} ×{mean_ratio(values):.2f}" for name, values in ratios.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
