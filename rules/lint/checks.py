"""What is wrong with a book whose every line is right: rules that nobody can earn by, limits that nobody can
reach, awards that may come to more than the book allows.

Everything but the last is advice, and said only where it is certain: its author goes by it. An overlay is told of
what it says itself, not of its base.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import inf

from rules.book import Campaign, Rule, Rulebook
from rules.expression import Expression
from rules.lint.redundant_limits import Amounts, Bound, bounds, idle, reach, summed
from rules.lint.trials import Trial, Trials
from rules.parser.locator import Path
from rules.parser.points import amounts
from rules.parser.table import Table

_SAID = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_COMPARISON = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|>|<|==)\s*(-?\d+(?:\.\d+)?)\s*")
_CALENDAR = {"deed.month": (1, 12), "deed.day": (1, 31), "deed.weekday": (1, 7)}


def advise(book: Rulebook, root: Table) -> None:
    """Note in `root` what its author should look at. The book was read from it without mistakes."""
    places = _places(root, book)
    trials = Trials(book)
    looked_at = [id for id in book.rules if not book.village or id in places or _campaigns(book, id)]
    tried = {id: trials.of(book.rules[id]) for id in looked_at}
    for id, place in places.items():
        rule = book.rules[id]
        _unreachable(rule, tried[id], place, book, root)
        _endless(rule, tried[id], place, book, root)
    for id, trial in tried.items():
        _too_much(book.rules[id], trial, places.get(id), book, root)
    if trials.out_of_time:
        root.findings.advise(
            ("rule",),
            "条件和分值的表达式太多或太慢，没有来得及一一试算：分值会不会太高、条件会不会永远不成立，这次没有查完。",
        )
    sizes = {id: _amounts(book.rules[id], trial, book) for id, trial in tried.items()}
    _idle_limits(book, root, places, sizes)
    _same_titles(book, root, places)
    _campaigns_outside(book, root)


def _places(root: Table, book: Rulebook) -> dict[str, Path]:
    """Where the rules stand that this text writes or changes."""
    return {
        table["id"]: (key, number)
        for key in ("rule", "change")
        for number, table in enumerate(root.raw.get(key, ()))
        if table["id"] in book.rules
    }


def _campaigns(book: Rulebook, id: str) -> list[Campaign]:
    return [campaign for campaign in book.campaigns if id in campaign.rules]


def _unreachable(rule: Rule, trial: Trial, place: Path, book: Rulebook, root: Table) -> None:
    last = book.effective_until
    if (rule.last and rule.last < book.effective_from) or (rule.first and last and rule.first > last):
        key = "until" if rule.last and rule.last < book.effective_from else "from"
        span = f"{book.effective_from} 起" + (f"、{last} 止" if last else "")
        root.findings.advise(
            (*place, key), f"规则「{rule.id}」：它的日期不在办法有效的日子（{span}）里，没有一天能用。"
        )
    elif rule.when is not None and ((trial.complete and not trial.satisfied) or _contradicts(rule)):
        root.findings.advise(
            (*place, "when"), f"规则「{rule.id}」：条件 when 无论怎么填都不成立，这一项谁也得不到分。请核对数字。"
        )
    elif trial.complete and isinstance(rule.points, Expression) and (trial.most is None or trial.most < 1):
        root.findings.advise(
            (*place, "points"), f"规则「{rule.id}」：points 无论怎么填都算不出 1 分以上，这一项谁也得不到分。"
        )
    if trial.fails_at:
        root.findings.advise(
            (*place, "points" if isinstance(rule.points, Expression) else "when"),
            f"规则「{rule.id}」：{trial.fails_at} 时要除以 0，算不出来。请给这一项写 min，或加一个条件 when。",
        )


def _contradicts(rule: Rule) -> bool:
    """Whether a condition that only compares with numbers, all at once, asks for what the inputs can't be."""
    if rule.when is None:
        return False
    text = _SAID.sub("''", rule.when.text)
    if any(sign in text for sign in ("(", "||", "?", "!", "//")):
        return False
    spans: dict[str, tuple[float, float]] = dict(_CALENDAR)
    for asked in rule.inputs:
        if asked.type in ("integer", "number"):
            low, high = asked.low, asked.high
            spans[f"input.{asked.id}"] = (-inf if low is None else low, inf if high is None else high)
    for part in text.split("&&"):
        compared = _COMPARISON.fullmatch(part)
        if not compared:
            continue
        name, sign, number = compared[1], compared[2], float(compared[3])
        low, high = spans.get(name, (-inf, inf))
        if ">" in sign or sign == "==":
            low = max(low, number)
        if "<" in sign or sign == "==":
            high = min(high, number)
        if low > high or (low == high == number and sign in "<>"):
            return True
        spans[name] = (low, high)
    return False


