"""The systems that are compared, as commands: Impasto (with any flags), pastiche (PyPI), Katherine Crowson's
recipe and NNST."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USUAL_STYLE_WEIGHT = 1.0


@dataclass
class Cost:
    """What a run took: seconds by the clock, and seconds of processor time."""

    wall: float
    cpu: float


def run(command, threads, niceness=0):
    """Run a command that paints with this many threads; raises if it fails."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    began = time.monotonic()
    process = subprocess.Popen(
        [*("nice", "-n", str(niceness)), *map(str, command)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{shlex.join(map(str, command))} failed:\n{complaint}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime)


class Impasto:
    """The program's `render`, with its defaults or with these flags."""

    trial, steps = (50, 150), None

    def __init__(self, program, name="Impasto", flags=""):
        self.program, self.name, self.flags = program, name, shlex.split(flags)

    def command(self, content, style, output, size, steps, factor, _threads):
        """Arguments that paint one picture; `factor` multiplies the style's weight."""
        flags, weight = list(self.flags), USUAL_STYLE_WEIGHT
        if "--style-weight" in flags:
            at = flags.index("--style-weight")
            weight = float(flags[at + 1])
            del flags[at : at + 2]
        command = [self.program, "render", "--device", "cpu", "--quiet", "--force", "-c", content, "-s", style, "-o", output]
        return [*command, "--size", size, "--steps", steps, "--style-weight", weight * factor, *flags]


class Pastiche:
    """pastiche with its defaults: Gram matrices, L-BFGS, one size."""

    name, trial, steps = "pastiche", (5, 25), None

    def command(self, content, style, output, size, steps, factor, _threads):
        """As Impasto's. Its single style's weight is 1."""
        program = shutil.which("pastiche", path=str(Path(sys.executable).parent)) or "pastiche"
        command = [program, "--device", "cpu", "--no-verbose", "--content", content, "--styles", style, "--output", output]
        return [*command, "--size", size, "--style-size", size, "--num-steps", steps, "--content-weight", 1 / factor]


class Recipe:
    """`recipe.py`: Wasserstein distance, sizes √2 apart, Adam, the iterates' mean."""

    name, trial, steps = "Crowson's recipe", (6, 24), None

    def command(self, content, style, output, size, steps, factor, threads):
        """As Impasto's."""
        command = [sys.executable, ROOT / "tests/bench/recipe.py", "--content", content, "--style", style, "--output", output]
        return [*command, "--size", size, "--steps", steps, "--factor", factor, "--threads", threads]


class Nnst:
    """`nnst.py`: nearest neighbours of hypercolumns. A step is one update at each of its scales and one of
    its last pass."""

    trial = (2, 6)

    def __init__(self, name, steps=None):
        """With `steps`, that many are painted, whatever time they take."""
        self.name, self.steps = name, steps

    def command(self, content, style, output, size, steps, factor, threads):
        """As Impasto's; the factor multiplies the share of what is painted in what it looks for."""
        command = [sys.executable, ROOT / "tests/bench/nnst.py", "--content", content, "--style", style, "--output", output]
        return [*command, "--size", size, "--updates", steps, "--factor", factor, "--threads", threads]


PEERS = (Pastiche(), Recipe(), Nnst("NNST"), Nnst("NNST, as published", 200))


def calibrate(system, content, style, output, size, threads):
    """Seconds to start and seconds per step, from a short and a longer run, each the quicker of two."""
    seconds = []
    for steps in system.trial:
        command = system.command(content, style, output, size, steps, 1.0, threads)
        seconds.append(min(run(command, threads).wall for _ in range(2)))
    step = (seconds[1] - seconds[0]) / (system.trial[1] - system.trial[0])
    return {"start": seconds[0] - step * system.trial[0], "step": step}
