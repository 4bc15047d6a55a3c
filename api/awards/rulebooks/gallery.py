"""The books that come with the software, for a township to begin with one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import rules


@dataclass(frozen=True, slots=True)
class GalleryBook:
    """A township's book. `sentence` says what is in it."""

    name: str
    title: str
    rules: int
    sentence: str
    decided_by: str


@cache
def list_gallery() -> list[GalleryBook]:
    """Those with most rules first."""
    books = ((name, rules.load_builtin(name)) for name in rules.builtin_names() if not _is_overlay(name))
    gallery = [
        GalleryBook(name, book.title, len(book.rules), _describe(book), book.adopted_by.body)
        for name, book in books
    ]
    return sorted(gallery, key=lambda book: -book.rules)


def _is_overlay(name: str) -> bool:
    text = (rules.books_path() / f"{name}.toml").read_text(encoding="utf-8")
    return rules.read_header(text).is_overlay


def _describe(book: rules.Rulebook) -> str:
    categories = "、".join(category.title for category in book.categories)
    offered = len(book.offered_deductions)
    deductions = f"；另有 {offered} 条减分，各村村民会议逐条通过以后才启用" if offered else ""
    return f"{categories}{deductions}。"
