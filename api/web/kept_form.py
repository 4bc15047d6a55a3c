"""A form that was sent when its sign-in was over: carried through signing in, in a field of those pages, and sent
then by one tap.

What is carried was signed here, and only a form that we made for the session that is over is: nobody can lay one
of theirs before somebody who signs in.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from litestar import Request

from api.web import csrf

FIELD = "kept"
LONGEST = 60_000
"""Signs of what is carried. A longer form, such as a whole rulebook's, isn't."""
SECRETS = frozenset({"password", "old", "new", "pin"})
"""What fields of secrets are called: a form with one isn't carried."""


class KeptForm(msgspec.Struct, frozen=True):
    """`had_files`: some were chosen, which are not carried."""

    path: str
    fields: list[tuple[str, str]]
    had_files: bool


def keep_form(request: Request[Any, Any, Any]) -> str:
    """What the field says of the form that was just refused; empty if it isn't to be carried."""
    form = csrf.find_late_form(request)
    if form is None or not SECRETS.isdisjoint(form):
        return ""
    items = [(name, value) for name, value in form.multi_items() if name != csrf.FIELD]
    kept = KeptForm(
        path=request.url.path,
        fields=[(name, value) for name, value in items if isinstance(value, str)],
        had_files=any(not isinstance(value, str) and value.filename for _, value in items),
    )
    packed = urlsafe_b64encode(zlib.compress(msgspec.json.encode(kept))).decode()
    return f"{packed}.{csrf.sign(request, packed)}" if len(packed) <= LONGEST else ""


def read_kept(request: Request[Any, Any, Any], field: str) -> KeptForm | None:
    """The form in the field, if we put it there."""
    packed, _, signature = field.partition(".")
    if not packed or not csrf.is_signed(request, packed, signature):
        return None
    return msgspec.json.decode(zlib.decompress(urlsafe_b64decode(packed)), type=KeptForm)
