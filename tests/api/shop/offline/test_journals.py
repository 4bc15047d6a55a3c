"""Journals are received signed and without gaps; each entry counts once, and two of one number are both stored."""

from __future__ import annotations

import asyncio
import re
from uuid import UUID

import msgspec
from sqlalchemy import text
from uuid_utils.compat import uuid7

from api.platform.database.sql_files import REVISIONS
from tests.api.asking import problem, rows, standing
from tests.api.shop.offline.till import Till, read_account, read_escrow
from tests.databases import owner_engine

STATUS = "select status from kiosk_journal_entry order by number, status"


async def test_a_wrong_signature_stores_nothing(till: Till, household: UUID) -> None:
    sold = till.write_sale(till.town.card, household, ("soap", 1))
    forged = msgspec.structs.replace(sold, body=sold.body.replace('"quantity":1', '"quantity":2'))
    extra = problem(await till.upload([till.entries[0], forged]), 400, "signature-wrong")
    assert extra == {"number": 2}
    # The entries before it are settled.
    assert await rows(till.town, STATUS) == [("known",)]
    # Signed for another kiosk, or for another epoch, is not signed.
    stranger = msgspec.structs.replace(sold, signature=till.machine.key.sign(b"something else").hex())
    problem(await till.upload([stranger]), 400, "signature-wrong")


async def test_nobody_uploads_for_a_machine_that_was_never_enrolled(till: Till) -> None:
    till.machine.epoch = 2
    problem(await till.upload(), 404, "unknown")
    till.machine.epoch = 1
    for entries in ([], till.entries * 201):
        problem(await till.upload(entries), 400, "malformed")


async def test_a_gap_is_refused_with_the_number_expected(till: Till, household: UUID) -> None:
    await till.renew()
    for _ in range(3):
        till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    extra = problem(await till.upload(till.entries[2:]), 409, "journal-gap")
    assert extra == {"expected": 1}
    problem(await till.upload([till.entries[0], till.entries[2]]), 409, "journal-gap")
    settlement = await till.settle(till.entries[1:])
    assert (settlement.head, settlement.hash) == (4, till.entries[-1].hash(till.id, 1))
    assert [o.status for o in settlement.outcomes] == ["settled"] * 3


async def test_an_upload_repeated_ten_times_counts_once(till: Till, household: UUID) -> None:
    await till.renew()
    sold = uuid7()
    till.write_sale(till.town.card, household, ("laundry", 1), leased=20, id=sold)
    till.write_void(sold)
    till.write_sale(till.town.card, household, ("soap", 2), leased=10)
    till.write_return(household, 15)
    first = await till.settle()
    after = await standing(till.town)
    for _ in range(9):
        again = await till.settle()
        assert (again.head, again.hash, again.outcomes) == (first.head, first.hash, first.outcomes)
    assert await standing(till.town) == after
    assert await read_escrow(till.town, till, "hp-1") == 75
    assert await read_account(till.town, "household:hp-1") == 15


async def test_uploads_interrupted_anywhere_have_the_same_result(till: Till, household: UUID) -> None:
    """Interrupted after each entry, and then retried from the start."""
    await till.renew()
    for _ in range(4):
        till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    for cut in range(1, len(till.entries) + 1):
        assert (await till.settle(till.entries[:cut])).head == cut
        assert (await till.settle(till.entries[max(cut - 2, 0) : cut])).head == cut
    assert await read_escrow(till.town, till, "hp-1") == 80


async def test_two_uploads_at_once_settle_each_entry_once(till: Till, household: UUID) -> None:
    await till.renew()
    for _ in range(6):
        till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    answers = await asyncio.gather(*(till.settle() for _ in range(4)))
    assert len({msgspec.json.encode(answer.outcomes) for answer in answers}) == 1
    assert await read_escrow(till.town, till, "hp-1") == 70
    assert await rows(till.town, "select count(*) from kiosk_journal_entry") == [(7,)]


