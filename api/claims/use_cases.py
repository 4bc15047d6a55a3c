"""A claim's way: declared, reviewed, approved and on notice, posted; or refused.

Declarer, reviewer and approver are three people, and nobody acts on their own household.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

import rules
from api import accounts, wire
from api.access import Role, Staff, require
from api.claims.history import History
from api.claims.tables import Claim
from api.clock import local_date, start_of
from api.problems import Refused
from api.register.tables import Household, Village
from api.rulebooks.use_cases import adopted, in_force
from api.town import Town, Work
from ledger.transactions import Phase, Posting, Transaction, TransactionId, Transfer
from rules import Rulebook, UnknownRule

DECLARERS = (
    Role.GRID_MEMBER,
    Role.GRID_LEADER,
    Role.GRID_GUIDE,
    Role.CHIEF_GRID_LEADER,
    Role.COUNCIL,
    Role.COMMITTEE,
)
REVIEWERS = (Role.GRID_LEADER, Role.CHIEF_GRID_LEADER, Role.COUNCIL)
POSTED_AT_ONCE = 500


async def declare(town: Town, staff: Staff, claims: Sequence[wire.NewClaim]) -> list[wire.ClaimOutcome]:
    """Declare behaviours for households, each judged on its own under the rulebook of its day.

    Raises Refused: not-allowed.
    """
    require(staff, *DECLARERS)
    async with town.work() as work:
        households = await _households(work, {c.household for c in claims})
        history = await History.read(work, {h.id for h in households.values()})
        # Read behind the lock: a retry sees what the first try, under way at the same time, has written.
        known = await _known(work, [c.id for c in claims])
        books: dict[tuple[date, str], Rulebook | None] = {}
        rows = []
        outcomes = []
        for claim in claims:
            if claim.id in known:
                same = _content(known[claim.id], households) == claim
                outcomes.append(
                    wire.ClaimOutcome(id=claim.id, status="exists", points=known[claim.id].points)
                    if same
                    else wire.ClaimOutcome(id=claim.id, status="conflict", reason="这个编号已用于另一条申报。")
                )
                continue
            household = households.get(claim.household)
            of = (claim.deed_on, household.village if household is not None else "")
            if of not in books:
                books[of] = await in_force(work, *of)
            row, outcome = _judge(work, staff, claim, household, books[of], history)
            outcomes.append(outcome)
            if row is not None:
                rows.append(row)
                # The same id twice in one batch is a retry like any other.
                known[claim.id] = Claim(**row)
        if rows:
            await work.session.execute(insert(Claim), rows)
        return outcomes


def _judge(
    work: Work,
    staff: Staff,
    claim: wire.NewClaim,
    household: Household | None,
    book: Rulebook | None,
    history: History,
) -> tuple[dict[str, object] | None, wire.ClaimOutcome]:
    def refused(reason: str) -> tuple[None, wire.ClaimOutcome]:
        return None, wire.ClaimOutcome(id=claim.id, status="refused", reason=reason)

    if household is None or not staff.serves(household.village):
        return refused(f"没有编号为 {claim.household} 的户。")
    if staff.household == household.code:
        return refused("不能为自己家申报，请由别人申报。")
    if claim.deed_on > local_date(work.now):
        return refused("日期还没有到，请核对。")
    if book is None:
        return refused("那一天还没有生效的积分规则。")
    try:
        rule = book.rule(claim.rule)
    except UnknownRule as error:
        return refused(str(error))
    weighed = rules.Claim(
        rule.id,
        claim.deed_on,
        str(household.id),
        household.village,
        people=household.people,
        person=claim.person or None,
        inputs=claim.inputs,
    )
    outcome = rules.evaluate(book, weighed, history.under(book))
    explanation = rules.explain(outcome)
    if not outcome.accepted:
        return refused("".join(explanation))
    history.add(weighed, outcome.points)
    row: dict[str, object] = {
        "township": work.township,
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
        "status": "declared",
        "published": rule.publish,
        "declared_by": staff.id,
        "declared_at": work.now,
    }
    return row, wire.ClaimOutcome(id=claim.id, status="declared", points=outcome.points)


async def review(town: Town, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """The moral council or a grid leader vouches for what was declared. Raises Refused: not-allowed."""
    require(staff, *REVIEWERS)
    async with town.work() as work:
        claims, outcomes = await _ready(work, staff, ids, "declared", "reviewed")
        await work.session.execute(
            update(Claim)
            .where(Claim.township == work.township, Claim.id.in_([c.id for c in claims]))
            .values(status="reviewed", reviewed_by=staff.id, reviewed_at=work.now)
        )
        return outcomes


async def approve(town: Town, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """The village committee approves: the points become pending in the books and go on public notice.

    Raises Refused: not-allowed.
    """
    require(staff, Role.COMMITTEE)
    async with town.work() as work:
        claims, outcomes = await _ready(work, staff, ids, "reviewed", "approved")
        households = {
            h.id: h
            for h in await work.session.scalars(
                select(Household).where(
                    Household.township == work.township, Household.id.in_([c.household for c in claims])
                )
            )
        }
        books = await adopted(work, {c.rulebook for c in claims})
        postings = await work.books.post(
            [_award(staff, c, households[c.household].code, books[c.rulebook]) for c in claims], work.now
        )
        notice_days = await _notice_days(work)
        for claim, posting in zip(claims, postings, strict=True):
            if not posting.accepted:
                outcomes = [_unposted(o, posting) if o.id == claim.id else o for o in outcomes]
                continue
            days = max(books[claim.rulebook].rule(claim.rule).notice_days, notice_days[claim.village])
            claim.status = "approved"
            claim.approved_by, claim.approved_at = staff.id, work.now
            claim.notice_until = work.now + timedelta(days=days)
        return outcomes


def _award(staff: Staff, claim: Claim, household: str, book: Rulebook) -> Transaction:
    return Transaction(
        id=TransactionId(claim.id),
        kind="award",
        phase=Phase.PENDING,
        transfers=(
            Transfer(accounts.ISSUING.id, accounts.household(household).id, accounts.POINTS, claim.points),
        ),
        person=str(staff.id),
        reason=book.rule(claim.rule).title,
        effective_at=start_of(claim.deed_on),
        metadata={
            "rule": claim.rule,
            "rulebook": claim.rulebook,
            "category": next(c.title for c in book.categories if c.id == claim.category),
            "village": claim.village,
            "deed_on": claim.deed_on.isoformat(),
        },
    )


def _unposted(outcome: wire.ClaimOutcome, posting: Posting) -> wire.ClaimOutcome:
    reason = "这户的积分账户已关闭。" if posting.status == "closed" else "这个编号在账本里已有别的用途。"
    return msgspec.structs.replace(outcome, status="refused", reason=reason)


async def refuse(town: Town, staff: Staff, id: UUID, reason: str) -> None:
    """Turn a claim down; once on notice only the supervisory committee can, and the books void it.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    async with town.work() as work:
        claim = await work.session.scalar(
            select(Claim).where(Claim.township == work.township, Claim.id == id).with_for_update()
        )
        if claim is None or not staff.serves(claim.village):
            raise Refused("unknown", "没有这条申报。")
        if claim.status == "approved":
            require(staff, Role.SUPERVISOR)
        elif claim.status in ("declared", "reviewed"):
            require(staff, *REVIEWERS, Role.COMMITTEE, Role.SUPERVISOR)
        else:
            raise Refused("wrong-state", "这条申报已经入账或已被退回，不能再退回。")
        household = await work.session.get_one(Household, (work.township, claim.household))
        if staff.household == household.code:
            raise Refused("not-allowed", "不能办理自己家的申报，请由别人办理。")
        if claim.status == "approved":
            await work.books.post([_settle(claim, Phase.VOID, str(staff.id), reason)], work.now)
        claim.status = "refused"
        claim.refused_by, claim.refused_at, claim.refusal = staff.id, work.now, reason


