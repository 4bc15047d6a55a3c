"""Form fields."""

from __future__ import annotations

from litestar.datastructures import FormMultiDict


def read_field(form: FormMultiDict, name: str) -> str:
    """One field, without surrounding spaces and without the null character, which the database can't store."""
    value = form.get(name, "")
    return value.replace("\0", "").strip() if isinstance(value, str) else ""