def _endless(rule: Rule, trial: Trial, place: Path, book: Rulebook, root: Table) -> None:
    if trial.endless and _cap(rule) is None and book.most_points is None:
        titles = "、".join(f"「{title}」" for title in trial.endless)
        root.findings.advise(
            (*place, "points"),
            f"规则「{rule.id}」：{titles}没有写最大值（max），可能一次很多分。"
            "请写 max，或给这一项写 most_points。",
        )


def _cap(rule: Rule) -> int | None:
    """The most that one award can be after cuts, as far as the book says so."""
    caps = [limit.points for limit in rule.limits if limit.points is not None]
    return min([*caps, *([rule.most_points] if rule.most_points is not None else [])], default=None)


def _too_much(rule: Rule, trial: Trial, place: Path | None, book: Rulebook, root: Table) -> None:
    """The one thing that is no advice: the book itself says how much is too much."""
    most, cap = book.most_points, _cap(rule)
    if most is None or rule.deduction or (cap is not None and cap <= most):
        return
    at = f"{trial.most_at} 时，" if trial.most_at else ""
    largest = trial.most or 0
    if place and trial.endless:
        titles = "、".join(f"「{title}」" for title in trial.endless)
        root.findings.add(
            (*place, "points"),
            f"规则「{rule.id}」：{titles}没有写最大值（max），一次会超过本办法规定的 {most} 分（most_points）。",
        )
    elif place and largest > most:
        root.findings.add(
            (*place, "points"),
            f"规则「{rule.id}」：{at}一次记 {largest} 分，超过本办法规定的 {most} 分（most_points）。",
        )
    elif largest <= most:
        _too_much_in_campaigns(rule, largest, at, book, root)


def _too_much_in_campaigns(rule: Rule, largest: int, at: str, book: Rulebook, root: Table) -> None:
    most = book.most_points or 0
    for campaign, written in _written_campaigns(book, root):
        raised = int(largest * campaign.multiply)
        if rule.id in campaign.rules and raised > most:
            root.findings.add(
                (*written, "multiply"),
                f"活动「{campaign.title}」：{at}「{rule.id}」一次记 {raised} 分，"
                f"超过本办法规定的 {most} 分（most_points）。",
            )


def _written_campaigns(book: Rulebook, root: Table) -> Iterator[tuple[Campaign, Path]]:
    """The campaigns of this text, which come after those of a base."""
    number = len(root.raw.get("campaign", ()))
    own = book.campaigns[len(book.campaigns) - number :]
    return ((campaign, ("campaign", place)) for place, campaign in enumerate(own))


def _campaigns_outside(book: Rulebook, root: Table) -> None:
    for campaign, place in _written_campaigns(book, root):
        if campaign.last < book.effective_from or campaign.first > (book.effective_until or date.max):
            root.findings.advise(
                (*place, "from"), f"活动「{campaign.title}」：它的日期不在办法有效的日子里，没有一天能用。"
            )


