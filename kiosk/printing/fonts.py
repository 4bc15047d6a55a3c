"""Finding a font with Chinese characters on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import ImageFont

from kiosk.language import _
from kiosk.printing.errors import PrinterError

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


def _has_chinese(font: ImageFont.FreeTypeFont) -> bool:
    """Whether it draws a Chinese character differently from a missing one."""
    try:
        return bytes(font.getmask(_SAMPLE)) != bytes(font.getmask(_MISSING))
    except OSError:
        return False
