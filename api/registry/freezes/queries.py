"""Queries for other capabilities: what is frozen, since when, until when, by whom and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Date, ScalarSelect, SQLColumnExpression, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from api.platform.clock import end_of_day, local_date
from api.platform.services import Services, UnitOfWork
from api.registry.freezes.tables import Freeze

OPEN = Freeze.lifted_at.is_(None) & Freeze.lapsed_on.is_(None)
"""The condition for freezes that nobody has lifted; their day may be over."""


Kind: TypeAlias = Literal["rule", "card", "kiosk", "person"]


@dataclass(frozen=True, slots=True)
class Thing:
    """What is frozen; a rule in a village, None for all."""

    rule: str | None = None
    village: str | None = None
    card: bytes | None = None
    kiosk: UUID | None = None
    person: UUID | None = None

    @property
    def kind(self) -> Kind:
        if self.rule is not None:
            return "rule"
        if self.card is not None:
            return "card"
        return "kiosk" if self.kiosk is not None else "person"


class FreezeFacts(msgspec.Struct, frozen=True):
    """A freeze that nobody has lifted. `by_village`: of which village's supervisory committee; None: of the
    township's."""

    reason: str
    frozen_at: datetime
    ends_on: date | None
    by_village: str | None

    def holds_on(self, day: date) -> bool:
        """By itself it is over at the end of its day."""
        return self.ends_on is None or day <= self.ends_on

    @property
    def body(self) -> str:
        return "全乡的监委" if self.by_village is None else "村监委"

    def tell_rule(self, what: str = "") -> str:
        return self.tell(what, "不能申报、审定，也不入账")

    def tell_kiosk(self) -> str:
        return self.tell("这台终端", "不能兑换、预订、收货")

    def tell(self, what: str, stopped: str) -> str:
        """One sentence for whoever meets it: who froze `what`, since when, until when, and why."""
        until = "解除以前" if self.ends_on is None else f"到 {_tell_day(self.ends_on)}为止"
        reason = self.reason.rstrip("。")
        return (
            f"{what}由{self.body}从 {_tell_day(local_date(self.frozen_at))}起冻结，"
            f"{until}{stopped}。原因：{reason}。"
        )


def _tell_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def select_freeze(
    township: SQLColumnExpression[int] | Any,
    *,
    card: SQLColumnExpression[bytes] | None = None,
    kiosk: SQLColumnExpression[UUID] | None = None,
    person: SQLColumnExpression[UUID] | None = None,
) -> ScalarSelect[Any]:
    """The `FreezeFacts` of one of these, as JSON, as a column of a larger statement. Whether its day is over, who
    reads it tells by the clock."""
    things = ((Freeze.card, card), (Freeze.kiosk, kiosk), (Freeze.person, person))
    [those] = [column == thing for column, thing in things if thing is not None]
    return (
        select(
            func.jsonb_build_object(
                *("reason", Freeze.reason, "frozen_at", Freeze.frozen_at),
                *("ends_on", Freeze.ends_on, "by_village", Freeze.by_village),
                type_=JSONB,
            )
        )
        .where(Freeze.township == township, those, OPEN)
        .limit(1)
        .correlate_except(Freeze)
        .scalar_subquery()
    )


def read_freeze(stored: Any, day: date) -> FreezeFacts | None:
    """What `select_freeze` told, if it holds on this day."""
    found = msgspec.convert(stored, FreezeFacts | None)
    return found if found is not None and found.holds_on(day) else None


async def read_person_freeze(uow: UnitOfWork, person: UUID) -> FreezeFacts | None:
    """What stops a person now."""
    found = await uow.session.scalar(
        select(Freeze).where(
            Freeze.township == uow.township, Freeze.person == person, holds_on(local_date(uow.now))
        )
    )
    return _facts_of(found) if found is not None else None


class RuleFreezes:
    """The rules that are frozen now, in one village or in all."""

    def __init__(self, freezes: Mapping[tuple[str, str | None], FreezeFacts]) -> None:
        self._freezes = freezes

    def find(self, rule: str, village: str) -> FreezeFacts | None:
        """What stops a rule in a village; '' for the township, where those for all villages count."""
        return self._freezes.get((rule, None)) or self._freezes.get((rule, village))

    def find_in(self, village: str) -> dict[str, FreezeFacts]:
        """By rule, what stops it there."""
        return {rule: facts for (rule, at), facts in self._freezes.items() if at in (None, village)}

    def __bool__(self) -> bool:
        return bool(self._freezes)


async def read_rule_freezes(uow: UnitOfWork) -> RuleFreezes:
    found = await uow.session.scalars(
        select(Freeze).where(
            Freeze.township == uow.township, Freeze.rule.is_not(None), holds_on(local_date(uow.now))
        )
    )
    return RuleFreezes({(each.rule or "", each.village): _facts_of(each) for each in found})


