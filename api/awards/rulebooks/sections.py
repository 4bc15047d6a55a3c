"""The content of a rulebook's page: rules by category, described in Chinese, with their origin."""

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
class RuleRow:
    """`amounts` and `limits` are the cells of a table. `origin` says whether a village added or changed the rule,
    `changes` what it changed of the township's."""

    rule: Rule
    description: RuleDescription
    amounts: tuple[str, ...]
    limits: tuple[str, ...]
    origin: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CategorySection:
    category: Category
    limits: tuple[str, ...]
    rows: tuple[RuleRow, ...]


def build_sections(book: Rulebook, base: Rulebook | None, notice_days: int) -> list[CategorySection]:
    """Sections in the order of the book, without categories that have no rules. `base` is the township's book
    where `book` is a village's; `notice_days` is the village's minimum."""
    changes = _rule_changes(book, base)
    rows = [
        RuleRow(
            rule,
            describe_rule(book, rule, notice_days),
            _format_amounts(rule),
            tuple(_keep_units(format_limit(limit).removeprefix("这一项")) for limit in own_limits(rule)),
            _origin(rule, base, changes),
            changes.get(rule.id, ()),
        )
        for rule in book.rules.values()
    ]
    all_sections = [
        CategorySection(
            category,
            tuple(map(format_limit, category.limits)),
            tuple(row for row in rows if row.rule.category == category.id),
        )
        for category in book.categories
    ]
    return [section for section in all_sections if section.rows]


def retired_titles(book: Rulebook, base: Rulebook | None) -> list[str]:
    """Titles of the township's rules that the village retired."""
    return [rule.title for rule in base.rules.values() if rule.id not in book.rules] if base else []


def describe_total_limits(book: Rulebook) -> list[str]:
    """The limits of all awards together."""
    sentences = list(map(format_limit, book.total_limits))
    if book.most_points is not None:
        sentences.append(f"任何一项一次最多 {book.most_points} 分")
    if any(rule.deduction for rule in book.rules.values()):
        bounds = book.deduction_bounds
        sentences.append(f"扣分一次最多 {bounds.at_once} 分，一户一年最多 {bounds.a_year} 分")
    return sentences


def describe_campaigns(book: Rulebook, base: Rulebook | None) -> Iterator[tuple[Campaign, str, str]]:
    """Each campaign with its description and its origin, the earliest first."""
    of_township = {campaign.id for campaign in (base or book).campaigns}
    for campaign in sorted(book.campaigns, key=lambda each: each.first):
        yield campaign, describe_campaign(book, campaign), "" if campaign.id in of_township else OWN


def compare_content(old: Rulebook, new: Rulebook) -> list[Difference]:
    """The differences without those of title, version and dates, which the page shows itself."""
    return [difference for difference in compare_books(old, new) if difference.subject != "edition"]


def _rule_changes(book: Rulebook, base: Rulebook | None) -> dict[str, tuple[str, ...]]:
    if base is None:
        return {}
    differences = compare_books(base, book)
    return {each.id: each.sentences for each in differences if each.subject == "rule" and each.kind == "changed"}


def _origin(rule: Rule, base: Rulebook | None, changes: Mapping[str, tuple[str, ...]]) -> str:
    if base is not None and rule.id not in base.rules:
        return OWN
    return ADAPTED if rule.id in changes else ""


def _format_amounts(rule: Rule) -> tuple[str, ...]:
    """The cell of the points: one line for each option of a choice."""
    if isinstance(rule.points, PointsByChoice):
        return tuple(
            _keep_units(f"{title} {format_points(amount)}") for title, amount in option_points(rule, rule.points)
        )
    return (format_points(rule.points) if isinstance(rule.points, int) else rule.points_text,)


def _keep_units(text: str) -> str:
    """With a no-break space between a number and its unit."""
    return _NUMBER.sub("\\1\u00a0\\2", text)
