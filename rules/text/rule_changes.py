"""What is no longer the same about a rule, field by field."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from rules.book import ByChoice, Decided, Deduction, Input, InputType, Rule, Rulebook, points_text, span_text
from rules.expression import Expression
from rules.text import field_changes
from rules.text.descriptions import (
    choice_amounts,
    decision_text,
    own_limits,
    reviewers_text,
    rule_words,
)
from rules.text.field_changes import Change

_TYPES: Mapping[InputType, str] = {
    "integer": "整数",
    "number": "数字",
    "choice": "选择",
    "text": "文字",
    "date": "日期",
    "photo": "照片",
    "sheet": "评分单",
}
# These inputs follow from the amount or the deduction, and change with them.
_IMPLIED = (Decided.AMOUNT, Decided.RECORD, Deduction.REMINDED_ON)


@dataclass(frozen=True, slots=True)
class Pair:
    """The same rule in two books."""

    old: Rule
    new: Rule
    old_book: Rulebook
    new_book: Rulebook


def rule_changes(pair: Pair) -> Iterator[Change]:
    """Every change between the two, in the order of the rule's fields."""
    for field in _FIELDS.values():
        yield from field(pair)


def _points(pair: Pair) -> Iterator[Change]:
    old, new = pair.old.points, pair.new.points
    if isinstance(old, int) and isinstance(new, int):
        if old != new:
            yield Change(f"由 {points_text(old)}改为 {points_text(new)}", field_changes.toward(old, new))
    elif isinstance(old, ByChoice) and isinstance(new, ByChoice) and old.input_id == new.input_id:
        yield from _choices(pair.old, old, pair.new, new)
    elif isinstance(old, Decided) and isinstance(new, Decided):
        yield from _decided(old, new)
    elif isinstance(old, Expression) and isinstance(new, Expression):
        before, after = (old.text, pair.old.points_note), (new.text, pair.new.points_note)
        yield from field_changes.rewritten("分值", before, after, (None, None))
    else:
        said = [rule_words(book, rule).offer for book, rule in _both(pair)]
        yield Change(f"分值由「{said[0]}」改为「{said[1]}」", None)


def _choices(old_rule: Rule, old: ByChoice, new_rule: Rule, new: ByChoice) -> Iterator[Change]:
    """The options one by one: by their ids, said by their titles."""
    before = dict(zip(_options(old_rule, old), choice_amounts(old_rule, old), strict=True))
    after = dict(zip(_options(new_rule, new), choice_amounts(new_rule, new), strict=True))
    for id, (title, points) in after.items():
        if id not in before:
            yield Change(f"新增「{title}」{points_text(points)}", "better" if points > 0 else "worse")
        elif before[id][1] != points:
            was = before[id][1]
            yield Change(
                f"「{title}」由 {points_text(was)}改为 {points_text(points)}", field_changes.toward(was, points)
            )
    for id, (title, points) in before.items():
        if id not in after:
            yield Change(f"不再有「{title}」{points_text(points)}", "worse" if points > 0 else "better")


def _options(rule: Rule, points: ByChoice) -> list[str]:
    return [option.id for asked in rule.inputs if asked.id == points.input_id for option in asked.options]


def _decided(old: Decided, new: Decided) -> Iterator[Change]:
    if old.body != new.body:
        yield Change(f"由{old.body}议定改为由{new.body}议定")
    if (old.low, old.high) != (new.low, new.high):
        both = field_changes.together(
            Change("", field_changes.toward(*bounds)) for bounds in ((old.low, new.low), (old.high, new.high))
        )
        yield Change(f"议定的分值由 {span_text(old.low, old.high)}改为 {span_text(new.low, new.high)}", both)


def _points_note(pair: Pair) -> Iterator[Change]:
    # An expression's note is what its change is told by.
    if not isinstance(pair.old.points, Expression) and not isinstance(pair.new.points, Expression):
        yield from field_changes.reworded("分值说明", pair.old.points_note, pair.new.points_note)


def _when(pair: Pair) -> Iterator[Change]:
    before, after = (
        (rule.when.text, rule.when_note) if rule.when is not None else None for rule in (pair.old, pair.new)
    )
    yield from field_changes.rewritten("条件", before, after, ("worse", "better"))


def _when_note(pair: Pair) -> Iterator[Change]:
    if pair.old.when is None and pair.new.when is None:
        yield from field_changes.reworded("条件说明", pair.old.when_note, pair.new.when_note)


def _inputs(pair: Pair) -> Iterator[Change]:
    before, after = (
        {asked.id: asked for asked in rule.inputs if asked.id not in _IMPLIED} for rule in (pair.old, pair.new)
    )
    for id, asked in after.items():
        if id not in before:
            yield Change(f"申报时新增「{asked.title}」（{_TYPES[asked.type]}）")
        else:
            yield from _input(before[id], asked, by_choice=isinstance(pair.new.points, ByChoice))
    for id, asked in before.items():
        if id not in after:
            yield Change(f"申报时不再要「{asked.title}」")


