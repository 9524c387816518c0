#!/usr/bin/env python3
"""How near a region comes to its own style, beside a picture that is painted in that style alone.

    cargo build --release
    python tests/bench/regions_error.py target/release/impasto --size 256 --steps 200

The left half of a content is a region with one style, the right half one with another; the halves cross-fade
over a sixteenth of the width. Compared are the parts of them that lie an eighth of the width from the middle
or more, on layers that no run optimises (`measures.py`), with the same parts of the pictures in each style
alone: 1 is as near, 2 is twice the error. Needs what `quality.py` needs.
"""

import argparse
import statistics
import subprocess
import tempfile
from pathlib import Path

from measures import Measure, load
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
TRIPLES = (("chelsea", "swirl", "mosaic"), ("coffee", "embers", "woodcut"), ("rocket", "mosaic", "embers"))


def halves(folder, side=512):
    """Masks of the left and the right half."""
    ramp = [min(max((x + 0.5 - side / 2) / (side / 16) + 0.5, 0), 1) for x in range(side)]
    for name, row in (("left", [1 - x for x in ramp]), ("right", ramp)):
        image = Image.new("L", (side, 1))
        image.putdata([round(255 * x) for x in row])
        image.resize((side, side)).save(folder / f"{name}.png")


def main():
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=200)
    given = parser.parse_args()
    measure, ratios = Measure(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        halves(folder)

        def paint(output, content, *words):
            command = [given.program, "render", "--device", "cpu", "--quiet", "--force", "-c", f"example:{content}"]
            command += ["--size", given.size, "--steps", given.steps, "-o", folder / output, *words]
            subprocess.run(list(map(str, command)), check=True)
            return load(folder / output, given.size)

        print("| content | half, style | Gram, region | Gram, alone | ratio |\n|---|---|---|---|---|")
        for content, *styles in TRIPLES:
            sides = [word for side, style in zip(("left", "right"), styles)
                     for word in ("-s", f"example:{style}#{side}", "--region", f"{side}={folder / side}.png")]
            both = paint("both.png", content, *sides)
            for side, style in zip(("left", "right"), styles):
                alone = paint("alone.png", content, "-s", f"example:{style}")
                wanted = load(ROOT / f"assets/{style}.jpg", given.size, enlarge=False)
                inner = both.shape[2] * 3 // 8
                part = slice(None, inner) if side == "left" else slice(-inner, None)
                found = [measure.style(picture[:, :, part], wanted)["gram"] for picture in (both, alone)]
                ratios.append(found[0] / found[1])
                print(f"| {content} | {side}, {style} | {found[0]:.3f} | {found[1]:.3f} | {ratios[-1]:.2f} |", flush=True)
    print(f"\nmean {statistics.mean(ratios):.2f}, most {max(ratios):.2f}")


if __name__ == "__main__":
    main()
