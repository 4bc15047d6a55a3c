"""What is different between two rulebooks, in words for the villagers it concerns and the committee that decides.

Order means nothing: a book with its rules in another order is the same book.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Literal, TypeAlias

import msgspec

from rules.book import Campaign, Category, DeductionBounds, Rule, Rulebook, VillageTerms
from rules.text import field_changes
from rules.text.descriptions import campaign_words, decision_text, limit_text, quoted, rule_words
from rules.text.field_changes import Change, Effect
from rules.text.rule_changes import Pair, rule_changes

Kind: TypeAlias = Literal["added", "removed", "changed"]
Subject: TypeAlias = Literal["edition", "book", "category", "rule", "campaign"]

_TERMS = {
    "add": "村里自设的加分项",
    "points": "村里自设的加分项每次的分值",
    "deductions": "村里自设的扣分项",
    "deduct": "村里自设的扣分项每次的分值",
}


class Difference(msgspec.Struct, frozen=True):
    """One rule, category or campaign that was added, removed or changed; or of the book itself its `edition`
    (name, version, decision, dates) or what it bounds all together.

    `sentences` are Chinese clauses without a full stop; those of something changed tell what was and what is.
    `effect` is what it does to households, `neither` where it does nothing or that can't be known.
    """

    kind: Kind
    subject: Subject
    id: str
    title: str
    sentences: tuple[str, ...]
    effect: Effect = "neither"

    @property
    def text(self) -> str:
        """All of it as one sentence."""
        said = "；".join(self.sentences)
        if self.kind == "changed":
            return f"「{self.title}」{said}。"
        return f"{'新增' if self.kind == 'added' else '不再有'}「{self.title}」{'：' if said else ''}{said}。"


def differences(old: Rulebook, new: Rulebook) -> tuple[Difference, ...]:
    """What a reader of the old book has to learn: of the book itself, its categories, its rules, its campaigns."""
    return (
        *_changed("edition", new.version, new.title, _of_edition(old, new)),
        *_changed("book", new.version, new.title, _of_book(old, new)),
        *_of_categories(old, new),
        *_of_rules(old, new),
        *_of_offered(old, new),
        *_of_campaigns(old, new),
    )


def _changed(subject: Subject, id: str, title: str, found: Iterable[Change]) -> Iterator[Difference]:
    noted = list(found)
    if noted:
        clauses = tuple(change.clause for change in noted)
        yield Difference("changed", subject, id, title, clauses, field_changes.together(noted))


def _of_edition(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    yield from field_changes.reworded("名称", old.title, new.title)
    yield from field_changes.reworded("版本", old.version, new.version)
    yield from field_changes.reworded("乡镇", old.township, new.township)
    yield from field_changes.reworded("村", old.village, new.village)
    yield from field_changes.reworded("所补充的版本", old.base, new.base)
    yield from field_changes.reworded("通过的决定", decision_text(old.adopted_by), decision_text(new.adopted_by))
    # When a book begins and ends says which book counts, not what anybody gets.
    for what, before, after in (
        ("生效的日子", old.effective_from, new.effective_from),
        ("失效的日子", old.effective_until, new.effective_until),
    ):
        for change in field_changes.dated(what, before, after, "未定", later_is_good=True):
            yield change._replace(effect="neither")


def _of_book(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    yield from field_changes.limits(old.total, new.total)
    yield from field_changes.most("任何一项一次", old.most_points, new.most_points)
    yield from _bounds(old.deduction_bounds, new.deduction_bounds)
    yield from _village_terms(old.village_terms, new.village_terms)


def _bounds(old: DeductionBounds, new: DeductionBounds) -> Iterator[Change]:
    for what, before, after in (
        ("扣分一次最多", old.at_once, new.at_once),
        ("一户一年最多扣", old.a_year, new.a_year),
    ):
        if before != after:
            yield Change(f"{what} {before} 分改为 {after} 分", field_changes.toward(before, after, good=False))


def _village_terms(old: VillageTerms, new: VillageTerms) -> Iterator[Change]:
    for field in fields(VillageTerms):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if field.name == "retire":
            yield from field_changes.switched(before, after, "村里可以停用规则", "村里不可以停用规则")
        elif before != after:
            unit = "条" if field.name in ("add", "deductions") else "分"
            yield Change(f"{_TERMS[field.name]}最多 {before} {unit}改为 {after} {unit}")


def _of_categories(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    before, after = ({category.id: category for category in book.categories} for book in (old, new))
    for id, category in after.items():
        if id not in before:
            yield Difference("added", "category", id, f"{category.title}类", _limits(category))
            continue
        was = before[id]
        found = (
            *field_changes.reworded("名称", was.title, category.title),
            *field_changes.limits(was.limits, category.limits),
        )
        yield from _changed("category", id, f"{category.title}类", found)
    for id, category in before.items():
        if id not in after:
            yield Difference("removed", "category", id, f"{category.title}类", _limits(category))


def _limits(category: Category) -> tuple[str, ...]:
    return tuple(limit_text(limit) for limit in category.limits)


def _of_rules(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    for id, rule in new.rules.items():
        if id in old.rules:
            pair = Pair(old.rules[id], rule, old, new)
            yield from _changed("rule", id, rule.title, rule_changes(pair))
        else:
            yield _whole("added", new, rule, "worse" if rule.deduction else "better")
    for id, rule in old.rules.items():
        if id not in new.rules:
            yield _whole("removed", old, rule, "better" if rule.deduction else "worse")


def _of_offered(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    """Deductions that a village may turn on: nothing to anybody until one does. What it turned on is a rule."""
    for id, rule in new.offered.items():
        if id in old.offered:
            for found in _changed("rule", id, rule.title, rule_changes(Pair(old.offered[id], rule, old, new))):
                yield msgspec.structs.replace(found, effect="neither")
        else:
            yield _offer("added", new, rule)
    for id, rule in old.offered.items():
        if id not in new.offered and id not in new.rules:
            yield _offer("removed", old, rule)


def _offer(kind: Kind, book: Rulebook, rule: Rule) -> Difference:
    said = rule_words(book, rule).paragraph.rstrip("。")
    return Difference(kind, "rule", rule.id, rule.title, (f"村里可以表决启用的扣分，没有启用的不扣：{said}",))


def _whole(kind: Kind, book: Rulebook, rule: Rule, effect: Effect) -> Difference:
    said = rule_words(book, rule).paragraph.rstrip("。")
    return Difference(kind, "rule", rule.id, rule.title, (said,), effect)


def _of_campaigns(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    before, after = ({campaign.id: campaign for campaign in book.campaigns} for book in (old, new))
    for id, campaign in after.items():
        if id in before:
            yield from _changed("campaign", id, campaign.title, _of_campaign(old, before[id], new, campaign))
        else:
            said = campaign_words(new, campaign).rstrip("。")
            yield Difference("added", "campaign", id, campaign.title, (said,), "better")
    for id, campaign in before.items():
        if id not in after:
            said = campaign_words(old, campaign).rstrip("。")
            yield Difference("removed", "campaign", id, campaign.title, (said,), "worse")


def _of_campaign(old_book: Rulebook, old: Campaign, new_book: Rulebook, new: Campaign) -> Iterator[Change]:
    yield from field_changes.reworded("名称", old.title, new.title)
    yield from field_changes.dated("开始的日子", old.first, new.first, "", later_is_good=False)
    yield from field_changes.dated("结束的日子", old.last, new.last, "", later_is_good=True)
    if old.multiply != new.multiply:
        yield Change(
            f"由 {old.times} 倍改为 {new.times} 倍", field_changes.toward(float(old.multiply), float(new.multiply))
        )
    if added := _titles(new_book.rules, new.rules - old.rules):
        yield Change(f"新增管{quoted(added)}", "better")
    if left_out := _titles(old_book.rules, old.rules - new.rules):
        yield Change(f"不再管{quoted(left_out)}", "worse")


def _titles(rules: Mapping[str, Rule], ids: frozenset[str]) -> list[str]:
    return [rule.title for rule in rules.values() if rule.id in ids]
