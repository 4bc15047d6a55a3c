"""Finding fonts on this machine: one with Chinese characters, and those of the country's other scripts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import regex
from PIL import ImageFont, features

from kiosk.language import _
from kiosk.printing.errors import PrinterError
from kiosk.printing.scripts import Script

# Sans serif: fine serifs get lost in the coarse dots of a thermal printer.
_PREFERRED = (
    "notosanscjk-regular",
    "notosanscjksc-regular",
    "notosanssc-regular",
    "sourcehansans",
    "wqy",
    "droidsansfallback",
    "notosans",
)
_SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
_SAMPLE = "兑"
_MISSING = "\U0010ffff"
_SAMPLES = {
    Script.ARABIC: "\u06d5\u06cb",
    Script.TIBETAN: "\u0f66\u0f92",
    Script.YI: "\ua28f",
    Script.MONGOLIAN: "\u182e",
}
"""Uyghur letters among the Arabic ones: not every font of the script has them."""
_UNSEEN = regex.compile(r"[\s\p{Cf}\p{Variation_Selector}\u180b-\u180f]")


def list_font_folders() -> list[Path]:
    """The font folders of Linux, the user's first."""
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    user = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return [Path(folder).expanduser() / "fonts" for folder in (user, *shared.split(":"))]


def find_chinese_font(folders: Iterable[Path], size: int) -> ImageFont.FreeTypeFont:
    """The best font in `folders`, `size` dots high. Raises PrinterError if none has Chinese characters."""
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES]
    for file in sorted(files, key=_rank):
        for font in _load_faces(file, size):
            if _has_chinese(font):
                return font
    raise PrinterError(_("没有找到中文字体，不能按图片打印：请安装 fonts-noto-cjk，或把打印方式改成 text"))


def _rank(file: Path) -> tuple[int, str]:
    name = file.stem.lower().replace("_", "")
    rank = next((rank for rank, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))
    return rank, str(file)


def _load_faces(file: Path, size: int) -> Iterator[ImageFont.FreeTypeFont]:
    """The faces of a file, simplified Chinese first; none of a broken file."""
    faces: list[ImageFont.FreeTypeFont] = []
    try:
        # The end of a collection is where a face can't be opened.
        while len(faces) < 64:
            faces.append(ImageFont.truetype(file, size, index=len(faces)))
    except OSError:
        pass
    return iter(sorted(faces, key=lambda font: not (font.getname()[0] or "").endswith(" SC")))


@cache
def find_script_font(folders: tuple[Path, ...], script: Script, size: int) -> ImageFont.FreeTypeFont | None:
    """A font of this script, `size` dots high; None where there is none, or nothing that joins its letters."""
    traits = script.value
    if traits.shaped and not features.check("raqm"):
        return None
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES]
    named = {
        (rank, "regular" not in file.stem.lower(), str(file)): file
        for file in files
        for rank, start in enumerate(traits.files)
        if file.stem.lower().replace("_", "").startswith(start)
    }
    for _rank_of_file, file in sorted(named.items()):
        for font in _load_faces(file, size):
            if can_draw(font, _SAMPLES[script]):
                return font
    return None


def list_missing_scripts() -> list[Script]:
    """The scripts of the country that this machine can't draw."""
    folders = tuple(list_font_folders())
    return [script for script in Script if find_script_font(folders, script, 24) is None]


def can_draw(font: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether the font has every sign of `text` that is seen."""
    return all(_has_sign(font, sign) for sign in _UNSEEN.sub("", text))


def _has_chinese(font: ImageFont.FreeTypeFont) -> bool:
    return can_draw(font, _SAMPLE)


def _has_sign(font: ImageFont.FreeTypeFont, sign: str) -> bool:
    """Whether it draws a sign differently from a missing one."""
    try:
        return bytes(font.getmask(sign)) != bytes(font.getmask(_MISSING))
    except OSError:
        return False
