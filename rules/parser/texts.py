"""All texts of a rulebook, wherever they stand; and signs that don't belong into a text that people read."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import regex

from rules.expression import Expression
from rules.parser.locator import KeyPath
from rules.parser.table import Findings

# What nobody sees, and what turns the direction of writing: all that `api.wire.text` refuses, which a book may not
# know, and what no script needs here. Line feeds and tabs are seen.
_HIDDEN = regex.compile(
    r"(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\ufffc\ufffd"
    r"\U00016fe4\U0001d159]"
)
# Letters of the languages written in China, and what comes with them. Others look like these (Cyrillic а, Greek ο,
# Katakana ロ, radicals), and would hide a word.
_FOREIGN = regex.compile(
    r"[\p{L}\p{M}--[\p{Han}\p{Latin}\p{Tibetan}\p{Mongolian}\p{Arabic}\p{Hangul}\p{Yi}\p{Tai_Le}\p{New_Tai_Lue}"
    r"\p{Common}\p{Inherited}]]"
    r"|[\u2e80-\u2fdf\uf900-\ufaff\U0002f800-\U0002fa1f\U0001d400-\U0001d7ff]",
    regex.VERSION1,
)
# A mark on a Chinese character, a stroke through it.
_STRUCK_OUT = regex.compile(r"\p{Han}\p{M}|[\u0335-\u0338\u20d0-\u20f0]")


def walk_texts(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text in a parsed document, or in a part of a book, keys of tables included, each with its path."""
    match value:
        case str():
            yield path, value
        case Mapping():
            for key, each in value.items():
                yield (*path, key), str(key)
                yield from walk_texts(each, (*path, key))
        case list() | tuple():
            for place, each in enumerate(value):
                yield from walk_texts(each, (*path, place))
        case Expression():
            yield path, value.text
        case _ if is_dataclass(value):
            for name in (each.name for each in fields(value)):
                yield from walk_texts(getattr(value, name), (*path, name))


def check_characters(document: Mapping[str, object], text: str, findings: Findings) -> None:
    """Report hidden signs and look-alike letters in `text`, and those that the texts of `document` have by
    escapes."""
    for found in _HIDDEN.finditer(text):
        findings.add_at(_place(text, found.start()), f"这里有看不见的字符（{_name(found[0])}），请删去。")
    for path, each in walk_texts(document):
        if _HIDDEN.search(each) and not _HIDDEN.search(text):
            findings.add(path, "文字里有看不见的字符（如控制符、方向符），请删去。")
        for wrong in (_FOREIGN.search(each), _STRUCK_OUT.search(each)):
            if wrong:
                findings.add(path, f"「{wrong[0]}」是别种文字或带附加符号的字，容易看错，请换成平常的字。")


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _name(sign: str) -> str:
    return f"U+{ord(sign):04X}"
