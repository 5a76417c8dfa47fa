"""What the lettering says and in which typeface: the machine's fonts, and phrases they have glyphs for.

Fonts are found with fontconfig (`fc-list`, or `fc-scan` in a given folder), or in a folder that
text_pack made. Fonts whose family names begin with the same word (Noto Sans, Noto Serif) form a group,
so that none of them is in training when its relatives are held out for scoring.
"""
import csv
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

LATIN = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
KANA = "".join(map(chr, [*range(0x3042, 0x3094), *range(0x30A2, 0x30FB)]))
# Characters so common that every font of the script has them: no boxes for missing glyphs.
HAN = ("一二三四五六七八九十百千人大小中国文字山水火木金土日月年上下左右手足口目耳力男女子学校先生本車東西南北京"
       "店食飲酒茶米肉魚野牛犬花草林森川海空天気雨風音楽白黒赤青名前出入立見行来休話言語読書高安新古長多少早同"
       "時間分半今何毎朝夕夜道駅電門公外社父母家友心思売明作元光地区市場方美")
HANGUL = ("가나다라마바사아자차카타파하고노도로모보소오조기니리미비시이지한국어서울부산대구인천은행식당약병원학교"
          "책방커피빵물길문역버스시장신선오늘내일")
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
DEVANAGARI = "कखगघचछजझटठडढतथदधनपफबभमयरलवशसह"
MATRAS = "ािीुूेैोौं"
VOWELS = {LATIN: "aeiou", CYRILLIC: "аеиоуыя", GREEK: "αεηιουω"}
LIST = "faces.tsv"  # what text_pack calls its list
# The characters a font must have before a script is written with it, and how often it is chosen.
NEEDED = {
    "latin": (LATIN + LATIN.upper() + "0123456789", 6.0),
    "cyrillic": (CYRILLIC + CYRILLIC.upper(), 1.0),
    "greek": (GREEK + GREEK.upper(), 0.7),
    "kana": (KANA, 1.0),
    "han": (HAN, 1.5),
    "hangul": (HANGUL, 1.0),
    "arabic": (ARABIC, 1.5),
    "devanagari": (DEVANAGARI + MATRAS, 1.5),
}
# Families that claim letters but draw something else.
SYMBOLS = ("Symbol", "Emoji", "Dingbats", "Icons", "Awesome", "Barcode", "Blank", "Math", "Braille")
ENGLISH = """the of and to in is you that it he was for on are as with his they at be this have from or one
had by word but not what all were we when your can said there use an each which she do how their if will up
other about out many then them these so some her would make like him into time has look two more write go see
number no way could people my than first water been call who oil its now find long down day did get come made
may part open closed exit entrance sale hotel cafe street station market bank police stop menu free new shop
bakery pharmacy museum school parking welcome fresh coffee bread fish books music summer winter north south""".split()


@dataclass(frozen=True)
class Face:
    file: str
    index: int
    family: str
    scripts: tuple[str, ...]

    @property
    def group(self) -> str:
        return self.family.split()[0]


def find_faces(folder: str | None = None) -> list[Face]:
    """Every outline font that can write at least one of the scripts, in a fixed order."""
    if folder and (Path(folder) / LIST).is_file():
        with open(Path(folder) / LIST, newline="") as file:
            return [Face(str(Path(folder) / row["file"]), 0, row["family"], tuple(row["scripts"].split(",")))
                    for row in csv.DictReader(file, delimiter="\t")]
    form = "%{file}\t%{index}\t%{family[0]}\t%{scalable}\t%{charset}\n"
    command = ["fc-scan", "--format", form, folder] if folder else ["fc-list", "--format", form]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    faces = set()
    for line in listed.splitlines():
        file, index, family, scalable, charset = line.split("\t")
        if scalable != "True" or int(index) > 0xFFFF or any(word in family for word in SYMBOLS):
            continue
        owned = _code_points(charset)
        scripts = tuple(s for s, (needed, _) in NEEDED.items() if owned.issuperset(map(ord, needed)))
        if scripts:
            faces.add(Face(file, int(index), family, scripts))
    return sorted(faces, key=lambda face: (face.family, face.file, face.index))


def split(faces: list[Face], groups: list[str]) -> tuple[list[Face], list[Face]]:
    """(for training, held out): the groups named, or every sixth one where fewer than three are there."""
    present = sorted({face.group for face in faces})
    held = set(groups) & set(present)
    if len(held) < 3:
        held = set(present[::6])
    return [f for f in faces if f.group not in held], [f for f in faces if f.group in held]


