"""Receipts are printed in the background; a missing printer stops no redemption; a slip sent twice is marked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from api.bookkeeping.seals.use_cases import read_head, seal
from kiosk.printing.slip import REPRINT
from tests.kiosk.conftest import FakePrinter, OpenTill, Till

SOAP = "肥皂"


async def sell(town: Any, till: Till, number: str) -> None:
    await till.show_card(town.card)
    await till.press(number)
    await till.until(lambda: till.app.session.cart)
    await till.press("f2")
    await till.until(lambda: till.screen == "ReceiptScreen")


async def test_a_receipt_is_printed_and_reprinted_with_a_mark(
    town: Any, open_till: OpenTill, numbers: Any, printer: FakePrinter
) -> None:
    async with open_till(printer=printer) as till:
        await sell(town, till, numbers[SOAP])
        await till.until(lambda: len(printer.slips) == 1)
        assert SOAP in printer.slips[0]
        assert REPRINT not in printer.slips[0]
        await till.sees("请把物品交给住户；收据没有打出来，请按 F5 补打")
        await till.press("f5")
        await till.until(lambda: len(printer.slips) == 2)
        assert printer.slips[1].count(REPRINT) >= 2
        assert till.screen == "ReceiptScreen"


async def test_a_receipt_has_the_seal_known_then(
    town: Any, open_till: OpenTill, numbers: Any, printer: FakePrinter
) -> None:
    """A reprint has the same seal, whatever was sealed since: it is compared with the notice of that day."""
    async with open_till(printer=printer) as till:
        while await seal(town.town):
            pass
        first = await read_head(town.town)
        [_, size, root, *_] = first.note.splitlines()
        await till.app.counter.sync.catch_up()
        await sell(town, till, numbers[SOAP])
        await till.until(lambda: printer.slips)
        assert f"账本封印{f'{size} {root[:8]}':>24}" in printer.slips[0]
        town.clock.travel(town.clock.now() + timedelta(hours=2))
        while await seal(town.town):
            pass
        assert (await read_head(town.town)).size > first.size
        await till.app.counter.sync.catch_up()
        await till.press("f5")
        await till.until(lambda: len(printer.slips) == 2)
        assert f"{size} {root[:8]}" in printer.slips[1]


async def test_a_missing_printer_stops_no_redemption_and_catches_up(
    town: Any, open_till: OpenTill, numbers: Any, printer: FakePrinter
) -> None:
    printer.offline = True
    async with open_till(printer=printer) as till:
        await sell(town, till, numbers[SOAP])
        await till.sees_refusal("打印机没有反应")
        await till.press("escape")
        await sell(town, till, numbers[SOAP])
        printer.offline = False
        await till.until(lambda: len(printer.slips) == 2)
        assert not any(REPRINT in slip for slip in printer.slips)


async def test_a_slip_that_broke_off_is_marked_when_sent_again(
    town: Any, open_till: OpenTill, numbers: Any, printer: FakePrinter
) -> None:
    printer.breaks_off = True
    async with open_till(printer=printer) as till:
        await sell(town, till, numbers[SOAP])
        await till.sees_refusal("打印机中途断开")
        printer.breaks_off = False
        await till.until(lambda: printer.slips)
        assert REPRINT in printer.slips[0]


async def test_a_slip_being_sent_during_a_power_cut_is_marked(
    town: Any, open_till: OpenTill, numbers: Any, printer: FakePrinter, tmp_path: Path
) -> None:
    """It may be on paper already."""
    folder = tmp_path / "kiosk"

    hanging = FakePrinter()
    hanging.breaks_off = True
    async with open_till(printer=hanging, folder=folder) as till:
        await sell(town, till, numbers[SOAP])
        await till.sees_refusal("打印机中途断开")
    async with open_till(printer=printer, folder=folder) as till:
        await till.until(lambda: printer.slips)
        assert REPRINT in printer.slips[0]


async def test_old_receipts_are_not_printed_automatically(
    town: Any, open_till: OpenTill, numbers: Any, printer: FakePrinter, tmp_path: Path
) -> None:
    folder = tmp_path / "kiosk"
    async with open_till(folder=folder) as till:
        await sell(town, till, numbers[SOAP])
    town.clock.travel(town.clock.now() + timedelta(hours=1))
    async with open_till(printer=printer, folder=folder) as till:
        await sell(town, till, numbers[SOAP])
        await till.until(lambda: printer.slips)
        await till.until(lambda: till.store.receipts.get_next_print_job() is None)
        assert len(printer.slips) == 1


async def test_without_a_printer_a_reprint_is_declined(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till() as till:
        await sell(town, till, numbers[SOAP])
        await till.press("f5")
        await till.sees_refusal("没有设置打印机")


async def test_a_shift_report_is_printed(
    town: Any, open_till: OpenTill, numbers: Any, printer: FakePrinter
) -> None:
    async with open_till(printer=printer) as till:
        await sell(town, till, numbers[SOAP])
        await till.until(lambda: len(printer.slips) == 1)
        await till.press("escape")
        await till.press("f10", "f2")
        await till.until(lambda: till.screen == "ShiftReportScreen")
        await till.sees("全部上传")
        printer.offline = True
        await till.press("f5")
        await till.sees_refusal("打印机没有反应")
        printer.offline = False
        await till.press("f5")
        await till.sees("报表已发送打印")
        assert "交班报表" in printer.slips[1]
        assert "1 笔  5 分" in printer.slips[1]
        assert SOAP in printer.slips[1]
