"""Writes assets/third-party.txt: the licences of all crates that a build of Impasto may hold, on any system.

    cargo fetch --locked && python3 tests/notices.py

A crate of several licences is used under the first one of PREFERRED. Its copyright lines come from its own
file. CI only checks that the list of crates is complete (`.ci/run`).
"""

import json, os, re, subprocess, sys

OUT = "assets/third-party.txt"
PREFERRED = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "BSL-1.0", "MIT-0", "CC0-1.0",
             "Unlicense", "0BSD", "MPL-2.0", "Unicode-3.0", "OFL-1.1", "Ubuntu-font-1.0", "Apache-2.0 WITH LLVM-exception"]
# Words that tell a licence's text. One copy of the text serves all crates, with their own lines above it.
MARKS = {"MIT": "permission is hereby granted, free of charge", "Apache-2.0": "terms and conditions for use, reproduction",
         "ISC": "permission to use, copy, modify, and/or distribute", "Zlib": "altered source versions must be plainly marked",
         "BSL-1.0": "boost software license", "CC0-1.0": "cc0 1.0 universal", "MPL-2.0": "mozilla public license",
         "Unicode-3.0": "unicode license v3", "Apache-2.0 WITH LLVM-exception": "llvm exceptions to the apache"}


def crates():
    tree = ["cargo", "tree", "--locked", "--offline", "-p", "impasto", "-e", "normal", "--target", "all", "--prefix", "none"]
    lines = subprocess.run(tree + ["-f", "{p}|{l}"], check=True, capture_output=True, text=True).stdout.splitlines()
    found = {}
    for line in lines:
        package, licence = line.replace(" (*)", "").split("|")
        name, version = package.split(" ")[:2]
        if "(/" not in package:
            found[name, version[1:]] = licence
    return found


def chosen(expression):
    """Licences that apply: one of each group of alternatives."""
    parts = [part.strip("() ") for part in re.split(r"\bAND\b(?![^()]*\))", expression.replace("/", " OR "))]
    picked = []
    for part in parts:
        options = [option.strip() for option in part.split(" OR ")]
        known = [licence for licence in PREFERRED if licence in options]
        if not known:
            sys.exit(f"no licence of {expression!r} is known here: add it to PREFERRED and deny.toml, if it may be used")
        picked.append(known[0])
    return picked


def folder_of(manifests, crate):
    return os.path.dirname(manifests[crate])


def texts(folder, licence):
    """The crate's own files for a licence; those that hold its words, where its words are known."""
    names = [name for name in sorted(os.listdir(folder)) if re.match(r"(?i)(un)?licen[cs]e|copying|notice|copyright", name)]
    paths = [path for path in (os.path.join(folder, name) for name in names) if os.path.isfile(path)]
    found = [open(path, encoding="utf-8", errors="replace").read() for path in paths]
    mark = MARKS.get(licence, "")
    return [text for text in found if mark in " ".join(text.split()).lower()]


def copyrights(text):
    lines = [" ".join(line.split()) for line in text.splitlines()]
    holds = re.compile(r"(?i)^(copyright\b|\(c\)|©)")
    no_holder = re.compile(r"(?i)you must retain|copyright (notice|[^ ]*holders?|owners?|license|statement|law|and|interest|in|to)\b|\[|yyyy|<year>")
    return [line for line in lines if holds.match(line) and not no_holder.search(line)]


def main():
    found = crates()
    metadata = subprocess.run(["cargo", "metadata", "--format-version", "1", "--locked", "--offline"], check=True, capture_output=True, text=True).stdout
    packages = {(p["name"], p["version"]): p for p in json.loads(metadata)["packages"]}
    manifests = {key: p["manifest_path"] for key, p in packages.items()}
    by_licence, standard, own = {}, {}, []
    for crate in sorted(found):
        for licence in chosen(found[crate]):
            by_licence.setdefault(licence, []).append(crate)
            files = texts(folder_of(manifests, crate), licence)
            if licence in MARKS:
                standard.setdefault(licence, []).extend(files[:1])
            else:
                # The fonts' licences lie beside the fonts.
                fonts = os.path.join(folder_of(manifests, crate), "fonts")
                names = [name for name in sorted(os.listdir(fonts)) if name.endswith(".txt")]
                ubuntu = licence == "Ubuntu-font-1.0"
                own += [(licence, crate, f"{name}\n\n" + open(os.path.join(fonts, name)).read()) for name in names
                        if (name == "UFL.txt") == ubuntu]
    out = ["Impasto holds these crates, each under the licence that is named. Their sources: https://crates.io/crates/NAME", ""]
    for licence in PREFERRED:
        if licence in by_licence:
            out += ["=" * 100, licence, "=" * 100, ""]
            for crate in by_licence[licence]:
                out.append("  {} {}".format(*crate))
                files = texts(folder_of(manifests, crate), licence)
                lines = copyrights(files[0]) if files else []
                lines = lines or ["by " + re.sub(r" ?<[^>]*>", "", ", ".join(packages[crate]["authors"]))] * bool(packages[crate]["authors"])
                out += [f"      {line}" for line in dict.fromkeys(lines)]
            out.append("")
            if licence in MARKS:
                # The shortest copy has the fewest additions of its own.
                text = min(standard[licence], key=len)
                text = "\n".join(line.rstrip() for line in text.splitlines() if line not in copyrights(text) and not copyrights(line))
                out += [text.strip("\n"), ""]
            for its, crate, text in own:
                if its == licence:
                    out += ["-" * 100, "{} {}".format(*crate), "", "\n".join(line.rstrip() for line in text.strip("\n").splitlines()), ""]
    with open(OUT, "w", encoding="utf-8") as file:
        file.write(re.sub(r"\n{4,}", "\n\n\n", "\n".join(out)).rstrip("\n") + "\n")


main()
