#!/usr/bin/env python3
"""Paint by Neural Neighbor Style Transfer, implemented by us after the paper and its published code.

    python tests/bench/nnst.py --content assets/chelsea.jpg --style assets/swirl.jpg --output out.png --size 192
    python tests/bench/nnst.py --check

Kolkin, Kucera, Paris, Sýkora, Shechtman and Shakhnarovich 2022 (arXiv 2203.13215, the optimised variant;
code: nkolkin13/NeuralNeighborStyleTransfer). Scales a factor two apart, from about 64 px on. At each, the
picture's hypercolumns (ten layers from relu1_1 to relu4_3, each divided by its number of channels, brought to
a quarter of the side) are replaced by the nearest of the style and of its quarter turns (cosine, each picture
centred by its own mean), and Adam, step size 0.002, turns the coefficients of the picture's Laplacian pyramid
200 times towards these (cosine, not centred). What is looked up is the content at the coarsest scale; later
its share is α = 0.75, and the rest is what is painted so far with the content's finest details. In a last
pass, of as many updates, each layer looks for its nearest features by itself at every update, at no more than
64 × 64 places a random offset apart. At last colours: the painting's lightness, and the content's a and b in
OkLab with the style's mean and covariance, smoothed along the lightness; all within the style's range.

`--factor` multiplies the style's share: α = 3 / (3 + factor), so 0.92 at ¼, the published 0.75 at 1, 0.43 at 4.

What differs: the layers of the same names of the bundled VGG-19 instead of torchvision's VGG-16, features as
this network gives them. At sizes that are not 512 or 1024 px, the number of scales and the strides follow the
same rule. The published code's last pass, by a slip, compares an earlier layer's features at layers at most
64 places wide; here these are compared whole.

Needs numpy, pillow, safetensors and torch.
"""

import argparse
import math
import random
import sys
from pathlib import Path

import torch
from PIL import Image
from recipe import fitted
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/data"))
from reference import Network  # noqa: E402

LAYERS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3", "relu4_1", "relu4_2", "relu4_3")
UPDATES, RATE = 200, 2e-3
CONTENT_SHARE = 0.75
SMALLEST, DEEPEST = 64, 8
# The finest levels that begin without the content's details: fewer in a large picture.
BARE, BARE_LARGE, LARGE = 3, 2, 1024
PLACES = 64
CHUNK = 1024
# Of the colours: what is added to covariances, below which covariance a style is grey, passes and sharpness
# of the smoothing.
FLOOR, GREY, PASSES, SHARPNESS = 1e-4, 6e-5, 5, 10.0

# OkLab (Ottosson 2020) of linear values; as in the published code, sRGB's are taken without being decoded.
TO_CONES = torch.tensor([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                         [0.0883024619, 0.2817188376, 0.6299787005]])
TO_LAB = torch.tensor([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                       [0.0259040371, 0.7827717662, -0.8086757660]])


def resized(picture, shape):
    """A picture [1, 3, H, W] with another shape (H, W), bilinear."""
    return functional.interpolate(picture, shape, mode="bilinear", align_corners=False)


