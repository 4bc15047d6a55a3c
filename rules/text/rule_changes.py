"""Compares a rule of two books, field by field."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from rules.book import (
    Deduction,
    Input,
    InputType,
    PointsByChoice,
    PointsByMeeting,
    Rule,
    Rulebook,
    format_points,
    format_points_range,
)
from rules.expression import Expression
from rules.signatures import describe_signatures
from rules.text.descriptions import (
    describe_rule,
    format_decision,
    option_points,
    own_limits,
)
from rules.text.field_changes import (
    Change,
    combine_effects,
    compare_caps,
    compare_dates,
    compare_expressions,
    compare_flags,
    compare_limits,
    compare_lists,
    compare_numbers,
    compare_texts,
    describe_added_and_removed,
)

_TYPES: Mapping[InputType, str] = {
    "integer": "整数",
    "number": "数字",
    "choice": "选择",
    "text": "文字",
    "date": "日期",
    "photo": "照片",
    "sheet": "评分单",
}
# These inputs are implied by the amount or the deduction.
_IMPLIED = (PointsByMeeting.AMOUNT, PointsByMeeting.RECORD, Deduction.REMINDED_ON)


@dataclass(frozen=True, slots=True)
class RulePair:
    """The same rule in two books."""

    old: Rule
    new: Rule
    old_book: Rulebook
    new_book: Rulebook


def compare_rule(pair: RulePair) -> Iterator[Change]:
    """All changes, in the order of the rule's fields."""
    for field in _FIELDS.values():
        yield from field(pair)


def _compare_points(pair: RulePair) -> Iterator[Change]:
    old, new = pair.old.points, pair.new.points
    if isinstance(old, int) and isinstance(new, int):
        if old != new:
            yield Change(f"由 {format_points(old)}改为 {format_points(new)}", compare_numbers(old, new))
    elif isinstance(old, PointsByChoice) and isinstance(new, PointsByChoice) and old.input_id == new.input_id:
        yield from _compare_choices(pair.old, old, pair.new, new)
    elif isinstance(old, PointsByMeeting) and isinstance(new, PointsByMeeting):
        yield from _compare_meeting_points(old, new)
    elif isinstance(old, Expression) and isinstance(new, Expression):
        before, after = (old.text, pair.old.points_note), (new.text, pair.new.points_note)
        yield from compare_expressions("分值", before, after, (None, None))
    else:
        offers = [describe_rule(book, rule).offer for book, rule in _with_books(pair)]
        yield Change(f"分值由「{offers[0]}」改为「{offers[1]}」", None)


def _compare_choices(old_rule: Rule, old: PointsByChoice, new_rule: Rule, new: PointsByChoice) -> Iterator[Change]:
    """The options, matched by id."""
    before = dict(zip(_option_ids(old_rule, old), option_points(old_rule, old), strict=True))
    after = dict(zip(_option_ids(new_rule, new), option_points(new_rule, new), strict=True))
    for id, (title, points) in after.items():
        if id not in before:
            yield Change(f"新增「{title}」{format_points(points)}", "better" if points > 0 else "worse")
        elif before[id][1] != points:
            old_points = before[id][1]
            yield Change(
                f"「{title}」由 {format_points(old_points)}改为 {format_points(points)}",
                compare_numbers(old_points, points),
            )
    for id, (title, points) in before.items():
        if id not in after:
            yield Change(f"不再有「{title}」{format_points(points)}", "worse" if points > 0 else "better")


def _option_ids(rule: Rule, points: PointsByChoice) -> list[str]:
    return [option.id for input in rule.inputs if input.id == points.input_id for option in input.options]


def _compare_meeting_points(old: PointsByMeeting, new: PointsByMeeting) -> Iterator[Change]:
    if old.body != new.body:
        yield Change(f"由{old.body}议定改为由{new.body}议定")
    if (old.low, old.high) != (new.low, new.high):
        effect = combine_effects(
            Change("", compare_numbers(*bounds)) for bounds in ((old.low, new.low), (old.high, new.high))
        )
        yield Change(
            f"议定的分值由 {format_points_range(old.low, old.high)}改为 {format_points_range(new.low, new.high)}",
            effect,
        )