class FrozenRule(FreezeFacts, frozen=True):
    """A rule, and what stops it."""

    rule: str


FROZEN_RULES = (
    select(Freeze.rule, Freeze.reason, Freeze.frozen_at, Freeze.ends_on, Freeze.by_village)
    .where(
        Freeze.township == bindparam("township"),
        Freeze.rule.is_not(None),
        or_(Freeze.village.is_(None), Freeze.village == bindparam("village")),
        OPEN,
        or_(Freeze.ends_on.is_(None), Freeze.ends_on >= bindparam("day", type_=Date)),
    )
    .order_by(Freeze.frozen_at, Freeze.id)
)
"""The rules that are frozen in a village on a day: `FrozenRule`."""


async def read_frozen_rules(services: Services, village: str | None) -> dict[str, FreezeFacts]:
    """By rule, what stops it in a village; None: in all."""
    async with services.unit_of_work() as uow:
        return (await read_rule_freezes(uow)).find_in(village or "")


def is_rule_frozen(
    township: SQLColumnExpression[int],
    rule: SQLColumnExpression[str],
    village: SQLColumnExpression[str],
    day: date,
) -> ColumnElement[bool]:
    """The condition for a rule that is frozen in a village on this day."""
    return (
        select(Freeze.id)
        .where(
            Freeze.township == township,
            Freeze.rule == rule,
            or_(Freeze.village.is_(None), Freeze.village == village),
            holds_on(day),
        )
        .correlate_except(Freeze)
        .exists()
    )


def is_card_frozen(
    township: SQLColumnExpression[int], card: SQLColumnExpression[bytes], day: date
) -> ColumnElement[bool]:
    """The condition for a card that is frozen on this day."""
    return (
        select(Freeze.id)
        .where(Freeze.township == township, Freeze.card == card, holds_on(day))
        .correlate_except(Freeze)
        .exists()
    )


def is_kiosk_frozen(
    township: SQLColumnExpression[int], kiosk: SQLColumnExpression[UUID], day: date
) -> ColumnElement[bool]:
    """The condition for a kiosk that is frozen on this day."""
    return (
        select(Freeze.id)
        .where(Freeze.township == township, Freeze.kiosk == kiosk, holds_on(day))
        .correlate_except(Freeze)
        .exists()
    )


async def read_kiosk_freezes(uow: UnitOfWork) -> dict[UUID, FreezeFacts]:
    """By kiosk, what stops it now."""
    found = await uow.session.scalars(
        select(Freeze).where(
            Freeze.township == uow.township, Freeze.kiosk.is_not(None), holds_on(local_date(uow.now))
        )
    )
    return {each.kiosk: _facts_of(each) for each in found if each.kiosk is not None}


async def was_kiosk_frozen(uow: UnitOfWork, kiosk: UUID, at: datetime) -> bool:
    """Whether it was frozen at this moment, whatever has become of that since. A till may tell a moment that
    neither the database nor a calendar has."""
    found = await uow.session.execute(
        select(Freeze.frozen_at, Freeze.ends_on, Freeze.lifted_at).where(
            Freeze.township == uow.township, Freeze.kiosk == kiosk
        )
    )
    return any(
        frozen_at < at and (ends_on is None or at <= end_of_day(ends_on)) and (lifted_at is None or at < lifted_at)
        for frozen_at, ends_on, lifted_at in found
    )


@dataclass(frozen=True, slots=True)
class ListedFreeze:
    """`holds`: it is frozen now."""

    id: UUID
    thing: Thing
    facts: FreezeFacts
    frozen_by: UUID
    lifted_by: UUID | None
    lifted_at: datetime | None
    lift_reason: str
    holds: bool


async def list_freezes(uow: UnitOfWork, *, now: bool, limit: int) -> list[ListedFreeze]:
    """Those that hold, or the others, the newest first."""
    holds = holds_on(local_date(uow.now))
    found = await uow.session.scalars(
        select(Freeze)
        .where(Freeze.township == uow.township, holds if now else ~holds)
        .order_by(Freeze.frozen_at.desc(), Freeze.id.desc())
        .limit(limit)
    )
    return [
        ListedFreeze(
            each.id,
            thing_of(each),
            _facts_of(each),
            each.frozen_by,
            each.lifted_by,
            each.lifted_at,
            each.lift_reason,
            now,
        )
        for each in found
    ]


def thing_of(freeze: Freeze) -> Thing:
    return Thing(freeze.rule, freeze.village, freeze.card, freeze.kiosk, freeze.person)


def holds_on(day: date) -> ColumnElement[bool]:
    """The condition for freezes that hold on this day."""
    return OPEN & or_(Freeze.ends_on.is_(None), Freeze.ends_on >= day)


def _facts_of(freeze: Freeze) -> FreezeFacts:
    return FreezeFacts(freeze.reason, freeze.frozen_at, freeze.ends_on, freeze.by_village)
