#!/usr/bin/env python3
"""Compute, with PyTorch, the numbers that Impasto's tests compare with.

    python tests/data/reference.py [--check]

Reads content.png and style.png beside this script (and makes them when they are
missing) and ../../weights/vgg19.safetensors; writes reference.safetensors.
README.md says what every tensor in it is. The network runs in float32, Gram
matrices and losses accumulate in float64.

--check writes nothing: it repeats everything in float64, prints how far the
float32 numbers are from that, and compares gradients with finite differences.

Needs numpy, pillow, safetensors and torch.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WEIGHTS = ROOT / "weights" / "vgg19.safetensors"

CONTENT_SIZE = (94, 67)
STYLE_SIZE = (81, 70)

BLOCKS = (2, 2, 4, 4, 4)
LAYERS = [f"{block}_{index}" for block, count in enumerate(BLOCKS, 1) for index in range(1, count + 1)]
RELUS = [f"relu{layer}" for layer in LAYERS]
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"

LAYER_WEIGHTS = dict(zip(STYLE_LAYERS, (1.0, 0.7, 0.5, 0.3, 0.2)))
EQUAL_WEIGHTS = dict.fromkeys(STYLE_LAYERS, 0.2)

TORCHVISION_MEAN = (0.485, 0.456, 0.406)
TORCHVISION_STD = (0.229, 0.224, 0.225)

SAMPLES = 257

# Added to variances, so that they have a root.
EPSILON = 1e-4

# The gradient jumps where a pre-activation crosses 0 or two values of a pooling window tie, so two correct programs can
# differ by 1e-3 there. Of the seeds 0 to 159 this one keeps the iterate furthest away: from relu2_2 on, every
# pre-activation is at least 1e-5 of its layer's root mean square from 0, and every pooling's winner as far ahead.
NOISE_SEED = 96


def read_weights(path=WEIGHTS):
    """Decode the bundled file: ({layer: (weight, bias)}, metadata), float32, channels as stored."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        assert metadata["format"] == "impasto-vgg19-codebook-1"
        weights = {}
        for layer in LAYERS:
            codebook = file.get_tensor(f"conv{layer}.codebook")
            indices = file.get_tensor(f"conv{layer}.indices")
            weights[layer] = (codebook[indices.long()], file.get_tensor(f"conv{layer}.bias"))
    return weights, metadata


class Network:
    """The sixteen convolutions with max pooling, for pictures [3, H, W], RGB in [0, 1]."""

    def __init__(self, dtype=torch.float32, scaled=True):
        """Use `dtype` throughout; `scaled` multiplies features by the file's activation scales."""
        weights, metadata = read_weights()
        self.dtype = dtype
        self.weights = {layer: (w.to(dtype), b.to(dtype)) for layer, (w, b) in weights.items()}
        scales = json.loads(metadata["activation_scale"])
        self.scales = {relu: scales[relu] if scaled else 1.0 for relu in RELUS}
        self.input = json.loads(metadata["input"])

    def features(self, picture, layers=RELUS):
        """Return {layer: features [C, H, W]} for the named layers."""
        x = picture.flip(0) if self.input["order"] == "bgr" else picture
        mean = torch.tensor(self.input["mean"], dtype=self.dtype).view(3, 1, 1)
        std = torch.tensor(self.input["std"], dtype=self.dtype).view(3, 1, 1)
        x = ((self.input["scale"] * x - mean) / std)[None]
        deepest = max(RELUS.index(layer) for layer in layers)
        result = {}
        for index in range(deepest + 1):
            layer, relu = LAYERS[index], RELUS[index]
            if index > 0 and layer[0] != LAYERS[index - 1][0]:
                x = functional.max_pool2d(x, 2)
            weight, bias = self.weights[layer]
            x = functional.conv2d(x, weight, bias, padding=1).relu()
            if relu in layers:
                result[relu] = x[0] * self.scales[relu]
        return result


def gram(features, normalised=True):
    """The float64 Gram matrix F F^T, divided by the number of positions when `normalised`."""
    flat = features.double().flatten(1)
    product = flat @ flat.T
    return product / flat.shape[1] if normalised else product


def square(tensor):
    """The float64 sum of squares."""
    return (tensor.double() ** 2).sum()


