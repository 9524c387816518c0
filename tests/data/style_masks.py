#!/usr/bin/env python3
"""Compute, with PyTorch, the terms of a style of which only a part counts.

    python tests/data/style_masks.py

Writes style_masks.safetensors: `<statistic>.content`, `.style.<layer>` and `.total` at reference.py's iterate, as
README.md defines them for balanced, moments and wasserstein, with the style's positions weighed by its opacity.
"""

import hashlib

import numpy as np
import torch
from safetensors.numpy import save

import reference
from reference import CONTENT_LAYER, HERE, STYLE_LAYERS
from regions import Regions, seen, statistics, style_term


def opacity(height, width):
    """The style's opacity, float64 [H, W]: nothing at the left, and softly more to the right."""
    x = torch.arange(width)[None, :].expand(height, width)
    return ((x - 20) * 8).clamp(0, 255).double() / 255


class MaskedStyle(Regions):
    """The balanced objective with one style, whose positions are weighed."""

    def __init__(self, network, content, style, statistic):
        """Take the targets from the pictures."""
        self.network, self.statistic = network, statistic
        self.layers = [l for l in STYLE_LAYERS if self.layer_weight(l) > 0 or statistic != "wasserstein"]
        mask = seen(opacity(*style.shape[1:]))
        with torch.no_grad():
            self.content_target = network.features(content, (CONTENT_LAYER,))[CONTENT_LAYER]
            features = network.features(style, (*STYLE_LAYERS, CONTENT_LAYER))
            self.targets = {l: statistics(features[l], mask[l]) for l in STYLE_LAYERS}
            squares = (features[CONTENT_LAYER].double() ** 2).sum(0)
            energy = (squares * mask[CONTENT_LAYER]).sum() / mask[CONTENT_LAYER].sum()
            self.unit = reference.square(self.content_target) + self.content_target[0].numel() * energy

    def terms(self, picture):
        """Return (content, {layer: style}, total), unweighted but for the total."""
        features = self.network.features(picture, (*STYLE_LAYERS, CONTENT_LAYER))
        content = reference.square(features[CONTENT_LAYER] - self.content_target) / self.unit
        style = {
            layer: style_term(self.statistic, statistics(features[layer]), self.targets[layer])
            for layer in self.layers
        }
        weighted = sum(self.layer_weight(layer) * term for layer, term in style.items())
        return content, style, content + reference.Balanced.beta * weighted


def main():
    """Write style_masks.safetensors."""
    torch.set_num_threads(1)
    images = reference.pictures(torch.float32)
    result = {}
    for statistic in ("gram", "moments", "wasserstein"):
        objective = MaskedStyle(reference.Network(), images["content"], images["style"], statistic)
        with torch.no_grad():
            content, style, total = objective.terms(images["iterate"])
        result[f"{statistic}.content"], result[f"{statistic}.total"] = content, total
        for layer, term in style.items():
            result[f"{statistic}.style.{layer}"] = term
    arrays = reference.to_arrays(result)
    for name, array in arrays.items():
        assert np.isfinite(array).all(), name
        print(f"{name} = {array[0]:.7g}")
    data = save(arrays)
    path = HERE / "style_masks.safetensors"
    path.write_bytes(data)
    print(f"{path.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
