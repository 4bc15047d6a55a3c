"""Texts that people write: what is taken, in which form, and how what was stored before is shown.

A text is refused for signs that nobody sees and that command something: control characters, marks that turn the
direction of writing, invisible ones, private and undefined ones. Two kinds of invisible signs mean something in a
script and stay where they do: joiners between letters of Arabic, Mongolian and Indic scripts, and variation
selectors after the letter, ideograph or pictograph they vary. What is taken has one form, so that the same name is
stored once: composed letters, no blanks around it, one blank at a time.
"""

from __future__ import annotations

import typing
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
import regex

T = TypeVar("T")

_JOINED = r"\p{Script=Arabic}\p{Script=Mongolian}\p{InSC=Virama}"
_PICTURES = "\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_MEANT = regex.compile(
    # A joiner or non-joiner between two letters.
    rf"(?<=[{_JOINED}][\u180b-\u180d\u180f]?)[\u200c\u200d](?=[{_JOINED}\p{{L}}])"
    # Mongolian: variants of a letter, the separator before a final vowel, the narrow blank before a suffix.
    r"|(?<=\p{Script=Mongolian})[\u180b-\u180d\u180f]"
    r"|(?<=\p{Script=Mongolian})[\u180e\u202f](?=\p{Script=Mongolian})"
    # A variant of an ideograph, a pictograph in black and white or in colours.
    r"|(?<=\p{Script=Han})[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    rf"|(?<=[{_PICTURES}])[\ufe0e\ufe0f]"
)
# The last ones are no format characters by name, but nobody sees them; U+FFFD is what a wrong encoding leaves.
_HIDDEN = regex.compile(
    r"[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}"
    "\u2800\ufffc\ufffd\U00016fe4\U0001d159]"
)
_HIDDEN_IN_LINES = regex.compile(rf"(?![\n\t]){_HIDDEN.pattern}")
_BLANKS = regex.compile(r"(?:(?!(?<=\p{Script=Mongolian})\u202f(?=\p{Script=Mongolian}))\p{Zs})+")
# More marks on one letter than any script has: they would run over the lines around it.
_OVERLOADED = regex.compile(r"\p{M}{12}")
_BEGINS_WITH_MARK = regex.compile(r"\p{M}")
_CLUSTER = regex.compile(r"\X")
_RETURN = regex.compile(r"\r\n?")
_BREAKS = regex.compile(r"[\r\n\t]")
_ANY_BREAK = regex.compile(r"[\r\n\t\v\f\x85\p{Zl}\p{Zp}]+")
_PRIVATE = regex.compile(r"\p{Co}")
# The minus sign is no dash by its category.
_DASH = regex.compile("[\\p{Pd}\u2212]")
_LOOK_ALIKE_LETTERS = str.maketrans("oil", "011")
_BLANK_IN_HAN = regex.compile(r"(?<=\p{Script=Han}[\ufe00-\ufe02\U000e0100-\U000e01ef]?) (?=\p{Script=Han})")
_FULL_STOP_IN_HAN = regex.compile(r"(?<=\p{Script=Han}) ?[.．。] ?(?=\p{Script=Han})")
NAME_DOT = "·"
_NAME_DOTS = regex.compile(r"(?<=\p{L}\p{M}?) ?[·•‧・･∙⋅●᛫ꞏ⸱\u0387] ?(?=\p{L})")


class UnreadableText(ValueError):
    """A text that isn't taken; the message tells its writer why."""


@dataclass(frozen=True, slots=True)
class TextRule:
    """How a field's text is read; stands in its annotation.

    `form`: NFC for what people write, NFKC for codes, where full-width letters and digits are plain ones. `lines`:
    it may have several. `dotted`: a name, where every dot between two parts is the same one. `as_sent`: it is
    only checked, since something was derived from its very characters. Not `checked`: somebody else does, or it
    isn't for people to read, like a password.
    """

    most: int
    form: Literal["NFC", "NFKC"] = "NFC"
    required: bool = False
    lines: bool = False
    dotted: bool = False
    as_sent: bool = False
    checked: bool = True

    def read(self, text: str) -> str:
        """The text in its one form. Raises UnreadableText."""
        if not self.checked:
            return text
        cleaned = _normalize(text, self)
        _require_readable(cleaned, self)
        return text if self.as_sent else cleaned


def _normalize(text: str, rule: TextRule) -> str:
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    if _HIDDEN.search(text) and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise UnreadableText("文字里有半个字符，请删去后重新输入。")
    text = unicodedata.normalize(rule.form, text)
    if rule.lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return "\n".join(_BLANKS.sub(" ", line).rstrip(" ") for line in text.split("\n")).strip("\n")
    text = _BLANKS.sub(" ", text).strip(" ")
    return _NAME_DOTS.sub(NAME_DOT, text) if rule.dotted else text


def _require_readable(text: str, rule: TextRule) -> None:
    if rule.required and not text:
        raise UnreadableText("这一项不能空着，请填写看得见的文字。")
    if len(text) > rule.most:
        raise UnreadableText(f"这一项最多 {rule.most} 个字，请写短一些。")
    if text.isascii() and text.isprintable():
        return
    if (_HIDDEN_IN_LINES if rule.lines else _HIDDEN).search(_MEANT.sub("", text)):
        raise UnreadableText("文字里有看不见的字符（如换行、控制符、方向符），请删去后重新输入。")
    if _BEGINS_WITH_MARK.match(text) or _OVERLOADED.search(text):
        raise UnreadableText("文字里的附加符号没有跟着字，或叠得太多，请核对后重新输入。")


