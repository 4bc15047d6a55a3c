"""The expiry of unused points: adopt policies, preview what would expire, and expire it.

It never runs by itself. A person starts it after a preview, because a machine with a wrong clock must not take
anybody's points.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import select

from api import wire
from api.bookkeeping.expiry.policies import format_chinese_date, get_expiries, read_policies
from api.platform import accounts
from api.platform.access import Role, Staff, require, require_township
from api.platform.clock import SHANGHAI, local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import NewProposal, ProposalKind, Proposed, Signer, propose, to_view, trial
from api.registry.register.queries import HouseholdFacts, read_households_by_code
from ledger.expiries import AccountScope, AdoptedPolicy, ExpiryBatch
from ledger.expiry import (
    Boundary,
    Policy,
    PolicyKind,
    find_boundary,
    find_first_boundary,
    find_latest_boundary,
)
from ledger.tables import account
from ledger.transactions import AccountId, Status

SCOPE = AccountScope(accounts.POINTS, accounts.HOUSEHOLDS)
# How long before points can expire the villagers have to be told.
NOTICE_PERIOD = timedelta(days=30)
# The latest start of a policy that can be adopted now.
MAX_LEAD_TIME = timedelta(days=3650)
# Accounts per unit of work: a till waits for at most one batch.
BATCH_SIZE = 1000


async def adopt(
    services: Services, staff: Staff, wanted: wire.NewExpiryPolicy
) -> wire.ProposalView | wire.ExpiryPolicyView:
    """Propose a policy by the party branch's decision; for one that is adopted already, return it.

    Raises Refused: not-allowed, malformed (first), too-soon (earliest), too-far, already-there.
    """
    require_township(staff, Role.PARTY_BRANCH)
    _require_months(wanted)
    policy = _to_policy(wanted)
    async with services.unit_of_work() as uow:
        adopted = await (await get_expiries(uow)).read_policies(accounts.POINTS)
        for each in adopted:
            if each.policy == policy:
                return _to_view(each)
        async with trial(uow):
            await _adopt(uow, policy, wanted.reason, person=str(staff.id))
        new = NewProposal(request=wanted, what=f"{_describe(policy)}（{wanted.reason}）", village=None)
        proposal = await propose(uow, EXPIRY_POLICY, Signer.of(staff), new)
        return await to_view(uow, EXPIRY_POLICY, proposal, staff)


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> wire.ExpiryPolicyView:
    wanted = msgspec.convert(proposed.request, wire.NewExpiryPolicy)
    return await _adopt(uow, _to_policy(wanted), wanted.reason, person=str(proposed.proposer.id))


EXPIRY_POLICY = ProposalKind("expiry-policy", "积分过期办法", Confirmers((Role.PARTY_BRANCH,)), _execute)


def _to_policy(wanted: wire.NewExpiryPolicy) -> Policy:
    return Policy(wanted.effective_on, PolicyKind(wanted.kind), wanted.months)


def describe(view: wire.ExpiryPolicyView) -> str:
    """In one sentence."""
    return _describe(Policy(view.effective_on, PolicyKind(view.kind), view.months))


def _describe(policy: Policy) -> str:
    how = {
        PolicyKind.NONE: "积分不过期",
        PolicyKind.YEAR_END: "每年年底，当年和以前没用的积分过期",
        PolicyKind.ROLLING: f"积分满 {policy.months} 个月没用的过期",
    }
    first = find_first_boundary(policy)
    starts = "" if first is None else f"，第一次到期是{format_chinese_date(first)}"
    return f"从{format_chinese_date(policy.effective_on)}起，{how[policy.kind]}{starts}"


async def _adopt(uow: UnitOfWork, policy: Policy, reason: str, *, person: str) -> wire.ExpiryPolicyView:
    """Villagers have their thirty days from the confirmation on."""
    _require_notice(policy, local_date(uow.now))
    _require_turn_of_year(policy)
    expiries = await get_expiries(uow)
    await uow.books.open_accounts([accounts.EXPIRED], uow.now)
    status = await expiries.adopt(accounts.POINTS, policy, uow.now, person=person, reason=reason)
    if status is Status.CONFLICT:
        raise Refused(
            ErrorCode.ALREADY_THERE,
            f"{format_chinese_date(policy.effective_on)}已有一个生效的办法，请换一天。",
        )
    adopted = await expiries.read_policies(accounts.POINTS)
    return next(_to_view(each) for each in adopted if each.policy == policy)


async def adopt_at_founding(uow: UnitOfWork, wanted: wire.FirstExpiry, *, person: str) -> None:
    """The policy that a township is founded with: announced as long before as any other, but by one person, since
    there is nothing yet that could expire.

    Raises Refused: malformed.
    """
    _require_months(wanted)
    kind = PolicyKind(wanted.kind)
    policy = Policy(_find_earliest_start(kind, local_date(uow.now)), kind, wanted.months)
    await _adopt(uow, policy, "建乡时定", person=person)


def _require_months(wanted: wire.NewExpiryPolicy | wire.FirstExpiry) -> None:
    if (wanted.kind == "rolling") != (wanted.months is not None):
        raise Refused(ErrorCode.MALFORMED, "按月滚动的办法要写明几个月，别的办法不写。")


def _find_earliest_start(kind: PolicyKind, today: date) -> date:
    if kind is PolicyKind.NONE:
        return today
    announced = today + NOTICE_PERIOD
    return announced if kind is PolicyKind.ROLLING else date(announced.year + 1, 1, 1)


def _require_notice(policy: Policy, today: date) -> None:
    if policy.effective_on > today + MAX_LEAD_TIME:
        raise Refused(ErrorCode.TOO_FAR, "办法要在十年以内生效，请核对日期。")
    earliest = today if policy.kind is PolicyKind.NONE else today + NOTICE_PERIOD
    if policy.effective_on < earliest:
        if policy.kind is PolicyKind.NONE:
            raise Refused(ErrorCode.TOO_SOON, "办法不能从今天以前生效。", earliest=earliest.isoformat())
        raise Refused(
            ErrorCode.TOO_SOON,
            f"积分会过期的办法要提前 {NOTICE_PERIOD.days} 天告诉村民，最早 {format_chinese_date(earliest)}生效。",
            earliest=earliest.isoformat(),
        )


def _require_turn_of_year(policy: Policy) -> None:
    """Whoever names another day for a yearly clearing expects it on that day, and it would be months later."""
    first = find_first_boundary(policy)
    if policy.kind is PolicyKind.YEAR_END and first is not None and policy.effective_on != first:
        raise Refused(
            ErrorCode.MALFORMED,
            f"年底清零只在每年 1 月 1 日：从{format_chinese_date(policy.effective_on)}起的办法，要到"
            f"{format_chinese_date(first)}才第一次清零。请把生效日写成{format_chinese_date(first)}。",
            first=first.isoformat(),
        )


async def list_policies(services: Services) -> list[wire.ExpiryPolicyView]:
    async with services.unit_of_work() as uow:
        return [_to_view(a) for a in await (await get_expiries(uow)).read_policies(accounts.POINTS)]


def _to_view(adopted: AdoptedPolicy) -> wire.ExpiryPolicyView:
    return wire.ExpiryPolicyView(
        effective_on=adopted.policy.effective_on,
        kind=adopted.policy.kind.value,
        months=adopted.policy.months,
        reason=adopted.reason,
        adopted_at=adopted.adopted_at,
    )


async def choose_boundary(services: Services, on: date | None, staff: Staff | None) -> date:
    """The boundary to use, by default the last one reached. With `staff`, they must be allowed to expire points
    and the boundary must be due.

    Raises Refused: not-allowed, no-boundary, not-due.
    """
    if staff is not None:
        require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        if on is None:
            found = find_latest_boundary(await read_policies(uow), local_date(uow.now), SHANGHAI)
            if found is None:
                raise Refused(ErrorCode.NO_BOUNDARY, "还没有积分到期的日子：没有积分过期的办法，或者还没到期。")
            return found.on
        await (_require_boundary(uow, on) if staff is None else _require_due_boundary(uow, on))
        return on


async def preview_batch(services: Services, on: date, after: UUID | None) -> ExpiryBatch:
    """What would expire now for the next batch of households. Raises Refused: no-boundary."""
    async with services.unit_of_work() as uow:
        _, batch = await _preview(uow, on, after, BATCH_SIZE)
        return batch


async def preview(
    services: Services, staff: Staff, on: date, after: UUID | None, limit: int
) -> wire.ExpiryPreview:
    """What would expire for which of the households that this person serves.

    Raises Refused: not-allowed, no-boundary.
    """
    require(staff, Role.OFFICE, Role.PARTY_BRANCH, Role.COMMITTEE, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        boundary, batch = await _preview(uow, on, after, limit)
        found = await _read_households(uow, batch.amounts)
        households = {account: found[account] for account in batch.amounts if staff.serves(found[account].village)}
        return wire.ExpiryPreview(
            boundary=boundary.on,
            earned_before=boundary.earned_before,
            lines=[
                wire.ExpiryLine(
                    household=household.code,
                    head=household.head,
                    village=household.village,
                    points=points,
                )
                for account_id, household in households.items()
                for points in [batch.amounts[account_id]]
            ],
            done=batch.examined,
            points=sum(batch.amounts[account_id] for account_id in households),
            next=batch.next_after,
        )


async def expire(services: Services, staff: Staff, wanted: wire.NewExpiry) -> wire.ExpiryProgress:
    """Expire what is due for a limited number of households; call it again until `next` is null. Interrupted
    anywhere and started again, it takes nothing twice.

    Raises Refused: not-allowed, no-boundary, not-due.
    """
    require_township(staff, Role.OFFICE)
    done = households = points = 0
    last = AccountId(wanted.after) if wanted.after is not None else None
    while done < wanted.limit:
        batch = await _expire_batch(services, staff, wanted.boundary, last, min(BATCH_SIZE, wanted.limit - done))
        done += batch.examined
        households += len(batch.amounts)
        points += sum(batch.amounts.values())
        last = batch.next_after
        if last is None:
            break
    return wire.ExpiryProgress(
        boundary=wanted.boundary, done=done, households=households, expired=points, next=last
    )


async def _expire_batch(
    services: Services, staff: Staff, on: date, after: AccountId | None, limit: int
) -> ExpiryBatch:
    async with services.unit_of_work() as uow:
        boundary = await _require_due_boundary(uow, on)
        return await (await get_expiries(uow)).expire(
            SCOPE,
            boundary,
            after,
            limit,
            uow.now,
            into=accounts.EXPIRED.id,
            person=str(staff.id),
            reason=f"{format_earned_until(boundary.earned_before)}得到、到期未用的积分",
        )


def format_earned_until(earned_before: date) -> str:
    month = earned_before - timedelta(days=1)
    return f"{month.year}年{month.month}月及以前"


async def _preview(uow: UnitOfWork, on: date, after: UUID | None, limit: int) -> tuple[Boundary, ExpiryBatch]:
    boundary = await _require_boundary(uow, on)
    last = AccountId(after) if after is not None else None
    return boundary, await (await get_expiries(uow)).preview(SCOPE, boundary.cutoff, last, limit)


async def _require_boundary(uow: UnitOfWork, on: date) -> Boundary:
    found = find_boundary(await read_policies(uow), on, SHANGHAI)
    if found is None:
        raise Refused(
            ErrorCode.NO_BOUNDARY,
            f"{format_chinese_date(on)}没有积分到期：积分只在月初一号到期，并且要看那天生效的办法。",
        )
    return found


async def _require_due_boundary(uow: UnitOfWork, on: date) -> Boundary:
    if on > local_date(uow.now):
        raise Refused(ErrorCode.NOT_DUE, f"还没到{format_chinese_date(on)}，不能提前扣积分。")
    return await _require_boundary(uow, on)


async def _read_households(uow: UnitOfWork, ids: Iterable[AccountId]) -> dict[AccountId, HouseholdFacts]:
    names = await uow.session.execute(
        select(account.c.id, account.c.name).where(account.c.township == uow.township, account.c.id.in_(list(ids)))
    )
    codes = {name.removeprefix(accounts.HOUSEHOLDS): AccountId(id) for id, name in names}
    found = await read_households_by_code(uow, codes)
    return {codes[code]: household for code, household in found.items()}
