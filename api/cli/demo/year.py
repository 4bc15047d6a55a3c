"""What happens in the demo's year: who did what, and which baskets go over the counter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from uuid_utils.compat import uuid7

from api import wire
from api.cli.demo.township import GOODS
from rules import Input, Rule, Rulebook

# The year in rounds of two months.
ROUNDS = 6
REDEMPTIONS = 750
POINTS_REDEEMED = 36_000
# Few households have saved more: the backpack is for next year.
_MOST_AT_ONCE = 100

# Deeds in a round for each thousand households; whatever isn't named here is rarer.
_FREQUENT = {
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
_RARE = 2

# 1 would be everybody alike.
_UNEVEN = 4

# Several of each, since the rules count a matter, a deed or an item once.
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


def deeds(
    book: Rulebook, households: Sequence[wire.NewHousehold], first: date, days: int, random: Random
) -> list[wire.NewClaim]:
    """A round's claims for a village. Some households do a lot and some little, as everywhere."""
    claims: list[wire.NewClaim] = []
    for rule in book.rules.values():
        expected = len(households) * _FREQUENT.get(rule.id, _RARE) / 1000
        number = int(expected) + (random.random() < expected % 1)
        claims.extend(
            wire.NewClaim(
                id=uuid7(),
                household=household.code,
                rule=rule.id,
                deed_on=first + timedelta(days=random.randrange(days)),
                person=household.head if rule.requires_person else "",
                inputs=_answers(rule, random),
            )
            for household in _busy(households, number, random)
        )
    return claims


def _busy(households: Sequence[wire.NewHousehold], number: int, random: Random) -> list[wire.NewHousehold]:
    """Up to `number` different households; the earlier in the list, the likelier."""
    chosen = {int(random.random() ** _UNEVEN * len(households)) for _ in range(number)}
    return [households[i] for i in sorted(chosen)]


def _answers(rule: Rule, random: Random) -> dict[str, str | int | float]:
    return {i.id: _answer(i, random) for i in rule.inputs if i.required}


def _answer(asked: Input, random: Random) -> str | int:
    if asked.type == "choice":
        return random.choice(asked.options).id
    if asked.id == "yuan":
        return random.randint(1, 10) * 100
    if asked.type == "integer":
        low, high = int(asked.low or 1), int(asked.high or 1)
        return random.randint(max(low, min(6, high)), min(high, 12)) if high > 2 else random.randint(low, high)
    if asked.type == "photo":
        return f"photo-{random.randrange(10**6):06}"
    texts = _TEXTS.get(asked.id)
    return random.choice(texts) if texts else f"第 {random.randrange(1000):03} 号"


@dataclass(frozen=True, slots=True)
class Basket:
    lines: tuple[wire.RedemptionLine, ...]
    points: int


def baskets(random: Random) -> list[Basket]:
    """`REDEMPTIONS` baskets of real goods that come to `POINTS_REDEEMED` together: drawn at random, then one
    after another drawn anew whenever that brings the sum nearer."""
    drawn = [_basket(random) for _ in range(REDEMPTIONS)]
    away = POINTS_REDEEMED - sum(b.points for b in drawn)
    while away:
        place, other = random.randrange(REDEMPTIONS), _basket(random)
        nearer = away - other.points + drawn[place].points
        if abs(nearer) < abs(away):
            drawn[place], away = other, nearer
    return drawn


def _basket(random: Random) -> Basket:
    """One or two kinds of goods, several pieces of the cheap ones."""
    while True:
        lines = tuple(
            wire.RedemptionLine(product=code, quantity=random.choice((1, 1, 2)) if price <= 25 else 1, price=price)
            for code, _, price, _ in random.sample(GOODS, k=random.choice((1, 1, 1, 2)))
        )
        points = sum(line.quantity * line.price for line in lines)
        if points <= _MOST_AT_ONCE:
            return Basket(lines, points)
