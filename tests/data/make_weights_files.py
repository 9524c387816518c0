#!/usr/bin/env python3
"""Write weight files of the kinds that people have, for the tests of the loader.

    python tests/data/make_weights_files.py FOLDER

They hold the bundled weights, decoded to float32, under torchvision's names. The
files are large (80 MB each) and are not kept in the repository:

vgg19_torchvision.safetensors  features.N.weight, features.N.bias; RGB
vgg19.pth                      the same as a PyTorch zip archive
vgg19_legacy.pth               the same in PyTorch's format from before 1.6, with classifier.* tensors
vgg19_old_rebuild.pth          legacy, with tensors pickled the way PyTorch 0.1 to 0.3 did
vgg19_prefixed.pth             {"state_dict": {"module.features.N.weight": ...}, "epoch": 90}
vgg16.pth                      the thirteen convolutions of VGG-16, all zero: to be refused
nan.safetensors                one NaN among the weights: to be refused
truncated.safetensors          the first half of vgg19_torchvision.safetensors: to be refused

"RGB" means that conv1_1's input channels are in the order red, green, blue; the
values are otherwise those of the bundled file, so they do not give torchvision's features.

Needs numpy, pillow, safetensors and torch.
"""

import argparse
import sys
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save

sys.dont_write_bytecode = True

from reference import BLOCKS, LAYERS, read_weights  # noqa: E402

VGG16_BLOCKS = (2, 2, 3, 3, 3)
NAN_AT = ("features.19.weight", 12345)


class OldTensor(torch.Tensor):
    """A tensor that pickles as PyTorch before 0.4 did: no hooks, no requires_grad."""

    def __reduce_ex__(self, protocol):
        """Rebuild through the function of that time."""
        plain = self.as_subclass(torch.Tensor)
        typed = torch.storage.TypedStorage(wrap_storage=plain.untyped_storage(), dtype=plain.dtype, _internal=True)
        return torch._utils._rebuild_tensor, (typed, 0, tuple(plain.shape), plain.stride())


def numbers(blocks):
    """Torchvision's index N of every convolution in `features`."""
    result = []
    index = 0
    for count in blocks:
        for _ in range(count):
            result.append(index)
            index += 2  # the convolution and its ReLU
        index += 1  # the pooling
    return result


def torchvision_state():
    """The bundled weights as {"features.N.weight": ..., "features.N.bias": ...}, RGB, float32."""
    weights, _ = read_weights()
    state = OrderedDict()
    for layer, number in zip(LAYERS, numbers(BLOCKS)):
        weight, bias = weights[layer]
        if layer == "1_1":
            weight = weight.flip(1)
        state[f"features.{number}.weight"] = weight.contiguous()
        state[f"features.{number}.bias"] = bias.contiguous()
    return state


def vgg16_state():
    """Zeros in the shapes of VGG-16's convolutions."""
    state = OrderedDict()
    channels = 3
    widths = [64 << min(block, 3) for block, count in enumerate(VGG16_BLOCKS) for _ in range(count)]
    for number, width in zip(numbers(VGG16_BLOCKS), widths):
        state[f"features.{number}.weight"] = torch.zeros(width, channels, 3, 3)
        state[f"features.{number}.bias"] = torch.zeros(width)
        channels = width
    return state


def with_classifier(state):
    """Add classifier tensors, much smaller than the real ones."""
    state = OrderedDict(state)
    for number in (0, 3, 6):
        state[f"classifier.{number}.weight"] = torch.full((4, 6), 0.125)
        state[f"classifier.{number}.bias"] = torch.full((4,), 0.25)
    return state


def as_module_state(state):
    """Attach the `_metadata` that a module's state_dict() carries and that ends up in .pth files."""
    state = OrderedDict(state)
    state._metadata = OrderedDict((name, {"version": 1}) for name in ("", "features", "classifier"))
    return state


def with_nan(state):
    """A copy with one weight replaced by NaN."""
    name, position = NAN_AT
    state = OrderedDict(state)
    state[name] = state[name].clone()
    state[name].view(-1)[position] = float("nan")
    return state


def main():
    """Write all the files."""
    parser = argparse.ArgumentParser(description="Write weight files for the tests of the loader.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    state = torchvision_state()
    data = save(state)
    (folder / "vgg19_torchvision.safetensors").write_bytes(data)
    (folder / "truncated.safetensors").write_bytes(data[: len(data) // 2])
    (folder / "nan.safetensors").write_bytes(save(with_nan(state)))

    torch.save(as_module_state(state), folder / "vgg19.pth")
    torch.save(
        as_module_state(with_classifier(state)), folder / "vgg19_legacy.pth", _use_new_zipfile_serialization=False
    )
    old = OrderedDict((name, tensor.as_subclass(OldTensor)) for name, tensor in with_classifier(state).items())
    torch.save(old, folder / "vgg19_old_rebuild.pth", _use_new_zipfile_serialization=False)
    prefixed = OrderedDict((f"module.{name}", tensor) for name, tensor in state.items())
    torch.save({"epoch": 90, "state_dict": prefixed}, folder / "vgg19_prefixed.pth")
    torch.save(vgg16_state(), folder / "vgg16.pth")

    for path in sorted(folder.iterdir()):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
