"""The rulebooks that come with the software, as a start for a township's own."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from rules.book import Rulebook
from rules.parse import load


def books_path() -> Traversable:
    """The folder of the books that come with the software."""
    return files("rules") / "books"


def load_builtin(name: str) -> Rulebook:
    """A book that comes with the software, e.g. `township`. Raises FileNotFoundError for another name."""
    book = books_path() / f"{name}.toml"
    return load(book.read_text(encoding="utf-8"), f"{name}.toml")
