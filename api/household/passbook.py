"""The household's passbook: balance, pending awards, latest entries, and the rules by which to earn more.

Anybody who holds the card sees it, so it names nobody but the masked head of the household, and doesn't show the
subject of awards that the rulebook excludes from public notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, select

from api import wire
from api.awards.claims.household_claims import ON_NOTICE, VERSIONS_ON_NOTICE
from api.awards.evidence.queries import ShownPhoto, photos_subquery
from api.awards.objections.household_objections import (
    OBJECTED_VERSIONS,
    OBJECTIONS,
    HouseholdObjection,
    ObjectionRow,
    tell_objection,
)
from api.awards.objections.queries import SHOWN_FOR
from api.awards.rulebooks.use_cases import (
    EDITIONS_IN_FORCE,
    Edition,
    effective_edition,
    load_books,
    select_editions,
)
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED
from api.bookkeeping.general_ledger.holds import OPEN_HOLDS
from api.household.entries import (
    EntryRow,
    PassbookLine,
    disclose_photos,
    select_newest_entries,
    shows_subject,
    to_line,
)
from api.household.lifetime_points import LifetimePoints, select_lifetime_points
from api.platform.clock import local_date, local_time
from api.platform.database.read_query import ReadQuery
from api.platform.services import Services
from api.registry.cards.pins import LAST_RESET, RESETS_SHOWN_FOR
from api.registry.cards.use_cases import CardHolder, find_freeze
from api.registry.founding.defaults import DEFAULT, LATEST_PIN_ABOVE
from api.registry.freezes.queries import FROZEN_RULES, FreezeFacts, FrozenRule
from api.shop.reservations import queries
from api.shop.supermarkets.hours import ToldHours, tell_hours
from api.shop.supermarkets.queries import HOURS_OF_VILLAGE, ShopHours
from api.shop.till.card import CardSnapshot, bind_to_card, read_card
from api.wire.card_token import digest, parse
from ledger.transactions import Balance
from rules import Rulebook


@dataclass(frozen=True, slots=True)
class PendingAward:
    """An award, or a deduction with negative `points`, on public notice, which an objection has `stopped`, or
    whose rule is `frozen`."""

    title: str
    points: int
    until: datetime
    stopped: bool
    frozen: bool
    photos: Sequence[ShownPhoto] = ()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Points reserved for a supermarket `until` then."""

    what: str
    points: int
    until: datetime

    @property
    def whole_days(self) -> bool:
        return local_time(self.until).time() == time()


@dataclass(frozen=True, slots=True)
class PassbookPromise:
    """Goods promised to the household, which can be collected `until` then once they have arrived; `points` are
    reserved for them."""

    what: str
    supermarket: str
    points: int
    arrived: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class HeldPoints:
    """Points that a kiosk holds, at `place`. Unless it is `online`, they can be spent there alone, and without the
    network `until` then; after that they have `expired` there, and still belong to the household."""

    place: str
    points: int
    online: bool
    until: datetime
    expired: bool


@dataclass(frozen=True, slots=True)
class Passbook:
    """`held`: the household's points held by kiosks, by place. `lifetime_points`: all points ever earned, which
    spending doesn't lower. `expiring`: what of the balance expires next. `book`: the rules in force today.
    `pin_reset_at`: when the card's PIN was reset, if recently. `pin_default`: the threshold that the township
    proposes. `objections`: those of the household and to its entries. `shops`: when those of the village are
    open. `frozen`: by their titles, rules of the book that can't be declared under, and why. `suspended`: why
    nothing is done with the card, if supervisors have frozen it."""

    holder: CardHolder
    balance: Balance
    held: list[HeldPoints]
    expiring: wire.ExpiringPoints | None
    lifetime_points: int
    pending: list[PendingAward]
    reservations: list[Reservation]
    promises: list[PassbookPromise]
    lines: list[PassbookLine]
    book: Rulebook | None
    pin_reset_at: datetime | None
    pin_default: int
    objections: list[HouseholdObjection]
    shops: list[ToldHours]
    frozen: list[tuple[str, FreezeFacts]]
    suspended: FreezeFacts | None

    @property
    def spendable(self) -> int:
        return self.balance.available + self.leased

    @property
    def leased(self) -> int:
        return sum(held.points for held in self.held)


