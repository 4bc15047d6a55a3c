"""Declaring behaviours: each claim is judged under the rulebook of its day, beside what was awarded before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import insert, select

import rules
from api import wire
from api.awards.claims import deductions
from api.awards.claims.history import History
from api.awards.claims.tables import Claim
from api.awards.rulebooks.use_cases import in_force, in_force_on
from api.platform.access import Role, Staff, require
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import (
    HouseholdFacts,
    count_households,
    list_household_codes,
    read_households_by_code,
)

DECLARERS = (
    Role.GRID_MEMBER,
    Role.GRID_LEADER,
    Role.GRID_GUIDE,
    Role.CHIEF_GRID_LEADER,
    Role.COUNCIL,
    Role.COMMITTEE,
)
# What a claim for every household is called, so that declaring twice counts once.
_EVERY_HOUSEHOLD = UUID("6f0d7c1e-2f8e-5a3b-9a53-6c1f1d8a1b52")

_Books = Mapping[tuple[date, str], rules.Rulebook | None]


async def declare(services: Services, staff: Staff, claims: Sequence[wire.NewClaim]) -> list[wire.ClaimOutcome]:
    """Declare behaviours for households, each judged on its own under the rulebook of its day.

    Raises Refused: not-allowed.
    """
    require(staff, *DECLARERS)
    async with services.unit_of_work() as uow:
        return await _declare(uow, staff, claims)


async def declare_for_all(services: Services, staff: Staff, wanted: wire.VillageClaims) -> list[wire.ClaimOutcome]:
    """Declare what all households of a village get, such as base points. Sent again, it adds what is missing.

    Raises Refused: not-allowed, unknown (village, rule), not-for-all.
    """
    require(staff, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        if not staff.serves(wanted.village):
            raise Refused(ErrorCode.UNKNOWN, "没有这个村。")
        book = await in_force(uow, wanted.deed_on, wanted.village)
        try:
            rule = book.get_rule(wanted.rule) if book else None
        except rules.UnknownRule as error:
            raise Refused(ErrorCode.UNKNOWN, str(error)) from None
        if rule is None:
            raise Refused(ErrorCode.UNKNOWN, "那一天还没有生效的积分规则。")
        if not rule.every_household or rule.inputs or rule.requires_person:
            raise Refused(ErrorCode.NOT_FOR_ALL, f"「{rule.title}」不是每户都有的，请逐户申报。")
        claims = [
            wire.NewClaim(
                id=uuid5(_EVERY_HOUSEHOLD, f"{uow.township}/{rule.id}/{wanted.deed_on}/{code}"),
                household=code,
                rule=rule.id,
                deed_on=wanted.deed_on,
            )
            for code in await list_household_codes(uow, wanted.village)
        ]
        return await _declare(uow, staff, claims)


async def _declare(uow: UnitOfWork, staff: Staff, claims: Sequence[wire.NewClaim]) -> list[wire.ClaimOutcome]:
    households = await read_households_by_code(uow, {claim.household for claim in claims})
    books = await _books(uow, claims, households)
    history = await History.read(
        uow,
        {household.id: household.village for household in households.values()},
        {book.version: book for book in books.values() if book}.values(),
        {claim.deed_on for claim in claims},
    )
    known_facts = await _surroundings(uow, households.values(), claims, books)
    # Read behind the lock: a retry sees what the first try, under way at the same time, has written.
    known = await _known(uow, [c.id for c in claims])
    rows = []
    outcomes = []
    for claim in claims:
        household = households.get(claim.household)
        if claim.id in known:
            same = _content(known[claim.id], households) == claim
            outcomes.append(
                wire.ClaimOutcome(id=claim.id, status="exists", points=known[claim.id].points)
                if same
                else wire.ClaimOutcome(id=claim.id, status="conflict", reason="这个编号已用于另一条申报。")
            )
            continue
        book = books[claim.deed_on, household.village] if household else None
        row, outcome = _judge(uow, staff, claim, household, book, history, known_facts)
        outcomes.append(outcome)
        if row is not None:
            rows.append(row)
            # The same id twice in one batch is a retry like any other.
            known[claim.id] = Claim(**row)
    if rows:
        await uow.session.execute(insert(Claim), rows)
    return outcomes


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What some rules know beside the claim: households by village, and what could be taken from a household."""

    households: Mapping[str, int]
    available: dict[str, int]