def _input(old: Input, new: Input, *, by_choice: bool) -> Iterator[Change]:
    yield from field_changes.reworded("填报项", old.title, new.title)
    name = f"「{new.title}」"
    if old.type != new.type:
        yield Change(f"{name}由填{_TYPES[old.type]}改为填{_TYPES[new.type]}")
    if old.required != new.required:
        words = {True: "必填", False: "可不填"}
        yield Change(f"{name}由{words[old.required]}改为{words[new.required]}")
    for bound, before, after in (("最小", old.low, new.low), ("最大", old.high, new.high)):
        if before != after:
            said = ["不限" if limit is None else f" {limit} " for limit in (before, after)]
            yield Change(f"{name}{bound}由{said[0]}改为{said[1]}".rstrip(), None)
    if old.judges != new.judges:
        yield Change(f"{name}由至少 {old.judges} 位评委改为至少 {new.judges} 位评委")
    options = [{option.id: option.title for option in asked.options} for asked in (old, new)]
    yield from _titles(f"{name}选项", options[0], options[1], tell_new=not by_choice)
    items = [{item.id: item.title for item in asked.items} for asked in (old, new)]
    yield from _titles(f"{name}评分项", items[0], items[1])
    most = {item.id: item.most for item in old.items}
    for item in new.items:
        if most.get(item.id, item.most) != item.most:
            yield Change(f"{name}的「{item.title}」满分由 {most[item.id]} 分改为 {item.most} 分", None)


def _titles(
    what: str, old: Mapping[str, str], new: Mapping[str, str], *, tell_new: bool = True
) -> Iterator[Change]:
    """Things with ids: renamed, and where nothing else tells of them, added and left out."""
    for id, title in new.items():
        if id in old:
            yield from field_changes.reworded(what, old[id], title)
    if tell_new:
        added = [title for id, title in new.items() if id not in old]
        left_out = [title for id, title in old.items() if id not in new]
        yield from field_changes.came_and_went(what, added, left_out)


def _category(pair: Pair) -> Iterator[Change]:
    if pair.old.category != pair.new.category:
        titles = [
            next((c.title for c in book.categories if c.id == rule.category), rule.category)
            for book, rule in _both(pair)
        ]
        # The limits of the category are others, too.
        yield Change(f"由「{titles[0]}」类改归「{titles[1]}」类", None)


def _reviewers(pair: Pair) -> Iterator[Change]:
    if set(pair.old.reviewers) != set(pair.new.reviewers):
        yield Change(f"由{reviewers_text(pair.old)}审核改为由{reviewers_text(pair.new)}审核")


def _notice_days(pair: Pair) -> Iterator[Change]:
    if pair.old.notice_days != pair.new.notice_days:
        yield Change(f"公示由 {pair.old.notice_days} 天改为 {pair.new.notice_days} 天")


def _village_points(pair: Pair) -> Iterator[Change]:
    said = [f"{r.village_points[0]}–{r.village_points[1]} 分" if r.village_points else "" for r in _rules(pair)]
    if said[0] != said[1]:
        fixed = "由乡镇统一规定"
        yield Change(f"村里可以定的分值由「{said[0] or fixed}」改为「{said[1] or fixed}」")


def _deduction(pair: Pair) -> Iterator[Change]:
    old, new = pair.old.deduction, pair.new.deduction
    if old is None or new is None:
        yield from field_changes.reworded(
            "扣分依据", old.covenant if old else "", new.covenant if new else "", None
        )
        return
    yield from field_changes.reworded("扣分依据", old.covenant, new.covenant)
    before, after = (decision_text(one.adopted_by) if one.adopted_by else "" for one in (old, new))
    yield from field_changes.reworded("扣分的表决", before, after)
    yield from field_changes.switched(
        old.reminder, new.reminder, "先书面提醒、再犯才扣", "不用先提醒就扣", "better"
    )


def _limits(pair: Pair) -> Iterator[Change]:
    taking = pair.new.deduction is not None
    return field_changes.limits(own_limits(pair.old), own_limits(pair.new), taking=taking)


def _both(pair: Pair) -> tuple[tuple[Rulebook, Rule], tuple[Rulebook, Rule]]:
    return (pair.old_book, pair.old), (pair.new_book, pair.new)


def _rules(pair: Pair) -> tuple[Rule, Rule]:
    return pair.old, pair.new


_Field: TypeAlias = Callable[[Pair], Iterator[Change]]


def _text(what: str, read: Callable[[Rule], str]) -> _Field:
    return lambda pair: field_changes.reworded(what, read(pair.old), read(pair.new))


def _switch(read: Callable[[Rule], bool], on: str, off: str) -> _Field:
    return lambda pair: field_changes.switched(read(pair.old), read(pair.new), on, off)


def _day(what: str, read: Callable[[Rule], date | None], without: str, later_is_good: bool) -> _Field:
    return lambda pair: field_changes.dated(what, read(pair.old), read(pair.new), without, later_is_good)


# `id` makes it the same rule; `facts` follow from the expressions.
_FIELDS: Mapping[str, _Field] = {
    "title": _text("名称", lambda rule: rule.title),
    "category": _category,
    "points": _points,
    "points_note": _points_note,
    "most_points": lambda pair: field_changes.most("一次", pair.old.most_points, pair.new.most_points),
    "limits": _limits,
    "when": _when,
    "when_note": _when_note,
    "first": _day("开始的日子", lambda rule: rule.first, "办法生效之日", later_is_good=False),
    "last": _day("截止的日子", lambda rule: rule.last, "办法失效之日", later_is_good=True),
    "deduction": _deduction,
    "inputs": _inputs,
    "evidence": lambda pair: field_changes.listing("凭据", pair.old.evidence, pair.new.evidence),
    "reviewers": _reviewers,
    "notice_days": _notice_days,
    "publish": _switch(lambda rule: rule.publish, "公示户名和事由", "不公示户名和事由"),
    "every_household": _switch(lambda rule: rule.every_household, "村里为全村各户统一申报", "一户一户申报"),
    "mandatory": _switch(lambda rule: rule.mandatory, "全乡镇统一、村里不能停用", "村里可以停用"),
    "village_points": _village_points,
    "source": _text("出处", lambda rule: rule.source),
    "purpose": _text("目的", lambda rule: rule.purpose),
    "wording_reviewed": _text("措辞审阅", lambda rule: rule.wording_reviewed),
}
