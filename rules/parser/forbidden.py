"""Finds the words of forbidden subjects in a text, in whatever spelling.

Real schemes have had such rules (fewer points for petitioning, allowances cancelled for breaking village rules). A
rule whose declared purpose is of this kind is always refused. Wording alone can be innocent ("helps a neighbour
apply for the allowance"), so it is refused only until somebody has reviewed it and the rule says so. Points for
giving up a right amount to the same as a deduction for using it, and are always refused.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import regex

from rules.parser.subjects import BACK_TO_ZERO, SUBJECTS
from rules.spelling import simplify

# Separators written within a word; any other punctuation ends a phrase.
_SEPARATORS = re.compile(r"[\s·•.\-‐‑–—_~*/\\|+^`'\"“”‘’「」『』《》〈〉()（）\[\]【】{}<>#@&=]+")
_PHRASE_ENDS = re.compile(r"[^\w]+")
_WITHIN_WORDS = re.compile(r"(?<=[\u3400-\u9fff])[^\W\u3400-\u9fff]{1,3}(?=[\u3400-\u9fff])")
_PICTURES = regex.compile(r"\p{So}+")
# Most texts are names of fields, and what recurs in each rule.
_MAX_REMEMBERED, _MAX_REMEMBERED_LENGTH = 4096, 200

Found: TypeAlias = Sequence[tuple[str, str]]


def find_forbidden(text: str, *, deducting: bool = False) -> Found:
    """The forbidden words in `text`, each with the reason; at most one for each subject. `deducting`: the text
    says what points are taken for, where more words hint at a subject."""
    find = _find_forbidden if len(text) <= _MAX_REMEMBERED_LENGTH else _find_forbidden.__wrapped__
    return find(text, deducting)


def find_waivers(text: str) -> Found:
    """The rights that `text` rewards giving up (`零上访`), each with the reason; at most one for each subject."""
    find = _find_waivers if len(text) <= _MAX_REMEMBERED_LENGTH else _find_waivers.__wrapped__
    return find(text)


@lru_cache(maxsize=_MAX_REMEMBERED)
def _find_forbidden(text: str, deducting: bool) -> Found:
    patterns = [
        (subject.stricter_patterns if deducting else subject.patterns, subject.why)
        for subject in (*SUBJECTS, BACK_TO_ZERO)
    ]
    return _find(text, patterns)


@lru_cache(maxsize=_MAX_REMEMBERED)
def _find_waivers(text: str) -> Found:
    return _find(text, [(subject.waiver_patterns, subject.why) for subject in SUBJECTS])


def _find(text: str, subjects: Sequence[tuple[Sequence[re.Pattern[str]], str]]) -> Found:
    spellings = _spellings(text)
    found = [(_first_match(patterns, spellings), why) for patterns, why in subjects]
    return tuple((word, why) for word, why in found if word)


def _first_match(patterns: Sequence[re.Pattern[str]], spellings: Sequence[str]) -> str:
    found = (pattern.search(text) for text in spellings for pattern in patterns)
    return next((match[0] for match in found if match), "")


def _spellings(text: str) -> tuple[str, ...]:
    """The text without separators inside its words (`上·访`), a phrase on each line; and without pictures, letters
    and digits in Chinese words (`上x访`)."""
    joined = [_join(text)]
    if _PICTURES.search(text):
        joined.append(_join(_PICTURES.sub("", text)))
    return tuple(dict.fromkeys([*joined, *(_WITHIN_WORDS.sub("", each) for each in joined)]))


def _join(text: str) -> str:
    return _PHRASE_ENDS.sub("\n", _SEPARATORS.sub("", simplify(text)))
