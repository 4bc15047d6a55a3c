"""`/desk/entries/{id}`: one entry of the books with what settled or reversed it, and proposing its correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from uuid_utils.compat import uuid7

from api import wire
from api.bookkeeping.exports.titles import kind_title, read_titles
from api.bookkeeping.general_ledger.corrections import CORRECTORS, correct
from api.bookkeeping.general_ledger.transactions import read_transaction
from api.platform import accounts
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.stock_sheets.rates import write_yuan
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_fen, read_field
from api.web.page import render_page

ENTRIES = "/desk/entries"
_INCOMPLETE = "请用自己的话写明为什么，最多 200 字；退回多少，不能多过还没有更正的。"


@get(ENTRIES + "/{id:uuid}")
async def show(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    entry = await read_transaction(services, request.user, id)
    return await _show(request, services, entry, {"id": str(uuid7()), "reason": ""})


@post(ENTRIES + "/{id:uuid}/correction", status_code=200)
async def propose(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    """Of all that is left of the entry, or of as much of each line as was filled in."""
    entry, form = await read_transaction(services, request.user, id), await request.form()
    filled = {name: read_code(form, name) for name in ("id", *(f"back.{n}" for n in range(len(entry.transfers))))}
    filled["reason"] = read_field(form, "reason")
    back = [_read_amount(form, f"back.{n}", t.unit) if t.left else 0 for n, t in enumerate(entry.transfers)]
    try:
        correction = msgspec.convert(
            {
                "id": filled["id"],
                "transaction": entry.id,
                "reason": filled["reason"],
                "lines": _to_lines(entry.transfers, back),
            },
            wire.Correction,
        )
    except msgspec.ValidationError:
        return await _show(request, services, entry, filled, _INCOMPLETE)
    result = await correct(services, request.user, [correction])
    if isinstance(result, list):
        return await _show(request, services, entry, filled, result[0].reason)
    return see_other(f"{ENTRIES}/{id}", "已提议更正，等另一个人在“两人办理”里确认。")


def _read_amount(form: FormMultiDict, name: str, unit: str) -> int:
    """-1 for what isn't an amount."""
    if unit == accounts.MONEY:
        fen = read_fen(form, name)
        return -1 if fen is None else fen
    text = read_code(form, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _to_lines(transfers: Sequence[wire.TransferView], back: Sequence[int]) -> list[dict[str, Any]] | None:
    """In the direction of the reversal; None for all that is left, no line for what can't be taken back."""
    if any(not 0 <= amount <= t.left for amount, t in zip(back, transfers, strict=True)):
        return []
    if list(back) == [t.left for t in transfers]:
        return None
    return [
        {"debit": t.credit, "credit": t.debit, "unit": t.unit, "amount": amount}
        for amount, t in zip(back, transfers, strict=True)
        if amount
    ]


async def _show(
    request: StaffRequest,
    services: Services,
    entry: wire.TransactionView,
    filled: dict[str, str],
    problem: str = "",
) -> Template:
    async with services.unit_of_work() as uow:
        titles = await read_titles(uow)
    return render_page(
        request,
        "desk/entries/entry.html",
        status=422 if problem else 200,
        staff=request.user,
        entry=entry,
        title=kind_title(entry.kind),
        kind_title=kind_title,
        account_title=titles.account_title,
        amount=_write_amount,
        money=accounts.MONEY,
        yuan=write_yuan,
        correctable=request.user.may(*CORRECTORS) and any(t.left for t in entry.transfers),
        filled=filled,
        problem=problem,
    )


def _write_amount(amount: int, unit: str) -> str:
    if unit == accounts.MONEY:
        return f"{write_yuan(amount)} 元"
    return f"{amount:,} {'分' if unit == accounts.POINTS else '件'}"


router = Router(
    "/",
    route_handlers=[show, propose],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
