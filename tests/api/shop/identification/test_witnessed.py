"""How much a household gets on the word of witnesses, and that the database holds what the use cases promise."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from api.platform.clock import start_of_day
from tests.api.asking import confirmed, problem, rows
from tests.api.shop.identification.conftest import BY_PIN, BY_WITNESS, CARD_PIN, SOAP, Till
from tests.conftest import LiveTown

MIDNIGHT = start_of_day(date(2026, 6, 16))
TWENTY = ("soap", 4, 5)


async def allow(town: LiveTown, points: int) -> None:
    async with town.staff("office") as office:
        now = (await office.get("/v1/township-defaults")).json()
        wanted = {name: now[name] for name in ("notice_days", "pin_above", "lease_most", "lease_days")}
        answer = await office.put("/v1/township-defaults", json=wanted | {"witnessed_most": points})
    (await confirmed(town, answer)).raise_for_status()


async def test_a_day_has_so_many_points_on_a_witness_s_word(till: Till, other: Till) -> None:
    await allow(till.town, 30)
    here = await till.identified("王建国", **BY_WITNESS)
    there = await other.identified("王建国", witness={"pin": till.town.pin})
    # Two tills at once: together they go no further than one would.
    answers = await asyncio.gather(till.redeem(here, TWENTY), other.redeem(there, TWENTY))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [refused] = [answer for answer in answers if not answer.is_success]
    assert problem(refused, 409, "witnessed-full") == {"most": 30, "left": 10}
    assert "每户一天最多兑换 30 分，今天还可以兑换 10 分" in refused.text
    assert (await till.redeem(here, ("soap", 2, 5))).status_code == 200
    problem(await till.redeem(here, SOAP), 409, "witnessed-full")
    # Others are served, and so is who has the card or knows its PIN.
    assert (await till.redeem(till.town.card, SOAP)).status_code == 200
    assert (await till.redeem(await till.identified("王建国", **BY_PIN), SOAP)).status_code == 200
    assert (await till.redeem(here, ("laundry", 2, 20), pin=CARD_PIN)).status_code == 200
    # From midnight on there are as many again.
    till.town.clock.travel(MIDNIGHT - timedelta(seconds=1))
    late = await till.identified("王建国", **BY_WITNESS)
    problem(await till.redeem(late, SOAP), 409, "witnessed-full")
    till.town.clock.travel(MIDNIGHT)
    assert (await till.redeem(late, SOAP)).status_code == 200


async def test_none_at_all_if_the_township_says_so(till: Till) -> None:
    await allow(till.town, 0)
    problem(await till.redeem(await till.identified("王建国", **BY_WITNESS), SOAP), 409, "witnessed-full")


COLUMNS = "township, id, digest, kiosk, shift, attendant, household, card, witness, identified_at, valid_until"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("witness", "attendant"),
        ("attendant", "witness"),
        ("valid_until", "identified_at"),
        ("kiosk", "(select id from kiosk where id <> kiosk limit 1)"),
        ("digest", "digest"),
        ("card", "digest"),
    ],
)
async def test_the_database_itself_takes_no_other(till: Till, other: Till, column: str, value: str) -> None:
    await till.identified("王建国", **BY_WITNESS)
    changed: dict[str, Any] = {"id": f"'{uuid7()}'", "digest": "sha256('another')", column: value}
    values = ", ".join(changed.get(name, name) for name in COLUMNS.split(", "))
    with pytest.raises(IntegrityError):
        await rows(till.town, f"insert into identification select {values} from identification returning 1")


async def test_a_redemption_has_its_own_household_s_identification(till: Till) -> None:
    token = await till.identified("王建国", **BY_WITNESS)
    await till.redeem(token, SOAP)
    copied = """
        insert into redemption (township, id, supermarket, kiosk, attendant, household, request, receipt,
                                recorded_at, shift, identification)
        select township, gen_random_uuid(), supermarket, kiosk, attendant, {household}, request, receipt,
               recorded_at, {shift}, identification
          from redemption where identification is not null returning 1
    """
    another = "(select h.id from household h where h.code = 'hp-2')"
    for household, shift in ((another, "shift"), ("household", "null"), ("household", "gen_random_uuid()")):
        with pytest.raises(IntegrityError):
            await rows(till.town, copied.format(household=household, shift=shift))
