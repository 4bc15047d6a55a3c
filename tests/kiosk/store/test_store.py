"""What is on the kiosk's disk after each step, and after a power cut."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from api.wire.lockout import ATTENDANT_PINS
from api.wire.till_journal import (
    ZERO_HASH,
    Recall,
    ReturnEntry,
    SaleEntry,
    ShiftClosingEntry,
    ShiftOpeningEntry,
    VoidEntry,
)
from kiosk.store import journal
from kiosk.store.facade import Store
from kiosk.store.folder import FILE, StoreError
from kiosk.store.shifts import hash_pin
from tests.kiosk.store.conftest import CHEN, LI, SOAP, TOKENS, WANG, Bench, till


def entries(bench: Bench) -> list[Any]:
    enrolment = bench.store.enrolments.required
    rows = bench.store._database.fetch_all(
        "select body from entry where enrolment = ? order by number", enrolment.id
    )
    return [journal._decode_entry(row) for row in rows]


# --- the folder -------------------------------------------------------------------------------------------


def test_the_folder_is_for_its_owner_alone_and_for_one_program(bench: Bench) -> None:
    assert bench.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(StoreError, match="正被另一个终端程序使用"):
        Store(bench.folder)
    bench.reopen()


def test_a_second_process_is_refused_until_the_first_has_died(bench: Bench) -> None:
    code = "import sys; from pathlib import Path; from kiosk.store.facade import Store; Store(Path(sys.argv[1]))"
    other = [sys.executable, "-c", code, str(bench.folder)]
    refused = subprocess.run(other, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 1
    assert "StoreError" in refused.stderr
    bench.store.close()
    subprocess.run([*other[:2], f"{code}; import os; os.kill(os.getpid(), 9)", other[3]], check=False, timeout=60)
    bench.open()


def test_a_file_of_a_newer_program_is_left_alone(bench: Bench) -> None:
    bench.store.close()
    with sqlite3.connect(bench.folder / FILE) as connection:
        [ours] = connection.execute("pragma user_version").fetchone()
        connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="更新版本"):
        bench.open()
    with sqlite3.connect(bench.folder / FILE) as connection:
        connection.execute(f"pragma user_version = {ours}")
    connection.close()
    bench.open()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="打不开"):
        Store(tmp_path)


def test_commits_are_durable_and_foreign_keys_enforced(bench: Bench) -> None:
    pragmas = {
        p: bench.store._database.fetch_value(f"pragma {p}")
        for p in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


# --- the journal ------------------------------------------------------------------------------------------


def test_entries_are_numbered_chained_and_signed(bench: Bench) -> None:
    bench.lease({WANG: 100})
    redemption = bench.sell()
    bench.store.redemptions.void(redemption, "扫错了卡")
    bench.store.shifts.close()
    enrolment = bench.store.enrolments.required
    public_key = enrolment.key.public_key().public_bytes_raw()
    batch = bench.store.journal.get_next_batch(enrolment)
    assert [type(signed.decode()) for signed in batch] == [
        ShiftOpeningEntry,
        SaleEntry,
        VoidEntry,
        ShiftClosingEntry,
    ]
    assert [signed.number for signed in batch] == [1, 2, 3, 4]
    hashes = [signed.hash(enrolment.kiosk, enrolment.epoch) for signed in batch]
    assert [signed.previous for signed in batch] == [ZERO_HASH, *hashes[:-1]]
    assert all(signed.is_signed_by(public_key, enrolment.kiosk, enrolment.epoch) for signed in batch)


def test_at_most_two_hundred_go_at_once_and_outcomes_are_kept(bench: Bench) -> None:
    bench.lease({WANG: 1300})
    for _ in range(201):
        bench.sell()
    assert bench.store.journal.unsettled_count == 202
    assert len(bench.store.journal.get_next_batch(bench.store.enrolments.required)) == 200
    bench.settle()
    assert bench.store.journal.unsettled_count == 2
    bench.settle()
    assert bench.reopen().journal.unsettled_count == 0
    assert len(entries(bench)) == 202


def test_an_earlier_enrolment_keeps_its_unsent_entries(bench: Bench) -> None:
    bench.lease({WANG: 100})
    bench.sell()
    bench.confirm(sent=True)
    bench.enrol(epoch=2)
    before, now = bench.store.enrolments.list_all()
    assert [each.epoch for each in bench.store.journal.list_unsettled_enrolments()] == [1]
    kinds = [type(signed.decode()) for signed in bench.store.journal.get_next_batch(before)]
    assert kinds == [ShiftOpeningEntry, SaleEntry, VoidEntry, ShiftClosingEntry]
    assert bench.store.journal.get_next_batch(now) == []
    assert bench.store.redemptions.pending is None
    assert bench.store.shifts.current is None
    assert bench.store.leases.get_available(WANG) == 0


@pytest.mark.parametrize(
    ("head", "hash", "current", "reason"),
    [
        (1, "", True, ""),
        (0, "", True, ""),
        (9, "", True, journal.OLD_DISK),
        (1, "e" * 64, True, journal.FORKED),
        (1, "", False, journal.NOT_CURRENT),
    ],
)
def test_a_journal_that_differs_from_the_servers_locks_out_offline_sales(
    bench: Bench, head: int, hash: str, current: bool, reason: str
) -> None:
    bench.lease({WANG: 100}, head=head, hash=hash, current=current)
    assert bench.store.enrolments.required.lockout_reason == reason
    assert bench.reopen().enrolments.required.lockout_reason == reason
    bench.lease({WANG: 100})
    assert bench.store.enrolments.required.lockout_reason == ""


def test_a_restored_server_gets_the_entries_it_lost(bench: Bench) -> None:
    bench.lease({WANG: 100})
    for _ in range(3):
        bench.sell()
    bench.settle()
    assert bench.store.journal.unsettled_count == 0
    bench.lease({WANG: 100}, head=1)
    waiting = bench.store.journal.get_next_batch(bench.store.enrolments.required)
    assert [signed.number for signed in waiting] == [2, 3, 4]
    assert bench.store.leases.get_available(WANG) == 85


def test_a_fork_is_not_sent_again(bench: Bench) -> None:
    bench.lease({WANG: 100})
    bench.sell()
    bench.settle("fork")
    bench.lease({WANG: 100}, head=0)
    assert bench.store.journal.unsettled_count == 0


# --- one redemption ---------------------------------------------------------------------------------------


def test_a_confirmed_redemption_survives_and_its_points_are_reserved(bench: Bench) -> None:
    bench.lease({WANG: 8, LI: 5})
    redemption = bench.confirm(pieces=2, sent=True)
    stored = bench.reopen().redemptions.pending
    assert stored is not None
    assert (stored.cart.id, stored.leased, stored.sent) == (redemption, 8, True)
    assert stored.cart.build_request(8).card == TOKENS[WANG]
    assert (bench.store.leases.get_available(WANG), bench.store.leases.get_available(LI)) == (0, 5)


def test_an_answer_is_one_commit(bench: Bench) -> None:
    bench.lease({WANG: 8})
    redemption = bench.confirm(pieces=2, sent=True)
    bench.store.redemptions.save_answer(bench.receipt(redemption, 2, leased=3))
    store = bench.reopen()
    assert store.redemptions.pending is None
    assert store.leases.get_available(WANG) == 5
    assert store.journal.count_unsettled_points(WANG) == 0
    sold = entries(bench)[-1]
    assert (sold.id, sold.leased, sold.answered, sold.points) == (redemption, 3, True, 10)
    job = store.receipts.get_next_print_job()
    assert job is not None
    assert (job.document.receipt.id, job.document.offline, job.copy) == (redemption, False, 0)


def test_an_answer_for_another_redemption_is_not_accepted(bench: Bench) -> None:
    bench.confirm(sent=True)
    with pytest.raises(ValueError, match="another redemption"):
        bench.store.redemptions.save_answer(bench.receipt(UUID(int=5)))
    assert bench.store.redemptions.pending is not None


def test_a_lease_pays_without_the_server(bench: Bench) -> None:
    bench.lease({WANG: 12})
    bench.store.shelf.save(till(SOAP), bench.store.shelf.get_countable_entries())
    redemption = bench.sell(pieces=2)
    store = bench.reopen()
    assert (store.leases.get_available(WANG), store.journal.count_unsettled_points(WANG)) == (2, 10)
    [stored] = store.redemptions.list_voidable()
    assert (stored.offline, stored.receipt.balance, stored.receipt.leased) == (True, 2, 10)
    sold = entries(bench)[-1]
    assert (sold.id, sold.leased, sold.answered) == (redemption, 10, False)
    with pytest.raises(ValueError, match="cover"):
        bench.sell()


def test_the_card_token_is_deleted_with_the_redemption(bench: Bench) -> None:
    bench.lease({WANG: 12})
    bench.sell()
    bench.store.close()
    with sqlite3.connect(bench.folder / FILE) as connection:
        assert TOKENS[WANG] not in "\n".join(connection.iterdump())
    connection.close()
    bench.open()


def test_giving_up_writes_off_only_what_may_have_reached_the_server(bench: Bench) -> None:
    bench.lease({WANG: 12})
    bench.confirm()
    bench.store.redemptions.give_up()
    assert len(entries(bench)) == 1
    redemption = bench.confirm(sent=True)
    bench.store.redemptions.give_up()
    assert entries(bench)[-1].id == redemption
    assert bench.store.leases.get_available(WANG) == 12
    assert bench.store.redemptions.pending is None


@pytest.mark.parametrize(
    "step", ["confirm", "answer", "redeem by lease", "give up", "void", "withdraw", "shift closed", "leases"]
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_each_step_is_atomic(bench: Bench, step: str, moment: str) -> None:
    class PowerCut(BaseException):
        pass

    def cut(point: str) -> None:
        if point == f"{moment} {step}":
            raise PowerCut

    bench.lease({WANG: 100})
    sold = bench.sell()
    if step not in ("confirm", "void", "shift closed", "leases"):
        redemption = bench.confirm(sent=True)
    before = snapshot(bench)
    redemptions = bench.store.redemptions
    steps: dict[str, Callable[[], object]] = {
        "confirm": bench.confirm,
        "answer": lambda: redemptions.save_answer(bench.receipt(redemption)),
        "redeem by lease": lambda: redemptions.redeem_by_lease(sure=False),
        "give up": redemptions.give_up,
        "void": lambda: redemptions.void(sold, "扫错了卡"),
        "withdraw": redemptions.withdraw,
        "shift closed": bench.store.shifts.close,
        "leases": lambda: bench.lease({WANG: 90}, give_back=10),
    }
    bench.fault_hook = cut
    with pytest.raises(PowerCut):
        steps[step]()
    bench.fault_hook = lambda point: None
    bench.reopen()
    assert (snapshot(bench) == before) == (moment == "before")
    check_chain(bench)


def snapshot(bench: Bench) -> list[str]:
    bench.store.close()
    with sqlite3.connect(bench.folder / FILE) as connection:
        dump = [line for line in connection.iterdump() if '"clock"' not in line]
    connection.close()
    bench.open()
    return dump


def check_chain(bench: Bench) -> None:
    enrolment = bench.store.enrolments.required
    batch = bench.store.journal.get_next_batch(enrolment)
    hashes = [signed.hash(enrolment.kiosk, enrolment.epoch) for signed in batch]
    assert [signed.previous for signed in batch] == [ZERO_HASH, *hashes[:-1]]


# --- leases -----------------------------------------------------------------------------------------------


def test_an_answer_includes_the_entries_up_to_its_head(bench: Bench) -> None:
    bench.lease({WANG: 100})
    bench.sell()
    bench.sell()
    bench.lease({WANG: 95}, head=2)
    assert bench.store.leases.get_available(WANG) == 90
    bench.lease({WANG: 90})
    assert bench.store.leases.get_available(WANG) == 90


@pytest.mark.parametrize(("sure", "available"), [(True, 100), (False, 95)])
def test_a_void_gives_back_points_only_this_kiosk_knows_of(bench: Bench, sure: bool, available: int) -> None:
    bench.lease({WANG: 100})
    redemption = bench.sell(sure=sure)
    bench.store.redemptions.void(redemption, "住户不要了")
    assert bench.store.leases.get_available(WANG) == available
    assert bench.store.journal.count_unsettled_points(WANG) == 0


def test_points_wanted_elsewhere_are_returned_by_an_entry(bench: Bench) -> None:
    bench.lease({WANG: 100}, give_back=30)
    returned = entries(bench)[-1]
    assert isinstance(returned, ReturnEntry)
    assert (returned.household, returned.points) == (WANG, 30)
    assert bench.store.leases.get_available(WANG) == 70


def test_no_more_is_returned_than_is_available(bench: Bench) -> None:
    bench.lease({WANG: 10})
    bench.confirm(pieces=2)
    bench.lease({WANG: 12}, give_back=12)
    assert entries(bench)[-1].points == 2
    assert bench.store.leases.get_available(WANG) == 0


def test_a_lost_answer_costs_nothing(bench: Bench) -> None:
    bench.lease({WANG: 100})
    bench.sell()
    # The server topped up to 120 and its answer was lost; the next one has the whole amount.
    bench.lease({WANG: 120}, head=1)
    assert bench.store.leases.get_available(WANG) == 115


def test_a_household_that_moved_away_has_no_lease_any_more(bench: Bench) -> None:
    bench.lease({WANG: 100, LI: 50})
    bench.lease({LI: 50})
    assert (bench.store.leases.get_available(WANG), bench.store.leases.get_available(LI)) == (0, 50)
    assert bench.store.leases.find(WANG) is None


# --- time -------------------------------------------------------------------------------------------------


def test_a_lease_expires_and_stays_expired_when_the_clock_is_set_back(bench: Bench) -> None:
    start = bench.time
    bench.lease({WANG: 100})
    assert not bench.store.leases.expired
    bench.time = start + timedelta(days=8)
    assert bench.store.leases.expired
    bench.sell()
    bench.time = start
    assert bench.store.leases.expired
    assert bench.reopen().leases.expired


def test_a_clock_set_forward_is_put_right_by_the_server(bench: Bench) -> None:
    start = bench.time
    bench.lease({WANG: 100})
    bench.time = start + timedelta(days=400)
    assert bench.store.leases.expired
    bench.sell()
    bench.lease({WANG: 95}, now=start)
    store = bench.reopen()
    assert not store.leases.expired
    assert abs(store.clock.now() - start) < timedelta(minutes=1)
    bench.time += timedelta(days=8)
    assert store.leases.expired


def test_time_goes_on_from_the_latest_known(bench: Bench) -> None:
    latest = bench.time = bench.time + timedelta(days=3)
    bench.lease({WANG: 100})
    bench.time = latest - timedelta(days=3000)
    seen = []
    for _ in range(3):
        seen.append(bench.reopen().clock.now())
        bench.store.save_time()
    assert latest <= seen[0] <= seen[1] <= seen[2] < latest + timedelta(minutes=1)


# --- shelf, shifts, PINs, receipts, enrolment ---------------------------------------------------------------


def stock(bench: Bench) -> int:
    shown = bench.store.shelf.till
    assert shown is not None
    return shown.shelf[0].stock


def test_the_shelf_counts_what_the_server_does_not_know_yet(bench: Bench) -> None:
    bench.lease({WANG: 100})
    bench.store.shelf.save(till(SOAP), bench.store.shelf.get_countable_entries())
    first = bench.sell(pieces=2)
    bench.sell(pieces=3)
    assert stock(bench) == 5
    counted = bench.store.shelf.get_countable_entries()
    bench.settle()
    # Requested before the entries were settled: the answer doesn't take them into account.
    bench.store.shelf.save(till(SOAP), counted)
    assert stock(bench) == 5
    bench.store.shelf.save(till(msgspec.structs.replace(SOAP, stock=5)), bench.store.shelf.get_countable_entries())
    assert stock(bench) == 5
    bench.store.redemptions.void(first, "住户不要了")
    assert stock(bench) == 7
    bench.settle()
    bench.store.shelf.save(till(msgspec.structs.replace(SOAP, stock=7)), bench.store.shelf.get_countable_entries())
    assert stock(bench) == 7


def test_an_answered_redemption_is_off_the_shelf_at_once(bench: Bench) -> None:
    bench.store.shelf.save(till(SOAP), bench.store.shelf.get_countable_entries())
    redemption = bench.confirm(sent=True)
    bench.store.redemptions.save_answer(bench.receipt(redemption))
    assert stock(bench) == 9
    bench.store.shelf.save(till(msgspec.structs.replace(SOAP, stock=9)), bench.store.shelf.get_countable_entries())
    assert stock(bench) == 9


def test_the_report_of_a_shift(bench: Bench) -> None:
    bench.lease({WANG: 100})
    voided = bench.sell(pieces=2)
    bench.sell(pieces=3)
    redemption = bench.confirm(sent=True)
    bench.store.redemptions.save_answer(bench.receipt(redemption))
    bench.confirm(sent=True)
    bench.store.redemptions.give_up()
    bench.store.redemptions.void(voided, "数量不对")
    shift = bench.store.shifts.required.id
    bench.store.shifts.close()
    closed = entries(bench)[-1]
    report = bench.store.shifts.build_report(shift)
    assert closed.report == report
    assert (report.redemptions, report.points, report.voids, report.voided_points) == (2, 20, 1, 10)
    assert report.offline == 1
    assert [(g.product, g.quantity) for g in report.goods] == [("soap", 4)]
    assert bench.reopen().shifts.current is None


def test_the_next_shift_closes_the_one_before(bench: Bench) -> None:
    bench.sign_in()
    assert [type(entry) for entry in entries(bench)] == [ShiftOpeningEntry, ShiftClosingEntry, ShiftOpeningEntry]


def test_wrong_pins_of_an_attendant_lock_also_after_a_restart(bench: Bench) -> None:
    for _ in range(ATTENDANT_PINS.max_failures):
        assert not bench.store.shifts.is_pin_locked(CHEN)
        bench.store.shifts.count_wrong_pin(CHEN)
        bench.reopen()
    assert bench.store.shifts.is_pin_locked(CHEN)
    assert not bench.store.shifts.is_pin_locked(UUID(int=98))
    assert not bench.store.shifts.is_pin_locked(None)
    bench.sign_in()
    assert bench.store.shifts.is_pin_locked(CHEN)
    bench.time += ATTENDANT_PINS.duration + timedelta(minutes=1)
    assert not bench.store.shifts.is_pin_locked(CHEN)
    bench.store.shifts.count_wrong_pin(CHEN)
    assert bench.store.shifts.is_pin_locked(CHEN)


def test_an_attendant_is_known_by_the_hash_of_a_pin(bench: Bench) -> None:
    shift = bench.sign_in()
    bench.store.shifts.open(msgspec.structs.replace(shift, id=UUID(int=3)), hash_pin("2468"))
    [known] = bench.reopen().shifts.list_known_attendants()
    assert known.id == CHEN
    assert known.verify_pin("2468")
    assert not known.verify_pin("2469")
    bench.store.shifts.open_offline(known)
    assert bench.store.shifts.required.attendant == CHEN


def test_print_jobs_wait_until_sent_and_reprints_are_numbered(bench: Bench) -> None:
    bench.lease({WANG: 100})
    first, second = bench.sell(), bench.sell()
    receipts = bench.reopen().receipts
    job = receipts.get_next_print_job()
    assert job is not None
    assert (job.document.receipt.id, job.copy) == (first, 0)
    receipts.mark_sent(job)
    receipts.reprint(first)
    receipts.reprint(first)
    jobs = []
    while (job := receipts.get_next_print_job()) is not None:
        jobs.append((job.document.receipt.id, job.copy))
        receipts.mark_sent(job)
    assert jobs == [(second, 0), (first, 1), (first, 2)]


def test_the_key_is_kept_before_the_code_is_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "kiosk")
    bench.open()
    first = bench.store.enrolments.begin("http://jimei.example", "abcd-efgh-jkmo")
    store = bench.reopen()
    assert store.enrolments.current is None
    assert store.enrolments.get_unfinished_code() == "ABCDEFGHJKM0"
    again = store.enrolments.begin("http://jimei.example", "ABCD EFGH JKM0")
    assert again.request == first.request
    other = store.enrolments.begin("http://jimei.example", "000000000000")
    assert other.request.public_key != first.request.public_key
    bench.enrol(code="000000000000")
    assert bench.reopen().enrolments.get_unfinished_code() == ""
    bench.store.close()


def test_a_server_that_moved_is_found_for_earlier_enrolments_too(bench: Bench) -> None:
    bench.enrol(epoch=2)
    bench.store.enrolments.change_server("http://elsewhere.example")
    assert {each.server for each in bench.reopen().enrolments.list_all()} == {"http://elsewhere.example"}


# --- recalls --------------------------------------------------------------------------------------------


def returned(bench: Bench) -> list[int]:
    enrolment = bench.store.enrolments.required
    entries = [signed.decode() for signed in bench.store.journal.get_next_batch(enrolment)]
    return [entry.points for entry in entries if isinstance(entry, ReturnEntry)]


def test_a_recall_is_answered_once(bench: Bench) -> None:
    bench.lease({WANG: 61})
    recalls = [Recall(household=WANG, points=61)]
    assert bench.store.leases.return_recalled(recalls)
    # Told again after a power cut, before the entry was uploaded.
    assert bench.reopen().leases.return_recalled(recalls)
    assert returned(bench) == [61]
    assert bench.store.leases.get_available(WANG) == 0


def test_only_what_can_be_spared_is_returned(bench: Bench) -> None:
    """Neither what was sold without the network nor what is about to be."""
    bench.lease({WANG: 61, LI: 5})
    bench.sell(WANG, pieces=2)
    bench.confirm(WANG, pieces=4)
    assert bench.store.leases.return_recalled([Recall(household=WANG, points=61), Recall(household=LI, points=2)])
    assert returned(bench) == [31, 2]
    bench.store.redemptions.redeem_by_lease(sure=True)
    assert bench.store.leases.get_available(WANG) == 0


def test_a_power_cut_returns_all_or_nothing(bench: Bench) -> None:
    class PowerCut(BaseException):
        pass

    bench.lease({WANG: 61})

    def cut(point: str) -> None:
        if point == "before recalled":
            raise PowerCut

    bench.fault_hook = cut
    with pytest.raises(PowerCut):
        bench.store.leases.return_recalled([Recall(household=WANG, points=61)])
    bench.fault_hook = lambda point: None
    assert bench.reopen().leases.get_available(WANG) == 61
    assert returned(bench) == []


def test_more_is_wanted_than_the_kiosk_knows_of(bench: Bench) -> None:
    """The answer to its last request for leases was lost."""
    bench.lease({WANG: 20})
    assert not bench.store.leases.return_recalled([Recall(household=WANG, points=61)])
    assert returned(bench) == [20]
