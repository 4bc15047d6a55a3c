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
from api.platform.problems import Refused
from api.platform.town import Town, Work
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


async def adopt(town: Town, staff: Staff, wanted: wire.NewExpiryPolicy) -> wire.ExpiryPolicyView:
    """By the party branch's decision. The same policy sent again is there already.

    Raises Refused: not-allowed, malformed, too-soon (earliest), too-far, already-there.
    """
    require(staff, Role.PARTY_BRANCH)
    if (wanted.kind == "rolling") != (wanted.months is not None):
        raise Refused("malformed", "按月滚动的办法要写明几个月，别的办法不写。")
    policy = Policy(wanted.effective_on, Kind(wanted.kind), wanted.months)
    async with town.work() as work:
        book = await expiries(work)
        if policy not in await adopted(work):
            _require_notice(policy, local_date(work.now))
        await work.books.open([accounts.EXPIRED], work.now)
        status = await book.adopt(accounts.POINTS, policy, work.now, person=str(staff.id), reason=wanted.reason)
        if status is Status.CONFLICT:
            raise Refused("already-there", f"{in_chinese(policy.effective_on)}已有一个生效的办法，请换一天。")
        return next(_view(a) for a in await book.adopted(accounts.POINTS) if a.policy == policy)


def _require_notice(policy: Policy, today: date) -> None:
    if policy.effective_on > today + FURTHEST:
        raise Refused("too-far", "办法要在十年以内生效，请核对日期。")
    earliest = today if policy.kind is Kind.NONE else today + NOTICE
    if policy.effective_on < earliest:
        if policy.kind is Kind.NONE:
            raise Refused("too-soon", "办法不能从今天以前生效。", earliest=earliest.isoformat())
        raise Refused(
            "too-soon",
            f"积分会过期的办法要提前 {NOTICE.days} 天告诉村民，最早 {in_chinese(earliest)}生效。",
            earliest=earliest.isoformat(),
        )


async def policies(town: Town) -> list[wire.ExpiryPolicyView]:
    async with town.work() as work:
        return [_view(a) for a in await (await expiries(work)).adopted(accounts.POINTS)]


def _view(kept: Adopted) -> wire.ExpiryPolicyView:
    return wire.ExpiryPolicyView(
        effective_on=kept.policy.effective_on,
        kind=kept.policy.kind.value,
        months=kept.policy.months,
        reason=kept.reason,
        adopted_at=kept.adopted_at,
    )


async def chosen(town: Town, on: date | None, staff: Staff | None) -> date:
    """The boundary to look at, by default the last one reached; with somebody who may take what is up there.

    Raises Refused: not-allowed, no-boundary, not-due.
    """
    if staff is not None:
        require(staff, Role.OFFICE)
    async with town.work() as work:
        if on is None:
            found = latest(await adopted(work), local_date(work.now), SHANGHAI)
            if found is None:
                raise Refused("no-boundary", "还没有积分到期的日子：没有积分过期的办法，或者还没到期。")
            return found.on
        await (_boundary(work, on) if staff is None else _due(work, on))
        return on


async def survey(town: Town, on: date, after: UUID | None) -> Slice:
    """What would be taken now of the next batch of households. Raises Refused: no-boundary."""
    async with town.work() as work:
        _, found = await _survey(work, on, after, BATCH)
        return found


async def preview(town: Town, staff: Staff, on: date, after: UUID | None, limit: int) -> wire.ExpiryPreview:
    """Who would lose what. Heads in full only of villages that this person serves.

    Raises Refused: not-allowed, no-boundary.
    """
    require(staff, Role.OFFICE, Role.PARTY_BRANCH, Role.COMMITTEE, Role.SUPERVISOR)
    async with town.work() as work:
        up_to, found = await _survey(work, on, after, limit)
        households = await _households(work, found.up)
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


async def run(town: Town, staff: Staff, wanted: wire.NewExpiry) -> wire.ExpiryProgress:
    """Take what is up of a bounded number of households; to be called again until `next` is null. Stopped anywhere
    and begun anew, it takes nothing twice.

    Raises Refused: not-allowed, no-boundary, not-due.
    """
    require(staff, Role.OFFICE)
    done = households = points = 0
    last = AccountId(wanted.after) if wanted.after is not None else None
    while done < wanted.limit:
        batch = await _expire_batch(town, staff, wanted.boundary, last, min(BATCH, wanted.limit - done))
        done += batch.examined
        households += len(batch.up)
        points += sum(batch.up.values())
        last = batch.last
        if last is None:
            break
    return wire.ExpiryProgress(
        boundary=wanted.boundary, done=done, households=households, expired=points, next=last
    )


async def _expire_batch(town: Town, staff: Staff, on: date, after: AccountId | None, limit: int) -> Slice:
    async with town.work() as work:
        up_to = await _due(work, on)
        return await (await expiries(work)).expire(
            SCOPE,
            up_to,
            after,
            limit,
            work.now,
            into=accounts.EXPIRED.id,
            person=str(staff.id),
            reason=f"{earned_until(up_to.earned_before)}得到、到期未用的积分",
        )


def earned_until(earned_before: date) -> str:
    month = earned_before - timedelta(days=1)
    return f"{month.year}年{month.month}月及以前"


async def _survey(work: Work, on: date, after: UUID | None, limit: int) -> tuple[Boundary, Slice]:
    up_to = await _boundary(work, on)
    last = AccountId(after) if after is not None else None
    return up_to, await (await expiries(work)).survey(SCOPE, up_to.cutoff, last, limit)


async def _boundary(work: Work, on: date) -> Boundary:
    found = boundary(await adopted(work), on, SHANGHAI)
    if found is None:
        raise Refused(
            "no-boundary", f"{in_chinese(on)}没有积分到期：积分只在月初一号到期，并且要看那天生效的办法。"
        )
    return found


async def _due(work: Work, on: date) -> Boundary:
    if on > local_date(work.now):
        raise Refused("not-due", f"还没到{in_chinese(on)}，不能提前扣积分。")
    return await _boundary(work, on)


async def _households(work: Work, holders: Iterable[AccountId]) -> dict[AccountId, HouseholdFacts]:
    names = await work.session.execute(
        select(account.c.id, account.c.name).where(
            account.c.township == work.township, account.c.id.in_(list(holders))
        )
    )
    codes = {name.removeprefix(accounts.HOUSEHOLDS): AccountId(id) for id, name in names}
    found = await households_by_code(work, codes)
    return {codes[code]: household for code, household in found.items()}