def laplacian(picture, levels):
    """The details of so many levels, the finest first, and at the end what is left, of a picture [1, 3, H, W]."""
    pyramid = []
    for _ in range(levels):
        small = resized(picture, [side // 2 for side in picture.shape[2:]])
        pyramid.append(picture - resized(small, picture.shape[2:]))
        picture = small
    return [*pyramid, picture]


def collapsed(pyramid):
    """The picture of a Laplacian pyramid."""
    picture = pyramid[-1]
    for details in reversed(pyramid[:-1]):
        picture = details + resized(picture, details.shape[2:])
    return picture


def turns(picture):
    """The picture [1, 3, H, W] and its three quarter turns."""
    return [torch.rot90(picture, turn, (2, 3)) for turn in range(4)]


def hypercolumns(network, picture):
    """Features [C, P] of all layers, each divided by its number of channels, at a quarter of the picture's sides."""
    shape = [side // 4 for side in picture.shape[2:]]
    found = network.features(picture[0], LAYERS)
    layers = (functional.interpolate(found[layer][None], shape, mode="bilinear", align_corners=True)[0] for layer in LAYERS)
    return torch.cat([features.flatten(1) / len(features) for features in layers])


def centred(features):
    """Unit vectors [C, P] of features [C, P] without their mean."""
    return functional.normalize(features - features.mean(1, keepdim=True), dim=0)


def nearest(found, candidates):
    """For each of the unit vectors [C, P] the index of the nearest of others [C, Q]."""
    return torch.cat([(chunk.T @ candidates).argmax(1) for chunk in found.split(CHUNK, dim=1)])


def fit(pyramid, loss, updates):
    """The pyramid after so many updates by Adam that lower a loss of its picture."""
    levels = [level.detach().clone().requires_grad_() for level in pyramid]
    optimizer = torch.optim.Adam(levels, lr=RATE)
    for _ in range(updates):
        optimizer.zero_grad()
        loss(collapsed(levels)).backward()
        optimizer.step()
    return laplacian(collapsed(levels).detach(), len(levels) - 1)


def replaced(network, picture, style):
    """The picture's hypercolumns, each replaced by the nearest of the style and its turns, as unit vectors [C, P]."""
    with torch.no_grad():
        candidates = torch.cat([hypercolumns(network, turned) for turned in turns(style)], dim=1)
        found = nearest(centred(hypercolumns(network, picture)), centred(candidates))
        return functional.normalize(candidates[:, found], dim=0)


def column_loss(network, targets):
    """Mean cosine distance of a picture's hypercolumns from unit vectors [C, P]."""
    return lambda picture: 1 - (functional.normalize(hypercolumns(network, picture), dim=0) * targets).sum(0).mean()


def layer_loss(network, style):
    """Sum over the layers of the mean cosine distance of a picture's features from the nearest of the style
    and its turns."""
    offsets = random.Random(0)
    with torch.no_grad():
        styles = [network.features(turned[0], LAYERS) for turned in turns(style)]

    def loss(picture):
        total, features = 0.0, network.features(picture[0], LAYERS)
        for layer in LAYERS:
            stride = math.ceil(max(features[layer].shape[1:]) / PLACES)
            top, left = offsets.randrange(stride), offsets.randrange(stride)
            found, *candidates = (x[layer][:, top::stride, left::stride].flatten(1) for x in (features, *styles))
            found, candidates = centred(found), centred(torch.cat(candidates, dim=1))
            with torch.no_grad():
                targets = candidates[:, nearest(found, candidates)]
            total = total + 1 - (found * targets).sum(0).mean()
        return total

    return loss


def lab(picture):
    """A picture [1, 3, H, W] in OkLab [3, H, W]."""
    cones = torch.einsum("ij,jyx->iyx", TO_CONES, picture[0].clamp(0, 1))
    return torch.einsum("ij,jyx->iyx", TO_LAB, cones ** (1 / 3))


def rgb(colours):
    """A picture [1, 3, H, W] of OkLab colours [3, H, W]."""
    cones = torch.einsum("ij,jyx->iyx", TO_LAB.inverse(), colours) ** 3
    return torch.einsum("ij,jyx->iyx", TO_CONES.inverse(), cones)[None].clamp(0, 1)


def covariance(values):
    """Of values [K, H, W], [K, K]."""
    return torch.cov(values.flatten(1), correction=0)


def matched(values, wanted):
    """Values [K, H, W] with the mean and covariance of others, whitened and coloured along the axes of each."""
    turn = torch.eye(len(values))
    for power, side in ((-0.5, values), (0.5, wanted)):
        spread, axes = torch.linalg.eigh(covariance(side) + FLOOR * torch.eye(len(values)))
        turn = axes @ torch.diag(spread**power) @ axes.T @ turn
    moved = torch.einsum("ij,jyx->iyx", turn, values - values.mean((1, 2), keepdim=True))
    return moved + wanted.mean((1, 2), keepdim=True)


def smoothed(values, light):
    """Values [K, H, W], each several times the mean of its 3 × 3 places weighted by how near they are in
    light [1, H, W]."""
    def places(x):
        padded = functional.pad(x[None], (1, 1, 1, 1), mode="replicate")
        return functional.unfold(padded, 3).view(len(x), 9, *x.shape[1:])

    weights = (-SHARPNESS * (places(light) - light[:, None]).abs()).exp()
    for _ in range(PASSES):
        values = (places(values) * weights).sum(1) / weights.sum(1)
    return values


def within(values, wanted):
    """Values [K, H, W], each channel clamped to the range of another's."""
    low, high = (edge(wanted.flatten(1), dim=1).values[:, None, None] for edge in (torch.min, torch.max))
    return torch.minimum(torch.maximum(values, low), high)


def recoloured(painted, content, style):
    """OkLab colours [3, H, W] with the painting's lightness and the content's hues as the style has them."""
    light = within(painted[:1], style[:1])
    if covariance(style)[1:, 1:].abs().max() < GREY:
        colours = matched(torch.cat([light, painted[1:]]), style)
    else:
        colours = torch.cat([light, smoothed(matched(content[1:], style[1:]), light)])
    return within(colours, style)


def content_share(factor):
    """α of a factor of the style's share."""
    return CONTENT_SHARE / (CONTENT_SHARE + (1 - CONTENT_SHARE) * factor)


def paint(content, style, size, updates=UPDATES, factor=1.0):
    """The painted picture [3, H, W], by so many updates at each scale and in the last pass."""
    network = Network(scaled=False)
    content, style = (fitted(picture, size, True) for picture in (content, style))
    scales = max(0, round(math.log2(size / SMALLEST))) + 1
    depth = min(DEEPEST, int(math.log2(min(content.shape[2:]))))
    contents, styles = laplacian(content, depth), laplacian(style, scales - 1)
    bare = min(scales - 1, BARE_LARGE if size >= LARGE else BARE)
    pyramid = [torch.zeros_like(level) if index < bare else level for index, level in enumerate(contents)]
    for scale in reversed(range(scales)):
        share = content_share(factor) if scale < scales - 1 else 1.0
        painted = collapsed([contents[scale], *pyramid[scale + 1 :]])
        sought = share * collapsed(contents[scale:]) + (1 - share) * painted
        targets = replaced(network, sought, collapsed(styles[scale:]))
        pyramid[scale:] = fit(pyramid[scale:], column_loss(network, targets), updates)
    pyramid = fit(pyramid, layer_loss(network, style), updates)
    return rgb(recoloured(lab(collapsed(pyramid)), lab(content), lab(style)))[0]


def check():
    """Assert on noise what the parts promise."""
    torch.manual_seed(0)
    network, picture, other = Network(scaled=False), torch.rand(1, 3, 63, 54), torch.rand(1, 3, 60, 67) ** 2
    assert torch.allclose(collapsed(laplacian(picture, 5)), picture, atol=1e-6), "a pyramid rebuilds its picture"
    with torch.no_grad():
        columns, turned = hypercolumns(network, picture), torch.rot90(picture, 1, (2, 3))
        assert columns.shape == (2688, 15 * 13), "ten layers, a quarter of the sides"
        assert nearest(centred(columns), centred(columns)).equal(torch.arange(15 * 13)), "each is nearest to itself"
        own, theirs = (replaced(network, picture, style) for style in (picture, other))
        assert torch.allclose(own, functional.normalize(columns, dim=0), atol=1e-5), "its own style replaces nothing"
        mine, again, far = (layer_loss(network, style)(picture).item() for style in (picture, turned, other))
        assert math.isclose(mine, again, rel_tol=1e-3) and mine < far / 2, "a turned style is the same style"
        aims = {"columns": column_loss(network, theirs), "layers": layer_loss(network, other)}
        before = {name: aim(picture) for name, aim in aims.items()}
    for name, aim in aims.items():
        painted = collapsed(fit(laplacian(picture, 4), aim, 10))
        with torch.no_grad():
            assert aim(painted) < 0.95 * before[name], f"updates lower the loss of the {name}"
    mine, wanted = lab(picture), lab(other)
    assert torch.allclose(rgb(mine), picture, atol=1e-4), "OkLab and back"
    assert torch.allclose(covariance(matched(mine, wanted)), covariance(wanted), rtol=0.05, atol=1e-4), "covariance"
    found = recoloured(mine, lab(1 - picture), wanted)
    assert found[:1].equal(within(mine[:1], wanted[:1])), "the painting's lightness stays"
    assert torch.allclose(smoothed(mine[:, :1, :1].expand_as(mine), mine[:1]), mine[:, :1, :1]), "flat stays flat"
    assert (content_share(0), content_share(1)) == (1, CONTENT_SHARE), "shares"
    print("all parts hold")


def main():
    """Paint one picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="test the parts instead of painting")
    parser.add_argument("--content", type=Path)
    parser.add_argument("--style", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--updates", type=int, default=UPDATES, help="at each scale, and in the last pass")
    parser.add_argument("--factor", type=float, default=1.0, help="of the style's share")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.check:
        return check()
    if not (arguments.content and arguments.style and arguments.output):
        parser.error("give --content, --style and --output, or --check")
    content, style = (Image.open(path).convert("RGB") for path in (arguments.content, arguments.style))
    picture = paint(content, style, arguments.size, arguments.updates, arguments.factor)
    Image.fromarray((picture.permute(1, 2, 0) * 255).round().byte().numpy()).save(arguments.output)


if __name__ == "__main__":
    main()
