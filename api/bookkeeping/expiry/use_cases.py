"""Points that nobody used in time: adopt the policy, see who would lose what, and take it.

It never runs by itself. A person starts it after looking, because a machine with a wrong clock must not take
anybody's points.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from api import wire
from api.bookkeeping.expiry.policies import adopted, expiries, in_chinese
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.clock import SHANGHAI, local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.use_cases import mask
from api.registry.register.queries import HouseholdFacts, households_by_code
from ledger.expiries import Adopted, Scope, Slice
from ledger.expiry import Boundary, Kind, Policy, boundary, latest
from ledger.tables import account
from ledger.transactions import AccountId, Status

SCOPE = Scope(accounts.POINTS, accounts.HOUSEHOLDS)
# Villagers hear of it this long before their points can expire.
NOTICE = timedelta(days=30)
# Who decides today can hardly know better for later.
FURTHEST = timedelta(days=3650)
# Accounts that share one unit of work: a till waits at most for one batch.
BATCH = 1000


async def adopt(services: Services, staff: Staff, wanted: wire.NewExpiryPolicy) -> wire.ExpiryPolicyView:
    """By the party branch's decision. The same policy sent again is there already.

    Raises Refused: not-allowed, malformed, too-soon (earliest), too-far, already-there.
    """
    require(staff, Role.PARTY_BRANCH)
    if (wanted.kind == "rolling") != (wanted.months is not None):
        raise Refused(ErrorCode.MALFORMED, "按月滚动的办法要写明几个月，别的办法不写。")
    policy = Policy(wanted.effective_on, Kind(wanted.kind), wanted.months)
    async with services.unit_of_work() as uow:
        book = await expiries(uow)
        if policy not in await adopted(uow):
            _require_notice(policy, local_date(uow.now))
        await uow.books.open([accounts.EXPIRED], uow.now)
        status = await book.adopt(accounts.POINTS, policy, uow.now, person=str(staff.id), reason=wanted.reason)
        if status is Status.CONFLICT:
            raise Refused(
                ErrorCode.ALREADY_THERE, f"{in_chinese(policy.effective_on)}已有一个生效的办法，请换一天。"
            )
        return next(_view(a) for a in await book.adopted(accounts.POINTS) if a.policy == policy)


def _require_notice(policy: Policy, today: date) -> None:
    if policy.effective_on > today + FURTHEST:
        raise Refused(ErrorCode.TOO_FAR, "办法要在十年以内生效，请核对日期。")
    earliest = today if policy.kind is Kind.NONE else today + NOTICE
    if policy.effective_on < earliest:
        if policy.kind is Kind.NONE:
            raise Refused(ErrorCode.TOO_SOON, "办法不能从今天以前生效。", earliest=earliest.isoformat())
        raise Refused(
            ErrorCode.TOO_SOON,
            f"积分会过期的办法要提前 {NOTICE.days} 天告诉村民，最早 {in_chinese(earliest)}生效。",
            earliest=earliest.isoformat(),
        )


async def policies(services: Services) -> list[wire.ExpiryPolicyView]:
    async with services.unit_of_work() as uow:
        return [_view(a) for a in await (await expiries(uow)).adopted(accounts.POINTS)]


def _view(kept: Adopted) -> wire.ExpiryPolicyView:
    return wire.ExpiryPolicyView(
        effective_on=kept.policy.effective_on,
        kind=kept.policy.kind.value,
        months=kept.policy.months,
        reason=kept.reason,
        adopted_at=kept.adopted_at,
    )


async def chosen(services: Services, on: date | None, staff: Staff | None) -> date:
    """The boundary to look at, by default the last one reached; with somebody who may take what is up there.

    Raises Refused: not-allowed, no-boundary, not-due.
    """
    if staff is not None:
        require(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        if on is None:
            found = latest(await adopted(uow), local_date(uow.now), SHANGHAI)
            if found is None:
                raise Refused(ErrorCode.NO_BOUNDARY, "还没有积分到期的日子：没有积分过期的办法，或者还没到期。")
            return found.on
        await (_boundary(uow, on) if staff is None else _due(uow, on))
        return on


async def survey(services: Services, on: date, after: UUID | None) -> Slice:
    """What would be taken now of the next batch of households. Raises Refused: no-boundary."""
    async with services.unit_of_work() as uow:
        _, found = await _survey(uow, on, after, BATCH)
        return found


async def preview(
    services: Services, staff: Staff, on: date, after: UUID | None, limit: int
) -> wire.ExpiryPreview:
    """Who would lose what. Heads in full only of villages that this person serves.

    Raises Refused: not-allowed, no-boundary.
    """
    require(staff, Role.OFFICE, Role.PARTY_BRANCH, Role.COMMITTEE, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        up_to, found = await _survey(uow, on, after, limit)
        households = await _households(uow, found.up)
        return wire.ExpiryPreview(
            boundary=up_to.on,
            earned_before=up_to.earned_before,
            lines=[
                wire.ExpiryLine(
                    household=household.code,
                    head=household.head if staff.serves(household.village) else mask(household.head),
                    village=household.village,
                    points=points,
                )
                for holder, points in found.up.items()
                for household in [households[holder]]
            ],
            done=found.examined,
            points=sum(found.up.values()),
            next=found.last,
        )


async def run(services: Services, staff: Staff, wanted: wire.NewExpiry) -> wire.ExpiryProgress:
    """Take what is up of a bounded number of households; to be called again until `next` is null. Stopped anywhere
    and begun anew, it takes nothing twice.

    Raises Refused: not-allowed, no-boundary, not-due.
    """
    require(staff, Role.OFFICE)
    done = households = points = 0
    last = AccountId(wanted.after) if wanted.after is not None else None
    while done < wanted.limit:
        batch = await _expire_batch(services, staff, wanted.boundary, last, min(BATCH, wanted.limit - done))
        done += batch.examined
        households += len(batch.up)
        points += sum(batch.up.values())
        last = batch.last
        if last is None:
            break
    return wire.ExpiryProgress(
        boundary=wanted.boundary, done=done, households=households, expired=points, next=last
    )


async def _expire_batch(services: Services, staff: Staff, on: date, after: AccountId | None, limit: int) -> Slice:
    async with services.unit_of_work() as uow:
        up_to = await _due(uow, on)
        return await (await expiries(uow)).expire(
            SCOPE,
            up_to,
            after,
            limit,
            uow.now,
            into=accounts.EXPIRED.id,
            person=str(staff.id),
            reason=f"{earned_until(up_to.earned_before)}得到、到期未用的积分",
        )


def earned_until(earned_before: date) -> str:
    month = earned_before - timedelta(days=1)
    return f"{month.year}年{month.month}月及以前"


async def _survey(uow: UnitOfWork, on: date, after: UUID | None, limit: int) -> tuple[Boundary, Slice]:
    up_to = await _boundary(uow, on)
    last = AccountId(after) if after is not None else None
    return up_to, await (await expiries(uow)).survey(SCOPE, up_to.cutoff, last, limit)


async def _boundary(uow: UnitOfWork, on: date) -> Boundary:
    found = boundary(await adopted(uow), on, SHANGHAI)
    if found is None:
        raise Refused(
            ErrorCode.NO_BOUNDARY, f"{in_chinese(on)}没有积分到期：积分只在月初一号到期，并且要看那天生效的办法。"
        )
    return found


async def _due(uow: UnitOfWork, on: date) -> Boundary:
    if on > local_date(uow.now):
        raise Refused(ErrorCode.NOT_DUE, f"还没到{in_chinese(on)}，不能提前扣积分。")
    return await _boundary(uow, on)


async def _households(uow: UnitOfWork, holders: Iterable[AccountId]) -> dict[AccountId, HouseholdFacts]:
    names = await uow.session.execute(
        select(account.c.id, account.c.name).where(
            account.c.township == uow.township, account.c.id.in_(list(holders))
        )
    )
    codes = {name.removeprefix(accounts.HOUSEHOLDS): AccountId(id) for id, name in names}
    found = await households_by_code(uow, codes)
    return {codes[code]: household for code, household in found.items()}
