"""Examples computed by hand: the deeds in a village and the points of each."""

from dataclasses import dataclass, field
from datetime import date

from rules import Claim
from rules.evaluation import RefusalCode


@dataclass(frozen=True, slots=True)
class Deed:
    """A claim, its expected points and, if it must be refused, the code in `refusal`."""

    claim: Claim
    points: int
    refusal: RefusalCode | None


@dataclass(frozen=True, slots=True)
class Story:
    """Deeds in the order of their claims."""

    title: str
    deeds: tuple[Deed, ...] = field(repr=False)


def story(title: str, *deeds: Deed) -> Story:
    return Story(title, deeds)


def deed(
    rule: str,
    on: str,
    points: int,
    refusal: RefusalCode | None = None,
    *,
    household: str = "h1",
    person: str = "张三",
    balance: int | None = None,
    households: int = 3,
    **inputs: object,
) -> Deed:
    """A deed on the day `on`, of the household h1 by 张三 in a village of three, unless given otherwise."""
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
    return Deed(claim, points, refusal)
