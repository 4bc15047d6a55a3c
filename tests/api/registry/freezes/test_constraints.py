"""What the database keeps of freezes, whoever writes: one open freeze of a thing, none of oneself, lifted once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import given
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.platform.clock import SHANGHAI
from api.registry.freezes.queries import FreezeFacts
from tests.api.asking import rows
from tests.conftest import NOW, TOWNSHIP, LiveTown

DAY = NOW.astimezone(SHANGHAI).date()


async def write(town: LiveTown, **columns: Any) -> None:
    """A freeze as the application's role may write it."""
    values = {"township": TOWNSHIP, "id": uuid4(), "reason": "核查", "frozen_at": NOW, **columns}
    names = ", ".join(values)
    async with town.town.database.begin() as session:
        await session.execute(
            text(f"insert into freeze_order ({names}) values ({', '.join(':' + name for name in values)})"), values
        )


async def find(town: LiveTown, query: str) -> Any:
    [(found,)] = await rows(town, query)
    return found


async def find_person(town: LiveTown, login: str) -> UUID:
    return UUID(str(await find(town, f"select id from person where login = '{login}'")))


async def test_raw_sql_writes_no_freeze_that_makes_no_sense(town: LiveTown) -> None:
    qian, wang = await find_person(town, "qian"), await find_person(town, "wang")
    kiosk, card = await find(town, "select id from kiosk"), await find(town, "select max(digest::text) from card")
    card = bytes.fromhex(card.removeprefix("\\x"))
    by = {"frozen_by": qian}
    for columns, constraint in (
        ({"kind": "rule"}, "freeze_order_thing"),
        ({"kind": "rule", "rule": "A01", "kiosk": kiosk}, "freeze_order_thing"),
        ({"kind": "card", "rule": "A01"}, "freeze_order_thing"),
        ({"kind": "town", "rule": "A01"}, "freeze_order_thing"),
        ({"kind": "kiosk", "kiosk": kiosk, "village": "hp"}, "freeze_order_village"),
        ({"kind": "rule", "rule": "A01", "village": "nowhere"}, "fk_freeze_order_township_village"),
        ({"kind": "card", "card": b"none"}, "fk_freeze_order_township_card"),
        ({"kind": "kiosk", "kiosk": uuid4()}, "fk_freeze_order_township_kiosk"),
        ({"kind": "person", "person": uuid4(), "ends_on": DAY}, "fk_freeze_order_township_person"),
        ({"kind": "rule", "rule": "A01", "reason": ""}, "freeze_order_reason"),
        ({"kind": "rule", "rule": "A01", "ends_on": DAY - timedelta(days=1)}, "freeze_order_ends"),
        ({"kind": "person", "person": wang}, "freeze_order_of_person"),
        ({"kind": "person", "person": wang, "ends_on": DAY + timedelta(days=31)}, "freeze_order_of_person"),
        ({"kind": "person", "person": qian, "ends_on": DAY}, "freeze_order_of_another"),
    ):
        with pytest.raises(DBAPIError, match=constraint):
            await write(town, **by, **columns)
    await write(town, **by, kind="rule", rule="A01")
    await write(town, **by, kind="rule", rule="A01", village="hp")
    await write(town, **by, kind="card", card=card)
    await write(town, **by, kind="kiosk", kiosk=kiosk)
    await write(town, **by, kind="person", person=wang, ends_on=DAY + timedelta(days=30))
    for again in (
        {"kind": "rule", "rule": "A01"},
        {"kind": "rule", "rule": "A01", "village": "hp"},
        {"kind": "card", "card": card},
        {"kind": "kiosk", "kiosk": kiosk},
        {"kind": "person", "person": wang, "ends_on": DAY},
    ):
        with pytest.raises(DBAPIError, match="freeze_order_one_open"):
            await write(town, **by, **again)


async def test_raw_sql_lifts_once_with_a_reason_and_changes_nothing_else(town: LiveTown) -> None:
    qian, wang = await find_person(town, "qian"), await find_person(town, "wang")
    await write(town, frozen_by=qian, kind="person", person=wang, ends_on=DAY)
    lifting = "update freeze_order set lifted_by = :person, lifted_at = :at, lift_reason = :reason"
    for change, values, refused in (
        (lifting, (wang, NOW, "我没事"), "freeze_order_of_another"),
        (lifting, (qian, NOW, ""), "freeze_order_lifted"),
        (lifting, (qian, None, "查清了"), "freeze_order_lifted"),
        (lifting, (None, NOW, "查清了"), "freeze_order_lifted"),
        (lifting, (qian, NOW - timedelta(days=1), "查清了"), "freeze_order_lifted"),
        ("update freeze_order set lapsed_on = ends_on", (), "freeze_order_lapsed"),
        ("update freeze_order set reason = '别的'", (), "permission denied"),
        ("update freeze_order set ends_on = null", (), "permission denied"),
        ("update freeze_order set frozen_by = person", (), "permission denied"),
        ("delete from freeze_order", (), "permission denied"),
    ):
        with pytest.raises(DBAPIError, match=refused):
            await change_by(town, change, values)
    await change_by(town, lifting, (qian, NOW, "查清了"))
    await write(town, frozen_by=qian, kind="person", person=wang, ends_on=DAY)


async def change_by(
    town: LiveTown, change: str, values: tuple[UUID | None, datetime | None, str] | tuple[()]
) -> None:
    async with town.town.database.begin() as session:
        await session.execute(text(change), dict(zip(("person", "at", "reason"), values, strict=False)))


@given(st.none() | st.dates(DAY - timedelta(days=40), DAY + timedelta(days=40)))
def test_a_freeze_holds_to_the_end_of_its_day(ends_on: date | None) -> None:
    assert FreezeFacts("核查", NOW, ends_on, "hp").holds_on(DAY) == (ends_on is None or ends_on >= DAY)
