"""How near a picture is to its style and to its content, on layers and statistics that no compared system optimises.

NNST alone takes something from each of `LAYERS` and from relu2_2: where it is compared, relu3_4 is the layer
held out for all.

Lower is better everywhere; the formulas are in each function. Needs numpy, pillow, safetensors and torch.
"""

import statistics
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/data"))
from reference import Network, gram  # noqa: E402

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
CONTENT_LAYER = "relu3_1"
STYLE_AXES = ("gram", "moments", "palette")
GHOST_LAYERS = ("relu4_1", "relu5_1")
GHOST_AXES = tuple(f"copied {layer}" for layer in GHOST_LAYERS)
# relu2_2 sees the grain of strokes, relu3_4 strokes; of relu3_4 no system takes anything.
COHERENCE_LAYERS = ("relu2_2", "relu3_4")
WAYS = ("to style", "from style")
COHERENCE_AXES = tuple(f"{way} {layer}" for way in WAYS for layer in COHERENCE_LAYERS)
AXES = (*STYLE_AXES, "cfsd", *GHOST_AXES, *COHERENCE_AXES)
HEADINGS = dict(zip(AXES, ("Gram", "mean, σ", "palette", "content (CFSD)", *GHOST_AXES, *COHERENCE_AXES)))
# How much nearer than the content a painted place must come to the style before it counts as copied from it.
GHOST_MARGIN = 0.15
# How many places look for their nearest, and among how many at most.
SEEKERS, SOUGHT = 2048, 16384


def load(path, longest, enlarge=True):
    """A picture as [3, H, W] in [0, 1] with this longest side, or its own if that is less and it may not be
    enlarged."""
    picture = Image.open(path).convert("RGB")
    scale = longest / max(picture.size)
    if scale < 1 or enlarge:
        picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.LANCZOS)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255.0


def oklab(picture):
    """Colours [P, 3] in OkLab (Ottosson 2020)."""
    x = picture.flatten(1).double()
    linear = torch.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    first = torch.tensor([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                          [0.0883024619, 0.2817188376, 0.6299787005]], dtype=torch.float64)
    second = torch.tensor([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                           [0.0259040371, 0.7827717662, -0.8086757660]], dtype=torch.float64)
    return (second @ (first @ linear).clamp(min=0) ** (1 / 3)).T


def palette_distance(a, b, directions=64):
    """Sliced 1-Wasserstein distance of two palettes [P, 3]."""
    generator = torch.Generator().manual_seed(1)
    axes = torch.nn.functional.normalize(torch.randn(3, directions, generator=generator, dtype=torch.float64), dim=0)
    quantiles = torch.linspace(0.005, 0.995, 199, dtype=torch.float64)
    spread = [torch.quantile(x[:: max(1, len(x) // 20000)] @ axes, quantiles, dim=0) for x in (a, b)]
    return (spread[0] - spread[1]).abs().mean().item()


def relative(found, expected):
    """Relative error in the L2 norm."""
    return ((found - expected).norm() / expected.norm()).item()


def neighbourhoods(features):
    """Unit vectors [9 C, P] of the 3 × 3 places around each inner place of features [C, H, W], centred by
    their means."""
    centred = features - features.mean((1, 2), keepdim=True)
    return torch.nn.functional.normalize(torch.nn.functional.unfold(centred[None], 3)[0], dim=0)


def sampled(features, count, seed):
    """So many columns at most of features [C, P], drawn without repetition."""
    order = torch.randperm(features.shape[1], generator=torch.Generator().manual_seed(seed))
    return features[:, order[:count]]


def distance_to_nearest(features, others):
    """Mean cosine distance of unit vectors [C, P] from the nearest of others [C, Q]; at most `SEEKERS` and
    `SOUGHT` of them."""
    found = sampled(features, SEEKERS, 1).T @ sampled(others, SOUGHT, 2)
    return 1 - found.max(1).values.mean().item()


class Measure:
    """Measures pictures; the network is decoded once."""

    def __init__(self):
        self.network = Network()

    def style(self, picture, style):
        """Mean over the layers of the relative errors of Gram matrices, and of means and deviations; the
        palettes' distance."""
        with torch.no_grad():
            found, wanted = (self.network.features(image, LAYERS) for image in (picture, style))
            grams, moments = [], []
            for layer in LAYERS:
                grams.append(relative(gram(found[layer]), gram(wanted[layer])))
                a, b = found[layer].double().flatten(1), wanted[layer].double().flatten(1)
                moments.append((relative(a.mean(1), b.mean(1)) + relative(a.std(1), b.std(1))) / 2)
        palette = palette_distance(oklab(picture), oklab(style))
        return {"gram": statistics.mean(grams), "moments": statistics.mean(moments), "palette": palette}

    def similarities(self, picture, layer):
        """log softmax of the rows of FᵀF/C at a layer, brought to 24 by 24 places."""
        with torch.no_grad():
            features = self.network.features(picture, (layer,))[layer].double()
            features = torch.nn.functional.interpolate(features[None], size=(24, 24), mode="area")[0].flatten(1)
            return torch.log_softmax(features.T @ features / len(features), dim=1)

    def content(self, picture, content, layer=CONTENT_LAYER):
        """Divergence of self-similarities (CFSD) at a layer: the mean over places of KL(content ‖ picture)."""
        wanted, found = (self.similarities(image, layer) for image in (content, picture))
        return (wanted.exp() * (wanted - found)).sum(1).mean().item()

    def copied(self, picture, content, style):
        """Share of places that look like some place of the style, by layer: ghosts of what the style shows.

        A place is copied where the cosine of its 3 × 3 neighbourhood with the nearest one of the style's is
        higher than that with the content's at the same place, and by at least `GHOST_MARGIN` higher than the
        content's own with the style. Features are centred by each picture's own means.
        """
        with torch.no_grad():
            images = [self.network.features(image, GHOST_LAYERS) for image in (picture, content, style)]
            found = {}
            for layer in GHOST_LAYERS:
                painted, own, theirs = (neighbourhoods(features[layer]) for features in images)
                nearest, before = ((places.T @ theirs).max(1).values for places in (painted, own))
                kept = (painted * own).sum(0)
                found[f"copied {layer}"] = ((nearest > kept) & (nearest > before + GHOST_MARGIN)).float().mean().item()
        return found

    def coherence(self, picture, style):
        """How far the picture's features are from the style's nearest, and the style's from the picture's, by layer.

        Mean over places of 1 − the cosine; features are centred by each picture's own means. The first is
        large where there is what the style has nowhere, the second where something of the style is missing.
        """
        with torch.no_grad():
            images = [self.network.features(image, COHERENCE_LAYERS) for image in (picture, style)]
        found = {}
        for layer in COHERENCE_LAYERS:
            flat = (features[layer].flatten(1) for features in images)
            painted, theirs = (torch.nn.functional.normalize(x - x.mean(1, keepdim=True), dim=0) for x in flat)
            for way, pair in zip(WAYS, ((painted, theirs), (theirs, painted))):
                found[f"{way} {layer}"] = distance_to_nearest(*pair)
        return {axis: found[axis] for axis in COHERENCE_AXES}

    def __call__(self, picture, content, style):
        """All axes."""
        content_error = {"cfsd": self.content(picture, content)}
        return self.style(picture, style) | content_error | self.copied(picture, content, style) | self.coherence(picture, style)
