"""The rulebooks that come with the software, as templates for a township's own."""

import json
import re
import tomllib
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable

from rules.book import Decision, Rulebook
from rules.parser.rulebook import load


def books_path() -> Traversable:
    """The folder of the books that come with the software."""
    return files("rules") / "books"


def builtin_names() -> list[str]:
    """The names that `load_builtin` knows."""
    names = (book.name for book in books_path().iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_builtin(name: str) -> Rulebook:
    """A book that comes with the software, e.g. `township`; an overlay is loaded on its base.

    Raises FileNotFoundError for an unknown name.
    """
    text = _read_text(name)
    base_version = tomllib.loads(text).get("overlay", {}).get("base")
    bases = (other for other in builtin_names() if base_version and _read_version(other) == base_version)
    base = next(bases, None)
    return load(text, f"{name}.toml", base=None if base is None else load_builtin(base))


def adapt_builtin(name: str, township: str, decision: Decision, effective_from: date) -> str:
    """The text of a township's book, no overlay, with a head of its own: whose it is, from when on, and by which
    decision. All else stays as it is."""
    head, start, rest = _read_text(name).partition("\n[[")
    for old, new in (
        (_TOWNSHIP, f"township = {_quote(township)}"),
        (_EFFECTIVE_FROM, f"effective_from = {effective_from}"),
        (_ADOPTED_BY, ""),
        (_ADOPTED_BY_LINE, ""),
    ):
        head = old.sub(new.replace("\\", r"\\"), head)
    adopted_by = f"body = {_quote(decision.body)}\nmeeting = {_quote(decision.meeting)}\ndate = {decision.date}\n"
    return f"{head.rstrip()}\n\n[book.adopted_by]\n{adopted_by}{start}{rest}"


_TOWNSHIP = re.compile(r"^township = .*$", re.MULTILINE)
_EFFECTIVE_FROM = re.compile(r"^effective_from = .*$", re.MULTILINE)
_ADOPTED_BY = re.compile(r"^\[book\.adopted_by\]\n(?:\w+ = .*\n?)*", re.MULTILINE)
_ADOPTED_BY_LINE = re.compile(r"^adopted_by = \{.*\}\n?", re.MULTILINE)


def _quote(text: str) -> str:
    # What JSON escapes, TOML escapes alike.
    return json.dumps(text, ensure_ascii=False)


def _read_text(name: str) -> str:
    return (books_path() / f"{name}.toml").read_text(encoding="utf-8")


def _read_version(name: str) -> str | None:
    version: str | None = tomllib.loads(_read_text(name)).get("book", {}).get("version")
    return version
