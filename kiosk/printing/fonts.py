"""A font of this machine that has Chinese characters."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import ImageFont

from kiosk.language import _
from kiosk.printing.errors import PrinterError

# Plain strokes survive the coarse dots of a thermal printer; fine serifs don't.
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
_TRIED = "兑"
_NOWHERE = "\U0010ffff"


def font_folders() -> list[Path]:
    """Where Linux keeps fonts: the user's own first."""
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return [Path(each).expanduser() / "fonts" for each in (own, *shared.split(":"))]


def chinese_font(folders: Iterable[Path], size: int) -> ImageFont.FreeTypeFont:
    """The best font in `folders`, `size` dots high. Raises PrinterError when none has Chinese characters."""
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES]
    for file in sorted(files, key=_preference):
        for font in _faces(file, size):
            if _has_chinese(font):
                return font
    raise PrinterError(_("没有找到中文字体，不能按图片打印：请安装 fonts-noto-cjk，或把打印方式改成 text"))


def _preference(file: Path) -> tuple[int, str]:
    name = file.stem.lower().replace("_", "")
    rank = next((rank for rank, start in enumerate(_PREFERRED) if name.startswith(start)), len(_PREFERRED))
    return rank, str(file)


def _faces(file: Path, size: int) -> Iterator[ImageFont.FreeTypeFont]:
    """The faces of a file, those in mainland shapes first; none of a file that is broken."""
    faces: list[ImageFont.FreeTypeFont] = []
    try:
        # A collection ends where the next face can't be opened.
        while len(faces) < 64:
            faces.append(ImageFont.truetype(file, size, index=len(faces)))
    except OSError:
        pass
    return iter(sorted(faces, key=lambda font: not (font.getname()[0] or "").endswith(" SC")))


def _has_chinese(font: ImageFont.FreeTypeFont) -> bool:
    """Whether it draws a Chinese character otherwise than one that no font has."""
    try:
        return bytes(font.getmask(_TRIED)) != bytes(font.getmask(_NOWHERE))
    except OSError:
        return False
