"""Packs the machine's fonts, cut down to the characters that training writes, into one folder.

    python -m training.text_pack OUT [--faces 170]

For machines without fonts of their own: OUT gets one small file a face and `faces.tsv` (file, family,
scripts). One regular and one bold face of as many families as there is room for. Needs fonttools.
"""
import argparse
import csv
from pathlib import Path

from .text_fonts import LIST, NEEDED, Face, find_faces

ALWAYS = "0123456789 .:$%+-No"  # what numbers and gaps are made of
VARIATION = ["fvar", "gvar", "avar", "cvar", "HVAR", "MVAR", "VVAR", "STAT", "DSIG", "meta", "SVG ", "MATH"]


def chosen(faces: list[Face], most: int) -> list[Face]:
    """First a regular face of every family, rare scripts before common ones, then a second face each."""
    families: dict[str, list[Face]] = {}
    for face in faces:
        families.setdefault(face.family, []).append(face)
    first, second = [], []
    for family in families.values():
        plain = sorted(family, key=lambda f: ("Regular" not in f.file, "Italic" in f.file, f.file, f.index))
        first.append(plain[0])
        second += [f for f in plain[1:] if "Bold" in f.file or "Black" in f.file or "Italic" in f.file][:1]
    share = {s: sum(s in f.scripts for f in first) for s in NEEDED}
    rarity = lambda f: min(share[s] for s in f.scripts)  # noqa: E731
    return sorted(first, key=rarity)[:most] + sorted(second, key=rarity)[:max(0, most - len(first))]


def subset(face: Face, out: Path) -> Path:
    """Writes the face with the characters of its scripts alone, variable fonts at their default."""
    from fontTools import subset as tool
    from fontTools.ttLib import TTFont
    options = tool.Options(hinting=False, notdef_outline=True, desubroutinize=False, name_IDs=[1, 2])
    options.layout_features = ["*"] if {"arabic", "devanagari"} & set(face.scripts) else []
    options.drop_tables += VARIATION
    font = TTFont(face.file, fontNumber=face.index, lazy=True)
    cut = tool.Subsetter(options)
    cut.populate(text=ALWAYS + "".join(NEEDED[s][0] for s in face.scripts))
    cut.subset(font)
    path = out.with_suffix(".otf" if "CFF " in font else ".ttf")
    font.save(path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--faces", type=int, default=170)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows, total = [], 0
    for number, face in enumerate(chosen(find_faces(), args.faces)):
        try:
            path = subset(face, args.out / f"{number:03}")
        except Exception as error:  # a damaged or odd font is no reason to stop
            print(f"{face.file}: {error!r}")
            continue
        total += path.stat().st_size
        rows.append((path.name, face.family, ",".join(face.scripts)))
    with open(args.out / LIST, "w", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([("file", "family", "scripts"), *rows])
    print(f"{len(rows)} faces, {total} bytes")


if __name__ == "__main__":
    main()