def _amounts(rule: Rule, trial: Trial, book: Rulebook) -> Amounts:
    """What a single award comes to, campaigns included."""
    factor = max((campaign.multiply for campaign in _campaigns(book, rule.id)), default=Fraction(1))
    fixed = [abs(amount) for amount in amounts(rule.points)]
    known = max(fixed) if fixed else trial.most if trial.complete and not trial.endless else None
    most = None if known is None else int(known * factor)
    if rule.most_points is not None:
        most = min(rule.most_points, most or rule.most_points)
    # A higher honour adds the difference only, and a large award is cut.
    cut = rule.most_points is not None or any(limit.highest for limit in rule.limits)
    return Amounts(1 if cut or not fixed else min(fixed), most)


def _idle_limits(book: Rulebook, root: Table, places: Mapping[str, Path], sizes: Mapping[str, Amounts]) -> None:
    own: dict[str, list[Bound]] = {}
    for id, size in sizes.items():
        rule = book.rules[id]
        limits = [limit for limit in rule.limits if limit.scope == "rule"]
        own[id] = bounds(limits, places.get(id, ()))
        written = _limits_written(root, places[id]) if id in places else 0
        wider = bounds([limit for limit in rule.limits if limit.scope != "rule"], ())
        # Those of an overlay stand before those of its base.
        candidates = [bound for bound in own[id] if bound.number < written]
        beside = [bound for bound in own[id] if bound.number >= written]
        for bound, reached in idle(candidates, [*beside, *wider], size):
            _tell(root, f"规则「{id}」", bound, reached)
    if book.village or book.village_terms.add:
        # A village's own rules count towards the limits of a category.
        return
    giving = [rule for rule in book.rules.values() if rule.deduction is None]
    total = bounds(book.total, ("book",))
    for number, category in enumerate(book.categories):
        inside = [(own[rule.id], sizes[rule.id]) for rule in giving if rule.category == category.id]
        mine = bounds(category.limits, ("category", number))
        for bound, reached in _idle_together(mine, total, inside):
            _tell(root, f"类别「{category.title}」", bound, reached)
    of_categories = {category.id: bounds(category.limits, ()) for category in book.categories}
    everything = [([*own[rule.id], *of_categories[rule.category]], sizes[rule.id]) for rule in giving]
    for bound, reached in _idle_together(total, [], everything):
        _tell(root, "所有项目", bound, reached)


def _idle_together(
    candidates: Sequence[Bound], beside: Sequence[Bound], inside: Sequence[tuple[Sequence[Bound], Amounts]]
) -> Iterator[tuple[Bound, int]]:
    """Those limits of a category, or of all, that the rules in it never reach together, nor the other limits let
    them reach."""
    left = [*candidates, *beside]
    for bound in candidates:
        others = [other for other in left if other is not bound]
        found = (
            reach(bound.measure, bound.limit, others, Amounts(1, None)),
            summed(bound.measure, bound.limit, inside),
        )
        reached = min((each for each in found if each is not None), default=None)
        if inside and reached is not None and reached <= bound.value:
            left = others
            yield bound, reached


def _tell(root: Table, whose: str, bound: Bound, reached: int) -> None:
    root.findings.advise((*bound.place, "limits", bound.number), f"{whose}：{bound.sentence(reached)}")


def _same_titles(book: Rulebook, root: Table, places: Mapping[str, Path]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for rule in book.rules.values():
        first = seen.setdefault((rule.category, rule.title), rule.id)
        if first != rule.id and places.get(rule.id, ("",))[0] == "rule":
            root.findings.advise(
                (*places[rule.id], "title"), f"规则「{rule.id}」：和「{first}」同在一类，名称也一样，村民分不清。"
            )
    if book.village:
        return
    used = {table["category"] for table in root.raw.get("rule", ())}
    for number, category in enumerate(book.categories):
        if category.id not in used and not book.village_terms.add:
            root.findings.advise(("category", number, "id"), f"类别「{category.title}」：里面一条规则也没有。")


def _limits_written(root: Table, place: Path) -> int:
    key, number = place
    assert isinstance(key, str)
    return len(root.raw[key][number].get("limits", ()))
