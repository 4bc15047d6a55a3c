"""After any sequence of freezes, liftings and days: a thing is frozen if, and only if, its last freeze wasn't
lifted and its day isn't over; one freeze of it is open at most, and nobody freezes a person twice on end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from uuid_utils.compat import uuid7

from api import wire
from api.desk.freezes import use_cases
from api.platform.access import Staff
from api.platform.clock import local_date
from api.platform.errors import Refused
from api.registry.people.queries import find_staff_by_login
from tests.api.asking import rows
from tests.conftest import LiveTown
from tests.profile import many

T = TypeVar("T")
THINGS = ("rule", "person")
STEP = st.one_of(
    st.tuples(st.just("freeze"), st.sampled_from(THINGS), st.integers(0, 1), st.none() | st.integers(0, 6)),
    st.tuples(st.just("lift"), st.sampled_from(THINGS), st.integers(0, 1), st.none()),
    st.tuples(st.just("wait"), st.sampled_from(THINGS), st.integers(1, 4), st.none()),
)


@dataclass
class Last:
    """What a thing's last freeze has to be like."""

    id: UUID
    by: int
    frozen_on: date
    ends_on: date | None
    lifted: bool = False

    def holds_on(self, day: date) -> bool:
        return not self.lifted and (self.ends_on is None or day <= self.ends_on)


async def test_after_any_sequence_what_holds_is_what_has_to(town: LiveTown) -> None:
    loop = asyncio.get_running_loop()
    async with town.town.unit_of_work() as uow:
        found = [await find_staff_by_login(uow, login) for login in ("qian", "tan")]
    supervisors = [each for each in found if each is not None]

    def there(job: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(job, loop).result(timeout=30)

    def any_sequence() -> None:
        """Hypothesis wants a plain function: it calls from a thread of its own."""

        @settings(max_examples=many(20), suppress_health_check=list(HealthCheck), deadline=None)
        @given(st.lists(STEP, max_size=20))
        def run(steps: list[tuple[str, str, int, int | None]]) -> None:
            # Long after whatever was done before.
            town.clock.travel(town.clock.now() + timedelta(days=200))
            lasts: dict[str, Last] = {}
            for step in steps:
                there(take_step(town, supervisors, lasts, step))
                there(agree(town, lasts))
            there(lift_all(town, supervisors, lasts))

        run()

    await asyncio.to_thread(any_sequence)


async def take_step(
    town: LiveTown, supervisors: list[Staff], lasts: dict[str, Last], step: tuple[str, str, int, int | None]
) -> None:
    what, kind, number, days = step
    last, today = lasts.get(kind), local_date(town.clock.now())
    if what == "wait":
        town.clock.travel(town.clock.now() + timedelta(days=number))
    elif what == "lift" and last is not None:
        by = supervisors[number]
        # What the township's supervisor froze, the village's doesn't lift.
        may = last.holds_on(today) and not (last.by == 1 and number == 0)
        assert await is_done(use_cases.lift(town.town, by, last.id, f"查清了 {uuid7()}")) == may
        last.lifted |= may
    elif what == "freeze":
        ends_on = today + timedelta(days=days) if days is not None else None
        new = wire.NewFreeze(
            id=uuid7(),
            kind="rule" if kind == "rule" else "person",
            thing="A01" if kind == "rule" else "wang",
            village="hp" if kind == "rule" else None,
            reason="核查",
            ends_on=ends_on,
        )
        holds = last is not None and last.holds_on(today)
        may = may_freeze_person(last, number, today, ends_on) if kind == "person" else not holds
        assert await is_done(use_cases.freeze(town.town, supervisors[number], new)) == may
        if may:
            lasts[kind] = Last(new.id, number, today, ends_on)


def may_freeze_person(last: Last | None, by: int, today: date, ends_on: date | None) -> bool:
    if ends_on is None or last is None:
        return ends_on is not None
    if last.holds_on(today):
        # A renewal: for longer, by another, and what the township's supervisor froze, by none of a village.
        return last.ends_on is not None and ends_on > last.ends_on and by == 1 and last.by == 0
    return last.by != by or last.frozen_on < today - timedelta(days=60)


async def is_done(act: Coroutine[Any, Any, None]) -> bool:
    try:
        await act
    except Refused:
        return False
    return True


async def agree(town: LiveTown, lasts: dict[str, Last]) -> None:
    today = local_date(town.clock.now())
    async with town.town.unit_of_work() as uow:
        tan, wang = [await find_staff_by_login(uow, login) for login in ("tan", "wang")]
    assert tan is not None
    assert wang is not None
    held = {each.id for each in await use_cases.list_all(town.town, tan)}
    assert held == {last.id for last in lasts.values() if last.holds_on(today)}
    assert bool(wang.frozen) == ("person" in lasts and lasts["person"].holds_on(today))
    open_ones = "select kind from freeze_order where lifted_at is null and lapsed_on is null group by kind having"
    assert await rows(town, f"{open_ones} count(*) > 1") == []


async def lift_all(town: LiveTown, supervisors: list[Staff], lasts: dict[str, Last]) -> None:
    for last in lasts.values():
        if last.holds_on(local_date(town.clock.now())):
            await use_cases.lift(town.town, supervisors[1], last.id, "下一轮")
