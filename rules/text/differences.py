"""Compares two rulebooks in Chinese, for the villagers concerned and the committee that decides.

Order doesn't matter: a book with its rules in another order is the same book.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Literal, TypeAlias

import msgspec

from rules.book import Campaign, Category, DeductionBounds, Rule, Rulebook, VillagePermissions
from rules.text.descriptions import describe_campaign, describe_rule, format_decision, format_limit, quote_titles
from rules.text.field_changes import (
    Change,
    Effect,
    combine_effects,
    compare_caps,
    compare_dates,
    compare_flags,
    compare_limits,
    compare_numbers,
    compare_texts,
)
from rules.text.rule_changes import RulePair, compare_rule

DifferenceKind: TypeAlias = Literal["added", "removed", "changed"]
DifferenceSubject: TypeAlias = Literal["edition", "book", "category", "rule", "campaign"]

_PERMISSION_TEXTS = {
    "add": "村里自设的加分项",
    "points": "村里自设的加分项每次的分值",
    "deductions": "村里自设的扣分项",
    "deduct": "村里自设的扣分项每次的分值",
    "multiply": "村里的活动给乡镇的项目加倍，",
}


class Difference(msgspec.Struct, frozen=True):
    """A rule, category or campaign that was added, removed or changed; or a change of the book's `edition` (name,
    version, decision, dates) or of its bounds (`book`).

    `sentences` are Chinese clauses without a full stop; those of a change have the old and the new value. `effect`
    is that on households, `neither` where there is none or it is unknown.
    """

    kind: DifferenceKind
    subject: DifferenceSubject
    id: str
    title: str
    sentences: tuple[str, ...]
    effect: Effect = "neither"

    @property
    def text(self) -> str:
        """The difference as one sentence."""
        text = "；".join(self.sentences)
        if self.kind == "changed":
            return f"「{self.title}」{text}。"
        return f"{'新增' if self.kind == 'added' else '不再有'}「{self.title}」{'：' if text else ''}{text}。"


def compare_books(old: Rulebook, new: Rulebook) -> tuple[Difference, ...]:
    """The differences of the book itself, its categories, its rules and its campaigns, in this order."""
    return (
        *_changed("edition", new.version, new.title, _compare_editions(old, new)),
        *_changed("book", new.version, new.title, _compare_bounds(old, new)),
        *_compare_categories(old, new),
        *_compare_rules(old, new),
        *_compare_offered_deductions(old, new),
        *_compare_campaigns(old, new),
    )


def _changed(subject: DifferenceSubject, id: str, title: str, changes: Iterable[Change]) -> Iterator[Difference]:
    noted = list(changes)
    if noted:
        clauses = tuple(change.clause for change in noted)
        yield Difference("changed", subject, id, title, clauses, combine_effects(noted))


def _compare_editions(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    yield from compare_texts("名称", old.title, new.title)
    yield from compare_texts("版本", old.version, new.version)
    yield from compare_texts("乡镇", old.township, new.township)
    yield from compare_texts("村", old.village, new.village)
    yield from compare_texts("所补充的版本", old.base_version, new.base_version)
    yield from compare_texts("通过的决定", format_decision(old.adopted_by), format_decision(new.adopted_by))
    # These days decide which book applies, not what anybody gets.
    for what, before, after in (
        ("生效的日子", old.effective_from, new.effective_from),
        ("失效的日子", old.effective_until, new.effective_until),
    ):
        for change in compare_dates(what, before, after, "未定", later_is_good=True):
            yield change._replace(effect="neither")


def _compare_bounds(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    yield from compare_limits(old.total_limits, new.total_limits)
    yield from compare_caps("任何一项一次", old.most_points, new.most_points)
    yield from _compare_deduction_bounds(old.deduction_bounds, new.deduction_bounds)
    yield from _compare_village_permissions(old.village_permissions, new.village_permissions)


def _compare_deduction_bounds(old: DeductionBounds, new: DeductionBounds) -> Iterator[Change]:
    for what, before, after in (
        ("扣分一次最多", old.at_once, new.at_once),
        ("一户一年最多扣", old.a_year, new.a_year),
    ):
        if before != after:
            yield Change(f"{what} {before} 分改为 {after} 分", compare_numbers(before, after, good=False))


def _compare_village_permissions(old: VillagePermissions, new: VillagePermissions) -> Iterator[Change]:
    for field in fields(VillagePermissions):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name == "retire":
            yield from compare_flags(before, after, "村里可以停用规则", "村里不可以停用规则")
        elif before != after:
            unit = {"add": "条", "deductions": "条", "multiply": "倍"}.get(field.name, "分")
            yield Change(
                f"{_PERMISSION_TEXTS[field.name]}最多 {float(before):g} {unit}改为 {float(after):g} {unit}"
            )


def _compare_categories(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    before, after = ({category.id: category for category in book.categories} for book in (old, new))
    for id, category in after.items():
        if id not in before:
            yield Difference("added", "category", id, f"{category.title}类", _format_limits(category))
            continue
        old_category = before[id]
        changes = (
            *compare_texts("名称", old_category.title, category.title),
            *compare_limits(old_category.limits, category.limits),
        )
        yield from _changed("category", id, f"{category.title}类", changes)
    for id, category in before.items():
        if id not in after:
            yield Difference("removed", "category", id, f"{category.title}类", _format_limits(category))


def _format_limits(category: Category) -> tuple[str, ...]:
    return tuple(format_limit(limit) for limit in category.limits)


def _compare_rules(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    for id, rule in new.rules.items():
        if id in old.rules:
            pair = RulePair(old.rules[id], rule, old, new)
            yield from _changed("rule", id, rule.title, compare_rule(pair))
        else:
            yield _describe_whole("added", new, rule, "worse" if rule.deduction else "better")
    for id, rule in old.rules.items():
        if id not in new.rules:
            yield _describe_whole("removed", old, rule, "better" if rule.deduction else "worse")


def _compare_offered_deductions(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    """Deductions that a village may adopt, without effect until it does; then they are rules."""
    for id, rule in new.offered_deductions.items():
        if id in old.offered_deductions:
            for difference in _changed(
                "rule", id, rule.title, compare_rule(RulePair(old.offered_deductions[id], rule, old, new))
            ):
                yield msgspec.structs.replace(difference, effect="neither")
        else:
            yield _describe_offer("added", new, rule)
    for id, rule in old.offered_deductions.items():
        if id not in new.offered_deductions and id not in new.rules:
            yield _describe_offer("removed", old, rule)


def _describe_offer(kind: DifferenceKind, book: Rulebook, rule: Rule) -> Difference:
    text = describe_rule(book, rule).paragraph.rstrip("。")
    return Difference(kind, "rule", rule.id, rule.title, (f"村里可以表决启用的扣分，没有启用的不扣：{text}",))


def _describe_whole(kind: DifferenceKind, book: Rulebook, rule: Rule, effect: Effect) -> Difference:
    text = describe_rule(book, rule).paragraph.rstrip("。")
    return Difference(kind, "rule", rule.id, rule.title, (text,), effect)


def _compare_campaigns(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    before, after = ({campaign.id: campaign for campaign in book.campaigns} for book in (old, new))
    for id, campaign in after.items():
        if id in before:
            yield from _changed("campaign", id, campaign.title, _compare_campaign(old, before[id], new, campaign))
        else:
            text = describe_campaign(new, campaign).rstrip("。")
            yield Difference("added", "campaign", id, campaign.title, (text,), "better")
    for id, campaign in before.items():
        if id not in after:
            text = describe_campaign(old, campaign).rstrip("。")
            yield Difference("removed", "campaign", id, campaign.title, (text,), "worse")


def _compare_campaign(old_book: Rulebook, old: Campaign, new_book: Rulebook, new: Campaign) -> Iterator[Change]:
    yield from compare_texts("名称", old.title, new.title)
    yield from compare_dates("开始的日子", old.first, new.first, "", later_is_good=False)
    yield from compare_dates("结束的日子", old.last, new.last, "", later_is_good=True)
    if old.factor != new.factor:
        yield Change(
            f"由 {old.factor_text} 倍改为 {new.factor_text} 倍",
            compare_numbers(float(old.factor), float(new.factor)),
        )
    if added := _rule_titles(new_book.rules, new.rules - old.rules):
        yield Change(f"新增管{quote_titles(added)}", "better")
    if removed := _rule_titles(old_book.rules, old.rules - new.rules):
        yield Change(f"不再管{quote_titles(removed)}", "worse")


def _rule_titles(rules: Mapping[str, Rule], ids: frozenset[str]) -> list[str]:
    return [rule.title for rule in rules.values() if rule.id in ids]
