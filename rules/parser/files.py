"""Reads a rulebook's text from a file, and says in one sentence what stands in the way."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable
from pathlib import Path

from rules.parser.toml import LONGEST
from rules.problems import Problem, RulebookError

_MOST_BYTES = LONGEST * 4
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_OFFICE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How Excel's and Word's files begin, the new and the old."""
_NOT_TYPED = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def read_text(path: Path | Traversable) -> str:
    """The text of a file, without a byte order mark. Raises RulebookError with the one problem that it has."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _wrong(path, _obstacle(error)) from None
    if len(raw) > _MOST_BYTES:
        raise _wrong(path, f"文件太大（最多 {LONGEST} 字），这不是一份积分办法。")
    if not raw.strip():
        raise _wrong(path, "这个文件是空的。")
    if raw.startswith(_UTF16) or raw.count(0) > len(raw) // 4:
        raise _wrong(path, "这个文件是 UTF-16 编码（Unicode 文本），请另存为 UTF-8。")
    if raw.startswith(_OFFICE):
        raise _wrong(path, "这是 Word 或 Excel 的文件，不是文本文件；积分办法请用记事本写，存为 UTF-8。")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _undecodable(path, raw, error.start) from None


def _obstacle(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "没有这个文件，请核对文件名和文件夹。"
        case IsADirectoryError():
            return "这是一个文件夹，请写出里面的文件。"
        case PermissionError():
            return "没有权限读这个文件。"
        case _:
            return f"读不了这个文件（{error.strerror}）。"


def _undecodable(path: Path | Traversable, raw: bytes, at: int) -> RulebookError:
    before = raw[:at]
    if not before.isascii():
        # Chinese up to here was UTF-8, so the rest was meant to be.
        line = before.count(b"\n") + 1
        return _wrong(path, "这里有坏掉的字（不是 UTF-8），请删掉重写这一行。", line)
    if not _NOT_TYPED.search(raw):
        try:
            raw.decode("gb18030")
        except UnicodeDecodeError:
            return _wrong(path, "这个文件不是 UTF-8 编码，请另存为 UTF-8。")
        return _wrong(path, "这个文件是 GBK 编码，请另存为 UTF-8。")
    return _wrong(path, "这不是文本文件。")


def _wrong(path: Path | Traversable, message: str, line: int = 1) -> RulebookError:
    return RulebookError([Problem(str(path), line, 1, message)])
