"""A receipt, a claim or a delivery that somebody deletes or changes beside the books is named by `verify`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from api.bookkeeping.general_ledger.documents import find_undocumented
from tests.api.bookkeeping.general_ledger.conftest import bring_in, row
from tests.api.shop.offline.till import Till
from tests.api.shop.promises.conftest import make_promise
from tests.api.shop.stock.conftest import count, donation, put
from tests.command_line import jimei_beside
from tests.conftest import TOWNSHIP, LiveTown
from tests.databases import owner_engine


async def told(connection: AsyncConnection) -> set[str]:
    """But that acts were told otherwise: of what is written by hand here, most says who did it."""
    return {found async for found in _sentences(connection) if "办过的事" not in found}


async def _sentences(connection: AsyncConnection) -> AsyncIterator[str]:
    async for found in find_undocumented(connection, TOWNSHIP):
        yield found.message


DELETED = {
    "redemption": "账上有这一笔，它的兑换小票却不见了",
    "redemption_void": "账上已作废，作废单却不见了",
    "claim": "账上有这一笔，它的申报却不见了",
    "claim_signature": "申报的签字与应签的机构不符",
    "promise": "账上有这一笔，它的预订单却不见了",
    "restocking": "账上有这一笔，它的进货单却不见了",
    "donation": "账上有这一笔，它的捐赠单却不见了",
    "funding": "账上有这一笔，它的拨款单却不见了",
    "lot": "到货的批次与账上的件数不符",
    "stocktake": "账上有这一笔，它的盘点单却不见了",
    "proposal where kind = 'import'": "账上有导入的这一行，提议和确认的记录却不见了",
}
CHANGED = {
    "delete from kiosk_journal_entry where number = 1": {"终端记录第 2 条的前一条不见了"},
    "delete from kiosk_journal_entry where number >= 2": {"终端记录第 2 条，也就是最后一条，不见了"},
    "delete from household where code = 'hp-1'": {
        "账上有这一户，登记册里却没有",
        "终端留着这户的分，预留的记录却不见了",
    },
    "delete from product where code = 'rice'": {"账上有这样物品，物品表里却没有"},
    "delete from lease": {"终端留着这户的分，预留的记录却不见了"},
    "update redemption set receipt = jsonb_set(receipt, '{points}', '1')": {"兑换小票上的积分或件数与账上的不符"},
    "update redemption set receipt = jsonb_set(receipt, '{lines,0,quantity}', '9')": {
        "兑换小票上的积分或件数与账上的不符"
    },
    "update claim set points = points + 1": {"申报的分值与账上的不符"},
    "update lot set quantity = quantity - 1": {"到货的批次与账上的件数不符"},
    "update stocktake set sheet = jsonb_set(sheet, '{lines,0,difference}', '-3')": {"盘点单上的盈亏与账上的不符"},
    "update stocktake set id = gen_random_uuid()": {
        "账上有这一笔，它的盘点单却不见了",
        "有盘点单，账上却没有这一笔",
    },
    "update proposal set result = '[]' where kind = 'import'": {"账上有导入的这一行，提议和确认的记录却不见了"},
    "delete from ledger.transaction where kind = 'import'": {"有导入记录，账上却没有这一行"},
    # The other way round: what was slipped in has no entry in the books.
    "update redemption set id = gen_random_uuid()": {
        "账上有这一笔，它的兑换小票却不见了",
        "有兑换小票，账上却没有这一笔",
    },
    "update claim set status = 'posted', id = gen_random_uuid()": {
        "账上有这一笔，它的申报却不见了",
        "有申报，账上却没有这一笔",
        "申报的签字与应签的机构不符",
    },
    "insert into redemption_void select township, id, kiosk, attendant, shift, '误', recorded_at from redemption"
    " where shift is not null on conflict do nothing": {"有作废单，账上却没有退回"},
}


@pytest.fixture
async def busy(town: LiveTown) -> LiveTown:
    """Of each document one."""
    till = Till(town, town.kiosk)
    await till.sign_in()
    sold, voided = uuid7(), uuid7()
    for id in (sold, voided):
        (await till.redeem(UUID(str(id)), town.card, ("soap", 1))).raise_for_status()
    till.write_void(UUID(str(voided)))
    assert await till.settle_statuses() == ["known", "settled"]
    async with till.device() as http:
        await make_promise(http, town.card)
    await till.renew()
    await put(town, "stocktakes", count(("soap", 997)))
    await bring_in(town, [row(5)])
    await put(town, "donations", donation(("rice", 2)))
    await put(town, "funds", {"amount": 500_000, "source": "appropriation", "note": "年度经费"})
    return town


async def test_what_is_deleted_or_changed_beside_the_books_is_named(busy: LiveTown) -> None:
    cases = {f"delete from {table}": {sentence} for table, sentence in DELETED.items()} | CHANGED
    async with owner_engine(busy.clone).connect() as connection:
        assert await told(connection) == set()
        for statement, sentences in cases.items():
            await connection.execute(text("set local session_replication_role = replica"))
            changed = await connection.execute(text(statement))
            assert changed.rowcount > 0, statement
            assert await told(connection) == sentences, statement
            await connection.rollback()


async def test_verify_tells_it(busy: LiveTown) -> None:
    assert (await jimei_beside("verify", url=busy.clone.app)).returncode == 0
    async with owner_engine(busy.clone).begin() as connection:
        gone = await connection.scalar(text("select id from redemption order by recorded_at desc limit 1"))
        await connection.execute(text("set local session_replication_role = replica"))
        await connection.execute(text("delete from redemption where id = :id"), {"id": gone})
    done = await jimei_beside("verify", url=busy.clone.app)
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [f"{gone}: 账上有这一笔，它的兑换小票却不见了", "发现 1 处不符。"],
    )
