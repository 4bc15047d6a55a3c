"""Books that were just copied in bulk: nobody has statistics of them yet, and `verify` ends all the same."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.platform.database.embedded import Embedded
from ledger.seals import Seals
from ledger.transactions import Account, UnitKind
from ledger.verify import verify
from tests.databases import EMPTY, cloned
from tests.ledger.conftest import ISSUING, NOW, TOWNSHIP
from tests.ledger.test_moved import opened

RECORDS = 2_000
HOUSEHOLDS = [Account(f"household-{n}", "points", UnitKind.POINTS, minimum=0) for n in range(50)]
PER_RECORD = 200
"""Rows that one check may look at for each record there is."""

# Awards, and every fifth on notice and then posted.
COPIED = """
    with numbered as (
        select n, case n % 5 when 3 then 'pending' when 4 then 'post' else 'posted' end as phase,
               case when n % 5 >= 3 then 3 else 2 end as amount,
               (select array_agg(id order by name) from ledger.account where minimum = 0) as households,
               (select id from ledger.account where minimum is null) as issuing,
               cast(:now as timestamptz) + n * interval '1 second' as at
          from generate_series(1, cast(:records as integer)) n),
    award as (
        select n.*, i.id, case phase when 'post' then i.before end as target,
               households[1 + (n - (phase = 'post')::integer) % cardinality(households)] as household
          from numbered n cross join lateral (
               select lpad(to_hex(n), 32, '0')::uuid as id, lpad(to_hex(n - 1), 32, '0')::uuid as before) i),
    posted as (
        insert into ledger.transaction (township, id, kind, phase, target, person, reason, effective_at,
                                        recorded_at, metadata, content)
        select cast(:township as integer), id, 'award', phase, target, 'li', '打扫', at, at, '{}',
               ledger.content(id, 'award', phase, target, 'li', '打扫', null, null, '{}', array['points'],
                              array[issuing], array[household], array[amount::numeric])
          from award)
    insert into ledger.transfer (township, transaction, ordinal, unit, debit, credit, amount, pending, recorded_at)
    select cast(:township as integer), id, 1, 'points', issuing, household, amount, phase = 'pending', at
      from award
"""
SUMMED = """
    update ledger.balance b set posted = c.posted
      from (select credit, sum(amount) as posted from ledger.transfer where not pending group by credit) c
     where b.account = c.credit
"""


def looked_at(plan: dict[str, Any]) -> float:
    """Rows that a plan's nodes gave or threw away, all together."""
    given = (
        plan["Actual Rows"] + plan.get("Rows Removed by Join Filter", 0) + plan.get("Rows Removed by Filter", 0)
    )
    return float(given * plan["Actual Loops"]) + sum(looked_at(each) for each in plan.get("Plans", []))


@pytest.mark.parametrize("sealed", [True, False])
async def test_verify_looks_at_each_record_a_few_times_whatever_the_planner_knows(
    server: Embedded, sealed: bool
) -> None:
    async with cloned(server, EMPTY) as clone, opened(clone) as book:
        async with book.owner.begin() as connection:
            for table in ("transaction", "transfer", "account", "balance", "leaf", "node"):
                await connection.execute(text(f"alter table ledger.{table} set (autovacuum_enabled = off)"))
        await book.use(lambda books: books.open_accounts([ISSUING, *HOUSEHOLDS], NOW))
        async with book.behind_its_back() as connection:
            values = {"township": TOWNSHIP, "records": RECORDS, "now": NOW}
            await connection.execute(text(COPIED), values)
            await connection.execute(text(SUMMED))
            if sealed:
                await Seals(connection, TOWNSHIP).append(limit=2 * RECORDS)
        async with book.app.begin() as connection:
            asked = await _verify(connection)
            for statement, parameters in asked:
                explained = await connection.exec_driver_sql(
                    f"explain (analyze, timing off, format json) {statement}", parameters
                )
                [plan] = explained.scalar_one()
                assert looked_at(plan["Plan"]) < PER_RECORD * RECORDS, (looked_at(plan["Plan"]), statement)


async def _verify(connection: AsyncConnection) -> list[tuple[str, Any]]:
    """The statements by which it is verified."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    try:
        assert [fault async for fault in verify(connection, TOWNSHIP)] == []
    finally:
        event.remove(connection.sync_connection, "before_cursor_execute", note)
    return [(statement, parameters) for statement, parameters in asked if "set_config" not in statement]
