#!/usr/bin/env python3
"""Compute, with numpy and PyTorch, the histogram term of the iterate and its gradient; writes histogram.json.

    python tests/data/histogram.py

Zero padding; per layer the mean over positions and channels of (F - R)^2, R being F's values at the style's quantiles of
their ranks (2048 points a curve, equal values at the mean of theirs), over the mean square of the style's features.
"""

import json

import numpy as np
import torch
from reference import HERE, Network, pictures, sample, square

LAYERS = ("relu1_1", "relu4_1")
POINTS = 2048


def middles(count):
    """Shares of the way through so many values."""
    return (np.arange(count) + 0.5) / count


def remapped(features, style):
    """Each channel's values [C, P] sent to the style's distribution."""
    result = np.empty_like(features)
    for channel, values in enumerate(features):
        ordered = np.sort(style[channel])
        curve = np.interp(middles(POINTS), middles(len(ordered)), ordered)
        targets = np.interp(middles(len(values)), middles(POINTS), curve)
        unique, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        sums = np.concatenate([[0.0], np.cumsum(targets)])
        means = (sums[ends] - sums[ends - counts]) / counts
        assert len(means) == len(unique)
        result[channel] = means[inverse]
    return result


def main():
    """Write the value, and of the gradient the norm and a sample as in reference.py."""
    images = pictures(torch.float32)
    network = Network()
    picture = images["iterate"].clone().requires_grad_()
    found = network.features(picture, LAYERS)
    with torch.no_grad():
        style = network.features(images["style"], LAYERS)
    value = 0.0
    for layer in LAYERS:
        flat = found[layer].flatten(1).double()
        wanted = style[layer].flatten(1).double()
        target = torch.from_numpy(remapped(flat.detach().numpy(), wanted.numpy()))
        energy = (wanted**2).mean()
        value = value + square(flat - target) / flat.numel() / energy / len(LAYERS)
    (gradient,) = torch.autograd.grad(value, picture)
    result = {
        "value": value.item(),
        "gradient_norm": square(gradient).sqrt().item(),
        "gradient_sample": sample(gradient).tolist(),
    }
    print(result["value"], result["gradient_norm"])
    (HERE / "histogram.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