def _code_points(charset: str) -> set[int]:
    points: set[int] = set()
    for span in charset.split():
        first, _, last = span.partition("-")
        points.update(range(int(first, 16), int(last or first, 16) + 1))
    return points


@lru_cache(maxsize=1000)
def opened(file: str, index: int, size: int):
    return ImageFont.truetype(file, size, index=index)


class Writer:
    """Draws faces and phrases: first a script, then a group, a family and a face that have it."""

    def __init__(self, faces: list[Face]):
        self.by_script: dict[str, dict[str, dict[str, list[Face]]]] = {}
        for face in faces:
            for script in face.scripts:
                groups = self.by_script.setdefault(script, {})
                groups.setdefault(face.group, {}).setdefault(face.family, []).append(face)
        if not self.by_script:
            raise FileNotFoundError("no usable font: install some, or name their folder")
        self.scripts = list(self.by_script)
        share = np.array([NEEDED[s][1] for s in self.scripts])
        self.share = share / share.sum()

    def choose(self, random: np.random.Generator) -> tuple[str, Face]:
        script = self.scripts[random.choice(len(self.scripts), p=self.share)]
        groups = list(self.by_script[script].values())
        weights = np.array([len(families) for families in groups]) ** 0.4
        families = groups[random.choice(len(groups), p=weights / weights.sum())]
        faces = list(families.values())[random.integers(len(families))]
        return script, faces[random.integers(len(faces))]


def phrase(script: str, random: np.random.Generator, length: int) -> str:
    """About `length` characters, at least one word."""
    if random.random() < 0.12:
        text = _number(random)
        return text if set(text) <= set("0123456789") or script == "latin" else text.replace("$", "")
    case = random.choice(["lower", "title", "upper", "sentence"], p=[0.3, 0.2, 0.35, 0.15])
    words: list[str] = []
    while not words or sum(map(len, words)) + len(words) < length:
        word = _word(script, random)
        if case == "upper":
            word = word.upper()
        elif case == "title" or (case == "sentence" and not words):
            word = word[:1].upper() + word[1:]
        words.append(word)
        if random.random() < 0.08 and length > 8:
            words.append(_number(random))
    joint = "" if script in ("kana", "han") else " "
    return joint.join(words)[:max(length + 4, 1)].strip()


def _number(random) -> str:
    n = lambda low, high: int(random.integers(low, high))  # noqa: E731
    return str(random.choice([
        f"{n(0, 100)}", f"{n(0, 10)}", f"{n(1000, 10000)}", f"{n(1, 29)}.{n(1, 13)}.{n(1950, 2040)}",
        f"{n(0, 24):02}:{n(0, 60):02}", f"${n(1, 100)}.{n(0, 100):02}", f"{n(1, 100)}%",
        f"+{n(1, 99)} {n(100, 1000)} {n(1000, 10000)}", f"No. {n(1, 1000)}", f"{n(1, 99)}-{n(1, 99)}",
    ]))


def _word(script: str, random) -> str:
    pick = lambda letters, count: "".join(random.choice(list(letters), count))  # noqa: E731
    size = int(np.clip(random.poisson(4.5), 1, 12))
    if script == "latin":
        if random.random() < 0.5:
            return str(random.choice(ENGLISH))
        return _syllables(LATIN, random, size)
    if script == "cyrillic":
        return _syllables(CYRILLIC, random, size)
    if script == "greek":
        return _syllables(GREEK, random, size)
    if script == "kana":
        return pick(KANA, size)
    if script == "han":
        return pick(HAN, size)
    if script == "hangul":
        return pick(HANGUL, max(1, size // 2))
    if script == "arabic":
        return pick(ARABIC, size)
    return "".join(pick(DEVANAGARI, 1) + (pick(MATRAS, 1) if random.random() < 0.5 else "")
                   for _ in range(max(1, size // 2)))


def _syllables(letters: str, random, size: int) -> str:
    vowels = VOWELS[letters]
    consonants = [c for c in letters if c not in vowels]
    at = int(random.integers(2))
    word = ""
    while len(word) < size:
        word += str(random.choice(list(vowels) if (len(word) + at) % 2 else consonants))
        if random.random() < 0.2:
            at += 1
    return word
