#!/usr/bin/env python3
"""Compute, with numpy and PyTorch, the coherence term of the iterate and its gradient; writes coherence.json.

    python tests/data/coherence.py

Zero padding; per layer the sum of (F - T)^2 over the sum of T^2. T has for each position the style's features at the
position with the largest cosine of the centred features; style positions that none has chosen then get the position
nearest to them, the most similar first, each position once, a quarter of the positions at most. Everything in float64.
"""

import json

import numpy as np
import torch
from reference import HERE, Network, pictures, sample, square

LAYERS = ("relu3_1", "relu4_1")


def units(features):
    """Unit vectors [P, C] of features [C, P] from their mean."""
    centred = features - features.mean(axis=1, keepdims=True)
    return (centred / np.linalg.norm(centred, axis=0, keepdims=True)).T


def aims(features, style):
    """The style's position [P] that each position aims at."""
    cosines = units(features) @ units(style).T
    chosen = cosines.argmax(axis=1)
    unused = [q for q in range(cosines.shape[1]) if q not in set(chosen)]
    nearest = cosines.argmax(axis=0)
    unused = [q for q in unused if cosines[nearest[q], q] > 0]
    unused.sort(key=lambda q: -cosines[nearest[q], q])
    taken = set()
    for q in unused:
        if len(taken) < len(chosen) // 4 and nearest[q] not in taken:
            taken.add(nearest[q])
            chosen[nearest[q]] = q
    return chosen, len(taken)


def main():
    """Write the value, and of the gradient the norm and a sample as in reference.py."""
    images = pictures(torch.float64)
    network = Network(torch.float64)
    picture = images["iterate"].clone().requires_grad_()
    found = network.features(picture, LAYERS)
    with torch.no_grad():
        style = network.features(images["style"], LAYERS)
    value, returned = 0.0, []
    for layer in LAYERS:
        flat, wanted = found[layer].flatten(1), style[layer].flatten(1)
        chosen, count = aims(flat.detach().numpy(), wanted.numpy())
        target = wanted[:, torch.from_numpy(chosen)]
        value = value + square(flat - target) / square(target) / len(LAYERS)
        returned.append(count)
    (gradient,) = torch.autograd.grad(value, picture)
    result = {
        "value": value.item(),
        "gradient_norm": square(gradient).sqrt().item(),
        "gradient_sample": sample(gradient).tolist(),
    }
    print(result["value"], result["gradient_norm"], returned)
    (HERE / "coherence.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