class Objective:
    """Content and style terms against fixed targets."""

    alpha = 1.0
    beta = 1.0
    layer_weights = LAYER_WEIGHTS
    normalised_gram = True

    def __init__(self, network, content, style):
        """Take the targets from the pictures `content` and `style`."""
        self.network = network
        with torch.no_grad():
            self.content_target = network.features(content, (CONTENT_LAYER,))[CONTENT_LAYER]
            features = network.features(style, (*STYLE_LAYERS, CONTENT_LAYER))
            self.style_targets = self.grams(features)
            self.content_energy, self.style_energy = (
                square(image) / image[0].numel() for image in (self.content_target, features[CONTENT_LAYER])
            )

    def grams(self, features):
        """The Gram matrices of the style layers, in this objective's normalisation."""
        return {layer: gram(features[layer], self.normalised_gram) for layer in STYLE_LAYERS}

    def picture(self, variable):
        """The RGB picture in [0, 1] that the optimised variable stands for."""
        return variable

    def variable(self, picture):
        """The inverse of `picture`."""
        return picture

    def terms(self, variable):
        """Return (content, {layer: style}, total), unweighted but for the total."""
        features = self.network.features(self.picture(variable), (*STYLE_LAYERS, CONTENT_LAYER))
        content = self.content_term(features[CONTENT_LAYER])
        grams = self.grams(features)
        style = {
            layer: self.style_term(grams[layer], self.style_targets[layer], features[layer].shape)
            for layer in STYLE_LAYERS
        }
        weighted = sum(self.layer_weights[layer] * style[layer] for layer in STYLE_LAYERS)
        return content, style, self.alpha * content + self.beta * weighted

    def total(self, variable):
        """The weighted total."""
        return self.terms(variable)[2]

    def gradient(self, variable):
        """The total's gradient with respect to the variable."""
        variable = variable.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self.total(variable), variable)
        return gradient


class Balanced(Objective):
    """Relative errors: the default."""

    beta = 2.0

    def content_term(self, features):
        """Squared error relative to that of features that have the style's energy and are orthogonal to the target."""
        expected = features[0].numel() * (self.content_energy + self.style_energy)
        return square(features - self.content_target) / expected

    @staticmethod
    def style_term(actual, target, _shape):
        """Squared error relative to the target's squared norm."""
        return square(actual - target) / square(target)


class Moments(Balanced):
    """Gram matrices, and each channel's mean and deviation."""

    def grams(self, features):
        """Gram matrix, mean and deviation of the style layers."""
        result = {}
        for layer in STYLE_LAYERS:
            matrix = gram(features[layer])
            mean = features[layer].double().flatten(1).mean(1)
            deviation = ((matrix.diagonal() - mean**2).clamp(min=0) + EPSILON).sqrt()
            result[layer] = (matrix, mean, deviation)
        return result

    @staticmethod
    def style_term(actual, target, _shape):
        """The sum of the three relative squared errors."""
        return sum(square(a - t) / square(t) for a, t in zip(actual, target))


class Wasserstein(Balanced):
    """Mean and covariance by the 2-Wasserstein distance; on layers with more positions than channels."""

    layer_weights = {**dict.fromkeys(STYLE_LAYERS, 0.0), "relu1_1": 1.0, "relu2_1": 0.7, "relu3_1": 0.5}

    def grams(self, features):
        """Gram matrix, mean and covariance of the style layers."""
        result = {}
        for layer in STYLE_LAYERS:
            matrix = gram(features[layer])
            mean = features[layer].double().flatten(1).mean(1)
            covariance = matrix - torch.outer(mean, mean) + EPSILON * torch.eye(len(mean), dtype=torch.float64)
            result[layer] = (matrix, mean, covariance)
        return result

    @staticmethod
    def style_term(actual, target, _shape):
        """The squared distance over the trace of the target's Gram matrix; roots from eigenvalues."""
        (_, mean, covariance), (matrix, target_mean, target_covariance) = actual, target
        values, vectors = torch.linalg.eigh(target_covariance)
        root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
        product = root @ covariance @ root
        eigenvalues = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=1e-30)
        traces = covariance.trace() + target_covariance.trace() - 2 * eigenvalues.sqrt().sum()
        return (square(mean - target_mean) + traces) / matrix.trace()


class Paper(Objective):
    """Gatys, Ecker and Bethge 2016."""

    beta = 1e4
    layer_weights = EQUAL_WEIGHTS

    def content_term(self, features):
        """Half the squared error."""
        return 0.5 * square(features - self.content_target)

    @staticmethod
    def style_term(actual, target, shape):
        """Squared error of per-position Gram matrices over 4 C^2."""
        return square(actual - target) / (4 * shape[0] ** 2)


