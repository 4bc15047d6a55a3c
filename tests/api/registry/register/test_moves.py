"""Whatever is said of a household's moves: each day has the village that was said of it last."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from api.registry.people.use_cases import find_by_login
from api.registry.register.changes import Change, ChangeKind, record_changes
from api.registry.register.moves import read_moves
from api.registry.register.queries import read_households_by_code
from tests.conftest import LiveTown
from tests.profile import many

DAYS = [date(2026, 6, 1) + timedelta(days=n) for n in range(10)]
moves = st.lists(st.tuples(st.integers(0, len(DAYS) - 1), st.sampled_from("abc")), max_size=6)


class _Undone(Exception):
    """Nothing of it stays."""


async def test_each_day_has_the_village_that_was_said_of_it_last(town: LiveTown) -> None:
    office = await find_by_login(town.town, "office")

    async def play(some: list[tuple[int, str]]) -> None:
        said = ["hp"] * len(DAYS)
        async with town.town.unit_of_work() as uow:
            household = (await read_households_by_code(uow, ["hp-1"]))["hp-1"]
            for since, village in some:
                change = Change(household.id, ChangeKind.MOVE, {"village": said[-1]}, {"village": village})
                await record_changes(uow, [change], office.id, "迁居", DAYS[since])
                said[since:] = [village] * (len(DAYS) - since)
            found = await read_moves(uow, [household.id])
            assert [found.find_village(household, day) for day in DAYS] == said
            raise _Undone

    loop = asyncio.get_running_loop()

    @settings(max_examples=many(20, 200), deadline=None)
    @given(moves)
    def each(some: list[tuple[int, str]]) -> None:
        with suppress(_Undone):
            asyncio.run_coroutine_threadsafe(play(some), loop).result(60)

    await asyncio.to_thread(each)
