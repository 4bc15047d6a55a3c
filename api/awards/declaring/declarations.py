"""Declaring claims: each is evaluated under the rulebook of its day, together with earlier awards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import insert, select

import rules
from api import wire
from api.awards.claims import deductions, same_deed
from api.awards.claims.history import ClaimHistory
from api.awards.claims.tables import Claim
from api.awards.declaring.declarer import Declarer
from api.awards.evidence.naming import NameablePhotos, lock_nameable, record_photos
from api.awards.review.correcting import NOT_CORRECTABLE, lock_correctable
from api.awards.rulebooks.use_cases import book_in_force, books_in_force
from api.platform.access import DECLARERS, Role, Staff, require
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.freezes.queries import RuleFreezes, read_rule_freezes
from api.registry.register.moves import Moves, read_moves
from api.registry.register.queries import (
    HouseholdFacts,
    count_households,
    list_household_codes,
    read_households_by_code,
)

# The namespace of claims for every household, so that declaring twice gives the same ids.
_EVERY_HOUSEHOLD = UUID("6f0d7c1e-2f8e-5a3b-9a53-6c1f1d8a1b52")

_BooksInForce = Mapping[tuple[date, str], rules.Rulebook | None]


async def declare(services: Services, staff: Staff, claims: Sequence[wire.NewClaim]) -> list[wire.ClaimOutcome]:
    """Declare claims for households, each evaluated under the rulebook of its day. A refused claim doesn't affect
    the others.

    Raises Refused: not-allowed.
    """
    require(staff, *DECLARERS)
    async with services.unit_of_work() as uow:
        return await declare_by(uow, Declarer(staff), claims)


async def declare_for_every_household(
    services: Services, staff: Staff, request: wire.VillageClaims
) -> list[wire.ClaimOutcome]:
    """Declare what all households of a village get, such as base points. Repeated, it adds missing claims only.

    Raises Refused: not-allowed, unknown (village, rule), not-for-all.
    """
    require(staff, Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        if not staff.serves(request.village):
            raise Refused(ErrorCode.UNKNOWN, "没有这个村。")
        book = await book_in_force(uow, request.deed_on, request.village)
        try:
            rule = book.get_rule(request.rule) if book else None
        except rules.UnknownRule as error:
            raise Refused(ErrorCode.UNKNOWN, str(error)) from None
        if rule is None:
            raise Refused(ErrorCode.UNKNOWN, "那一天还没有生效的积分规则。")
        if not rule.every_household or rule.inputs or rule.requires_person:
            raise Refused(ErrorCode.NOT_FOR_ALL, f"「{rule.title}」不是每户都有的，请逐户申报。")
        claims = [
            wire.NewClaim(
                id=uuid5(_EVERY_HOUSEHOLD, f"{uow.township}/{rule.id}/{request.deed_on}/{code}"),
                household=code,
                rule=rule.id,
                deed_on=request.deed_on,
            )
            for code in await list_household_codes(uow, request.village)
        ]
        return await declare_by(uow, Declarer(staff), claims)


async def declare_by(
    uow: UnitOfWork, declarer: Declarer, claims: Sequence[wire.NewClaim]
) -> list[wire.ClaimOutcome]:
    """As `declare`, by a person or a household."""
    rows, outcomes = await _plan(uow, declarer, claims)
    if rows:
        await uow.session.execute(insert(Claim), rows)
        recorded = {outcome.id for outcome in outcomes if outcome.status == "declared"}
        await record_photos(uow, {claim.id: claim.inputs for claim in claims if claim.id in recorded})
    return outcomes


async def find_book(uow: UnitOfWork, household: HouseholdFacts, day: date) -> rules.Rulebook | None:
    """The one by which a household's deed of this day is evaluated: of the village where it was then."""
    moves = await read_moves(uow, [household.id])
    return await book_in_force(uow, day, moves.find_village(household, day))


