"""Issue household cards: a few a day by one person, more by two."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, insert, select

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require, require_serves
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.queries import find_suspended
from api.registry.cards.tables import Card
from api.registry.cards.use_cases import ISSUERS, EndReason, end_cards, require_others
from api.registry.people.queries import lock_person
from api.registry.proposals.bounds import read_policy
from api.registry.proposals.decision import Confirmers, find_bar
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    execute,
    facts_of,
    propose,
    to_view,
)
from api.registry.register.queries import (
    HouseholdFacts,
    list_grids,
    list_villages,
    lock_households,
    read_households_by_code,
    require_living,
)
from api.wire.card_token import digest, new_token


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many cards one person may still issue alone today: in place of others or to households with points, and
    first ones."""

    cards: int
    first_cards: int

    def covers(self, valued: int, others: int) -> bool:
        return (not valued or valued <= self.cards) and (not others or others <= self.first_cards)


async def issue_cards(
    services: Services, staff: Staff, households: Sequence[str], seen: str | None = None
) -> wire.ProposalView | list[wire.NewCard]:
    """Issue new cards (office, or committee of the village). Whoever holds the cards can spend the points, so one
    person issues a few a day; more are proposed, and issued by a second person's confirmation. `seen`: what
    `fingerprint` said when this person decided.

    Raises Refused: not-allowed, unknown, wrong-state, conflict.
    """
    require(staff, *ISSUERS)
    async with services.unit_of_work() as uow:
        known = await require_households(uow, households)
        _require_may_issue(staff, known)
        await _require_unsuspended(uow, known)
        # One request at a time, or several at once would each count as the first of the day.
        await lock_person(uow, staff.id)
        if await _fits_bound(uow, staff.id, known):
            return await create_cards(uow, households, staff.id, seen=seen)
        await _require_unchanged(uow, known, seen)
        proposal = await propose(uow, CARDS, Signer.of(staff), await _propose_cards(uow, households, known))
        return await to_view(uow, CARDS, proposal, staff)


async def issue_at_once(
    uow: UnitOfWork, households: Sequence[str], by: Staff | None, confirmer: Staff | None
) -> list[wire.NewCard]:
    """At the command line: as `issue_cards`, with the second person beside the first.

    Raises Refused: not-allowed, unknown, same-person, and as `propose`.
    """
    known = await require_households(uow, households)
    if by is not None:
        require(by, *ISSUERS)
        _require_may_issue(by, known)
        await lock_person(uow, by.id)
    if by is None or confirmer is None:
        if not await _fits_bound(uow, by.id if by is not None else None, known):
            raise Refused(
                ErrorCode.NOT_ALLOWED,
                "一个人一天单独发的卡有限度，再多要两个人办：请用 --by 和 --confirmed-by 写明两个人的用户名。",
            )
        return await create_cards(uow, households, by.id if by is not None else None)
    proposal = await propose(uow, CARDS, Signer.of(by), await _propose_cards(uow, households, known))
    bar = find_bar(CARDS.confirmers, facts_of(proposal), confirmer)
    if bar is not None:
        raise Refused(bar.code, bar.sentence)
    cards: list[wire.NewCard] = await execute(uow, CARDS, proposal, Signer.of(confirmer))
    return cards


def _require_may_issue(staff: Staff, known: Mapping[str, HouseholdFacts]) -> None:
    for household in known.values():
        require_serves(staff, household.village)
    require_others(staff, *known)


async def _fits_bound(uow: UnitOfWork, person: UUID | None, known: Mapping[str, HouseholdFacts]) -> bool:
    """Whether this person may issue these cards alone, beside those of today; None: at the command line."""
    valued = len(await find_valued(uow, known))
    return (await read_allowance(uow, person)).covers(valued, len(known) - valued)


async def read_allowance(uow: UnitOfWork, person: UUID | None) -> Allowance:
    """`person`: None at the command line."""
    rows = await uow.session.execute(
        select(Card.valued, func.count())
        .where(
            Card.township == uow.township,
            Card.issued_at >= start_of_day(local_date(uow.now)),
            Card.issued_by.is_(None) if person is None else Card.issued_by == person,
            Card.proposal.is_(None),
        )
        .group_by(Card.valued)
    )
    issued: dict[bool, int] = dict(rows.all())
    policy = await read_policy(uow)
    return Allowance(max(policy.cards - issued.get(True, 0), 0), max(policy.first_cards - issued.get(False, 0), 0))


