"""Changes of single fields: a Chinese clause with the old and the new value, and the effect on households."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from rules.limits import Count, Limit, merge_limits
from rules.text.descriptions import format_day, format_limit, format_limit_bounds, format_limit_scope, quote_titles

Effect: TypeAlias = Literal["better", "worse", "neither"]


class Change(NamedTuple):
    """`effect` is that on households: `neither` for a change that doesn't affect what they get, None for one that
    may go either way."""

    clause: str
    effect: Effect | None = "neither"


def combine_effects(changes: Iterable[Change]) -> Effect:
    """The effect of several changes: `neither` when they go both ways or one of them is unknown."""
    effects = {change.effect for change in changes} - {"neither"}
    return (effects.pop() or "neither") if len(effects) == 1 else "neither"


def compare_numbers(old: float, new: float, good: bool = True) -> Effect:
    """The effect of a number that grew or shrank; `good` if growing is better for households."""
    if old == new:
        return "neither"
    return "better" if (new > old) is good else "worse"


def compare_texts(what: str, old: str, new: str, effect: Effect | None = "neither") -> Iterator[Change]:
    """A text that was added, removed or changed; `effect` is that of any of these."""
    if old == new:
        return
    if not old:
        yield Change(f"新增{what}「{new}」", effect)
    elif not new:
        yield Change(f"不再有{what}「{old}」", effect)
    else:
        yield Change(f"{what}由「{old}」改为「{new}」", effect)


def compare_expressions(
    what: str,
    old: tuple[str, str] | None,
    new: tuple[str, str] | None,
    effects: tuple[Effect | None, Effect | None],
) -> Iterator[Change]:
    """An expression, given as its text and its note. The clause has the note; if only the text changed, the text.

    `effects` are those of adding and of removing one.
    """
    if old == new:
        return
    if old is None and new is not None:
        yield Change(f"新增{what}「{new[1]}」", effects[0])
    elif new is None and old is not None:
        yield Change(f"不再有{what}「{old[1]}」", effects[1])
    elif old and new and old[1] != new[1]:
        yield Change(f"{what}由「{old[1]}」改为「{new[1]}」", None if old[0] != new[0] else "neither")
    elif old and new:
        yield Change(f"{what}「{new[1]}」的算法由 {old[0]} 改为 {new[0]}", None)


def compare_flags(old: bool, new: bool, on: str, off: str, effect: Effect | None = "neither") -> Iterator[Change]:
    """A flag; `effect` is that of setting it."""
    if old != new:
        yield Change(f"由{off}改为{on}", effect) if new else Change(f"由{on}改为{off}", _opposite(effect))


def compare_dates(
    what: str, old: date | None, new: date | None, without: str, later_is_good: bool
) -> Iterator[Change]:
    """A first or last day; `without` is the text for none."""
    if old != new:
        unbounded = date.max if later_is_good else date.min
        before, after = (day or unbounded for day in (old, new))
        texts = [f" {format_day(day)}" if day else without for day in (old, new)]
        effect = compare_numbers(before.toordinal(), after.toordinal(), later_is_good)
        yield Change(f"{what}由{texts[0]}改为{texts[1]}", effect)


def compare_caps(what: str, old: int | None, new: int | None) -> Iterator[Change]:
    """A cap on points."""
    if old is None and new is not None:
        yield Change(f"新增上限：{what}最多 {new} 分", "worse")
    elif new is None and old is not None:
        yield Change(f"不再有上限：{what}最多 {old} 分", "better")
    elif old is not None and new is not None and old != new:
        yield Change(f"{what}最多 {old} 分改为 {new} 分", compare_numbers(old, new))


def compare_lists(what: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """A list of texts whose order doesn't matter."""
    return describe_added_and_removed(
        what, [text for text in new if text not in old], [text for text in old if text not in new]
    )


def describe_added_and_removed(what: str, added: Sequence[str], removed: Sequence[str]) -> Iterator[Change]:
    """Requirements that were added and removed."""
    if added:
        yield Change(f"{what}新增{quote_titles(added)}")
    if removed:
        yield Change(f"{what}不再要{quote_titles(removed)}")


def compare_limits(old: Iterable[Limit], new: Iterable[Limit], *, is_deduction: bool = False) -> Iterator[Change]:
    """Limits that were added, removed, loosened or tightened; for a deduction, tighter is better."""
    before, after = _by_count(old), _by_count(new)
    added = [limit for key, limit in after.items() if key not in before]
    removed = [limit for key, limit in before.items() if key not in after]
    if len(added) == len(removed) == 1:
        yield Change(f"上限由「{format_limit(removed[0])}」改为「{format_limit(added[0])}」", None)
    else:
        yield from (Change(f"新增上限：{format_limit(limit)}", _worse(not is_deduction)) for limit in added)
        yield from (Change(f"不再有上限：{format_limit(limit)}", _worse(is_deduction)) for limit in removed)
    for key, limit in after.items():
        if key in before and before[key] != limit:
            yield _compare_bounds(before[key], limit, is_deduction)


def _compare_bounds(old: Limit, new: Limit, is_deduction: bool) -> Change:
    changes = [
        Change("", compare_numbers(_as_number(before), _as_number(after), good=not is_deduction))
        for before, after in ((old.times, new.times), (old.points, new.points))
    ]
    new_bounds = format_limit_bounds(new).removeprefix("最多 ")
    return Change(
        f"{format_limit_scope(new)}{format_limit_bounds(old)}改为 {new_bounds}",
        combine_effects(changes),
    )


def _as_number(bound: int | None) -> float:
    return float("inf") if bound is None else bound


def _opposite(effect: Effect | None) -> Effect | None:
    return "worse" if effect == "better" else "better" if effect == "worse" else effect


def _worse(is_worse: bool) -> Effect:
    return "worse" if is_worse else "better"


def _by_count(limits: Iterable[Limit]) -> dict[tuple[Count, bool], Limit]:
    return {(limit.count, limit.highest): limit for limit in merge_limits(limits)}