async def weigh(uow: UnitOfWork, declarer: Declarer, claims: Sequence[wire.NewClaim]) -> list[wire.ClaimOutcome]:
    """What would become of claims, one after the other. Nothing is declared; what was said holds until the end of
    the unit of work."""
    _, outcomes = await _plan(uow, declarer, claims)
    return outcomes


async def _plan(
    uow: UnitOfWork, declarer: Declarer, claims: Sequence[wire.NewClaim]
) -> tuple[list[dict[str, object]], list[wire.ClaimOutcome]]:
    """The rows to insert, and the outcome of every claim."""
    households = await read_households_by_code(uow, {claim.household for claim in claims})
    moves = await read_moves(uow, [household.id for household in households.values()])
    books = await _load_books(uow, claims, households, moves)
    history = await ClaimHistory.load(
        uow,
        {household.id: household.village for household in households.values()},
        {book.version: book for book in books.values() if book}.values(),
        {claim.deed_on for claim in claims},
    )
    context = await _load_context(uow, households.values(), claims, books)
    # After locking, so that a retry sees what a concurrent first attempt has written.
    declared = await same_deed.find_declared(uow, declarer.viewer, [h.id for h in households.values()], claims)
    existing = await _load_existing(uow, [c.id for c in claims])
    correctable = await lock_correctable(
        uow, declarer.staff, [h.id for h in households.values()], [c.replaces for c in claims if c.replaces]
    )
    rows: list[dict[str, object]] = []
    outcomes = []
    for claim in claims:
        household = households.get(claim.household)
        if claim.id in existing:
            same = _as_new_claim(existing[claim.id], households) == claim
            outcomes.append(
                wire.ClaimOutcome(id=claim.id, status="exists", points=existing[claim.id].points)
                if same
                else wire.ClaimOutcome(id=claim.id, status="conflict", reason="这个编号已用于另一条申报。")
            )
            continue
        if claim.replaces is not None and claim.replaces not in correctable:
            outcomes.append(wire.ClaimOutcome(id=claim.id, status="refused", reason=NOT_CORRECTABLE))
            continue
        book = books[claim.deed_on, moves.find_village(household, claim.deed_on)] if household else None
        deed = (household.id, claim.rule, claim.deed_on) if household else None
        twins = declared[deed] if deed else []
        row, outcome = _evaluate(uow, declarer, claim, household, moves, book, history, context, twins)
        outcomes.append(outcome)
        if row is not None:
            rows.append(row)
            correctable -= {claim.replaces}
            twins.append(same_deed.SameDeed(claim.id, "declared", declarer.name))
            # The same id twice in one batch is a retry, too.
            existing[claim.id] = Claim(**row)
    return rows, outcomes


@dataclass(frozen=True, slots=True)
class _Context:
    """What some rules need beside the claim: the number of households by village, available points by household,
    photos, and which rules are frozen."""

    households: Mapping[str, int]
    available: dict[str, int]
    photos: NameablePhotos
    freezes: RuleFreezes


async def _load_context(
    uow: UnitOfWork, households: Collection[HouseholdFacts], claims: Sequence[wire.NewClaim], books: _BooksInForce
) -> _Context:
    counts: dict[str, int] = {}
    if any(book and "village.households" in book.variable_names for book in books.values()):
        counts = await count_households(uow, {h.village for h in households})
    deduction_rules = {
        rule.id for book in books.values() if book for rule in book.rules.values() if rule.deduction is not None
    }
    codes = {claim.household for claim in claims if claim.rule in deduction_rules}
    return _Context(
        counts,
        await deductions.available_points(uow, codes) if codes else {},
        await lock_nameable(uow, [claim.inputs for claim in claims]),
        await read_rule_freezes(uow),
    )


