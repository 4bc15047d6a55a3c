"""A delivery written down at the desk by scanning: a line for each scan, perhaps with how many before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.shop.stock.tables import ProductBarcode
from api.wire.barcode import WrongCheckDigit, lookup_form
from api.wire.goods import RestockLine
from api.wire.gs1 import GoodsScan, NoProduct, NotReadWhole, read_goods

_LINE = re.compile(r"(?:([0-9]{1,5})\s*[ x×*]\s*)?(\S.*)")


@dataclass(frozen=True, slots=True)
class Pack:
    """What a code stands for."""

    product: str
    pieces: int


async def read_delivery(services: Services, text: str) -> list[RestockLine]:
    """The lines of a delivery in what was scanned. Raises Refused: malformed, barcode-wrong, unknown."""
    today = local_date(services.clock.now())
    scans = read_scans(text, today)
    if not scans:
        raise Refused(ErrorCode.MALFORMED, "还没有扫到商品：请在框里一行扫一个码。")
    async with services.unit_of_work() as uow:
        rows = await uow.session.execute(
            select(ProductBarcode.barcode, ProductBarcode.product, ProductBarcode.pieces).where(
                ProductBarcode.township == uow.township
            )
        )
        packs = {lookup_form(barcode): Pack(product, pieces) for barcode, product, pieces in rows}
    return build_lines(scans, packs)


def read_scans(text: str, today: date) -> list[tuple[int, GoodsScan]]:
    """How many of what, line by line. Raises Refused: barcode-wrong."""
    scans = []
    for number, line in enumerate(text.splitlines(), start=1):
        found = _LINE.fullmatch(line.strip())
        if found is None:
            continue
        try:
            scan = read_goods(found[2], today)
        except (WrongCheckDigit, NotReadWhole, NoProduct):
            scan = None
        if scan is None:
            raise Refused(ErrorCode.BARCODE_WRONG, f"第 {number} 行不是商品条码，或没有读对，请重扫这一行。")
        scans.append((int(found[1] or 1), scan))
    return scans


def build_lines(scans: Sequence[tuple[int, GoodsScan]], packs: Mapping[str, Pack]) -> list[RestockLine]:
    """One for each product, lot and date. Raises Refused: unknown, malformed."""
    pieces: Counter[tuple[str, str, date | None]] = Counter()
    for times, scan in scans:
        pack = packs.get(scan.barcode) or packs.get(scan.own_code)
        if pack is None:
            raise Refused(ErrorCode.UNKNOWN, f"条码 {scan.barcode} 还没有登记给哪样物品，请先登记。")
        pieces[pack.product, scan.lot, scan.sell_by] += times * pack.pieces * scan.count
    if any(not 0 < count <= 1_000_000 for count in pieces.values()) or len(pieces) > 200:
        raise Refused(ErrorCode.MALFORMED, "一次最多登记 200 行，每行 1 到 1000000 件。")
    return [
        RestockLine(product=product, quantity=count, lot=lot, sell_by=sell_by)
        for (product, lot, sell_by), count in pieces.items()
    ]
