"""Examples computed by hand: what happened in a village, and what each deed must come to."""

from dataclasses import dataclass, field
from datetime import date

from rules import Claim
from rules.evaluation import RefusalCode


@dataclass(frozen=True, slots=True)
class Deed:
    """A claim and the points it must come to; `why` it is refused, for one that comes to nothing."""

    claim: Claim
    points: int
    why: RefusalCode | None


@dataclass(frozen=True, slots=True)
class Story:
    """Deeds in the order in which they are claimed."""

    title: str
    deeds: tuple[Deed, ...] = field(repr=False)


def story(title: str, *deeds: Deed) -> Story:
    return Story(title, deeds)


def deed(
    rule: str,
    on: str,
    points: int,
    why: RefusalCode | None = None,
    *,
    household: str = "h1",
    person: str = "张三",
    balance: int | None = None,
    households: int = 3,
    **inputs: object,
) -> Deed:
    """A deed on the day `on`, of the household h1 by 张三 in a village of three, unless told otherwise."""
    claim = Claim(
        rule,
        date.fromisoformat(on),
        household,
        "王庄村",
        people=4,
        person=person,
        inputs=inputs,
        households=households,
        balance=balance,
    )
    return Deed(claim, points, why)
