"""Form fields. Every field of a page's form is read here, so that none forgets how texts are taken."""

from __future__ import annotations

import re

from litestar.datastructures import FormMultiDict, UploadFile

from api.platform.errors import ErrorCode, Refused
from api.platform.table_files.file import MAX_BYTES, TableFile
from api.wire.text import make_line_visible, read_text

_YUAN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")
MOST = 20_000
"""Signs in a field; how many really, its wire type says."""


def read_field(form: FormMultiDict, name: str) -> str:
    """A name, a reason, a note: one line in its normal form. Raises UnreadableText."""
    return read_text(_get(form, name), MOST)


def read_code(form: FormMultiDict, name: str) -> str:
    """A code, a number, a date, a choice: full-width letters and digits are plain ones. Raises UnreadableText."""
    return read_text(_get(form, name), MOST, form="NFKC")


def read_lines(form: FormMultiDict, name: str) -> str:
    """An answer of several lines. Raises UnreadableText."""
    return read_text(_get(form, name), MOST, lines=True)


def read_unchecked(form: FormMultiDict, name: str) -> str:
    """What isn't for people to read, such as a password, or is checked by whoever reads it, such as a rulebook."""
    return _get(form, name)


def read_choices(form: FormMultiDict, name: str) -> list[str]:
    """What is ticked in a list. Raises UnreadableText."""
    return [read_text(value, MOST, form="NFKC") for value in form.getall(name, []) if isinstance(value, str)]


def read_upload(form: FormMultiDict, name: str) -> UploadFile | None:
    file = form.get(name)
    return file if isinstance(file, UploadFile) else None


def read_uploads(form: FormMultiDict, name: str) -> list[UploadFile]:
    """All files that were chosen."""
    # A field without a file is sent as one without a name.
    return [file for file in form.getall(name, []) if isinstance(file, UploadFile) and file.filename]


def read_fen(form: FormMultiDict, name: str) -> int | None:
    """An amount in yuan, in fen; None where it is no such amount. Raises UnreadableText."""
    found = _YUAN.fullmatch(read_code(form, name).replace(",", ""))
    return None if found is None else int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


async def read_table_file(form: FormMultiDict, name: str) -> TableFile:
    """The table that was chosen. Raises Refused: malformed, where none was."""
    file = read_upload(form, name)
    if file is None or not file.filename:
        raise Refused(ErrorCode.MALFORMED, "请先选一个表格文件（XLSX、XLS、ODS 或 CSV）。")
    # A byte more than a table may have shows its reader that it is too large.
    return TableFile(make_line_visible(file.filename), await file.read(MAX_BYTES + 1))


def _get(form: FormMultiDict, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
