"""After any sequence of objections, answers, withdrawals, days and runs of the job: what has an open objection
never posts, what has none posts when its notice is over, no notice is shortened, each objection ends once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from api import wire
from api.awards.claims.notice_clock import LEAST_LEFT
from api.awards.claims.posting import post_due
from api.awards.objections.deciding import dismiss, uphold, withdraw_at_desk, withdraw_by_card
from api.awards.objections.raising import raise_by_card, take_down
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.registry.people.queries import find_staff
from tests.api.asking import rows, sign_in, standing
from tests.api.awards.claims.conftest import approve, claim, declare, review
from tests.conftest import LiveTown
from tests.databases import owner_engine
from tests.profile import many

T = TypeVar("T")
NOTICE = timedelta(days=3)
CLAIMS = 2
STEP = st.one_of(
    st.tuples(st.just("object"), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.just("object"), st.integers(0, 1), st.integers(0, 3)),
    st.tuples(st.sampled_from(["dismiss", "dismiss", "uphold", "withdraw"]), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 60), st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 60), st.just(0)),
    st.tuples(st.just("wait"), st.integers(60, 90), st.just(0)),
    st.tuples(st.just("job"), st.just(0), st.just(0)),
    st.tuples(st.just("job"), st.just(0), st.just(0)),
)


@dataclass
class Entry:
    """What a claim on notice has to be like."""

    id: UUID
    until: datetime
    stopped_at: datetime | None = None
    status: str = "approved"
    open: set[UUID] = field(default_factory=set)

    def end(self, objection: UUID, now: datetime) -> None:
        self.open.discard(objection)
        if self.stopped_at is not None and not self.open:
            self.until, self.stopped_at = now + max(self.until - self.stopped_at, LEAST_LEFT), None


@dataclass
class Raised:
    id: UUID
    entry: Entry
    card: str
    outcome: str | None = None


async def test_after_any_sequence_the_clock_was_fair(town: LiveTown) -> None:
    pool = await make_pool(town, CLAIMS * many(20))
    objector, decider = [await staff_of(town, login) for login in ("qian", "tan")]
    loop = asyncio.get_running_loop()

    def there(job: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(job, loop).result(timeout=30)

    def any_sequence() -> None:
        """Hypothesis wants a plain function: it calls from a thread of its own."""

        @settings(max_examples=many(15), suppress_health_check=list(HealthCheck))
        @given(st.lists(STEP, max_size=25))
        def run(steps: list[tuple[str, int, int]]) -> None:
            # Another day, so that a household may object again.
            town.clock.travel(town.clock.now() + timedelta(days=1))
            ids = [pool.pop() for _ in range(CLAIMS)] if len(pool) >= CLAIMS else []
            there(put_on_notice(town, ids))
            entries = [Entry(id, town.clock.now() + NOTICE) for id in ids]
            raised: list[Raised] = []
            # At last enough time for every notice that runs.
            for step in [*steps, ("wait", 100, 0), ("job", 0, 0)] if entries else []:
                there(take_step(town, objector, decider, entries, raised, step))
                there(agree(town, entries, raised))
            there(put_aside(town, entries))

        run()

    await asyncio.to_thread(any_sequence)
    await sign_in(town, "office")
    assert (await standing(town))[0]["in_balance"]


async def take_step(
    town: LiveTown,
    objector: Staff,
    decider: Staff,
    entries: list[Entry],
    raised: list[Raised],
    step: tuple[str, int, int],
) -> None:
    what, which, how = step
    now = town.clock.now()
    match what:
        case "wait":
            town.clock.travel(now + timedelta(hours=which))
        case "job":
            while await post_due(town.town):
                pass
            for entry in entries:
                if entry.status == "approved" and not entry.open and entry.until <= now:
                    entry.status = "posted"
        case "object":
            entry = entries[which]
            card = [town.card, town.poor_card, town.empty_card, ""][how]
            new = Raised(uuid7(), entry, card)
            try:
                await object_to(town, objector, new)
            except Refused as refused:
                assert refused.code in (  # noqa: PT017
                    ErrorCode.ALREADY_THERE,
                    ErrorCode.WRONG_STATE,
                    ErrorCode.UNKNOWN,
                    ErrorCode.TOO_MANY,
                )
                return
            assert entry.status in ("approved", "posted")
            raised.append(new)
            entry.open.add(new.id)
            if entry.status == "approved":
                entry.stopped_at = entry.stopped_at or now
        case _ if raised:
            one = raised[which % len(raised)]
            await end_one(town, objector, decider, raised, one, what)


async def object_to(town: LiveTown, objector: Staff, new: Raised) -> None:
    if new.card:
        body = wire.CardObjection(id=new.id, claim=new.entry.id, text="不对")
        await raise_by_card(town.town, new.card, body)
    else:
        finding = wire.NewObjection(id=new.id, claim=new.entry.id, way="finding", text="不对")
        await take_down(town.town, objector, finding)


async def end_one(
    town: LiveTown, objector: Staff, decider: Staff, raised: list[Raised], one: Raised, what: str
) -> None:
    outcome = {"dismiss": "dismissed", "uphold": "upheld", "withdraw": "withdrawn"}[what]
    try:
        if what == "withdraw" and one.card:
            await withdraw_by_card(town.town, one.card, one.id)
        elif what == "withdraw":
            await withdraw_at_desk(town.town, objector, one.id, "看错了")
        else:
            await {"dismiss": dismiss, "uphold": uphold}[what](town.town, decider, one.id, "查过")
    except Refused as refused:
        assert refused.code == ErrorCode.WRONG_STATE  # noqa: PT017
        assert one.outcome not in (None, outcome)
        return
    if one.outcome is not None:
        assert one.outcome == outcome, "sent again"
        return
    entry, now = one.entry, town.clock.now()
    ending = [one] if what != "uphold" else [each for each in raised if each.id in entry.open]
    if what == "uphold" and entry.status == "approved":
        entry.status, entry.stopped_at = "refused", None
    for each in ending:
        each.outcome = outcome
        entry.end(each.id, now)


async def agree(town: LiveTown, entries: list[Entry], raised: list[Raised]) -> None:
    """What the database has is what it has to be."""
    for entry in entries:
        [found] = await rows(
            town, "select status, notice_until, notice_stopped_at from claim where id = :id", id=entry.id
        )
        assert tuple(found) == (entry.status, entry.until, entry.stopped_at)
    outcomes = dict(
        await rows(town, "select id, outcome from objection where claim = any(:ids)", ids=[e.id for e in entries])
    )
    assert outcomes == {each.id: each.outcome for each in raised}


async def make_pool(town: LiveTown, number: int) -> list[UUID]:
    """Claims of one point that are on notice for ever."""
    wanted = [claim("T1", "hp-3", inputs={"points": 1}) for _ in range(number)]
    await declare(town, *wanted)
    ids = [str(each["id"]) for each in wanted]
    await review(town, *ids)
    await approve(town, *ids)
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql("update claim set notice_until = 'infinity' where status = 'approved'")
    return [UUID(id) for id in ids]


async def put_on_notice(town: LiveTown, ids: list[UUID]) -> None:
    async with owner_engine(town.clone).begin() as owner:
        for id in ids:
            until = (town.clock.now() + NOTICE).isoformat()
            await owner.exec_driver_sql(f"update claim set notice_until = '{until}' where id = '{id}'")


async def put_aside(town: LiveTown, entries: list[Entry]) -> None:
    """What is left of an example isn't posted in the next."""
    async with owner_engine(town.clone).begin() as owner:
        for entry in entries:
            await owner.exec_driver_sql(f"update claim set notice_until = 'infinity' where id = '{entry.id}'")


async def staff_of(town: LiveTown, login: str) -> Staff:
    [(id,)] = await rows(town, "select id from person where login = :login", login=login)
    async with town.town.unit_of_work() as uow:
        return await find_staff(uow, id)