async def test_a_cloned_machine_is_a_fork_and_all_entries_are_stored(till: Till, household: UUID) -> None:
    await till.renew()
    twin = till.clone()
    till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    twin.write_sale(till.town.card, household, ("laundry", 1), leased=20)
    assert await till.settle_statuses() == ["known", "settled"]
    settlement = await twin.settle()
    assert [o.status for o in settlement.outcomes] == ["known", "fork"]
    assert (settlement.head, settlement.current) == (2, False)
    assert settlement.hash == till.entries[-1].hash(till.id, 1)
    assert await twin.settle_statuses() == ["known", "fork"]
    assert await read_escrow(till.town, till, "hp-1") == 95
    # Both go on: nothing of it is settled automatically, all of it is stored.
    twin.write_sale(till.town.card, household, ("soap", 1), leased=5)
    twin.write_return(household, 1)
    assert await twin.settle_statuses() == ["known", "fork", "fork", "fork"]
    till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    assert await till.settle_statuses() == ["known", "settled", "late"]
    assert await read_escrow(till.town, till, "hp-1") == 95
    assert len(await rows(till.town, STATUS)) == 6


async def test_a_restored_old_disk_is_a_fork(till: Till, household: UUID) -> None:
    await till.renew()
    old = till.clone()
    till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    await till.settle()
    # It doesn't know yet that the server is ahead of it.
    assert (await old.renew()).head == 3
    old.write_sale(till.town.card, household, ("laundry", 1), leased=20)
    assert await old.settle_statuses() == ["known", "fork"]
    assert await read_escrow(till.town, till, "hp-1") == 90


async def test_what_it_then_redeemed_online_counts_and_its_entry_is_a_fork(till: Till, household: UUID) -> None:
    old = till.clone()
    till.write_return(household, 1)
    await till.settle()
    id = uuid7()
    (await old.redeem(id, till.town.card, ("soap", 1))).raise_for_status()
    old.write_sale(till.town.card, household, ("soap", 1), answered=True, id=id)
    assert await old.settle_statuses() == ["known", "fork"]
    assert await read_account(till.town, "household:hp-1") == 95


async def test_an_entry_that_cannot_be_decoded_is_stored_and_the_rest_settled(till: Till, household: UUID) -> None:
    await till.renew()
    bodies = (
        '{"type":"weighed","at":"2026-06-15T02:00:00Z"}',
        "{}",
        # A time without a zone.
        f'{{"type":"returned","at":"2026-06-15T02:00:00","household":"{household}","points":1}}',
    )
    for body in bodies:
        till.write_text(body)
    # A text that the database couldn't store is made visible.
    till.write_void(uuid7(), "\0")
    till.write_sale(till.town.card, household, ("soap", 1), leased=5)
    assert await till.settle_statuses() == ["known", *["exception"] * len(bodies), "settled", "settled"]


async def test_a_conflict_with_another_kiosks_data_is_left_to_a_person(till: Till) -> None:
    """A shift token that exists already must not block the journal for good."""
    till.shift = uuid7()
    till.write_opening()
    till.write_return(uuid7(), 1)
    assert await till.settle_statuses() == ["known", "exception", "exception"]


async def test_a_database_of_before_knows_in_which_shift_each_journal_is(till: Till) -> None:
    """As the revision finds it out that first keeps it."""
    town = till.town
    script = REVISIONS.joinpath("versions", "1002_mends", "kiosk_words.sql").read_text(encoding="utf-8")
    [upgrade] = re.findall(r"^update kiosk_enrolment.*?;", script, re.DOTALL | re.MULTILINE)
    kept = "select open_shift from kiosk_enrolment where kiosk = :kiosk"
    await till.sign_in()
    for closed in (False, True):
        if closed:
            till.write_closing()
        await till.settle()
        known = await rows(town, kept, kiosk=till.id)
        assert known == [(None if closed else till.shift,)]
        async with owner_engine(town.clone).begin() as connection:
            await connection.execute(text("update kiosk_enrolment set open_shift = null"))
            await connection.exec_driver_sql(upgrade)
        assert await rows(town, kept, kiosk=till.id) == known
