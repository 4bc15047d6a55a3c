"""The rulebooks that come with the software, as templates for a township's own."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable

from rules.book import Rulebook
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


def _read_text(name: str) -> str:
    return (books_path() / f"{name}.toml").read_text(encoding="utf-8")


def _read_version(name: str) -> str | None:
    version: str | None = tomllib.loads(_read_text(name)).get("book", {}).get("version")
    return version
