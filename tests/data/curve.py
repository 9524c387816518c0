#!/usr/bin/env python3
"""Compute, with PyTorch, the losses of 200 steps.

    python tests/data/curve.py

Writes curve.safetensors: `totals`, the balanced objective's total before each
step, as reference.py defines it; Adam with lr .03, betas (.9, .9), eps 1e-8,
x clamped to [0, 1] after each step. The content is the upper left 64 x 48 of
content.png, which is also where painting begins; the style is style.png.
"""

import hashlib

import numpy as np
import torch
from safetensors.numpy import save

import reference

STEPS = 200
SIZE = (64, 48)


def main():
    """Write curve.safetensors."""
    torch.set_num_threads(1)
    images = reference.pictures(torch.float32)
    width, height = SIZE
    content = images["content"][:, :height, :width].contiguous()
    objective = reference.Balanced(reference.Network(), content, images["style"])
    totals, _, final = reference.adam(objective, content, 0.03, (0.9, 0.9), True, STEPS)
    arrays = {"totals": np.array([*totals, final], dtype=np.float32)}
    assert np.isfinite(arrays["totals"]).all()
    for step in range(0, STEPS + 1, 20):
        print(f"after {step} steps: {arrays['totals'][step]:.6g}")
    data = save(arrays)
    path = reference.HERE / "curve.safetensors"
    path.write_bytes(data)
    print(f"{path.name}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
