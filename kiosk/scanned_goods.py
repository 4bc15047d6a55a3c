"""The goods on the shelf that a scanned code is of."""

from __future__ import annotations

from collections.abc import Sequence

from api.wire import ShelfItem
from api.wire.barcode import find_unit, lookup_form
from api.wire.goods import PackBarcode
from api.wire.gs1 import GoodsScan
from kiosk.errors import Declined
from kiosk.language import _


def find_scanned(shelf: Sequence[ShelfItem], scan: GoodsScan) -> tuple[ShelfItem, int] | None:
    """The product of a scanned code, and how many of it the code stands for; None for one that isn't on the
    shelf. Raises Declined where it can't be told."""
    codes = [code for code in (scan.barcode, scan.own_code) if code]
    found = next(filter(None, (_find_by_code(shelf, code) for code in codes)), [])
    if len(found) > 1:
        names = _("、").join(item.name for item, _pieces in found)
        sentence = _("条码 {barcode} 登记在两样商品上（{names}）：请按编号选，并告诉办公室改正")
        raise Declined(sentence.format(barcode=scan.barcode, names=names))
    if found:
        item, pieces = found[0]
        return item, pieces * scan.count
    unit = find_unit(scan.barcode)
    for item, _pieces in _find_by_code(shelf, unit) if unit else []:
        raise Declined(_("这是{name}整箱的码，还没有登记一箱几件：请扫单件的码").format(name=item.name))
    return None


def _find_by_code(shelf: Sequence[ShelfItem], code: str) -> list[tuple[ShelfItem, int]]:
    """The products on the shelf with this code: more than one only where the register is wrong."""
    return [(item, pack.pieces) for item in shelf for pack in _list_packs(item) if lookup_form(pack.code) == code]


def _list_packs(item: ShelfItem) -> list[PackBarcode]:
    """Its codes; a shelf that this kiosk got before products had several has one of each."""
    return item.barcodes or [PackBarcode(code=item.barcode)]