def _compare_points_note(pair: RulePair) -> Iterator[Change]:
    # The change of an expression already has the note.
    if not isinstance(pair.old.points, Expression) and not isinstance(pair.new.points, Expression):
        yield from compare_texts("分值说明", pair.old.points_note, pair.new.points_note)


def _compare_when(pair: RulePair) -> Iterator[Change]:
    before, after = (
        (rule.when.text, rule.when_note) if rule.when is not None else None for rule in (pair.old, pair.new)
    )
    yield from compare_expressions("条件", before, after, ("worse", "better"))


def _compare_when_note(pair: RulePair) -> Iterator[Change]:
    if pair.old.when is None and pair.new.when is None:
        yield from compare_texts("条件说明", pair.old.when_note, pair.new.when_note)


def _compare_inputs(pair: RulePair) -> Iterator[Change]:
    before, after = (
        {input.id: input for input in rule.inputs if input.id not in _IMPLIED} for rule in (pair.old, pair.new)
    )
    for id, input in after.items():
        if id not in before:
            yield Change(f"申报时新增「{input.title}」（{_TYPES[input.type]}）")
        else:
            yield from _compare_input(before[id], input, by_choice=isinstance(pair.new.points, PointsByChoice))
    for id, input in before.items():
        if id not in after:
            yield Change(f"申报时不再要「{input.title}」")


def _compare_input(old: Input, new: Input, *, by_choice: bool) -> Iterator[Change]:
    yield from compare_texts("填报项", old.title, new.title)
    name = f"「{new.title}」"
    if old.type != new.type:
        yield Change(f"{name}由填{_TYPES[old.type]}改为填{_TYPES[new.type]}")
    if old.required != new.required:
        words = {True: "必填", False: "可不填"}
        yield Change(f"{name}由{words[old.required]}改为{words[new.required]}")
    for bound, before, after in (("最小", old.low, new.low), ("最大", old.high, new.high)):
        if before != after:
            texts = ["不限" if limit is None else f" {limit} " for limit in (before, after)]
            yield Change(f"{name}{bound}由{texts[0]}改为{texts[1]}".rstrip(), None)
    if old.judges != new.judges:
        yield Change(f"{name}由至少 {old.judges} 位评委改为至少 {new.judges} 位评委")
    options = [{option.id: option.title for option in input.options} for input in (old, new)]
    yield from _compare_titles(f"{name}选项", options[0], options[1], with_added_and_removed=not by_choice)
    items = [{item.id: item.title for item in input.items} for input in (old, new)]
    yield from _compare_titles(f"{name}评分项", items[0], items[1])
    old_scores = {item.id: item.max_score for item in old.items}
    for item in new.items:
        if old_scores.get(item.id, item.max_score) != item.max_score:
            yield Change(f"{name}的「{item.title}」满分由 {old_scores[item.id]} 分改为 {item.max_score} 分", None)


def _compare_titles(
    what: str, old: Mapping[str, str], new: Mapping[str, str], *, with_added_and_removed: bool = True
) -> Iterator[Change]:
    """Titles by id: changed, and where no other change reports them, added and removed."""
    for id, title in new.items():
        if id in old:
            yield from compare_texts(what, old[id], title)
    if with_added_and_removed:
        added = [title for id, title in new.items() if id not in old]
        removed = [title for id, title in old.items() if id not in new]
        yield from describe_added_and_removed(what, added, removed)


def _compare_category(pair: RulePair) -> Iterator[Change]:
    if pair.old.category != pair.new.category:
        titles = [
            next((c.title for c in book.categories if c.id == rule.category), rule.category)
            for book, rule in _with_books(pair)
        ]
        # The effect is unknown: the new category has other limits.
        yield Change(f"由「{titles[0]}」类改归「{titles[1]}」类", None)


def _compare_reviewers(pair: RulePair) -> Iterator[Change]:
    old, new = describe_signatures(pair.old), describe_signatures(pair.new)
    if old != new:
        yield Change(f"{old}，改为{new}")


