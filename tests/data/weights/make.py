#!/usr/bin/env python3
"""Write the PyTorch files that the loader's tests read, beside this script.

    python tests/data/weights/make.py

Every tensor has VGG-19's shape but a single stored value, shown everywhere by a stride of 0, so that the files
take a few kB: the weight of convolution i (from 0) is (i+1)/100, its bias -(i+1)/100.

vgg19.pth              torchvision's layout as a PyTorch zip archive
vgg19_legacy.pth       the same in PyTorch's format from before 1.6, with classifier.* tensors
vgg19_old_rebuild.pth  legacy, with tensors pickled the way PyTorch 0.1 to 0.3 did
vgg19_prefixed.pth     {"state_dict": {"module.features.N.weight": ...}, "epoch": 90}
vgg19_oxford.pth       a first bias as in the original Oxford network, which tells its float files apart
vgg16.pth              the thirteen convolutions of VGG-16: to be refused
vgg19_nan.pth          NaN as the weights of features.19: to be refused
vgg19_wrong_shape.pth  5x5 kernels in features.5: to be refused

Needs torch.
"""

from collections import OrderedDict
from pathlib import Path

import torch

VGG19_BLOCKS = (2, 2, 4, 4, 4)
VGG16_BLOCKS = (2, 2, 3, 3, 3)
OXFORD_FIRST_BIAS = 0.73017758
HERE = Path(__file__).resolve().parent


class OldTensor(torch.Tensor):
    """A tensor that pickles as PyTorch before 0.4 did: no hooks, no requires_grad."""

    def __reduce_ex__(self, protocol):
        """Rebuild through the function of that time."""
        plain = self.as_subclass(torch.Tensor)
        typed = torch.storage.TypedStorage(wrap_storage=plain.untyped_storage(), dtype=plain.dtype, _internal=True)
        return torch._utils._rebuild_tensor, (typed, 0, tuple(plain.shape), plain.stride())


def constant(value, *shape):
    """A tensor that stores one value."""
    return torch.tensor([float(value)]).expand(*shape)


def state(blocks):
    """A network's state under torchvision's names."""
    result = OrderedDict()
    number, channels, index = 0, 3, 1
    for block, count in enumerate(blocks):
        width = 64 << min(block, 3)
        for _ in range(count):
            result[f"features.{number}.weight"] = constant(index / 100, width, channels, 3, 3)
            result[f"features.{number}.bias"] = constant(-index / 100, width)
            number += 2  # the convolution and its ReLU
            index += 1
            channels = width
        number += 1  # the pooling
    return result


def changed(tensors, **replacements):
    """A copy with some tensors replaced."""
    result = OrderedDict(tensors)
    result.update(replacements)
    # The metadata that a module's state_dict() carries and that ends up in files.
    result._metadata = OrderedDict((name, {"version": 1}) for name in ("", "features", "classifier"))
    return result


def main():
    """Write all the files."""
    vgg19 = state(VGG19_BLOCKS)
    classifier = {
        f"classifier.{number}.{part}": constant(0.125, *shape)
        for number in (0, 3, 6)
        for part, shape in (("weight", (4, 6)), ("bias", (4,)))
    }
    whole = changed(vgg19, **classifier)
    torch.save(changed(vgg19), HERE / "vgg19.pth")
    torch.save(whole, HERE / "vgg19_legacy.pth", _use_new_zipfile_serialization=False)
    old = OrderedDict((name, tensor.as_subclass(OldTensor)) for name, tensor in whole.items())
    torch.save(old, HERE / "vgg19_old_rebuild.pth", _use_new_zipfile_serialization=False)
    prefixed = OrderedDict((f"module.{name}", tensor) for name, tensor in vgg19.items())
    torch.save({"epoch": 90, "state_dict": prefixed}, HERE / "vgg19_prefixed.pth")
    oxford = constant(OXFORD_FIRST_BIAS, 64)
    torch.save(changed(vgg19, **{"features.0.bias": oxford}), HERE / "vgg19_oxford.pth")
    torch.save(state(VGG16_BLOCKS), HERE / "vgg16.pth")
    nan = constant(float("nan"), 512, 256, 3, 3)
    torch.save(changed(vgg19, **{"features.19.weight": nan}), HERE / "vgg19_nan.pth")
    wide = constant(0.1, 128, 64, 5, 5)
    torch.save(changed(vgg19, **{"features.5.weight": wide}), HERE / "vgg19_wrong_shape.pth")
    for path in sorted(HERE.glob("*.pth")):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
