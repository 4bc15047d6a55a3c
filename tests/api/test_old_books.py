"""What people look at often reads no more rows from old books than from young ones; nor does what the server does
by itself."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import column, text
from sqlalchemy.ext.asyncio import create_async_engine
from uuid_utils.compat import uuid7

from api import wire
from api.bookkeeping.expiry.policies import get_expiries
from api.bookkeeping.general_ledger.accounts import read_statement
from api.bookkeeping.seals.use_cases import seal
from api.household.passbook import read_passbook
from api.platform import accounts
from api.platform.access import Device, Role, Staff
from api.platform.clock import TravelClock, local_date
from api.platform.database.embedded import Embedded
from api.platform.database.engine import Database
from api.platform.database.read_query import ReadQuery
from api.platform.services import Services
from api.registry.cards.use_cases import find_card_holder
from api.shop.kiosks.use_cases import open_shift
from api.shop.redemptions.decision import decide
from api.shop.redemptions.facts import RedemptionRequest, read_facts
from api.shop.redemptions.receipts import Booking
from api.shop.till import card
from api.wire.card_token import digest, parse
from ledger.expiry import Policy, PolicyKind
from ledger.seals import Seals
from ledger.transactions import Phase, Status, Transaction, TransactionId, Transfer
from tests.api.asking import rows
from tests.conftest import LiveTown
from tests.databases import SEEDED, cloned

ENTRIES = 2_000
"""Of the household, and as many of a neighbour."""
AT_ONCE = 50
MOST = 500
"""Rows that one look may read: its few statements together, whatever the plans."""


async def _page(live: LiveTown, household: str) -> None:
    seen = await read_passbook(live.town, live.card)
    assert seen.lifetime_points > ENTRIES


async def _card(live: LiveTown, household: str) -> None:
    [kiosk] = await rows(live, "select id, supermarket from kiosk order by id limit 1")
    seen = await card.view_card(live.town, Device(kiosk.id, kiosk.supermarket, 1, b""), digest(parse(live.card)))
    assert seen.balance > ENTRIES


async def _statement(live: LiveTown, household: str) -> None:
    office = Staff(uuid7(), "乡镇办公室", frozenset({Role.OFFICE}), None)
    seen = await read_statement(live.town, office, f"household:{household}", 100, "", None)
    assert len(seen.entries) == 100


async def _redemption(live: LiveTown, household: str) -> None:
    [kiosk] = await rows(live, "select id, supermarket from kiosk order by id limit 1")
    shift = await open_shift(
        live.town, Device(kiosk.id, kiosk.supermarket, live.kiosk.epoch, b""), wire.PinSignIn(pin=live.pin)
    )
    soap = wire.Redemption(card=live.card, lines=[wire.RedemptionLine(product="soap", quantity=1, price=5)])
    request = RedemptionRequest.from_wire(live.kiosk.token, shift.token, uuid7(), soap)
    [facts] = await read_facts(live.town, [request], live.clock.now())
    assert isinstance(decide(request, facts, live.clock.now()), Booking)


@pytest.fixture
async def quiet(server: Embedded, seeded: LiveTown, clock: TravelClock) -> AsyncIterator[LiveTown]:
    """No server beside it, and one connection, so that its counts are the look's."""
    async with cloned(server, SEEDED) as clone:
        database = Database(clone.app, pool_size=1)
        try:
            yield replace(
                seeded, town=replace(seeded.town, database=database, clock=clock), clock=clock, clone=clone
            )
        finally:
            await database.close()


KNOWN = ["", "ledger.transfer", "ledger.transaction"]
"""The one table that the planner knows of before the others, as PostgreSQL comes to know of them by itself; empty
for all."""


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("look", [_page, _card, _statement, _redemption])
async def test_a_look_reads_few_rows(
    quiet: LiveTown, look: Callable[[LiveTown, str], Awaitable[None]], known: str
) -> None:
    own = await _grown_old(quiet)
    await _settled(quiet, known)
    # What was earned lately has to be read one by one, and nothing else.
    quiet.clock.travel(quiet.clock.now() + timedelta(days=100))
    # The first one learns by which policies to reckon.
    await look(quiet, own)
    before = await _rows_read(quiet.town)
    await look(quiet, own)
    assert 0 < await _rows_read(quiet.town) - before < MOST


@pytest.mark.parametrize("known", KNOWN)
async def test_sealing_reads_what_is_new(quiet: LiveTown, known: str) -> None:
    own = await _grown_old(quiet)
    while await seal(quiet.town):
        pass
    await _settled(quiet, known)
    await _post(quiet, [_award(own) for _ in range(AT_ONCE)])
    before = await _rows_read(quiet.town)
    await seal(quiet.town)
    assert AT_ONCE < await _rows_read(quiet.town) - before < 20 * AT_ONCE
    async with quiet.town.unit_of_work() as uow:
        assert await Seals(await uow.session.connection(), uow.township).read_size() > 2 * ENTRIES


async def _grown_old(quiet: LiveTown) -> str:
    """Many entries of two households; gives the code of the one that is looked at."""
    async with quiet.town.unit_of_work() as uow:
        own, other = (
            (await find_card_holder(uow, quiet.card)).code,
            (await find_card_holder(uow, quiet.poor_card)).code,
        )
        policy = Policy(local_date(uow.now), PolicyKind.ROLLING, 1)
        adopted = await (await get_expiries(uow)).adopt(
            accounts.POINTS, policy, uow.now, person="", reason="村民代表会议"
        )
    assert adopted is Status.OK
    for household in (own, other):
        for _ in range(ENTRIES // AT_ONCE):
            quiet.clock.travel(quiet.clock.now() + timedelta(minutes=1))
            await _post(quiet, [_award(household) for _ in range(AT_ONCE)])
    return own


async def _post(live: LiveTown, batch: Sequence[Transaction]) -> None:
    async with live.town.unit_of_work() as uow:
        posted = await uow.books.post(batch, uow.now)
    assert all(posting.status is Status.OK for posting in posted)


def _award(household: str) -> Transaction:
    move = Transfer(accounts.ISSUING.id, accounts.household(household).id, accounts.POINTS, 1)
    return Transaction(TransactionId(uuid7()), "award", Phase.POSTED, (move,))


async def _settled(live: LiveTown, known: str) -> None:
    """As the server leaves its tables after a while; planned as for much larger ones, and for any household."""
    engine = create_async_engine(live.clone.owner, isolation_level="AUTOCOMMIT")
    name = live.clone.owner.database
    # Settings are for new connections.
    await live.town.database.close()
    try:
        async with engine.connect() as connection:
            for setting in ("plan_cache_mode = force_generic_plan", "enable_seqscan = off"):
                await connection.execute(text(f"alter database {name} set {setting}"))
            await connection.execute(text("vacuum ledger.transfer"))
            await connection.execute(text(f"analyze {known}"))
    finally:
        await engine.dispose()


class _Told(msgspec.Struct):
    told: list[Any]


_TELL = ReadQuery(_Told, told=text("select 1 as n from pg_stat_force_next_flush()").columns(column("n")))


async def _rows_read(town: Services) -> int:
    await town.read(_TELL)
    async with town.unit_of_work() as uow:
        await uow.session.execute(text("select pg_stat_force_next_flush()"))
    async with town.unit_of_work() as uow:
        read = await uow.session.scalar(
            text("select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_user_tables")
        )
    return int(read or 0)
