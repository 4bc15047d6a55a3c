"""One thing that is no longer as it was, in one Chinese clause that tells both, and whom it helps."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from rules.limits import Count, Limit, tightest
from rules.text.descriptions import day_text, limit_most, limit_subject, limit_text, quoted

Effect: TypeAlias = Literal["better", "worse", "neither"]


class Change(NamedTuple):
    """`effect` is what it does to households: `neither` what doesn't touch what they get, None what may go
    either way."""

    clause: str
    effect: Effect | None = "neither"


def together(changes: Iterable[Change]) -> Effect:
    """What changes do to households all in all: `neither` when they pull both ways or nobody can tell."""
    effects = {change.effect for change in changes} - {"neither"}
    return (effects.pop() or "neither") if len(effects) == 1 else "neither"


def toward(old: float, new: float, good: bool = True) -> Effect:
    """The effect of a number that grew or shrank, where growing is `good`."""
    if old == new:
        return "neither"
    return "better" if (new > old) is good else "worse"


def reworded(what: str, old: str, new: str, effect: Effect | None = "neither") -> Iterator[Change]:
    """A text that was put in, taken out or changed; `effect` that of changing it."""
    if old == new:
        return
    if not old:
        yield Change(f"新增{what}「{new}」", effect)
    elif not new:
        yield Change(f"不再有{what}「{old}」", effect)
    else:
        yield Change(f"{what}由「{old}」改为「{new}」", effect)


def rewritten(
    what: str,
    old: tuple[str, str] | None,
    new: tuple[str, str] | None,
    effects: tuple[Effect | None, Effect | None],
) -> Iterator[Change]:
    """An expression, each time its text and its note, by the note; by the text where that alone is another.

    `effects` are those of putting one in and of taking it out.
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


def switched(old: bool, new: bool, on: str, off: str, effect: Effect | None = "neither") -> Iterator[Change]:
    """What is so or not; `effect` that of becoming so."""
    if old != new:
        yield Change(f"由{off}改为{on}", effect) if new else Change(f"由{on}改为{off}", _opposite(effect))


def dated(what: str, old: date | None, new: date | None, without: str, later_is_good: bool) -> Iterator[Change]:
    """A first or last day; `without` says what holds where there is none."""
    if old != new:
        endless = date.max if later_is_good else date.min
        before, after = (day or endless for day in (old, new))
        said = [f" {day_text(day)}" if day else without for day in (old, new)]
        effect = toward(before.toordinal(), after.toordinal(), later_is_good)
        yield Change(f"{what}由{said[0]}改为{said[1]}", effect)


def most(what: str, old: int | None, new: int | None) -> Iterator[Change]:
    """A bound on points that stands by itself."""
    if old is None and new is not None:
        yield Change(f"新增上限：{what}最多 {new} 分", "worse")
    elif new is None and old is not None:
        yield Change(f"不再有上限：{what}最多 {old} 分", "better")
    elif old is not None and new is not None and old != new:
        yield Change(f"{what}最多 {old} 分改为 {new} 分", toward(old, new))


def listing(what: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Texts of which some were added or left out, in whatever order."""
    return came_and_went(
        what, [text for text in new if text not in old], [text for text in old if text not in new]
    )


def came_and_went(what: str, added: Sequence[str], left_out: Sequence[str]) -> Iterator[Change]:
    """Things that are asked for now, and things that no longer are."""
    if added:
        yield Change(f"{what}新增{quoted(added)}")
    if left_out:
        yield Change(f"{what}不再要{quoted(left_out)}")


def limits(old: Iterable[Limit], new: Iterable[Limit], *, taking: bool = False) -> Iterator[Change]:
    """Limits that were added, left out, loosened or tightened; of a deduction (`taking`), tighter is better."""
    before, after = _by_count(old), _by_count(new)
    added = [limit for key, limit in after.items() if key not in before]
    dropped = [limit for key, limit in before.items() if key not in after]
    if len(added) == len(dropped) == 1:
        yield Change(f"上限由「{limit_text(dropped[0])}」改为「{limit_text(added[0])}」", None)
    else:
        yield from (Change(f"新增上限：{limit_text(limit)}", _worse(not taking)) for limit in added)
        yield from (Change(f"不再有上限：{limit_text(limit)}", _worse(taking)) for limit in dropped)
    for key, limit in after.items():
        if key in before and before[key] != limit:
            yield _bounds(before[key], limit, taking)


def _bounds(old: Limit, new: Limit, taking: bool) -> Change:
    changes = [
        Change("", toward(_endless(before), _endless(after), good=not taking))
        for before, after in ((old.times, new.times), (old.points, new.points))
    ]
    return Change(
        f"{limit_subject(new)}{limit_most(old)}改为 {limit_most(new).removeprefix('最多 ')}", together(changes)
    )


def _endless(bound: int | None) -> float:
    return float("inf") if bound is None else bound


def _opposite(effect: Effect | None) -> Effect | None:
    return "worse" if effect == "better" else "better" if effect == "worse" else effect


def _worse(is_worse: bool) -> Effect:
    return "worse" if is_worse else "better"


def _by_count(stated: Iterable[Limit]) -> dict[tuple[Count, bool], Limit]:
    return {(limit.count, limit.highest): limit for limit in tightest(stated)}