class Classic(Objective):
    """The blog post: unnormalised Gram matrices, optimised in torchvision's normalisation."""

    beta = 1e6
    normalised_gram = False

    def normalisation(self):
        """Torchvision's mean and deviation as [3, 1, 1]."""
        dtype = self.network.dtype
        mean = torch.tensor(TORCHVISION_MEAN, dtype=dtype).view(3, 1, 1)
        return mean, torch.tensor(TORCHVISION_STD, dtype=dtype).view(3, 1, 1)

    def picture(self, variable):
        """v * std + mean."""
        mean, std = self.normalisation()
        return variable * std + mean

    def variable(self, picture):
        """(x - mean) / std."""
        mean, std = self.normalisation()
        return (picture - mean) / std

    def content_term(self, features):
        """Mean squared error."""
        return square(features - self.content_target) / features.numel()

    @staticmethod
    def style_term(actual, target, shape):
        """Mean squared error over the C x C entries, divided by C H W."""
        channels, height, width = shape
        return square(actual - target) / (channels**2 * channels * height * width)


def adam(objective, picture, rate, betas, clamp, steps=10):
    """Run Adam from a picture: (loss before each update, final variable, final loss)."""
    variable = objective.variable(picture).detach().clone().requires_grad_()
    optimiser = torch.optim.Adam([variable], lr=rate, betas=betas, eps=1e-8)
    totals = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = objective.total(variable)
        totals.append(loss.item())
        loss.backward()
        optimiser.step()
        if clamp:
            with torch.no_grad():
                variable.clamp_(0.0, 1.0)
    with torch.no_grad():
        final = objective.total(variable).item()
    return totals, variable.detach(), final


def smoothness(picture):
    """The mean squared difference of neighbouring pixels."""
    across = picture[:, :, 1:] - picture[:, :, :-1]
    down = picture[:, 1:, :] - picture[:, :-1, :]
    return (square(across) + square(down)) / picture.numel()


def make_content(path):
    """Cut the content picture out of the astronaut photograph."""
    picture = Image.open(ROOT / "assets" / "astronaut.jpg").convert("RGB")
    height = round(128 * picture.height / picture.width)
    picture = picture.resize((128, height), Image.LANCZOS)
    left, top = 10, 4
    width, height = CONTENT_SIZE
    picture.crop((left, top, left + width, top + height)).save(path)


def make_style(path):
    """Paint the style picture: warped coloured waves with grain."""
    width, height = STYLE_SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    bend = 4 * np.sin(y / 9) + 3 * np.cos((x + y) / 13)
    radius = np.hypot(x - 50, y - 22)
    red = np.sin((x + bend) / 5) + 0.6 * np.sin(radius / 3)
    green = np.sin((y - bend) / 4 + 1) - 0.5 * np.cos(radius / 4)
    blue = np.cos((x - y + 2 * bend) / 7) + 0.7 * np.sin(radius / 6 + 2)
    waves = np.stack([red, green, blue], -1) / 3.2 + 0.5
    grain = np.random.RandomState(7).uniform(-0.08, 0.08, waves.shape)
    Image.fromarray(np.rint(255 * np.clip(waves + grain, 0, 1)).astype(np.uint8)).save(path)


def load_picture(path, size, make):
    """Read a PNG, making it first when it is missing."""
    if not path.exists():
        make(path)
    picture = Image.open(path).convert("RGB")
    assert picture.size == size, f"{path.name} is {picture.size}, expected {size}"
    return picture


