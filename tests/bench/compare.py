#!/usr/bin/env python3
"""Time a whole step in Impasto and in PyTorch, alternating, and print the ratios.

    cargo build --release
    python tests/bench/compare.py --sizes 128 256 400 512 --threads 2 --rounds 3

Both run the same network up to relu5_1 with max pooling on square pictures, five style layers and relu4_2,
the balanced objective, the gradient of the image, Adam and clamping, in float32; `--precision fast` lets
Impasto store in 16 bits on a graphics adapter, and compute on matrix units where it has some. Every round
starts both programs anew, one after the other; the table shows each system's median of the rounds' medians
and the median of the rounds' ratios.

Needs torch, numpy and safetensors.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def impasto(arguments, size):
    """Median seconds per step of Impasto."""
    command = [str(arguments.impasto), "bench", "--five-layers", "--device", arguments.device, "--json"]
    command += ["--size", str(size), "--steps", str(arguments.steps), "--precision", arguments.precision]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(arguments.threads)}
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return json.loads(output)["sizes"][0]["seconds_per_step"]


def pytorch(arguments, size):
    """Median seconds per step of PyTorch."""
    command = [sys.executable, str(ROOT / "tests/bench/pytorch_step.py"), str(ROOT / "weights/vgg19.safetensors")]
    command += ["--size", str(size), "--threads", str(arguments.threads), "--steps", str(arguments.steps)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.strip().splitlines()[-1])["median_seconds"]


def main():
    """Run the rounds and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256, 400, 512])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="full", choices=["full", "fast"])
    parser.add_argument("--impasto", type=Path, default=ROOT / "target/release/impasto")
    arguments = parser.parse_args()
    print("| px | PyTorch s/step | Impasto s/step | Impasto / PyTorch | of the rounds |")
    print("|---|---|---|---|---|")
    for size in arguments.sizes:
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            theirs.append(pytorch(arguments, size))
            ours.append(impasto(arguments, size))
        ratios = sorted(our / their for our, their in zip(ours, theirs))
        rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        row = (statistics.median(theirs), statistics.median(ours), statistics.median(ratios))
        print(f"| {size} | {row[0]:.3f} | {row[1]:.3f} | **{row[2]:.2f}** | {rounds} |", flush=True)


if __name__ == "__main__":
    main()
