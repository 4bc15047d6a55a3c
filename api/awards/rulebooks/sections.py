"""A rulebook as people read it: by category, each rule in words, with where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules import (
    Campaign,
    Category,
    Difference,
    PointsByChoice,
    Rule,
    Rulebook,
    RuleDescription,
    compare_books,
    describe_campaign,
    describe_rule,
    format_limit,
    format_points,
    option_points,
    own_limits,
)

OWN = "本村自定"
ADAPTED = "本村调整"
_NUMBER = re.compile("([0-9]) ([次分])")


@dataclass(frozen=True, slots=True)
class Row:
    """`amounts` and `often` are the cells of a table: how much, and how often at most. `origin` says what a
    village did to the rule, `changes` what of the township's is no longer as it was."""

    rule: Rule
    words: RuleDescription
    amounts: tuple[str, ...]
    often: tuple[str, ...]
    origin: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    category: Category
    limits: tuple[str, ...]
    rows: tuple[Row, ...]


def sections(book: Rulebook, base: Rulebook | None, notice_days: int) -> list[Section]:
    """Categories in the order of the book, without those that have no rule. `base` is the township's book where
    `book` is a village's, `notice_days` what the village puts on notice at least."""
    changes = _changes(book, base)
    rows = [
        Row(
            rule,
            describe_rule(book, rule, notice_days),
            _amounts(rule),
            tuple(_kept(format_limit(limit).removeprefix("这一项")) for limit in own_limits(rule)),
            _origin(rule, base, changes),
            changes.get(rule.id, ()),
        )
        for rule in book.rules.values()
    ]
    found = [
        Section(
            category,
            tuple(map(format_limit, category.limits)),
            tuple(row for row in rows if row.rule.category == category.id),
        )
        for category in book.categories
    ]
    return [section for section in found if section.rows]


def left_out(book: Rulebook, base: Rulebook | None) -> list[str]:
    """Titles of the township's rules that the village doesn't have."""
    return [rule.title for rule in base.rules.values() if rule.id not in book.rules] if base else []


def total_limits(book: Rulebook) -> list[str]:
    """What bounds everything together."""
    said = list(map(format_limit, book.total_limits))
    if book.most_points is not None:
        said.append(f"任何一项一次最多 {book.most_points} 分")
    if any(rule.deduction for rule in book.rules.values()):
        bounds = book.deduction_bounds
        said.append(f"扣分一次最多 {bounds.at_once} 分，一户一年最多 {bounds.a_year} 分")
    return said


def campaigns(book: Rulebook, base: Rulebook | None) -> Iterator[tuple[Campaign, str, str]]:
    """Each in words, and where it comes from; the earliest first."""
    of_township = {campaign.id for campaign in (base or book).campaigns}
    for campaign in sorted(book.campaigns, key=lambda each: each.first):
        yield campaign, describe_campaign(book, campaign), "" if campaign.id in of_township else OWN


def of_substance(old: Rulebook, new: Rulebook) -> list[Difference]:
    """What is different for those who live by the rules: which editions they are, the page says itself."""
    return [found for found in compare_books(old, new) if found.subject != "edition"]


def _changes(book: Rulebook, base: Rulebook | None) -> dict[str, tuple[str, ...]]:
    if base is None:
        return {}
    found = compare_books(base, book)
    return {each.id: each.sentences for each in found if each.subject == "rule" and each.kind == "changed"}


def _origin(rule: Rule, base: Rulebook | None, changes: Mapping[str, tuple[str, ...]]) -> str:
    if base is not None and rule.id not in base.rules:
        return OWN
    return ADAPTED if rule.id in changes else ""


def _amounts(rule: Rule) -> tuple[str, ...]:
    """What stands in the table's column of points: of a choice every option with its own."""
    if isinstance(rule.points, PointsByChoice):
        return tuple(
            _kept(f"{title} {format_points(amount)}") for title, amount in option_points(rule, rule.points)
        )
    return (format_points(rule.points) if isinstance(rule.points, int) else rule.points_text,)


def _kept(text: str) -> str:
    """Numbers and their units stay on one line: a cell is narrow."""
    return _NUMBER.sub("\\1\u00a0\\2", text)
