#!/usr/bin/env python3
"""Paint by the recipe of Katherine Crowson's style-transfer-pytorch, written anew from its description.

    python tests/bench/recipe.py --content assets/chelsea.jpg --style assets/swirl.jpg --output out.png --size 256 --seconds 60

Sizes a factor √2 apart from at least 128 px to the final one, the smallest with twice the steps of each other
one. Style is the 2-Wasserstein distance of normal distributions at relu1_1 to relu5_1 with weights 256, 64,
16, 4, 1 over their sum, content the mean squared difference at relu4_2 (weight 0.015), smoothness the squared
total variation (weight 2). Adam with step size 0.02 and decays 0.9 and 0.99, values clamped to [0, 1],
moments carried from size to size (the first bicubic, the second bilinear). The iterates' mean with decay 0.99
is what is carried on and saved. The first convolution repeats the picture's edge.

The recipe was made for torchvision's weights, whose input has deviation 1. This uses the bundled ones
(Simonyan and Zisserman's own), with features divided by 255·0.226, as an input of that scale gives them: so
its weights of content and style keep their meaning. The distance's gradient is the closed form, cheaper than
through the root's iteration.

Needs numpy, pillow, safetensors and torch.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/data"))
from reference import CONTENT_LAYER, LAYERS, RELUS, STYLE_LAYERS, read_weights  # noqa: E402

STYLE_WEIGHTS = dict(zip(STYLE_LAYERS, (256 / 341, 64 / 341, 16 / 341, 4 / 341, 1 / 341)))
CONTENT_WEIGHT = 0.015
SMOOTHNESS_WEIGHT = 2.0
SMALLEST = 128
RATE, DECAYS, AVERAGING = 0.02, (0.9, 0.99), 0.99
EPSILON = 1e-4
INPUT_SCALE = 255 * 0.226
ITERATIONS = 12


class Vgg:
    """The chain up to relu5_1 for pictures [1, 3, H, W], RGB in [0, 1]."""

    def __init__(self):
        self.weights, _ = read_weights()
        self.mean = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)

    def __call__(self, picture, layers):
        """{layer: features [C, P]}."""
        deepest = max(RELUS.index(layer) for layer in layers)
        x = 255.0 * picture.flip(1) - self.mean
        result = {}
        for index in range(deepest + 1):
            layer = LAYERS[index]
            if index == 0:
                x = functional.pad(x, (1, 1, 1, 1), mode="replicate")
            elif layer[0] != LAYERS[index - 1][0]:
                x = functional.max_pool2d(x, 2)
            x = functional.conv2d(x, *self.weights[layer], padding=int(index > 0)).relu_()
            if RELUS[index] in layers:
                result[RELUS[index]] = x[0].flatten(1) / INPUT_SCALE
        return result


def roots(matrix, iterations):
    """Square root and inverse square root of a positive definite matrix (Newton and Schulz)."""
    norm = matrix.norm()
    root, inverse, identity = matrix / norm, torch.eye(len(matrix)), torch.eye(len(matrix))
    for _ in range(iterations):
        turn = (3 * identity - inverse @ root) / 2
        root, inverse = root @ turn, turn @ inverse
    return root * norm.sqrt(), inverse / norm.sqrt()


class Distance(torch.autograd.Function):
    """mean (μ−μ*)² + mean diag(Σ* + Σ − 2(A·Σ·A)^½), A = Σ*^½, for features [C, P]."""

    @staticmethod
    def forward(context, features, mean, covariance, root):
        channels, positions = features.shape
        found = features.mean(1)
        centred = features - found[:, None]
        spread = centred @ centred.T / positions + EPSILON * torch.eye(channels)
        square_root, inverse = roots(root @ spread @ root, ITERATIONS)
        matrix = (torch.eye(channels) - root @ inverse @ root) * (2 / (positions * channels))
        vector = (found - mean) * (2 / (positions * channels))
        context.save_for_backward(centred, matrix, vector)
        trace = covariance.diagonal().sum() + spread.diagonal().sum() - 2 * square_root.diagonal().sum()
        return (found - mean).square().mean() + trace / channels

    @staticmethod
    def backward(context, gradient):
        centred, matrix, vector = context.saved_tensors
        return gradient * (matrix @ centred + vector[:, None]), None, None, None


def style_target(features):
    """Mean, covariance and its root of features [C, P]."""
    mean = features.mean(1)
    centred = features - mean[:, None]
    covariance = centred @ centred.T / features.shape[1] + EPSILON * torch.eye(len(features))
    return mean, covariance, roots(covariance, 16)[0]


def variation(picture):
    """Mean squared difference of neighbours."""
    padded = functional.pad(picture, (0, 1, 0, 1), mode="replicate")
    across = padded[..., :-1, 1:] - padded[..., :-1, :-1]
    down = padded[..., 1:, :-1] - padded[..., :-1, :-1]
    return (across.square() + down.square()).mean()


def fitted(picture, longest, enlarge):
    """A picture [1, 3, H, W] with this longest side."""
    scale = longest / max(picture.size)
    if scale < 1 or enlarge:
        picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.LANCZOS)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255.0


def sizes(end):
    """end/√2^k down to 128, ascending."""
    result = [end]
    while round(end / 2 ** (len(result) / 2)) >= SMALLEST:
        result.append(round(end / 2 ** (len(result) / 2)))
    return result[::-1]


def shares(levels, steps, seconds):
    """For each level how many steps end it, and how many seconds since the start."""
    weights = [2 if index == 0 else 1 for index in range(len(levels))]
    work = [weight * level**2 for weight, level in zip(weights, levels)]
    ends = []
    for index in range(len(levels)):
        end_steps = round(steps * sum(weights[: index + 1]) / sum(weights)) if steps else None
        ends.append((end_steps, seconds * sum(work[: index + 1]) / sum(work) if seconds else None))
    return ends


def paint(content, style, size, steps=None, seconds=None, factor=1.0):
    """The painted picture [3, H, W] and its number of steps; `factor` multiplies all style weights."""
    vgg = Vgg()
    levels = sizes(size)
    image = fitted(content, levels[0], True)
    moments, done, began = None, 0, time.monotonic()
    for level, (last_step, deadline) in zip(levels, shares(levels, steps, seconds)):
        target_picture = fitted(content, level, True)
        shape = target_picture.shape[2:]
        with torch.no_grad():
            target = vgg(target_picture, (CONTENT_LAYER,))[CONTENT_LAYER]
            found = vgg(fitted(style, level, False), STYLE_LAYERS)
            aims = {layer: style_target(found[layer]) for layer in STYLE_LAYERS}
        image = functional.interpolate(image, shape, mode="bicubic").clamp(0, 1).requires_grad_()
        average, weight = (1 - AVERAGING) * image.detach(), 1 - AVERAGING
        optimizer = torch.optim.Adam([image], lr=RATE, betas=DECAYS)
        if moments:
            state = optimizer.state[image]
            state["step"] = moments["step"]
            state["exp_avg"] = functional.interpolate(moments["exp_avg"], shape, mode="bicubic")
            state["exp_avg_sq"] = functional.interpolate(moments["exp_avg_sq"], shape, mode="bilinear").relu_()
        while (last_step is None or done < last_step) and (deadline is None or time.monotonic() - began < deadline):
            features = vgg(image, (*STYLE_LAYERS, CONTENT_LAYER))
            loss = CONTENT_WEIGHT * (features[CONTENT_LAYER] - target).square().mean()
            loss = loss + SMOOTHNESS_WEIGHT * variation(image)
            for layer, aim in aims.items():
                loss = loss + factor * STYLE_WEIGHTS[layer] * Distance.apply(features[layer], *aim)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                image.clamp_(0, 1)
            average = average * AVERAGING + (1 - AVERAGING) * image.detach()
            weight = weight * AVERAGING + 1 - AVERAGING
            done += 1
        moments = optimizer.state.get(image) or moments
        image = average / weight
    return image[0].clamp(0, 1), done


def main():
    """Paint one picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--style", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, help="steps at all sizes together")
    parser.add_argument("--seconds", type=float, help="wall time of the painting, shared by the sizes")
    parser.add_argument("--factor", type=float, default=1.0, help="of the style's weight")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if not arguments.steps and not arguments.seconds:
        parser.error("give --steps or --seconds")
    torch.set_num_threads(arguments.threads)
    content, style = (Image.open(path).convert("RGB") for path in (arguments.content, arguments.style))
    picture, steps = paint(content, style, arguments.size, arguments.steps, arguments.seconds, arguments.factor)
    Image.fromarray((picture.permute(1, 2, 0) * 255).round().byte().numpy()).save(arguments.output)
    print(f"{steps} steps")


if __name__ == "__main__":
    main()