async def post_due(town: Town) -> int:
    """Post what has stood on notice long enough; returns how many. Several servers may do it at once."""
    async with town.work() as work:
        due = list(
            await work.session.scalars(
                select(Claim)
                .where(
                    Claim.township == work.township,
                    Claim.status == "approved",
                    Claim.notice_until <= work.now,
                )
                .order_by(Claim.notice_until, Claim.id)
                .limit(POSTED_AT_ONCE)
                .with_for_update(skip_locked=True)
            )
        )
        if not due:
            return 0
        postings = await work.books.post(
            # An award belongs to the day of the deed, or to the open month where that day's is closed.
            [replace(_settle(c, Phase.POST, "notice", ""), effective_at=start_of(c.deed_on)) for c in due],
            work.now,
        )
        stuck = [c for c, posting in zip(due, postings, strict=True) if not posting.accepted]
        if stuck:
            reason = "公示期满时这户的积分账户已关闭。"
            await work.books.post([_settle(c, Phase.VOID, "notice", reason) for c in stuck], work.now)
            await _mark(work, stuck, status="refused", refusal=reason, refused_at=work.now)
        await _mark(work, [c for c in due if c not in stuck], status="posted")
        return len(due)


def _settle(claim: Claim, phase: Phase, person: str, reason: str) -> Transaction:
    return Transaction.settle(TransactionId(claim.id), phase, kind="award", person=person, reason=reason)


