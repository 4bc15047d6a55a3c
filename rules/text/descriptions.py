"""Describes rules, limits and campaigns in Chinese, for households."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from rules.book import (
    Campaign,
    Category,
    Decision,
    Deduction,
    Input,
    PointsByChoice,
    PointsByMeeting,
    Rule,
    Rulebook,
    format_points,
    format_points_range,
)
from rules.expression import Expression
from rules.limits import Limit, merge_limits
from rules.signatures import describe_signatures

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
# Implied by the amount or the deduction, whose own sentences mention them.
_IMPLIED = (PointsByMeeting.AMOUNT, PointsByMeeting.RECORD, Deduction.REMINDED_ON)


@dataclass(frozen=True, slots=True)
class RuleDescription:
    """A rule in Chinese sentences without their full stops: the points, the conditions, the limits, the evidence,
    the review. `offer_is_points`: the offer says no more than `Rule.points_text`."""

    offer: str
    offer_is_points: bool
    conditions: tuple[str, ...]
    limits: tuple[str, ...]
    evidence: tuple[str, ...]
    review: str

    @property
    def paragraph(self) -> str:
        return _join((self.offer, *self._details, self.review))

    @property
    def details(self) -> str:
        """All but the review, to be shown beside `Rule.points_text`, which it doesn't repeat."""
        return _join(self._details if self.offer_is_points else (self.offer, *self._details))

    @property
    def _details(self) -> tuple[str, ...]:
        return *self.conditions, *self.limits, *self.evidence


def describe_rule(book: Rulebook, rule: Rule, notice_days: int = 0) -> RuleDescription:
    """Describe a rule, without the limits of its category and of the book.

    `notice_days` is the village's minimum, which counts if it is longer than the rule's.
    """
    return RuleDescription(
        offer=_describe_offer(rule),
        offer_is_points=isinstance(rule.points, Expression)
        or (isinstance(rule.points, int) and not rule.points_note),
        conditions=tuple(_describe_conditions(book, rule)),
        limits=tuple(map(format_limit, own_limits(rule))),
        evidence=tuple(_describe_evidence(rule)),
        review=_describe_review(rule, max(rule.notice_days, notice_days)),
    )


def _join(sentences: Iterable[str]) -> str:
    return "".join(f"{sentence}。" for sentence in sentences)


def own_limits(rule: Rule) -> tuple[Limit, ...]:
    """The rule's own limits, without those of its category and its book."""
    return merge_limits(limit for limit in rule.limits if limit.scope == "rule")


def format_limit(limit: Limit) -> str:
    """A limit, e.g. 这一项每户每月最多 2 次."""
    highest = "只取最高的一次" if limit.highest else ""
    bounded = format_limit_bounds(limit) if limit.times is not None or limit.points is not None else ""
    return format_limit_scope(limit) + "，".join(filter(None, (highest, bounded)))


def format_limit_scope(limit: Limit) -> str:
    """What a limit counts, e.g. 这一项每户每月."""
    same = f"同一「{limit.by_note}」" if limit.by else ""
    return f"{_SCOPE[limit.scope]}{same}{_WHO[limit.per]}{_PERIOD[limit.period]}"


def format_limit_bounds(limit: Limit) -> str:
    """The bounds of a limit, e.g. 最多 2 次、10 分."""
    bounds = [f"{limit.times} 次"] if limit.times is not None else []
    bounds += [f"{limit.points} 分"] if limit.points is not None else []
    return f"最多 {'、'.join(bounds)}" if bounds else "不限"


def describe_campaign(book: Rulebook, campaign: Campaign) -> str:
    """The days of a campaign, its factor and its rules."""
    days = f"{format_day(campaign.first)}到 {format_day(campaign.last)}"
    coverage = "、".join(_list_coverage(book, campaign))
    return f"{days}，按 {campaign.factor_text} 倍记，零头舍去。管的事项：{coverage}。"


def format_decision(decision: Decision) -> str:
    """The day, the body and the meeting of a decision."""
    blank = " " if decision.meeting[:1].isdigit() else ""
    return f"{format_day(decision.date)}{decision.body}{blank}{decision.meeting}"


def format_day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def option_points(rule: Rule, points: PointsByChoice) -> Iterator[tuple[str, int]]:
    """The title and the points of each option, in the order of the book."""
    for input in rule.inputs:
        if input.id == points.input_id:
            yield from ((option.title, points.amounts[option.id]) for option in input.options)