def _compare_notice_days(pair: RulePair) -> Iterator[Change]:
    if pair.old.notice_days != pair.new.notice_days:
        yield Change(f"公示由 {pair.old.notice_days} 天改为 {pair.new.notice_days} 天")


def _compare_village_points(pair: RulePair) -> Iterator[Change]:
    texts = [f"{r.village_points[0]}–{r.village_points[1]} 分" if r.village_points else "" for r in _rules(pair)]
    if texts[0] != texts[1]:
        fixed = "由乡镇统一规定"
        yield Change(f"村里可以定的分值由「{texts[0] or fixed}」改为「{texts[1] or fixed}」")


def _compare_deduction(pair: RulePair) -> Iterator[Change]:
    old, new = pair.old.deduction, pair.new.deduction
    if old is None or new is None:
        yield from compare_texts("扣分依据", old.covenant if old else "", new.covenant if new else "", None)
        return
    yield from compare_texts("扣分依据", old.covenant, new.covenant)
    before, after = (format_decision(one.adopted_by) if one.adopted_by else "" for one in (old, new))
    yield from compare_texts("扣分的表决", before, after)
    yield from compare_flags(old.reminder, new.reminder, "先书面提醒、再犯才扣", "不用先提醒就扣", "better")


def _compare_limits(pair: RulePair) -> Iterator[Change]:
    is_deduction = pair.new.deduction is not None
    return compare_limits(own_limits(pair.old), own_limits(pair.new), is_deduction=is_deduction)


def _with_books(pair: RulePair) -> tuple[tuple[Rulebook, Rule], tuple[Rulebook, Rule]]:
    return (pair.old_book, pair.old), (pair.new_book, pair.new)


def _rules(pair: RulePair) -> tuple[Rule, Rule]:
    return pair.old, pair.new


_FieldComparison: TypeAlias = Callable[[RulePair], Iterator[Change]]


def _text_field(what: str, read: Callable[[Rule], str]) -> _FieldComparison:
    return lambda pair: compare_texts(what, read(pair.old), read(pair.new))


def _flag_field(read: Callable[[Rule], bool], on: str, off: str) -> _FieldComparison:
    return lambda pair: compare_flags(read(pair.old), read(pair.new), on, off)


def _date_field(
    what: str, read: Callable[[Rule], date | None], without: str, later_is_good: bool
) -> _FieldComparison:
    return lambda pair: compare_dates(what, read(pair.old), read(pair.new), without, later_is_good)


# Without `id`, which matches the rules, and `variables`, which follow from the expressions.
_FIELDS: Mapping[str, _FieldComparison] = {
    "title": _text_field("名称", lambda rule: rule.title),
    "category": _compare_category,
    "points": _compare_points,
    "points_note": _compare_points_note,
    "most_points": lambda pair: compare_caps("一次", pair.old.most_points, pair.new.most_points),
    "limits": _compare_limits,
    "when": _compare_when,
    "when_note": _compare_when_note,
    "first": _date_field("开始的日子", lambda rule: rule.first, "办法生效之日", later_is_good=False),
    "last": _date_field("截止的日子", lambda rule: rule.last, "办法失效之日", later_is_good=True),
    "deduction": _compare_deduction,
    "inputs": _compare_inputs,
    "evidence": lambda pair: compare_lists("凭据", pair.old.evidence, pair.new.evidence),
    "reviewers": _compare_reviewers,
    "notice_days": _compare_notice_days,
    "publish": _flag_field(lambda rule: rule.publish, "公示户名和事由", "不公示户名和事由"),
    "every_household": _flag_field(lambda rule: rule.every_household, "村里为全村各户统一申报", "一户一户申报"),
    "mandatory": _flag_field(lambda rule: rule.mandatory, "全乡镇统一、村里不能停用", "村里可以停用"),
    "village_points": _compare_village_points,
    "source": _text_field("出处", lambda rule: rule.source),
    "purpose": _text_field("目的", lambda rule: rule.purpose),
    "wording_reviewed": _text_field("措辞审阅", lambda rule: rule.wording_reviewed),
}
