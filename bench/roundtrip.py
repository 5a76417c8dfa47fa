"""The table of round trips in README: ten pictures that no network was trained on, sent round by
`acuity roundtrip` under each condition.

    bench/roundtrip.py KODAK_FOLDER OUT [--other MODEL_FILE] [--times 20]

Six of the pictures are Kodak's as they are, three carry a rendered sign, one is a drawing. Needs Pillow
and a DejaVu font.
"""
import argparse
import csv
import math
import subprocess
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ["01", "04", "05", "08", "15", "19"]
SIGNS = {"03": ("NO CASH LEFT\nON PREMISES", "#f4f1e4", "#1c2c6b", -3),
         "21": ("FISH MARKET\nOPEN 6 AM - 11 AM", "#1d5c3a", "#fdfdf5", 2),
         "13": ("TRAIL CLOSED\nROCKFALL AHEAD", "#f2b705", "#141414", 0)}
CONDITIONS = {"bicubic": ["--kernel", "bicubic"], "lanczos": ["--kernel", "lanczos"],
              "box": ["--kernel", "box"], "bilinear": ["--kernel", "bilinear"],
              "hamming": ["--kernel", "hamming"], "mitchell": ["--kernel", "mitchell"],
              "mix": ["--kernel", "mix"],
              "bicubic, JPEG 90": ["--kernel", "bicubic", "--jpeg", "90"]}


def font(size: int):
    return ImageFont.truetype("DejaVuSans-Bold.ttf", size)


def signed(photo: Image.Image, words: str, board: str, ink: str, angle: float) -> Image.Image:
    """A sign on the photograph, drawn at twice the size so that its edges are as soft as a lens's."""
    scale, lines = 2, words.split("\n")
    size = 62 * scale
    width = max(font(size).getlength(line) for line in lines)
    box = Image.new("RGBA", (int(width + 60 * scale), (74 * len(lines) + 50) * scale), board)
    pen = ImageDraw.Draw(box)
    for i, line in enumerate(lines):
        pen.text((box.width / 2, (62 + 74 * i) * scale), line, ink, font(size), "mm")
    box = box.rotate(angle, Image.BICUBIC, expand=True)
    fit = min(1 / scale, 0.85 * photo.width / box.width)
    box = box.resize((int(box.width * fit), int(box.height * fit)), Image.LANCZOS)
    photo.paste(box, ((photo.width - box.width) // 2, (photo.height - box.height) // 2), box)
    return photo


def drawing() -> Image.Image:
    """Flat colours, outlines, hatching and fine lines."""
    scale = 4
    image = Image.new("RGB", (768 * scale, 512 * scale), "#fbf6e9")
    pen = ImageDraw.Draw(image)
    at = lambda *xs: [x * scale for x in xs]
    pen.rectangle(at(0, 330, 768, 512), "#8fb573")
    pen.ellipse(at(560, 50, 680, 170), "#f6c945", "#222", 5 * scale)
    for i in range(24):
        turn = i * math.tau / 24
        pen.line(at(620 + 70 * math.cos(turn), 110 + 70 * math.sin(turn),
                    620 + 95 * math.cos(turn), 110 + 95 * math.sin(turn)), "#222", 3 * scale)
    pen.polygon(at(90, 240, 230, 130, 370, 240), "#b5472f", "#222")
    pen.line(at(90, 240, 230, 130, 370, 240, 90, 240), "#222", 6 * scale, "curve")
    pen.rectangle(at(120, 240, 340, 400), "#f3e2c0", "#222", 5 * scale)
    for x in range(130, 340, 14):
        pen.line(at(x, 250, x, 395), "#c9b48a", 2 * scale)
    pen.rectangle(at(200, 310, 260, 400), "#5b7fa3", "#222", 4 * scale)
    for i in range(60):
        pen.line(at(400 + i * 6, 512, 430 + i * 6, 330 + 30 * math.sin(i / 4)), "#41662c", 2 * scale)
    for i in range(9):
        pen.arc(at(420 + 4 * i, 210 + 6 * i, 720 - 4 * i, 420 - 6 * i), 180, 360, "#2a4d8f", 2 * scale)
    return image.resize((768, 512), Image.LANCZOS)


def prepare(kodak: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    photo = lambda name: Image.open(next(kodak.glob(f"*{name}.*"))).convert("RGB")
    for name in PLAIN:
        photo(name).save(folder / f"kodak-{name}.png")
    for name, sign in SIGNS.items():
        signed(photo(name), *sign).save(folder / f"sign-{name}.png")
    drawing().save(folder / "drawing.png")


def means(file: Path) -> dict[str, list[float]]:
    """PSNR-Y to the original after each round, by model."""
    found = {}
    for row in csv.DictReader(file.open()):
        if row["picture"] == "mean":
            found.setdefault(row["model"], []).append(float(row["psnr_y"]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kodak", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--other", action="append", default=[])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    parser.add_argument("--program", default=ROOT / "build/release/acuity")
    args = parser.parse_args()
    prepare(args.kodak, args.out / "pictures")
    models = ["auto", *args.other, "lanczos"]
    rounds = [n for n in (1, 20, 200) if n < args.times] + [args.times]
    print("| shrunk with | " + " | ".join(f"{Path(m).stem}: round {rounds}" for m in models) + " |")
    print("|---|" + "---|" * len(models))
    for name, words in CONDITIONS.items():
        if name not in args.only:
            continue
        out = args.out / name.replace(", ", "-").replace(" ", "")
        subprocess.run([args.program, "roundtrip", args.out / "pictures", "-o", out,
                        "--times", str(args.times), "--quiet", "--overwrite", *words,
                        *(word for model in models for word in ("-m", model))], check=True)
        lines = means(out / "rounds.csv").values()
        cells = (" → ".join(f"{line[n - 1]:.2f}" for n in rounds) for line in lines)
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
