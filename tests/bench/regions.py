"""How much longer a step takes with regions: plain and with four regions, in alternating rounds.

    cargo build --release
    python3 tests/bench/regions.py target/release/impasto --size 512 --rounds 5

Needs pillow. A region is a quarter of the picture whose edges cross-fade over a sixteenth of its side; each has a
style of its own, or with --one all have the same. --device as for `impasto render`.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

STYLES = ("swirl", "mosaic", "woodcut", "embers")
STEPS = 14
WARM_UP = 4


def masks(folder, side=512):
    """Four soft quarters, which sum to white."""
    def share(at):
        return min(max((at - side / 2) / (side / 16) + 0.5, 0), 1)

    ramp = [share(at + 0.5) for at in range(side)]
    paths = []
    for right in (False, True):
        for below in (False, True):
            across = [x if right else 1 - x for x in ramp]
            down = [y if below else 1 - y for y in ramp]
            image = Image.new("L", (side, side))
            image.putdata([round(255 * x * y) for y in down for x in across])
            paths.append(folder / f"quarter{right:d}{below:d}.png")
            image.save(paths[-1])
    return paths


def seconds(program, folder, arguments):
    """Median seconds of a step."""
    report = folder / "report.json"
    subprocess.run([program, "render", "--content", "example:coffee", "--steps", str(STEPS), "--pyramid=false",
                    "--quiet", "--force", "--output", folder / "out.png", "--report", report, *arguments], check=True)
    times = [step["seconds"] for step in json.loads(report.read_text())["steps"]][WARM_UP:]
    return statistics.median(b - a for a, b in zip(times, times[1:]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--statistic", default="moments")
    parser.add_argument("--one", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        usual = ["--size", str(given.size), "--device", given.device, "--statistic", given.statistic]
        names = STYLES[:1] * 4 if given.one else STYLES
        plain = [word for style in dict.fromkeys(names) for word in ("--style", f"example:{style}")]
        regions = []
        for region, (style, mask) in enumerate(zip(names, masks(folder))):
            regions += ["--region", f"r{region}={mask}", "--style", f"example:{style}#r{region}"]
        ratios, pairs = [], []
        for _ in range(given.rounds):
            pair = [seconds(given.program, folder, usual + words) for words in (plain, regions)]
            pairs.append(pair)
            ratios.append(pair[1] / pair[0])
        medians = [statistics.median(pair[i] for pair in pairs) for i in range(2)]
        print(f"{given.size} px, {given.statistic}: plain {medians[0]:.3f} s, four regions {medians[1]:.3f} s, "
              f"ratio {statistics.median(ratios):.3f} of {', '.join(f'{r:.2f}' for r in ratios)}")


if __name__ == "__main__":
    main()