async def _mark(work: Work, claims: Sequence[Claim], **values: object) -> None:
    await work.session.execute(
        update(Claim).where(Claim.township == work.township, Claim.id.in_([c.id for c in claims])).values(**values)
    )


async def _ready(
    work: Work, staff: Staff, ids: Sequence[UUID], before: str, after: str
) -> tuple[list[Claim], list[wire.ClaimOutcome]]:
    """The claims of `ids` that this person may take from `before` to `after`, and an answer for each id."""
    rows = await work.session.execute(
        select(Claim, Household.code)
        .join(Household, (Household.township == Claim.township) & (Household.id == Claim.household))
        .where(Claim.township == work.township, Claim.id.in_(ids))
        .order_by(Claim.id)
        .with_for_update(of=Claim)
    )
    found = {claim.id: (claim, code) for claim, code in rows}
    ready, outcomes = [], []
    for id in dict.fromkeys(ids):
        claim, household = found.get(id, (None, ""))
        if claim is None or not staff.serves(claim.village):
            outcomes.append(wire.ClaimOutcome(id=id, status="refused", reason="没有这条申报。"))
            continue
        mine = {"reviewed": claim.reviewed_by, "approved": claim.approved_by}[after]
        reason = ""
        if claim.status == after and mine == staff.id:
            outcomes.append(wire.ClaimOutcome(id=id, status="exists", points=claim.points))
            continue
        if claim.status != before:
            reason = "这条申报已不在这一步，请刷新页面。"
        elif staff.id in (claim.declared_by, claim.reviewed_by):
            reason = "申报、评议、审定须由三个人分别办理。"
        elif staff.household == household:
            reason = "不能办理自己家的申报，请由别人办理。"
        if reason:
            outcomes.append(wire.ClaimOutcome(id=id, status="refused", reason=reason))
            continue
        ready.append(claim)
        outcomes.append(wire.ClaimOutcome(id=id, status=after, points=claim.points))
    return ready, outcomes


async def _households(work: Work, codes: set[str]) -> dict[str, Household]:
    found = await work.session.scalars(
        select(Household).where(Household.township == work.township, Household.code.in_(codes))
    )
    return {h.code: h for h in found}


async def _known(work: Work, ids: Sequence[UUID]) -> dict[UUID, Claim]:
    found = await work.session.scalars(select(Claim).where(Claim.township == work.township, Claim.id.in_(ids)))
    return {c.id: c for c in found}


def _content(claim: Claim, households: dict[str, Household]) -> wire.NewClaim:
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


async def _notice_days(work: Work) -> dict[str, int]:
    rows = await work.session.execute(
        select(Village.code, Village.notice_days).where(Village.township == work.township)
    )
    return dict(rows.all())
