"""What happens in the demo's year: the claims and the redeemed baskets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from uuid_utils.compat import uuid7

from api import wire
from api.cli.demo.township import GOODS
from rules import Input, Rule, Rulebook

# The year has rounds of two months.
ROUNDS = 6
REDEMPTIONS = 750
POINTS_REDEEMED = 36_000
# Few households have more points.
_MAX_BASKET_POINTS = 100

# Claims per round and thousand households, by rule; other rules have the default.
_FREQUENCIES = {
    "A10": 160,
    "A09": 150,
    "A04": 120,
    "A21": 150,
    "A23": 70,
    "A06": 60,
    "A12": 60,
    "A01": 40,
    "A11": 30,
    "A03": 20,
    "A16": 12,
}
_DEFAULT_FREQUENCY = 2

PHOTO = "photo"
"""Stands for a photo that its declarer has yet to bring."""

# How unevenly claims are distributed over households; 1: evenly.
_SKEW = 4

# Several texts for each input, since the rules count each matter, deed or item once.
_TEXTS = {
    "suggestion": ("在村口安一盏路灯", "河边加一道护栏", "文化室晚上多开一小时"),
    "matter": ("长子婚事", "次女婚事", "祖母丧事", "父亲丧事"),
    "deceased": ("祖母", "父亲", "叔公"),
    "marriage": ("长子婚事", "次子婚事", "长女婚事", "次女婚事"),
    "helped": ("同组邻居", "对门老人", "隔壁家"),
    "project": ("村道硬化", "水渠维修", "文化广场"),
    "deed": ("救起落水儿童", "扑灭山火", "洪水中转移老人", "冰面上救人", "拦下惊马"),
    "item": ("爱心晾晒", "看护水源", "清明防火值守"),
}


def make_claims(
    book: Rulebook, households: Sequence[wire.NewHousehold], first: date, days: int, random: Random
) -> list[wire.NewClaim]:
    """A round's claims for a village, unevenly distributed over its households."""
    claims: list[wire.NewClaim] = []
    for rule in book.rules.values():
        expected = len(households) * _FREQUENCIES.get(rule.id, _DEFAULT_FREQUENCY) / 1000
        number = int(expected) + (random.random() < expected % 1)
        claims.extend(
            wire.NewClaim(
                id=uuid7(),
                household=household.code,
                rule=rule.id,
                deed_on=first + timedelta(days=random.randrange(days)),
                person=household.head if rule.requires_person else "",
                inputs=_make_answers(rule, random),
            )
            for household in _pick_households(households, number, random)
        )
    return claims


def _pick_households(
    households: Sequence[wire.NewHousehold], number: int, random: Random
) -> list[wire.NewHousehold]:
    """Up to `number` different households; the earlier in the list, the more likely."""
    chosen = {int(random.random() ** _SKEW * len(households)) for _ in range(number)}
    return [households[i] for i in sorted(chosen)]


def _make_answers(rule: Rule, random: Random) -> dict[str, str | int | float]:
    return {i.id: _make_answer(i, random) for i in rule.inputs if i.required}


def _make_answer(asked: Input, random: Random) -> str | int:
    if asked.type == "choice":
        return random.choice(asked.options).id
    if asked.id == "yuan":
        return random.randint(1, 10) * 100
    if asked.type == "integer":
        low, high = int(asked.low or 1), int(asked.high or 1)
        return random.randint(max(low, min(6, high)), min(high, 12)) if high > 2 else random.randint(low, high)
    if asked.type == "photo":
        return PHOTO
    texts = _TEXTS.get(asked.id)
    return random.choice(texts) if texts else f"第 {random.randrange(1000):03} 号"


@dataclass(frozen=True, slots=True)
class Basket:
    lines: tuple[wire.RedemptionLine, ...]
    points: int


def draw_baskets(random: Random) -> list[Basket]:
    """`REDEMPTIONS` baskets with a total of `POINTS_REDEEMED`: drawn at random, then replaced one by one whenever
    that brings the total closer."""
    baskets = [_draw_basket(random) for _ in range(REDEMPTIONS)]
    difference = POINTS_REDEEMED - sum(b.points for b in baskets)
    while difference:
        index, other = random.randrange(REDEMPTIONS), _draw_basket(random)
        closer = difference - other.points + baskets[index].points
        if abs(closer) < abs(difference):
            baskets[index], difference = other, closer
    return baskets


def _draw_basket(random: Random) -> Basket:
    """One or two products, up to two pieces of a cheap one."""
    while True:
        lines = tuple(
            wire.RedemptionLine(product=code, quantity=random.choice((1, 1, 2)) if price <= 25 else 1, price=price)
            for code, _, price, _ in random.sample(GOODS, k=random.choice((1, 1, 1, 2)))
        )
        points = sum(line.quantity * line.price for line in lines)
        if points <= _MAX_BASKET_POINTS:
            return Basket(lines, points)
