"""What a person typed into a form."""

from __future__ import annotations

from litestar.datastructures import FormMultiDict


def typed(form: FormMultiDict, name: str) -> str:
    """One field, without spaces around it and without the null character, which the database can't hold."""
    value = form.get(name, "")
    return value.replace("\0", "").strip() if isinstance(value, str) else ""