def quote_titles(titles: Iterable[str]) -> str:
    """「甲」、「乙」"""
    return "、".join(f"「{title}」" for title in titles)


def _describe_offer(rule: Rule) -> str:
    points = rule.points
    if isinstance(points, int):
        text = f"记 {points} 分" if points >= 0 else f"扣 {-points} 分"
    elif isinstance(points, PointsByChoice):
        title = next(input.title for input in rule.inputs if input.id == points.input_id)
        listed = "，".join(f"{option} {format_points(amount)}" for option, amount in option_points(rule, points))
        text = f"看「{title}」：{listed}"
    elif isinstance(points, PointsByMeeting):
        text = f"{format_points_range(points.low, points.high)}，由{points.body}逐件议定，会议记录一起交"
    else:
        return rule.points_note
    return f"{text}；{rule.points_note}" if rule.points_note else text


def _describe_conditions(book: Rulebook, rule: Rule) -> Iterator[str]:
    if rule.when is not None:
        yield f"条件：{rule.when_note}"
    if rule.first or rule.last:
        since = f"从 {format_day(rule.first)}起" if rule.first else ""
        until = f"到 {format_day(rule.last)}为止" if rule.last else ""
        yield f"只算{since}{until}做的"
    if rule.most_points is not None:
        yield f"一次最多记 {rule.most_points} 分"
    if rule.requires_person:
        yield "按人计算，要写明是家里哪位"
    if rule.every_household:
        yield "全村各户都有，由村里统一申报"
    if rule.deduction:
        yield from _describe_deduction(book, rule.deduction)


def _describe_deduction(book: Rulebook, deduction: Deduction) -> Iterator[str]:
    if deduction.adopted_by:
        yield f"依据{deduction.covenant}，{format_decision(deduction.adopted_by)}表决通过"
    if deduction.reminder:
        yield "先书面提醒，之后再犯才扣"
    yield f"一户一年所有扣分合起来最多 {book.deduction_bounds.a_year} 分"
    yield "余额不会扣到 0 分以下，已经兑换的不追扣"


def _describe_evidence(rule: Rule) -> Iterator[str]:
    yield f"要有{'、'.join(rule.evidence)}"
    by_choice = rule.points.input_id if isinstance(rule.points, PointsByChoice) else None
    inputs = [each for each in rule.inputs if each.id not in (*_IMPLIED, by_choice)]
    fields = [_format_input(each) for each in inputs if each.type not in ("photo", "sheet")]
    if fields:
        yield f"申报时填：{'、'.join(fields)}"
    for required, sentence in ((True, "拍{}"), (False, "最好拍{}，没有也可以")):
        photos = [each.title for each in inputs if each.type == "photo" and each.required is required]
        if photos:
            yield sentence.format(quote_titles(photos))
    for each in inputs:
        if each.type == "sheet":
            items = "、".join(f"{item.title} {item.max_score} 分" for item in each.items)
            yield f"「{each.title}」由至少 {each.judges} 位评委打分，满分：{items}"


def _format_input(input: Input) -> str:
    title = input.title if input.required else f"{input.title}（可不填）"
    return f"{title}（{'或'.join(option.title for option in input.options)}）" if input.options else title


def _describe_review(rule: Rule, notice_days: int) -> str:
    signatures = describe_signatures(rule)
    if notice_days == 0:
        return f"{signatures}，不用公示"
    anonymity = "不写姓名，" if rule.deduction else "" if rule.publish else "不写户名和事由，"
    return f"{signatures}，公示 {notice_days} 天，{anonymity}没有异议就{'扣' if rule.deduction else '入账'}"


def _list_coverage(book: Rulebook, campaign: Campaign) -> Iterator[str]:
    """The categories that a campaign covers completely, then the rest of its rules."""
    whole = {
        category.id
        for category in book.categories
        if (rules := _award_rules(book, category)) and campaign.rules.issuperset(rules)
    }
    yield from (f"「{category.title}」各项" for category in book.categories if category.id in whole)
    for rule in book.rules.values():
        if rule.id in campaign.rules and rule.category not in whole:
            yield f"「{rule.title}」"


def _award_rules(book: Rulebook, category: Category) -> list[str]:
    return [r.id for r in book.rules.values() if r.category == category.id and r.deduction is None]
