"""Whatever becomes of households, in any order and with whatever between: no point is lost, none is made, and what
is recorded of it fits the books."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from uuid_utils.compat import uuid7

from api import wire
from api.bookkeeping.general_ledger import household_changes
from api.desk.households.ending import ENDING
from api.desk.households.merging import MERGING
from api.desk.households.reviving import REVIVING
from api.desk.households.splitting import SPLITTING
from api.desk.households.two_people import Hands, HouseholdAct
from api.platform import accounts
from api.platform.access import Role, Staff
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.people.queries import find_staff
from api.registry.register.merged import read_remaining
from api.registry.register.moved_points import carry_merged
from api.registry.register.queries import read_households
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from tests.api.asking import rows
from tests.api.desk.households.conftest import DAY
from tests.conftest import LiveTown

WHY: dict[str, Any] = {"effective_on": DAY, "reason": "核实过"}
codes = st.integers(1, 6).map(lambda n: f"hp-{n}")
points = st.integers(0, 120)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("split"), codes, codes, points),
        st.tuples(st.just("merge"), codes, codes, points),
        st.tuples(st.just("end"), codes, codes, points),
        st.tuples(st.just("revive"), codes, codes, points),
        # What comes late to an account: an award, or what is taken back.
        st.tuples(st.just("award"), codes, codes, points),
        st.tuples(st.just("carry"), codes, codes, points),
    ),
    max_size=12,
)


async def take(town: Services, staff: Staff, second: Staff, step: tuple[str, str, str, int]) -> int:
    """How many points it brought in."""
    what, code, other, amount = step
    acts: dict[str, tuple[HouseholdAct[Any], dict[str, Any], Any]] = {
        "split": (
            SPLITTING,
            {"code": other, "head": "新户", "grid": "hp-1", "people": 1, "points": amount, "agreed": True},
            wire.SplitHousehold,
        ),
        "merge": (MERGING, {"into": other}, wire.MergedHousehold),
        "end": (ENDING, {} if amount % 2 else {"kept_until": "2026-07-01"}, wire.EndedHousehold),
        "revive": (REVIVING, {"points": amount}, wire.RevivedHousehold),
    }
    if what == "carry":
        await carry_merged(town)
        return 0
    async with town.unit_of_work() as uow:
        if what == "award":
            transfer = Transfer(accounts.ISSUING.id, accounts.household(code).id, accounts.POINTS, amount + 1)
            [posting] = await uow.books.post(
                [Transaction(TransactionId(uuid7()), "award", Phase.POSTED, (transfer,))], uow.now
            )
            return amount + 1 if posting.accepted else 0
        act, values, kind = acts[what]
        request = msgspec.convert(values | WHY, kind)
        plan = await act.plan(uow, staff, code, request)
        await act.carry_out(uow, plan, request, Hands(staff.id, second.id))
    return 0


async def list_unfounded(town: Services) -> list[Any]:
    found: list[Any] = []
    async with town.unit_of_work() as uow:
        for check in household_changes.CHECKS:
            found += await uow.session.execute(text(check), {"township": uow.township})
    return found


async def test_no_point_is_lost_and_none_is_made(town: LiveTown) -> None:
    [office] = await rows(town, "select id from person where login = 'office'")
    [tan] = await rows(town, "select id from person where login = 'tan'")
    async with town.town.unit_of_work() as uow:
        staff, second = await find_staff(uow, office.id), await find_staff(uow, tan.id)
    assert staff.may(Role.OFFICE)

    async def held() -> int:
        [found] = await rows(
            town,
            "select coalesce(sum(b.posted), 0)::bigint as held, min(b.posted - b.reserved) as least"
            " from ledger.balance b join ledger.account a on a.township = b.township and a.id = b.account"
            " where a.name like 'household:%'",
        )
        assert found.least >= 0
        return int(found.held)

    async def left_unused() -> int:
        async with town.town.unit_of_work() as uow:
            found = await uow.books.read_balances([accounts.EXPIRED.id])
            return found[accounts.EXPIRED.id].posted if accounts.EXPIRED.id in found else 0

    async def play(some: list[tuple[str, str, str, int]]) -> None:
        before = await held() + await left_unused()
        brought = 0
        for step in some:
            try:
                brought += await take(town.town, staff, second, step)
            except Refused:
                continue
        assert await held() + await left_unused() == before + brought
        while await carry_merged(town.town):
            pass
        assert await list_unfounded(town.town) == []
        async with town.town.unit_of_work() as uow:
            every = await read_households(uow)
            for household in every.values():
                remaining = await read_remaining(uow, household)
                balance = await uow.books.read_balance(accounts.household(household.code).id)
                # What is there is with one that lives, or with an ended one that nobody has merged.
                assert household.merged_into is None or not remaining.is_living or balance.available == 0

    loop = asyncio.get_running_loop()

    @settings(max_examples=8, deadline=None)
    @given(steps)
    def each(some: list[tuple[str, str, str, int]]) -> None:
        asyncio.run_coroutine_threadsafe(play(some), loop).result(120)

    await asyncio.to_thread(each)
    async with town.staff("office") as http:
        assert (await http.get("/v1/report")).raise_for_status().json()["in_balance"]
