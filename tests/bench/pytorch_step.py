#!/usr/bin/env python3
"""Measure PyTorch's time for one whole style transfer step, for comparison with Impasto.

    python tests/bench/pytorch_step.py weights/vgg19.safetensors --size 128 256 400 --threads 2 --steps 7

A step is: forward through relu5_1 with frozen weights, max pooling, the balanced
objective on five style layers and relu4_2 content, backward to the picture, Adam,
clamp to [0, 1]. All in float32 on square random pictures. Prints one JSON line per
size with the median seconds per step.

Needs safetensors and torch.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as functional
from safetensors import safe_open

# relu5_1 is the thirteenth convolution, the deepest that the objective needs.
LAYERS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "3_4", "4_1", "4_2", "4_3", "4_4", "5_1")
STYLE_WEIGHTS = {"1_1": 1.0, "2_1": 0.9, "3_1": 0.8, "4_1": 0.7, "5_1": 0.7}
CONTENT_LAYER = "4_2"
ALPHA, BETA = 1.0, 1.0


class Network:
    """VGG-19 up to relu5_1, frozen, with the bundled weights and input."""

    def __init__(self, path, device):
        """Decode the weights."""
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            self.weights = {}
            for layer in LAYERS:
                weight = file.get_tensor(f"conv{layer}.codebook")[file.get_tensor(f"conv{layer}.indices").long()]
                self.weights[layer] = (weight.to(device), file.get_tensor(f"conv{layer}.bias").to(device))
        scales = json.loads(metadata["activation_scale"])
        self.scales = {layer: scales[f"relu{layer}"] for layer in LAYERS}
        self.input = json.loads(metadata["input"])
        self.mean = torch.tensor(self.input["mean"], device=device).view(1, 3, 1, 1)
        self.std = torch.tensor(self.input["std"], device=device).view(1, 3, 1, 1)

    def __call__(self, x):
        """Return {layer: scaled features [C, P]} for the layers in use."""
        if self.input["order"] == "bgr":
            x = x.flip(1)
        x = (self.input["scale"] * x - self.mean) / self.std
        result = {}
        for index, layer in enumerate(LAYERS):
            if index > 0 and layer[0] != LAYERS[index - 1][0]:
                x = functional.max_pool2d(x, 2)
            x = functional.conv2d(x, *self.weights[layer], padding=1).relu_()
            if layer in STYLE_WEIGHTS or layer == CONTENT_LAYER:
                result[layer] = x[0].flatten(1) * self.scales[layer]
        return result


def gram(features):
    """F F^T / P."""
    return features @ features.T / features.shape[1]


def measure(network, size, steps, warmup, device):
    """Return the seconds of each of `steps` steps after `warmup` untimed ones."""
    generator = torch.Generator().manual_seed(size)
    content, style = (torch.rand(1, 3, size, size, generator=generator).to(device) for _ in range(2))
    with torch.no_grad():
        target = network(content)[CONTENT_LAYER]
        features = network(style)
        target_power = target.square().sum() + features[CONTENT_LAYER].square().sum()
        grams = {layer: gram(features[layer]) for layer in STYLE_WEIGHTS}
        gram_powers = {layer: matrix.square().sum() for layer, matrix in grams.items()}
        del features

    x = content.clone().requires_grad_()
    optimiser = torch.optim.Adam([x], lr=0.03, betas=(0.9, 0.99), eps=1e-8)
    seconds = []
    for _ in range(warmup + steps):
        if device.type == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        optimiser.zero_grad()
        features = network(x)
        loss = ALPHA * (features[CONTENT_LAYER] - target).square().sum() / target_power
        for layer, weight in STYLE_WEIGHTS.items():
            error = (gram(features[layer]) - grams[layer]).square().sum() / gram_powers[layer]
            loss = loss + BETA * weight * error
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            x.clamp_(0.0, 1.0)
        loss.item()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return seconds[warmup:]


def main():
    """Measure every size and print one JSON line for each."""
    parser = argparse.ArgumentParser(description="Time PyTorch's style transfer step.")
    parser.add_argument("weights", help="path of vgg19.safetensors")
    parser.add_argument("--size", type=int, nargs="+", default=[128, 256, 400])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=7, help="timed steps; the median is printed")
    parser.add_argument("--warmup", type=int, default=2, help="steps before the timed ones")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    network = Network(arguments.weights, device)
    for size in arguments.size:
        seconds = measure(network, size, arguments.steps, arguments.warmup, device)
        line = {
            "system": f"pytorch {torch.__version__}",
            "device": arguments.device,
            "threads": arguments.threads,
            "size": size,
            "steps": arguments.steps,
            "median_seconds": round(statistics.median(seconds), 5),
            "fastest_seconds": round(min(seconds), 5),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