def to_tensor(picture, dtype):
    """A Pillow picture as [3, H, W] in [0, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).to(dtype) / 255.0


def sample(tensor):
    """Every n-th element of the flattened tensor, about 257 in all."""
    flat = tensor.flatten()
    return flat[:: max(1, flat.numel() // SAMPLES)]


def pictures(dtype):
    """Return {"content", "style", "classic.style", "iterate"} as tensors."""
    content = load_picture(HERE / "content.png", CONTENT_SIZE, make_content)
    style = load_picture(HERE / "style.png", STYLE_SIZE, make_style)
    noise = np.random.RandomState(NOISE_SEED).standard_normal((3, CONTENT_SIZE[1], CONTENT_SIZE[0]))
    iterate = to_tensor(content, torch.float64) + 0.05 * torch.from_numpy(noise)
    return {
        "content": to_tensor(content, dtype),
        "style": to_tensor(style, dtype),
        # The iterate is a float32 picture whatever the precision of the rest.
        "iterate": iterate.clamp(0.0, 1.0).float().to(dtype),
        "classic.style": to_tensor(style.resize(CONTENT_SIZE, Image.BILINEAR), dtype),
    }


def objectives(dtype):
    """Return {name: objective} in the given precision, and the pictures."""
    scaled, raw = Network(dtype), Network(dtype, scaled=False)
    images = pictures(dtype)
    content, style, resized = images["content"], images["style"], images["classic.style"]
    return {
        "balanced": Balanced(scaled, content, style),
        "moments": Moments(scaled, content, style),
        "wasserstein": Wasserstein(scaled, content, style),
        "paper": Paper(scaled, content, style),
        "classic": Classic(scaled, content, resized),
        "classic_raw": Classic(raw, content, resized),
    }, images


def compute(dtype=torch.float32):
    """Return every tensor of reference.safetensors, in the given precision."""
    everything, images = objectives(dtype)
    iterate = images["iterate"]
    result = {"iterate": iterate, "classic.style": images["classic.style"]}

    network = everything["balanced"].network
    with torch.no_grad():
        for layer, features in network.features(iterate).items():
            result[f"features.{layer}.norm"] = square(features).sqrt()
            result[f"features.{layer}.mean"] = features.double().mean()
            result[f"features.{layer}.sample"] = sample(features)
        for layer, features in network.features(images["style"], STYLE_LAYERS).items():
            matrix = gram(features)
            result[f"gram.{layer}.norm"] = square(matrix).sqrt()
            result[f"gram.{layer}.sample"] = sample(matrix)
            if layer == "relu1_1":
                result[f"gram.{layer}"] = matrix

    for name, objective in everything.items():
        variable = objective.variable(iterate)
        with torch.no_grad():
            content, style, total = objective.terms(variable)
        result[f"{name}.content"] = content
        for layer, term in style.items():
            result[f"{name}.style.{layer}"] = term
        result[f"{name}.total"] = total
        result[f"{name}.gradient"] = objective.gradient(variable)

    for name, rate, betas, clamp in (
        ("balanced", 0.03, (0.9, 0.99), True),
        ("classic", 0.003, (0.9, 0.999), False),
    ):
        totals, final, final_total = adam(everything[name], iterate, rate, betas, clamp)
        result[f"adam.{name}.totals"] = torch.tensor(totals, dtype=torch.float64)
        result[f"adam.{name}.final"] = final
        result[f"adam.{name}.final_total"] = torch.tensor(final_total, dtype=torch.float64)

    picture = iterate.clone().requires_grad_()
    value = smoothness(picture)
    result["smoothness"] = value.detach()
    (result["smoothness.gradient"],) = torch.autograd.grad(value, picture)

    balanced = everything["balanced"]
    with torch.no_grad():
        actual = balanced.grams(network.features(iterate, STYLE_LAYERS))
        first = balanced.style_targets
        second = balanced.grams(network.features(images["content"], STYLE_LAYERS))
        for layer in STYLE_LAYERS:
            target = 0.25 * first[layer] + 0.75 * second[layer]
            result[f"blend.style.{layer}"] = balanced.style_term(actual[layer], target, None)
        balanced.style_energy = 0.25 * balanced.style_energy + 0.75 * balanced.content_energy
        result["blend.content"] = balanced.content_term(network.features(iterate, (CONTENT_LAYER,))[CONTENT_LAYER])
    return result


def to_arrays(tensors):
    """Float32 arrays for the file; scalars get the shape [1]."""
    return {name: np.ascontiguousarray(np.atleast_1d(t.float().numpy())) for name, t in tensors.items()}


def relative(actual, expected):
    """The relative difference of two tensors in the L2 norm."""
    expected = expected.double()
    return ((actual.double() - expected).norm() / expected.norm()).item()


def check():
    """Compare float32 with float64, and gradients with finite differences."""
    single, double = compute(torch.float32), compute(torch.float64)
    for name in single:
        print(f"{name}: float32 off by {relative(single[name], double[name]):.2g}")
    everything, images = objectives(torch.float64)
    generator = torch.Generator().manual_seed(1)
    direction = torch.randn(images["iterate"].shape, generator=generator, dtype=torch.float64)
    for name, objective in everything.items():
        variable = objective.variable(images["iterate"])
        analytic = (objective.gradient(variable) * direction).sum().item()
        step = 1e-6
        with torch.no_grad():
            ahead = objective.total(variable + step * direction)
            behind = objective.total(variable - step * direction)
        numeric = ((ahead - behind) / (2 * step)).item()
        print(f"{name}: directional derivative {analytic:.9g}, finite difference {numeric:.9g}")


def main():
    """Write reference.safetensors, or run the check."""
    parser = argparse.ArgumentParser(description="Compute the reference numbers for Impasto's tests.")
    parser.add_argument("--check", action="store_true", help="compare with float64 and finite differences instead")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.check:
        check()
        return
    arrays = to_arrays(compute())
    for name, array in arrays.items():
        assert np.isfinite(array).all(), name
        print(f"{name} {list(array.shape)}" + (f" = {array[0]:.7g}" if array.size == 1 else ""))
    data = save(arrays)
    path = HERE / "reference.safetensors"
    path.write_bytes(data)
    print(f"{path.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
