"""A rulebook in plain Chinese: what a household reads of a rule, a limit or a campaign."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from rules.book import (
    REVIEWER_TITLES,
    ByChoice,
    Campaign,
    Category,
    Decided,
    Decision,
    Deduction,
    Input,
    Rule,
    Rulebook,
    points_text,
    span_text,
)
from rules.expression import Expression
from rules.limits import Limit, tightest

_PERIOD = {
    "day": "同一天",
    "week": "每周",
    "month": "每月",
    "quarter": "每季度",
    "year": "每年",
    "lifetime": "一共",
}
_SCOPE = {"rule": "这一项", "category": "这一类", "total": "所有项目合起来", "deductions": "扣分"}
_WHO = {"household": "每户", "person": "每人", "village": "全村"}
# Asked for by the amount or the deduction itself, which say so in their own sentence.
_IMPLIED = (Decided.AMOUNT, Decided.RECORD, Deduction.REMINDED_ON)


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule in Chinese sentences without their full stops: how many points and for what; when it counts; how
    often; what to show; who looks at it. `plain`: the offer is no more than `Rule.points_text` says."""

    offer: str
    plain: bool
    terms: tuple[str, ...]
    limits: tuple[str, ...]
    shown: tuple[str, ...]
    judged: str

    @property
    def paragraph(self) -> str:
        return _paragraph((self.offer, *self._how, self.judged))

    @property
    def how(self) -> str:
        """What one has to know and do, to stand next to `Rule.points_text`, which isn't said again."""
        return _paragraph(self._how if self.plain else (self.offer, *self._how))

    @property
    def _how(self) -> tuple[str, ...]:
        return *self.terms, *self.limits, *self.shown


def rule_words(book: Rulebook, rule: Rule, notice_days: int = 0) -> RuleWords:
    """The rule as a household needs it. Limits of its category and of the book are told where these are told.

    `notice_days`: what the village puts on notice at least, whatever the rule says.
    """
    return RuleWords(
        offer=_offer(rule),
        plain=isinstance(rule.points, Expression) or (isinstance(rule.points, int) and not rule.points_note),
        terms=tuple(_terms(book, rule)),
        limits=tuple(map(limit_text, own_limits(rule))),
        shown=tuple(_shown(rule)),
        judged=_judged(rule, max(rule.notice_days, notice_days)),
    )


def _paragraph(sentences: Iterable[str]) -> str:
    return "".join(f"{sentence}。" for sentence in sentences)


def own_limits(rule: Rule) -> tuple[Limit, ...]:
    """The rule's own limits, without those of its category and its book."""
    return tightest(limit for limit in rule.limits if limit.scope == "rule")


def limit_text(limit: Limit) -> str:
    """A limit as people say it, e.g. 这一项每户每月最多 2 次."""
    highest = "只取最高的一次" if limit.highest else ""
    bounded = limit_most(limit) if limit.times is not None or limit.points is not None else ""
    return limit_subject(limit) + "，".join(filter(None, (highest, bounded)))


def limit_subject(limit: Limit) -> str:
    """What a limit counts together, e.g. 这一项每户每月."""
    same = f"同一「{limit.by_note}」" if limit.by else ""
    return f"{_SCOPE[limit.scope]}{same}{_WHO[limit.per]}{_PERIOD[limit.period]}"


def limit_most(limit: Limit) -> str:
    """How much a limit allows, e.g. 最多 2 次、10 分."""
    bounds = [f"{limit.times} 次"] if limit.times is not None else []
    bounds += [f"{limit.points} 分"] if limit.points is not None else []
    return f"最多 {'、'.join(bounds)}" if bounds else "不限"


def campaign_words(book: Rulebook, campaign: Campaign) -> str:
    """When a campaign runs, how many times as much it gives, and for what."""
    days = f"{day_text(campaign.first)}到 {day_text(campaign.last)}"
    return f"{days}，按 {campaign.times} 倍记，零头舍去。管的事项：{'、'.join(_covered(book, campaign))}。"


def decision_text(decision: Decision) -> str:
    """Who decided, when and at which meeting."""
    blank = " " if decision.meeting[:1].isdigit() else ""
    return f"{day_text(decision.date)}{decision.body}{blank}{decision.meeting}"


