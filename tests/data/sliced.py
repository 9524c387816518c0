#!/usr/bin/env python3
"""Compute, with numpy and PyTorch, the sliced Wasserstein term of the iterate and its gradient; writes sliced.json.

    python tests/data/sliced.py

Zero padding; per layer the mean over positions and channels of (F - R Q^T)^2, R being the coordinates F Q at
the style's quantiles of their ranks (2048 points a curve, equal values at the mean of theirs), over the mean
square of the style's features. Q is the identity, then D H / sqrt(C) with the Hadamard matrix H and signs D
from SplitMix64, whose seed is 256 C plus the number of the basis.
"""

import json

import numpy as np
import torch
from reference import HERE, Network, pictures, sample, square

LAYERS = ("relu1_1", "relu4_1")
POINTS = 2048
BASES = 4


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


def signs(seed, count):
    """Signs by the upper bits of SplitMix64."""
    mask, state, result = (1 << 64) - 1, seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        result.append(1.0 if (mixed ^ (mixed >> 31)) >> 63 == 0 else -1.0)
    return np.array(result)


def basis(channels, index):
    """The orthonormal matrix [C, C] of this number."""
    if index == 0:
        return np.eye(channels)
    hadamard = np.ones((1, 1))
    while len(hadamard) < channels:
        hadamard = np.kron(hadamard, np.array([[1.0, 1.0], [1.0, -1.0]]))
    return signs(256 * channels + index, channels)[:, None] * hadamard / np.sqrt(channels)


def term(images, network, index):
    """The value in a basis, and of the gradient the norm and a sample as in reference.py."""
    picture = images["iterate"].clone().requires_grad_()
    found = network.features(picture, LAYERS)
    with torch.no_grad():
        style = network.features(images["style"], LAYERS)
    value = 0.0
    for layer in LAYERS:
        flat = found[layer].flatten(1).double()
        wanted = style[layer].flatten(1).double()
        axes = basis(len(flat), index)
        mapped = remapped(axes.T @ flat.detach().numpy(), axes.T @ wanted.numpy())
        target = torch.from_numpy(axes @ mapped)
        energy = (wanted**2).mean()
        value = value + square(flat - target) / flat.numel() / energy / len(LAYERS)
    (gradient,) = torch.autograd.grad(value, picture)
    return {
        "value": value.item(),
        "gradient_norm": square(gradient).sqrt().item(),
        "gradient_sample": sample(gradient).tolist(),
    }


def main():
    """Write the term in each basis."""
    images, network = pictures(torch.float32), Network()
    result = [term(images, network, index) for index in range(BASES)]
    print([(one["value"], one["gradient_norm"]) for one in result])
    (HERE / "sliced.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
