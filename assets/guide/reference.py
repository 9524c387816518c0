"""Writes reference.md: every command and flag, as the program's own --help has them.

    cargo build --release
    python3 assets/guide/reference.py target/release/impasto
"""

import pathlib
import re
import subprocess
import sys

COMMANDS = ["", "render", "grid", "batch", "farm", "timelapse", "layers", "devices", "bench", "weights info", "weights check",
            "notices", "completions", "man"]
# Settings have a section of their own, as five commands share them.
SETTINGS = re.compile(r"^Settings.*:$")


def help_of(program, command):
    """The sections of a command's short help: title and entries, an entry being its words and its text."""
    text = subprocess.run([program, *command.split(), "-h"], check=True, capture_output=True, text=True).stdout
    about, rest = text.split("\n\nUsage: ", 1)
    sections, title = {}, None
    for line in rest.split("\n"):
        if re.match(r"^\S.*:$", line):
            title = "Settings" if SETTINGS.match(line) else line[:-1]
            sections[title] = []
        elif title and re.match(r"^ {2,6}(-|<|\[)", line):
            words, _, text = line.strip().partition("  ")
            sections[title].append([words, text.strip()])
        elif title and line.startswith("          ") and sections[title]:
            entry = sections[title][-1]
            entry[1] = f"{entry[1]} {line.strip()}".strip()
    return about.split("\n")[0], sections


def table(entries):
    lines = ["| | |", "|---|---|"]
    for words, text in entries:
        text = re.sub(r"\s*\[possible values: true, false\]", "", text).replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| `{words.replace('|', chr(92) + '|')}` | {text} |")
    return lines


def main(program):
    page = pathlib.Path(__file__).with_name("reference.md")
    kept = page.read_text().split("<!-- flags -->")[0] if page.exists() else "# Reference\n\n"
    out = [kept.rstrip() + "\n\n<!-- flags -->", "", "## Commands and flags", ""]
    out.append("From `--help`; `assets/guide/reference.py` writes this part. Switches such as `--pyramid` take `=false`.")
    settings = None
    for command in COMMANDS:
        about, sections = help_of(program, command)
        settings = settings or sections.get("Settings")
        name = f"impasto {command}".strip()
        out += ["", f"### `{name}`", "", f"{about}."]
        if "Settings" in sections:
            out[-1] += " Takes the settings below."
        entries = [entry for title in ("Arguments", "Options") for entry in sections.get(title, [])]
        out += ["", *table(entry for entry in entries if not entry[0].startswith(("-h", "-V")))]
    out += ["", "### Settings", "", "For the window, `render`, `grid` and `batch`; `grid` usually takes 192 px and 150 steps."]
    out += ["", *table(settings)]
    page.write_text("\n".join(out) + "\n")


main(sys.argv[1])