async def read_passbook(services: Services, card: str) -> Passbook:
    """Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen."""
    now = services.clock.now()
    holder, facts, expiring = await read_card(
        services,
        digest(parse(card)),
        _FACTS,
        now,
        suspended=True,
        day=local_date(now),
        resets_since=now - RESETS_SHOWN_FOR,
        objections_since=now - SHOWN_FOR,
    )
    current = effective_edition(facts.in_force, holder.village)
    cited = [*facts.notice_editions, *facts.objected_editions]
    books = await load_books(services, [*cited, *([current] if current is not None else [])])
    book = books[current.version] if current is not None else None
    frozen = {each.rule: each for each in facts.frozen_rules}
    return Passbook(
        holder=holder,
        balance=facts.balance,
        held=[
            HeldPoints(
                place=lease.describe_place(),
                points=lease.points,
                online=lease.is_online(now),
                until=lease.usable_until,
                expired=lease.usable_until <= now,
            )
            for lease in facts.leases
        ],
        expiring=expiring,
        lifetime_points=facts.lifetime_points[0].points,
        pending=[_to_pending(award, books[award.rulebook], award.rule in frozen) for award in facts.awards],
        reservations=[Reservation(hold.reason, -hold.amount, hold.expires_at) for hold in facts.holds],
        promises=[_to_promise(promise) for promise in facts.promises],
        lines=[to_line(entry) for entry in facts.entries],
        book=book,
        pin_reset_at=facts.resets[0].recorded_at if facts.resets else None,
        pin_default=facts.pin_defaults[0].pin_above if facts.pin_defaults else DEFAULT.pin_above,
        objections=[tell_objection(each, books[each.rulebook], local_date(now)) for each in facts.objections],
        shops=[tell_hours(shop.name, shop.hours, local_date(now)) for shop in facts.shops],
        frozen=[
            (book.rules[id].title, each) for id, each in frozen.items() if book is not None and id in book.rules
        ],
        suspended=find_freeze(facts.cards[0], now),
    )


class _Award(msgspec.Struct):
    rule: str
    rulebook: str
    points: int
    published: bool
    notice_until: datetime
    notice_stopped_at: datetime | None
    photos: list[ShownPhoto]


def _to_pending(award: _Award, book: Rulebook, frozen: bool) -> PendingAward:
    title = UNPUBLISHED
    if shows_subject(award.published):
        title = book.get_rule(award.rule).title
        title = title if award.points > 0 else f"扣分：{title}"
    photos = disclose_photos(award.published, award.photos)
    stopped = award.notice_stopped_at is not None
    return PendingAward(title, award.points, award.notice_until, stopped, frozen, photos)


def _to_promise(promise: queries.OpenPromise) -> PassbookPromise:
    line = promise.slip.line
    return PassbookPromise(
        what=f"{line.name} {line.quantity} 件",
        supermarket=promise.slip.supermarket,
        points=line.points,
        arrived=promise.arrival is not None,
        until=promise.expires_at,
    )


def _select_on_notice() -> Select[Any]:
    on_notice = ON_NOTICE.subquery()
    photos = photos_subquery(bindparam("township"), on_notice.c.id)
    return select(on_notice, photos.label("photos")).order_by(on_notice.c.notice_until, on_notice.c.id)


class _Hold(msgspec.Struct):
    reason: str
    amount: int
    expires_at: datetime


class _Reset(msgspec.Struct):
    recorded_at: datetime


class _PinDefault(msgspec.Struct):
    pin_above: int


class _Facts(CardSnapshot):
    lifetime_points: list[LifetimePoints]
    awards: list[_Award]
    notice_editions: list[Edition]
    holds: list[_Hold]
    entries: list[EntryRow]
    in_force: list[Edition]
    resets: list[_Reset]
    pin_defaults: list[_PinDefault]
    objections: list[ObjectionRow]
    objected_editions: list[Edition]
    shops: list[ShopHours]
    frozen_rules: list[FrozenRule]


_FACTS = ReadQuery(
    _Facts,
    **bind_to_card(
        lifetime_points=select_lifetime_points(),
        awards=_select_on_notice(),
        notice_editions=select_editions(VERSIONS_ON_NOTICE),
        holds=OPEN_HOLDS,
        entries=select_newest_entries(),
        in_force=EDITIONS_IN_FORCE,
        resets=LAST_RESET,
        pin_defaults=LATEST_PIN_ABOVE,
        objections=OBJECTIONS,
        objected_editions=select_editions(OBJECTED_VERSIONS),
        shops=HOURS_OF_VILLAGE,
        frozen_rules=FROZEN_RULES,
    ),
)