async def find_valued(uow: UnitOfWork, known: Mapping[str, HouseholdFacts]) -> set[UUID]:
    """The households that have points, or had a card before: their points may be with a kiosk, and a card that was
    reported lost makes the next one no first one."""
    ids = {household.id: accounts.household(code).id for code, household in known.items()}
    balances = await uow.books.read_balances(list(ids.values()))
    with_points = {id for id, account in ids.items() if balances[account].posted or balances[account].expected}
    return with_points | set(
        await uow.session.scalars(
            select(Card.household).where(Card.township == uow.township, Card.household.in_(ids))
        )
    )


async def _propose_cards(
    uow: UnitOfWork, households: Sequence[str], known: Mapping[str, HouseholdFacts]
) -> NewProposal:
    living = await read_living(uow, [household.id for household in known.values()])
    seen = fingerprint(living)
    villages = {household.village for household in known.values()}
    return NewProposal(
        request=list(households),
        identity=[list(households), seen],
        preview={"seen": seen},
        what=f"给 {len(known)} 户（{'、'.join([*known][:3])}{'……' if len(known) > 3 else ''}）发新卡，"
        f"其中 {len(living)} 户的旧卡立即作废",
        village=villages.pop() if len(villages) == 1 else None,
        households=list(known),
    )


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> list[wire.NewCard]:
    # Proposals from before this was kept have no preview.
    seen = (proposed.preview or {}).get("seen")
    return await create_cards(uow, proposed.request, proposed.proposer.id, proposed.id, seen)


CARDS = ProposalKind(
    "cards", "发卡", Confirmers((Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)), _execute, keeps_result=False
)


async def read_living(uow: UnitOfWork, households: Collection[UUID]) -> dict[UUID, bytes]:
    """The cards of these households that haven't ended, by household."""
    rows = await uow.session.execute(
        select(Card.household, Card.digest).where(
            Card.township == uow.township, Card.household.in_(households), Card.revoked_at.is_(None)
        )
    )
    return {household: digest for household, digest in rows}


def fingerprint(living: Mapping[UUID, bytes]) -> str:
    """Another one as soon as one of the households gets or loses a card."""
    cards = b"".join(sorted(household.bytes + digest for household, digest in living.items()))
    return hashlib.sha256(cards).hexdigest()


async def _require_unchanged(uow: UnitOfWork, known: Mapping[str, HouseholdFacts], seen: str | None) -> None:
    """Raises Refused: conflict."""
    if seen is None:
        return
    if fingerprint(await read_living(uow, [household.id for household in known.values()])) != seen:
        raise Refused(
            ErrorCode.CONFLICT, "这些户里有的卡刚刚变了（别人发了卡，或卡作废了），请重新选户、再看一遍。"
        )


async def _require_unsuspended(uow: UnitOfWork, known: Mapping[str, HouseholdFacts]) -> None:
    """Nobody gets around supervisors by a new card. Raises Refused: card-suspended."""
    suspended = await find_suspended(uow, [household.id for household in known.values()])
    for code, household in known.items():
        if household.id in suspended:
            raise Refused(ErrorCode.CARD_SUSPENDED, suspended[household.id].tell(f"{code} 户的卡", "不发新卡"))


async def require_households(uow: UnitOfWork, codes: Sequence[str]) -> dict[str, HouseholdFacts]:
    """Raises Refused: unknown, household-ended."""
    known = await read_households_by_code(uow, codes)
    for code in codes:
        if code not in known:
            raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的户。")
        require_living(known[code])
    return known


async def create_cards(
    uow: UnitOfWork,
    households: Sequence[str],
    issued_by: UUID | None,
    proposal: UUID | None = None,
    seen: str | None = None,
) -> list[wire.NewCard]:
    """New cards, in the order of `households`; their old cards are revoked. Raises Refused: unknown, wrong-state,
    conflict."""
    known = await require_households(uow, households)
    # Who issues to the same households waits, and then finds these cards.
    await lock_households(uow, [household.id for household in known.values()])
    await _require_unchanged(uow, known, seen)
    await _require_unsuspended(uow, known)
    grids = {(grid.village, grid.code): grid.name for grid in await list_grids(uow)}
    names = {village.code: village.name for village in await list_villages(uow)}
    tokens = {code: new_token() for code in known}
    valued = await find_valued(uow, known)
    await end_cards(uow, [household.id for household in known.values()], issued_by, EndReason.REPLACED)
    await uow.session.execute(
        insert(Card),
        [
            {
                "township": uow.township,
                "digest": digest(tokens[code]),
                "household": household.id,
                "issued_at": uow.now,
                "revoked_at": None,
                "issued_by": issued_by,
                "valued": household.id in valued,
                "proposal": proposal,
            }
            for code, household in known.items()
        ],
    )
    return [
        wire.NewCard(
            household=code,
            head=known[code].head,
            village=names[known[code].village],
            grid=grids.get((known[code].village, known[code].grid), ""),
            token=tokens[code],
        )
        for code in dict.fromkeys(households)
    ]