def read_text(text: str, most: int = 400, *, form: Literal["NFC", "NFKC"] = "NFC", lines: bool = False) -> str:
    """A text that isn't a field of a wire type, such as a form's. Raises UnreadableText."""
    return TextRule(most, form=form, lines=lines).read(text)


def make_visible(text: str) -> str:
    """A stored text for a terminal, a page, a printer or a log: without what could command it."""
    if text.isascii() and text.isprintable():
        return text
    text = _RETURN.sub("\n", text)
    if not _HIDDEN_IN_LINES.search(text):
        return text
    kept = {found.start() for found in _MEANT.finditer(text)}
    shown: str = _HIDDEN_IN_LINES.sub(lambda found: found[0] if found.start() in kept else "", text)
    return shown


def make_line_visible(text: str) -> str:
    """As `make_visible`, in one line."""
    return make_visible(_BREAKS.sub(" ", text))


def make_all_visible(value: T) -> T:
    """A decoded message with every text of it made visible."""
    shown: Any = value
    if isinstance(value, str):
        # A subclass of str is a constant of ours.
        shown = make_visible(value) if type(value) is str else value
    elif isinstance(value, list | tuple):
        shown = type(value)(make_all_visible(each) for each in value)
    elif isinstance(value, dict):
        shown = {make_all_visible(key): make_all_visible(each) for key, each in value.items()}
    elif isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        changed = {name: new for name, old in fields if (new := make_all_visible(old)) != old}
        shown = msgspec.structs.replace(value, **changed) if changed else value
    return typing.cast(T, shown)


def search_form(text: str) -> str:
    """What two texts that look alike have in common: letters in their plain form and case, one kind of dot, no
    blanks or dots."""
    text = unicodedata.normalize("NFKC", make_line_visible(text)).casefold()
    plain: str = _LOOSE.sub("", unicodedata.normalize("NFKC", text))
    return plain


# Signs by which two spellings of a name may differ.
_LOOSE = regex.compile(r"[\s·•‧・･∙⋅●᛫ꞏ⸱.\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]+")


def show_signs_alone(text: str) -> str:
    """A cell's text on one line, without the signs that nobody sees: what files bring along unasked."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    text = _ANY_BREAK.sub(" ", text)
    if not _HIDDEN.search(text):
        return str(_BLANKS.sub(" ", text)).strip(" ")
    kept = {found.start() for found in _MEANT.finditer(text)}
    # Private letters are seen, if differently on each machine: they are refused, not lost.
    shown = _HIDDEN.sub(lambda found: found[0] if found.start() in kept or _PRIVATE.match(found[0]) else "", text)
    return str(_BLANKS.sub(" ", shown)).strip(" ")


def plain_form(text: str) -> str:
    """As `show_signs_alone`, with full-width signs as plain ones and one kind of dash: for days and figures."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    plain: str = _DASH.sub("-", show_signs_alone(unicodedata.normalize("NFKC", text)))
    return plain


def code_form(text: str) -> str:
    """A code, however its signs were typed: `Ｖ０１—０１ －001` is `v01-01-001`."""
    return plain_form(text).replace(" ", "").lower()


def look_alike_form(code: str) -> str:
    """What codes share that are easily taken for each other: o and 0, l and 1, leading zeros."""
    parts = code_form(code).translate(_LOOK_ALIKE_LETTERS).split("-")
    return "-".join(part.lstrip("0") or "0" for part in parts)


def name_form(text: str) -> str:
    """A person's name: without the blanks that line up Chinese names of two signs, with one kind of dot."""
    name = _BLANK_IN_HAN.sub("", show_signs_alone(unicodedata.normalize("NFC", text)))
    dotted: str = _NAME_DOTS.sub(NAME_DOT, _FULL_STOP_IN_HAN.sub(NAME_DOT, name))
    return dotted


def split_clusters(text: str) -> list[str]:
    """The signs that a person sees: a letter with all its marks is one."""
    clusters: list[str] = _CLUSTER.findall(text)
    return clusters


@cache
def text_fields(struct: type[msgspec.Struct]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """The fields of a wire type that hold texts, each with what reads it."""
    hints = typing.get_type_hints(struct, include_extras=True)
    readers = ((name, _reader(hints[name])) for name in struct.__struct_fields__)
    return tuple((name, read) for name, read in readers if read is not None)


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """How the texts in a value of this type are read; None where there are none."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        rule = next((extra for extra in arguments[1:] if isinstance(extra, TextRule)), None)
        return _read_if_text(rule) if rule is not None else _reader(arguments[0])
    if origin in (Union, UnionType):
        return next(filter(None, map(_reader, arguments)), None)
    if origin is list and (read := _reader(arguments[0])) is not None:
        return lambda values: values if values is None else [read(value) for value in values]
    if origin is dict:
        read_key, read_value = (_reader(argument) or _same for argument in arguments)
        if read_key is not _same or read_value is not _same:
            return lambda values: {read_key(key): read_value(value) for key, value in values.items()}
    return None


def _read_if_text(rule: TextRule) -> Callable[[Any], Any]:
    return lambda value: rule.read(value) if isinstance(value, str) else value


def _same(value: Any) -> Any:
    return value
