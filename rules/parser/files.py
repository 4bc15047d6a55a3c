"""Reads a rulebook's text from a file, or says in one sentence why it can't be read."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable
from pathlib import Path

from rules.parser.toml import MAX_LENGTH
from rules.problems import Problem, RulebookError

_MAX_BYTES = MAX_LENGTH * 4
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_OFFICE_MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of Excel and Word files, new and old formats."""
_CONTROL_CHARACTERS = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def read_text(path: Path | Traversable) -> str:
    """The text of a file, without a byte order mark. Raises RulebookError with one problem."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _file_error(path, _describe(error)) from None
    if len(raw) > _MAX_BYTES:
        raise _file_error(path, f"文件太大（最多 {MAX_LENGTH} 字），这不是一份积分办法。")
    if not raw.strip():
        raise _file_error(path, "这个文件是空的。")
    if raw.startswith(_UTF16_MARKS) or raw.count(0) > len(raw) // 4:
        raise _file_error(path, "这个文件是 UTF-16 编码（Unicode 文本），请另存为 UTF-8。")
    if raw.startswith(_OFFICE_MAGIC):
        raise _file_error(path, "这是 Word 或 Excel 的文件，不是文本文件；积分办法请用记事本写，存为 UTF-8。")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _decoding_error(path, raw, error.start) from None


def _describe(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "没有这个文件，请核对文件名和文件夹。"
        case IsADirectoryError():
            return "这是一个文件夹，请写出里面的文件。"
        case PermissionError():
            return "没有权限读这个文件。"
        case _:
            return "读不了这个文件，请核对它在不在、能不能打开。"


def _decoding_error(path: Path | Traversable, raw: bytes, at: int) -> RulebookError:
    before = raw[:at]
    if not before.isascii():
        # The Chinese before this place is UTF-8, so the file is UTF-8 with a damaged place.
        line = before.count(b"\n") + 1
        return _file_error(path, "这里有坏掉的字（不是 UTF-8），请删掉重写这一行。", line)
    if not _CONTROL_CHARACTERS.search(raw):
        try:
            raw.decode("gb18030")
        except UnicodeDecodeError:
            return _file_error(path, "这个文件不是 UTF-8 编码，请另存为 UTF-8。")
        return _file_error(path, "这个文件是 GBK 编码，请另存为 UTF-8。")
    return _file_error(path, "这不是文本文件。")


def _file_error(path: Path | Traversable, message: str, line: int = 1) -> RulebookError:
    return RulebookError([Problem(str(path), line, 1, message)])
