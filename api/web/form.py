"""Form fields. Every field of a page's form is read here, so that none forgets how texts are taken."""

from __future__ import annotations

from litestar.datastructures import FormMultiDict, UploadFile

from api.wire.text import read_text

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


def _get(form: FormMultiDict, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
