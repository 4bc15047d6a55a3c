"""Stocktakes at the till: an attendant counts blind, and sees what the books say on the sheet afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

from uuid_utils.compat import uuid7

from tests.api.asking import problem, rows
from tests.api.shop.stock.conftest import (
    add_attendant,
    arrival,
    count,
    put,
    read_everything,
    read_kinds,
    read_stock,
)
from tests.conftest import LiveTown


def blind(*lines: tuple[str, int], reason: str = "交班盘点") -> dict[str, Any]:
    body = count(*lines, reason=reason)
    del body["supermarket"]
    return body


async def test_the_attendant_on_shift_counts_and_is_named(town: LiveTown) -> None:
    path, body = f"/v1/till/stocktakes/{uuid7()}", blind(("soap", 7), ("rice", 10))
    async with town.device(await town.shift()) as till:
        answers = await asyncio.gather(*(till.put(path, json=body) for _ in range(5)))
        assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
        [sheet] = {a.content: a.json() for a in answers}.values()
        assert (sheet["counted_by"], sheet["supermarket"], sheet["reason"]) == ("陈管理员", "hp", "交班盘点")
        assert [(line["product"], line["difference"]) for line in sheet["lines"]] == [("soap", -3), ("rice", 0)]
        problem(await till.put(path, json=blind(("soap", 8))), 409, "conflict")
    assert (await read_stock(town))["soap"] == 7
    assert await read_kinds(town) == ["restock", "stocktake"]
    named = """select a.name, s.person is null, t.person = a.id::text from stocktake s
                 join attendant a on a.id = s.attendant join ledger.transaction t on t.id = s.id"""
    assert await rows(town, named) == [("陈管理员", True, True)]
    await read_everything(town)


async def test_without_a_shift_only_retries_are_answered(town: LiveTown) -> None:
    path, body = f"/v1/till/stocktakes/{uuid7()}", blind(("soap", 7))
    async with town.device(await town.shift()) as till:
        first = await till.put(path, json=body)
        # Another attendant's shift, and goods have come.
        pin = await add_attendant(town)
        (await till.post("/v1/till/shifts", json={"pin": pin})).raise_for_status()
        await put(town, "restocks", arrival(("soap", 5)))
        assert (await till.put(path, json=body)).content == first.content
        problem(await till.put(f"/v1/till/stocktakes/{uuid7()}", json=body), 401, "shift-closed")
    assert (await read_stock(town))["soap"] == 12


async def test_an_invalid_count_at_the_till(town: LiveTown) -> None:
    async with town.device(await town.shift()) as till:
        for body, status, word in (
            (blind(("gold", 1)), 404, "unknown"),
            (blind(("soap", 1), ("soap", 1)), 400, "counted-twice"),
            (blind(), 400, "malformed"),
            (blind(("soap", -1)), 400, "malformed"),
            (blind(("soap", 1), reason=" "), 400, "malformed"),
            (count(("soap", 1)), 400, "malformed"),
        ):
            problem(await till.put(f"/v1/till/stocktakes/{uuid7()}", json=body), status, word)
    assert (await read_stock(town))["soap"] == 10
