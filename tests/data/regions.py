#!/usr/bin/env python3
"""Compute, with PyTorch, the objective of two soft regions with a style each, and of maps of strength.

    python tests/data/regions.py

Writes regions.safetensors: `<statistic>.content`, `.style.<layer>`, `.total` and `.gradient` at reference.py's
iterate, as README.md defines them for balanced, moments and wasserstein, with positions weighed by masks.
"""

import hashlib

import numpy as np
import torch
import torch.nn.functional as functional
from safetensors.numpy import save

import reference
from reference import CONTENT_LAYER, EPSILON, HERE, LAYERS, RELUS, STYLE_LAYERS, square

STRENGTHS = (1.0, 0.5)
FEW = 64


def masks(height, width):
    """Two regions that cross, the style map and the content map, float64 [H, W] each."""
    y = torch.arange(height, dtype=torch.float64)[:, None].expand(height, width)
    x = torch.arange(width, dtype=torch.float64)[None, :].expand(height, width)
    first = 0.9 * ((x - 30) / 32).clamp(0, 1)
    second = (1 - first) * ((y - 10) / 40).clamp(0, 1)
    style = 1 - 0.5 * y / height
    content = 0.25 + 0.75 * x / width
    return first * style, second * style, content


def seen(mask):
    """What each layer sees of a mask: a 3x3 mean per convolution, a 2x2 mean per pooling."""
    result = {}
    plane = mask[None, None]
    for index, relu in enumerate(RELUS):
        if index > 0 and LAYERS[index][0] != LAYERS[index - 1][0]:
            plane = functional.avg_pool2d(plane, 2)
        plane = functional.avg_pool2d(functional.pad(plane, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        result[relu] = plane[0, 0]
    return result


def statistics(features, weights=None):
    """Gram matrix, mean, deviation and covariance [C, C] of features [C, H, W], float64."""
    flat = features.double().flatten(1)
    weights = torch.ones_like(flat[0]) if weights is None else weights.flatten()
    total = weights.sum()
    matrix = (flat * weights) @ flat.T / total
    mean = (flat * weights).sum(1) / total
    deviation = ((matrix.diagonal() - mean**2).clamp(min=0) + EPSILON).sqrt()
    covariance = matrix - torch.outer(mean, mean) + EPSILON * torch.eye(len(mean), dtype=torch.float64)
    return matrix, mean, deviation, covariance


def style_term(statistic, actual, target):
    """The style term of one part, as in reference.py."""
    if statistic == "gram":
        return reference.Balanced.style_term(actual[0], target[0], None)
    if statistic == "moments":
        return reference.Moments.style_term(actual[:3], target[:3], None)
    pick = lambda values: (values[0], values[1], values[3])
    return reference.Wasserstein.style_term(pick(actual), pick(target), None)


class Regions:
    """The balanced objective with two regions."""

    def __init__(self, network, content, styles, statistic):
        """Take the targets from the pictures."""
        self.network, self.statistic = network, statistic
        self.layers = [l for l in STYLE_LAYERS if self.layer_weight(l) > 0 or statistic != "wasserstein"]
        with torch.no_grad():
            self.content_target = network.features(content, (CONTENT_LAYER,))[CONTENT_LAYER]
            features = [network.features(style, (*STYLE_LAYERS, CONTENT_LAYER)) for style in styles]
            self.targets = [{l: statistics(f[l]) for l in STYLE_LAYERS} for f in features]
            positions = self.content_target[0].numel()
            energies = [square(f[CONTENT_LAYER]) / f[CONTENT_LAYER][0].numel() for f in features]
            self.unit = square(self.content_target) + positions * sum(energies) / len(energies)
        *regions, content_map = masks(*content.shape[1:])
        self.regions = [seen(region) for region in regions]
        self.content_map = seen(content_map)[CONTENT_LAYER]

    def layer_weight(self, layer):
        """The weight of a style layer."""
        classes = {"gram": reference.Balanced, "moments": reference.Moments, "wasserstein": reference.Wasserstein}
        return classes[self.statistic].layer_weights[layer]

    def terms(self, picture):
        """Return (content, {layer: style}, total), unweighted but for the total."""
        features = self.network.features(picture, (*STYLE_LAYERS, CONTENT_LAYER))
        squares = (features[CONTENT_LAYER] - self.content_target).double() ** 2
        content = (squares * self.content_map).sum() / self.unit
        style = {}
        for layer in self.layers:
            style[layer] = 0.0
            for region, targets, strength in zip(self.regions, self.targets, STRENGTHS):
                weights = region[layer]
                total, positions = weights.sum(), weights.numel()
                share = total / positions * strength * (total / min(FEW, positions)).clamp(max=1)
                actual = statistics(features[layer], weights)
                style[layer] = style[layer] + share * style_term(self.statistic, actual, targets[layer])
        weighted = sum(self.layer_weight(layer) * term for layer, term in style.items())
        return content, style, content + reference.Balanced.beta * weighted

    def gradient(self, picture):
        """The total's gradient with respect to the picture."""
        picture = picture.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self.terms(picture)[2], picture)
        return gradient


def main():
    """Write regions.safetensors."""
    torch.set_num_threads(1)
    images = reference.pictures(torch.float32)
    # The second style has the first one's colours the other way round.
    styles = [images["style"], images["style"].flip(0)]
    result = {}
    for statistic in ("gram", "moments", "wasserstein"):
        objective = Regions(reference.Network(), images["content"], styles, statistic)
        with torch.no_grad():
            content, style, total = objective.terms(images["iterate"])
        result[f"{statistic}.content"], result[f"{statistic}.total"] = content, total
        for layer, term in style.items():
            result[f"{statistic}.style.{layer}"] = term
        result[f"{statistic}.gradient"] = objective.gradient(images["iterate"])
    arrays = reference.to_arrays(result)
    for name, array in arrays.items():
        assert np.isfinite(array).all(), name
        print(f"{name} {list(array.shape)}" + (f" = {array[0]:.7g}" if array.size == 1 else ""))
    data = save(arrays)
    path = HERE / "regions.safetensors"
    path.write_bytes(data)
    print(f"{path.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
