"""A file that holds a table: a workbook, or text with separators; read into sheets."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from api.platform import os_errors
from api.platform.errors import ErrorCode, Refused
from api.platform.table_files.sheet import Area, Sheet
from api.platform.table_files.workbook_worker import MAX_SECONDS, Reading

MAX_BYTES = 20_000_000
MAX_ROWS = 100_000
"""Those that aren't empty."""
MAX_COLUMNS = 1000
_MAX_LINES = 1 << 20
_MAX_LINE_LENGTH = 1_000_000
# First bytes of workbooks: zip archives (xlsx, ods) and the older compound files (xls).
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# How files begin that some programs give the name of a table.
_DOCUMENTS = ("<", "%PDF-", "{\\rtf")
_SEPARATORS = (",", "\t", ";", "，", "；", "|")
_SAMPLE = 4000
_EMPTY: list[str] = []


@dataclass(frozen=True, slots=True)
class TableFile:
    """`name`: how it is called in sentences."""

    name: str
    content: bytes

    @classmethod
    def open(cls, path: Path) -> TableFile:
        """Raises Refused: unreadable, too-large."""
        if path.exists() and not path.is_file():
            # Reading from a pipe would wait until somebody writes into it.
            raise Refused(ErrorCode.UNREADABLE, f"{path} 不是文件，请写明表格文件的名字。")
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Refused(ErrorCode.UNREADABLE, f"读不了 {path}：{os_errors.describe(error)}。") from None
        return cls(str(path), content)

    def iter_readings(self) -> Iterator[Sequence[Sheet]]:
        """The sheets of a workbook; a text by each of the separators it may have. Raises Refused: unreadable,
        too-large."""
        if len(self.content) > MAX_BYTES:
            raise self._too_large()
        if self.content.startswith(_WORKBOOKS):
            yield self._read_workbook()
            return
        text = self._decode()
        if text.lstrip().startswith(_DOCUMENTS):
            raise Refused(
                ErrorCode.UNREADABLE,
                f"{self.name} 不是表格（是网页、PDF 之类的文件）；请用表格软件打开，另存为 XLSX。",
            )
        broken: Refused | None = None
        for separator in _SEPARATORS:
            if separator == "," or separator in text:
                try:
                    rows = self._split(text, separator)
                except Refused as refused:
                    # With the separator that is meant, the quotation marks may be right.
                    broken = broken or refused
                else:
                    yield [Sheet("", rows)]
        if broken is not None:
            raise broken

    def _read_workbook(self) -> Sequence[Sheet]:
        reading = _read_apart(self.content)
        if reading.refused == "too-large":
            raise self._too_large()
        if reading.refused:
            raise Refused(
                ErrorCode.UNREADABLE, f"{self.name} 打不开，可能已损坏或设了密码；请用表格软件另存一份。"
            )
        alone = len(reading.sheets) == 1
        return [
            Sheet(
                sheet.name,
                sheet.rows,
                [Area(top + 1, left, bottom + 1, right) for top, left, bottom, right in sheet.merged],
                sheet.hidden,
                alone,
            )
            for sheet in reading.sheets
        ]

    def _split(self, text: str, separator: str) -> list[list[str]]:
        rows: list[list[str]] = []
        filled = 0
        # Strictly: a quotation mark that nobody closes would swallow rows.
        lines = csv.reader(self._iter_lines(text), delimiter=separator, strict=True)
        try:
            for row in lines:
                filled += any(row)
                if len(row) > MAX_COLUMNS or filled > MAX_ROWS or len(rows) == _MAX_LINES:
                    raise self._too_large()
                rows.append(row if any(row) else _EMPTY)
        except csv.Error:
            raise Refused(
                ErrorCode.UNREADABLE,
                f"{self.name} 第 {lines.line_num} 行附近的引号不成对，或一格太长，"
                "请改好，或用表格软件另存为 CSV 或 XLSX。",
            ) from None
        return rows

    def _iter_lines(self, text: str) -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            if len(line) > _MAX_LINE_LENGTH:
                raise self._too_large()
            yield line

    def _decode(self) -> str:
        for encoding in ("utf-8-sig", *_guess_utf_16(self.content), "gb18030"):
            try:
                text = self.content.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" not in text:
                return text
        raise Refused(
            ErrorCode.UNREADABLE, f"{self.name} 不是 UTF-8、UTF-16 或 GBK 的文字，请用表格软件另存为 CSV 或 XLSX。"
        )

    def _too_large(self) -> Refused:
        return Refused(ErrorCode.TOO_LARGE, f"{self.name} 太大（最多 {MAX_ROWS} 行），请分成几个文件。")


def _guess_utf_16(content: bytes) -> Sequence[str]:
    """By its mark, or by the zeros beside each separator and digit."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    sample = content[:_SAMPLE]
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    if max(first, second) < max(2, len(sample) / 50) or len(content) % 2:
        return []
    return ["utf-16-be" if first > second else "utf-16-le"]


def _read_apart(content: bytes) -> Reading:
    """In a process of its own, where memory and time have a limit."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "api.platform.table_files.workbook_worker"],
            input=content,
            capture_output=True,
            timeout=2 * MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Reading(refused="too-large")
    if done.returncode < 0:
        return Reading(refused="too-large")
    try:
        return msgspec.msgpack.decode(done.stdout, type=Reading)
    except msgspec.DecodeError:
        return Reading(refused="unreadable")
