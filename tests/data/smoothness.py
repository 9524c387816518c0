#!/usr/bin/env python3
"""Compute, with PyTorch, the smoothness over nine points of the iterate and its gradient; writes smoothness.json.

    python tests/data/smoothness.py
"""

import json

import torch
from reference import HERE, pictures, sample, square


def nine_points(picture):
    """Half the mean squared difference of neighbours, plus half that of corners over their squared distance of 2."""
    sides = square(picture[:, :, 1:] - picture[:, :, :-1]) + square(picture[:, 1:] - picture[:, :-1])
    corners = square(picture[:, 1:, 1:] - picture[:, :-1, :-1]) + square(picture[:, 1:, :-1] - picture[:, :-1, 1:])
    return (sides + corners / 2) / 2 / picture.numel()


def main():
    """Write the value, and of the gradient the norm and a sample as in reference.py."""
    picture = pictures(torch.float32)["iterate"].clone().requires_grad_()
    value = nine_points(picture)
    (gradient,) = torch.autograd.grad(value, picture)
    result = {
        "value": value.item(),
        "gradient_norm": square(gradient).sqrt().item(),
        "gradient_sample": sample(gradient).tolist(),
    }
    (HERE / "smoothness.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