def day_text(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def choice_amounts(rule: Rule, points: ByChoice) -> Iterator[tuple[str, int]]:
    """The title of each option and what it gives, in the order of the book."""
    for asked in rule.inputs:
        if asked.id == points.input_id:
            yield from ((option.title, points.amounts[option.id]) for option in asked.options)


def reviewers_text(rule: Rule) -> str:
    return "、".join(REVIEWER_TITLES[reviewer] for reviewer in rule.reviewers)


def quoted(titles: Iterable[str]) -> str:
    """「甲」、「乙」"""
    return "、".join(f"「{title}」" for title in titles)


def _offer(rule: Rule) -> str:
    points = rule.points
    if isinstance(points, int):
        said = f"记 {points} 分" if points >= 0 else f"扣 {-points} 分"
    elif isinstance(points, ByChoice):
        title = next(asked.title for asked in rule.inputs if asked.id == points.input_id)
        listed = "，".join(f"{option} {points_text(amount)}" for option, amount in choice_amounts(rule, points))
        said = f"看「{title}」：{listed}"
    elif isinstance(points, Decided):
        said = f"{span_text(points.low, points.high)}，由{points.body}逐件议定，会议记录一起交"
    else:
        return rule.points_note
    return f"{said}；{rule.points_note}" if rule.points_note else said


def _terms(book: Rulebook, rule: Rule) -> Iterator[str]:
    if rule.when is not None:
        yield f"条件：{rule.when_note}"
    if rule.first or rule.last:
        since = f"从 {day_text(rule.first)}起" if rule.first else ""
        until = f"到 {day_text(rule.last)}为止" if rule.last else ""
        yield f"只算{since}{until}做的"
    if rule.most_points is not None:
        yield f"一次最多记 {rule.most_points} 分"
    if rule.by_person:
        yield "按人计算，要写明是家里哪位"
    if rule.every_household:
        yield "全村各户都有，由村里统一申报"
    if rule.deduction:
        yield from _taking(book, rule.deduction)


def _taking(book: Rulebook, deduction: Deduction) -> Iterator[str]:
    if deduction.adopted_by:
        yield f"依据{deduction.covenant}，{decision_text(deduction.adopted_by)}表决通过"
    if deduction.reminder:
        yield "先书面提醒，之后再犯才扣"
    yield f"一户一年所有扣分合起来最多 {book.deduction_bounds.a_year} 分"
    yield "余额不会扣到 0 分以下，已经兑换的不追扣"


def _shown(rule: Rule) -> Iterator[str]:
    yield f"要有{'、'.join(rule.evidence)}"
    by_choice = rule.points.input_id if isinstance(rule.points, ByChoice) else None
    asked = [each for each in rule.inputs if each.id not in (*_IMPLIED, by_choice)]
    filled = [_asked(each) for each in asked if each.type not in ("photo", "sheet")]
    if filled:
        yield f"申报时填：{'、'.join(filled)}"
    for required, sentence in ((True, "拍{}"), (False, "最好拍{}，没有也可以")):
        photos = [each.title for each in asked if each.type == "photo" and each.required is required]
        if photos:
            yield sentence.format(quoted(photos))
    for each in asked:
        if each.type == "sheet":
            items = "、".join(f"{item.title} {item.most} 分" for item in each.items)
            yield f"「{each.title}」由至少 {each.judges} 位评委打分，满分：{items}"


def _asked(asked: Input) -> str:
    title = asked.title if asked.required else f"{asked.title}（可不填）"
    return f"{title}（{'或'.join(option.title for option in asked.options)}）" if asked.options else title


def _judged(rule: Rule, notice_days: int) -> str:
    reviewed = f"由{reviewers_text(rule)}审核"
    if notice_days == 0:
        return f"{reviewed}，不用公示"
    silent = "不写姓名，" if rule.deduction else "" if rule.publish else "不写户名和事由，"
    return f"{reviewed}，公示 {notice_days} 天，{silent}没有异议就{'扣' if rule.deduction else '入账'}"


def _covered(book: Rulebook, campaign: Campaign) -> Iterator[str]:
    """The categories that a campaign covers as a whole, then the rest of its rules by name."""
    whole = {
        category.id
        for category in book.categories
        if (all_of := _earning(book, category)) and campaign.rules.issuperset(all_of)
    }
    yield from (f"「{category.title}」各项" for category in book.categories if category.id in whole)
    for rule in book.rules.values():
        if rule.id in campaign.rules and rule.category not in whole:
            yield f"「{rule.title}」"


def _earning(book: Rulebook, category: Category) -> list[str]:
    return [r.id for r in book.rules.values() if r.category == category.id and r.deduction is None]