def _evaluate(
    uow: UnitOfWork,
    declarer: Declarer,
    claim: wire.NewClaim,
    household: HouseholdFacts | None,
    moves: Moves,
    book: rules.Rulebook | None,
    history: ClaimHistory,
    context: _Context,
    twins: Sequence[same_deed.SameDeed],
) -> tuple[dict[str, object] | None, wire.ClaimOutcome]:
    def refused(reason: str, trace: rules.Trace | None = None) -> tuple[None, wire.ClaimOutcome]:
        encoded = {} if trace is None else msgspec.to_builtins(trace)
        return None, wire.ClaimOutcome(id=claim.id, status="refused", reason=reason, trace=encoded)

    obstacle = declarer.find_obstacle(claim.household, household, moves)
    if household is None or obstacle:
        return refused(obstacle)
    if claim.deed_on > local_date(uow.now):
        return refused("日期还没有到，请核对。")
    if book is None:
        return refused("那一天还没有生效的积分规则。")
    try:
        rule = book.get_rule(claim.rule)
    except rules.UnknownRule as error:
        return refused(str(error))
    obstacle = declarer.find_obstacle_in(rule)
    if obstacle:
        return refused(obstacle)
    freeze = context.freezes.find(rule.id, household.village)
    if freeze is not None:
        return refused(freeze.tell_rule(f"「{rule.title}」"))
    rules_claim = rules.Claim(
        rule.id,
        claim.deed_on,
        str(household.id),
        household.village,
        people=household.people,
        person=claim.person or None,
        inputs=claim.inputs,
        households=context.households.get(household.village, 0),
        balance=context.available.get(household.code),
    )
    evaluation = rules.evaluate(book, rules_claim, history.for_book(book))
    explanation = rules.explain(evaluation)
    if not evaluation.accepted:
        return refused("".join(explanation), evaluation.trace)
    obstacle = context.photos.find_obstacle(rule, claim.inputs, {declarer.id, household.id})
    if obstacle:
        return refused(obstacle)
    if twins and not claim.again:
        return None, wire.ClaimOutcome(
            id=claim.id,
            status="declared-twice",
            reason=same_deed.tell_declared(twins),
            same_deed=[twin.id for twin in twins],
        )
    history.add(rules_claim, evaluation.points)
    if rule.deduction:
        context.available[household.code] += evaluation.points
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
        "again": claim.again,
        "replaces": claim.replaces,
        "points": evaluation.points,
        "explanation": explanation,
        "trace": msgspec.to_builtins(evaluation.trace),
        "signers": list(rules.signing_bodies(rule)),
        "status": "declared",
        "published": rule.publish,
        "declared_by": declarer.id,
        "declared_with": declarer.declared_with,
        "declared_at": uow.now,
    }
    return row, wire.ClaimOutcome(id=claim.id, status="declared", points=evaluation.points)


async def _load_books(
    uow: UnitOfWork, claims: Sequence[wire.NewClaim], households: Mapping[str, HouseholdFacts], moves: Moves
) -> dict[tuple[date, str], rules.Rulebook | None]:
    """The book in force on the day of each claim in the village where its household was then."""
    days: dict[str, set[date]] = {}
    for claim in claims:
        household = households.get(claim.household)
        if household:
            days.setdefault(moves.find_village(household, claim.deed_on), set()).add(claim.deed_on)
    return {
        (day, village): book
        for village, village_days in days.items()
        for day, book in (await books_in_force(uow, village_days, village)).items()
    }


async def _load_existing(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, Claim]:
    claims = await uow.session.scalars(select(Claim).where(Claim.township == uow.township, Claim.id.in_(ids)))
    return {c.id: c for c in claims}


def _as_new_claim(claim: Claim, households: dict[str, HouseholdFacts]) -> wire.NewClaim:
    codes = {h.id: h.code for h in households.values()}
    return wire.NewClaim(
        id=claim.id,
        household=codes.get(claim.household, ""),
        rule=claim.rule,
        deed_on=claim.deed_on,
        inputs=claim.inputs,
        person=claim.person,
        note=claim.note,
        again=claim.again,
        replaces=claim.replaces,
    )
