"""A journal comes in whole: signed, without gaps, each entry once, and two of one number are both kept."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from tests.api.asking import problem, rows, standing
from tests.api.shop.offline.till import Till, account, held

STATUS = "select status from kiosk_journal_entry order by number, status"


async def test_a_wrong_signature_stores_nothing(till: Till, household: UUID) -> None:
    sold = till.sold(till.town.card, household, ("soap", 1))
    forged = msgspec.structs.replace(sold, body=sold.body.replace('"quantity":1', '"quantity":2'))
    extra = problem(await till.upload([till.written[0], forged]), 400, "signature-wrong")
    assert extra == {"number": 2}
    # What stood before it is settled.
    assert await rows(till.town, STATUS) == [("known",)]
    # Signed for another kiosk, or for another epoch, is not signed.
    stranger = msgspec.structs.replace(sold, signature=till.machine.key.sign(b"something else").hex())
    problem(await till.upload([stranger]), 400, "signature-wrong")


async def test_nobody_uploads_for_a_machine_that_was_never_enrolled(till: Till) -> None:
    till.machine.epoch = 2
    problem(await till.upload(), 404, "unknown")
    till.machine.epoch = 1
    for entries in ([], till.written * 201):
        problem(await till.upload(entries), 400, "malformed")


async def test_a_gap_is_asked_for(till: Till, household: UUID) -> None:
    await till.renew()
    for _ in range(3):
        till.sold(till.town.card, household, ("soap", 1), leased=5)
    extra = problem(await till.upload(till.written[2:]), 409, "journal-gap")
    assert extra == {"expected": 1}
    problem(await till.upload([till.written[0], till.written[2]]), 409, "journal-gap")
    settlement = await till.settle(till.written[1:])
    assert (settlement.head, settlement.hash) == (4, till.written[-1].hash(till.id, 1))
    assert [o.status for o in settlement.outcomes] == ["settled"] * 3


async def test_an_upload_ten_times_over_counts_once(till: Till, household: UUID) -> None:
    await till.renew()
    sold = uuid7()
    till.sold(till.town.card, household, ("laundry", 1), leased=20, id=sold)
    till.voided(sold)
    till.sold(till.town.card, household, ("soap", 2), leased=10)
    till.returned(household, 15)
    first = await till.settle()
    after = await standing(till.town)
    for _ in range(9):
        again = await till.settle()
        assert (again.head, again.hash, again.outcomes) == (first.head, first.hash, first.outcomes)
    assert await standing(till.town) == after
    assert await held(till.town, till, "hp-1") == 75
    assert await account(till.town, "household:hp-1") == 15


async def test_uploads_cut_anywhere_come_to_the_same(till: Till, household: UUID) -> None:
    """Each way of cutting it, the piece before the cut sent again with the rest."""
    await till.renew()
    for _ in range(4):
        till.sold(till.town.card, household, ("soap", 1), leased=5)
    for cut in range(1, len(till.written) + 1):
        assert (await till.settle(till.written[:cut])).head == cut
        assert (await till.settle(till.written[max(cut - 2, 0) : cut])).head == cut
    assert await held(till.town, till, "hp-1") == 80


async def test_two_uploads_at_once_settle_each_entry_once(till: Till, household: UUID) -> None:
    await till.renew()
    for _ in range(6):
        till.sold(till.town.card, household, ("soap", 1), leased=5)
    answers = await asyncio.gather(*(till.settle() for _ in range(4)))
    assert len({msgspec.json.encode(answer.outcomes) for answer in answers}) == 1
    assert await held(till.town, till, "hp-1") == 70
    assert await rows(till.town, "select count(*) from kiosk_journal_entry") == [(7,)]


async def test_a_copied_folder_is_a_fork_and_both_tellings_are_kept(till: Till, household: UUID) -> None:
    await till.renew()
    twin = till.copy()
    till.sold(till.town.card, household, ("soap", 1), leased=5)
    twin.sold(till.town.card, household, ("laundry", 1), leased=20)
    assert await till.statuses() == ["known", "settled"]
    settlement = await twin.settle()
    assert [o.status for o in settlement.outcomes] == ["known", "fork"]
    assert (settlement.head, settlement.current) == (2, False)
    assert settlement.hash == till.written[-1].hash(till.id, 1)
    assert await twin.statuses() == ["known", "fork"]
    assert await held(till.town, till, "hp-1") == 95
    # The fork goes on, and so does the first one: nothing counts any more by itself, all of it is kept.
    twin.sold(till.town.card, household, ("soap", 1), leased=5)
    twin.returned(household, 1)
    assert await twin.statuses() == ["known", "fork", "fork", "fork"]
    till.sold(till.town.card, household, ("soap", 1), leased=5)
    assert await till.statuses() == ["known", "settled", "late"]
    assert await held(till.town, till, "hp-1") == 95
    assert len(await rows(till.town, STATUS)) == 6


async def test_a_disk_set_back_is_a_fork(till: Till, household: UUID) -> None:
    await till.renew()
    old = till.copy()
    till.sold(till.town.card, household, ("soap", 1), leased=5)
    till.sold(till.town.card, household, ("soap", 1), leased=5)
    await till.settle()
    # Before it knows: the server is ahead of it.
    assert (await old.renew()).head == 3
    old.sold(till.town.card, household, ("laundry", 1), leased=20)
    assert await old.statuses() == ["known", "fork"]
    assert await held(till.town, till, "hp-1") == 90


async def test_what_it_redeemed_online_since_then_counts_and_its_entry_is_a_fork(
    till: Till, household: UUID
) -> None:
    old = till.copy()
    till.returned(household, 1)
    await till.settle()
    id = uuid7()
    (await old.redeem(id, till.town.card, ("soap", 1))).raise_for_status()
    old.sold(till.town.card, household, ("soap", 1), answered=True, id=id)
    assert await old.statuses() == ["known", "fork"]
    assert await account(till.town, "household:hp-1") == 95


async def test_what_an_old_server_cannot_read_is_kept_and_the_rest_settled(till: Till, household: UUID) -> None:
    await till.renew()
    bodies = (
        '{"type":"weighed","at":"2026-06-15T02:00:00Z"}',
        "{}",
        # A moment without its zone, a text that no database can hold.
        f'{{"type":"returned","at":"2026-06-15T02:00:00","household":"{household}","points":1}}',
        f'{{"type":"voided","at":"2026-06-15T02:00:00Z","id":"{uuid7()}","shift":"{till.shift}",'
        f'"attendant":"{till.attendant}","reason":"\\u0000"}}',
    )
    for body in bodies:
        till.write_text(body)
    till.sold(till.town.card, household, ("soap", 1), leased=5)
    assert await till.statuses() == ["known", *["exception"] * len(bodies), "settled"]


async def test_what_clashes_with_another_kiosks_record_is_kept_for_a_person(till: Till) -> None:
    """A shift's secret that is taken already must not stop the journal for good."""
    till.shift = uuid7()
    till.opened()
    till.returned(uuid7(), 1)
    assert await till.statuses() == ["known", "exception", "exception"]
