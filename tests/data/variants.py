#!/usr/bin/env python3
"""Compute, with PyTorch, what networks with other poolings and paddings give.

    python tests/data/variants.py

Writes variants.safetensors: `iterate`, made as in reference.py from another
seed, and for each variant the balanced objective (with Gram matrices) there: <variant>.content, .style.<layer>,
.total and .gradient, as README.md defines them for balanced.
"""

import hashlib

import numpy as np
import torch
import torch.nn.functional as functional
from safetensors.numpy import save

import reference
from reference import HERE, LAYERS, RELUS

# (pooling, padding_mode)
VARIANTS = {"average": ("average", "zeros"), "l2": ("l2", "zeros"), "circular": ("max", "circular")}

# As in reference.py, of the seeds 0 to 399 for these networks.
NOISE_SEED = 237


def pool(kind, x):
    """2x2 pooling, scaled so that activations keep the level that maxima have."""
    if kind == "max":
        return functional.max_pool2d(x, 2)
    if kind == "average":
        return 2.0 * functional.avg_pool2d(x, 2)
    # functional.lp_pool2d has no finite gradient at 0; a square of 1e-36 does not count beside any feature.
    squares = 4 * functional.avg_pool2d(x * x, 2)
    return 0.78 * (squares + 1e-36).sqrt()


class Network(reference.Network):
    """The same convolutions with another pooling and padding."""

    def __init__(self, pooling, padding, dtype=torch.float32):
        """Take a pooling (max, average, l2) and a padding mode of torch.nn.Conv2d."""
        super().__init__(dtype)
        self.pooling, self.padding = pooling, padding
        self.convolutions = {}
        for layer, (weight, bias) in self.weights.items():
            outputs, inputs = weight.shape[:2]
            convolution = torch.nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode=padding, dtype=dtype)
            convolution.weight.data, convolution.bias.data = weight, bias
            self.convolutions[layer] = convolution.requires_grad_(False)

    def features(self, picture, layers=RELUS):
        """Return {layer: features [C, H, W]} for the named layers."""
        x = picture.flip(0) if self.input["order"] == "bgr" else picture
        mean = torch.tensor(self.input["mean"], dtype=self.dtype).view(3, 1, 1)
        std = torch.tensor(self.input["std"], dtype=self.dtype).view(3, 1, 1)
        x = ((self.input["scale"] * x - mean) / std)[None]
        result = {}
        for index in range(max(RELUS.index(layer) for layer in layers) + 1):
            layer, relu = LAYERS[index], RELUS[index]
            if index > 0 and layer[0] != LAYERS[index - 1][0]:
                x = pool(self.pooling, x)
            x = self.convolutions[layer](x).relu()
            if relu in layers:
                result[relu] = x[0] * self.scales[relu]
        return result


def main():
    """Write variants.safetensors."""
    torch.set_num_threads(1)
    reference.NOISE_SEED = NOISE_SEED
    images = reference.pictures(torch.float32)
    iterate = images["iterate"]
    result = {"iterate": iterate}
    for name, (pooling, padding) in VARIANTS.items():
        objective = reference.Balanced(Network(pooling, padding), images["content"], images["style"])
        with torch.no_grad():
            content, style, total = objective.terms(iterate)
        result[f"{name}.content"], result[f"{name}.total"] = content, total
        for layer, term in style.items():
            result[f"{name}.style.{layer}"] = term
        result[f"{name}.gradient"] = objective.gradient(iterate)
    arrays = reference.to_arrays(result)
    for name, array in arrays.items():
        assert np.isfinite(array).all(), name
        print(f"{name} {list(array.shape)}" + (f" = {array[0]:.7g}" if array.size == 1 else ""))
    data = save(arrays)
    path = HERE / "variants.safetensors"
    path.write_bytes(data)
    print(f"{path.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