async def _surroundings(
    uow: UnitOfWork, households: Collection[HouseholdFacts], claims: Sequence[wire.NewClaim], books: _Books
) -> _Surroundings:
    counts: dict[str, int] = {}
    if any(book and "village.households" in book.variable_names for book in books.values()):
        counts = await count_households(uow, {h.village for h in households})
    taking = {
        rule.id for book in books.values() if book for rule in book.rules.values() if rule.deduction is not None
    }
    codes = {claim.household for claim in claims if claim.rule in taking}
    return _Surroundings(counts, await deductions.available(uow, codes) if codes else {})


def _judge(
    uow: UnitOfWork,
    staff: Staff,
    claim: wire.NewClaim,
    household: HouseholdFacts | None,
    book: rules.Rulebook | None,
    history: History,
    known: _Surroundings,
) -> tuple[dict[str, object] | None, wire.ClaimOutcome]:
    def refused(reason: str, trace: rules.Trace | None = None) -> tuple[None, wire.ClaimOutcome]:
        told = {} if trace is None else msgspec.to_builtins(trace)
        return None, wire.ClaimOutcome(id=claim.id, status="refused", reason=reason, trace=told)

    if household is None or not staff.serves(household.village):
        return refused(f"没有编号为 {claim.household} 的户。")
    if staff.household == household.code:
        return refused("不能为自己家申报，请由别人申报。")
    if claim.deed_on > local_date(uow.now):
        return refused("日期还没有到，请核对。")
    if book is None:
        return refused("那一天还没有生效的积分规则。")
    try:
        rule = book.get_rule(claim.rule)
    except rules.UnknownRule as error:
        return refused(str(error))
    weighed = rules.Claim(
        rule.id,
        claim.deed_on,
        str(household.id),
        household.village,
        people=household.people,
        person=claim.person or None,
        inputs=claim.inputs,
        households=known.households.get(household.village, 0),
        balance=known.available.get(household.code),
    )
    outcome = rules.evaluate(book, weighed, history.under(book))
    explanation = rules.explain(outcome)
    if not outcome.accepted:
        return refused("".join(explanation), outcome.trace)
    history.add(weighed, outcome.points)
    if rule.deduction:
        known.available[household.code] += outcome.points
    row: dict[str, object] = {
        "township": uow.township,
        "id": claim.id,
        "household": household.id,
        "village": household.village,
        "rulebook": book.version,
        "rule": rule.id,
        "category": rule.category,
        "deed_on": claim.deed_on,
        "person": claim.person,
        "inputs": claim.inputs,
        "note": claim.note,
        "points": outcome.points,
        "explanation": explanation,
        "trace": msgspec.to_builtins(outcome.trace),
        "signers": deductions.signers(rule),
        "status": "declared",
        "published": rule.publish,
        "declared_by": staff.id,
        "declared_at": uow.now,
    }
    return row, wire.ClaimOutcome(id=claim.id, status="declared", points=outcome.points)


async def _books(
    uow: UnitOfWork, claims: Sequence[wire.NewClaim], households: Mapping[str, HouseholdFacts]
) -> dict[tuple[date, str], rules.Rulebook | None]:
    """The book in force on the day of each claim in the village of its household."""
    days: dict[str, set[date]] = {}
    for claim in claims:
        household = households.get(claim.household)
        if household:
            days.setdefault(household.village, set()).add(claim.deed_on)
    return {
        (day, village): book
        for village, asked in days.items()
        for day, book in (await in_force_on(uow, asked, village)).items()
    }


async def _known(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, Claim]:
    found = await uow.session.scalars(select(Claim).where(Claim.township == uow.township, Claim.id.in_(ids)))
    return {c.id: c for c in found}


def _content(claim: Claim, households: dict[str, HouseholdFacts]) -> wire.NewClaim:
    codes = {h.id: h.code for h in households.values()}
    return wire.NewClaim(
        id=claim.id,
        household=codes.get(claim.household, ""),
        rule=claim.rule,
        deed_on=claim.deed_on,
        inputs=claim.inputs,
        person=claim.person,
        note=claim.note,
    )
