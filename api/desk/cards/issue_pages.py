"""`/desk/card-issues`, `/desk/card-sheets`: choose whom to issue cards to, look, issue, print."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from api import wire
from api.desk.cards.pages import CARDS
from api.platform.access import StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.platform.table_files.file import MAX_BYTES
from api.platform.table_files.table import read_table
from api.registry.cards import issuing, sheets
from api.registry.cards.card_sheet import Layout, UnprintableAddress, render_card_sheet
from api.registry.cards.paper import style_policy
from api.registry.cards.preview import preview_cards
from api.registry.cards.printing import to_printed
from api.registry.register.register_table import HOUSEHOLDS
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_lines, read_table_file, read_unchecked, read_upload
from api.web.page import PAGE_HEADERS, render_page
from api.wire.text import code_form

ISSUES = "/desk/card-issues"
SHEETS = "/desk/card-sheets"
MOST = 1000
"""Cards of one sheet: a village's."""

_BETWEEN_CODES = re.compile(r"[\s,，、;；]+")
_LOCAL = ("localhost", "127.0.0.1", "::1")


@post(ISSUES + "/preview", guards=[staff_only], status_code=200, request_max_body_size=MAX_BYTES + 100_000)
async def preview(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    try:
        found = await preview_cards(services, request.user, await _read_selection(form))
        if len(found.households) > MOST:
            raise Refused(
                ErrorCode.TOO_LARGE,
                f"一次最多发 {MOST} 张，这里有 {len(found.households)} 户，请按村或网格分几次。",
            )
    except Refused as error:
        return see_other(CARDS, error.detail, "refused")
    return render_page(request, "desk/cards/preview.html", staff=request.user, preview=found)


async def _read_selection(form: FormMultiDict) -> wire.CardSelection:
    """Raises Refused: malformed, and as `read_table`."""
    if read_code(form, "by") != "list":
        kind, _, code = read_code(form, "where").partition(":")
        wanted: dict[str, Any] = {"without": read_code(form, "without") != "no"}
        if kind in ("village", "grid"):
            wanted[kind] = code
        return _convert(wanted)
    codes = [code_form(each) for each in _BETWEEN_CODES.split(read_lines(form, "codes")) if each]
    upload = read_upload(form, "file")
    if upload is not None and upload.filename:
        table = await asyncio.to_thread(read_table, await read_table_file(form, "file"), HOUSEHOLDS[:1])
        if table.problems:
            raise Refused(ErrorCode.MALFORMED, f"{table.problems[0]}（共 {len(table.problems)} 处）")
        codes += [row.values["household"] for row in table.rows]
    if not codes:
        raise Refused(ErrorCode.MALFORMED, "请写户编号，或选一份有“户编号”一列的表格。")
    return _convert({"households": codes})


def _convert(wanted: dict[str, Any]) -> wire.CardSelection:
    """Raises Refused: malformed."""
    try:
        return msgspec.convert(wanted, wire.CardSelection)
    except msgspec.ValidationError:
        wrong = next((code for code in wanted.get("households", ()) if not _CODE.fullmatch(code)), None)
        sentence = "一次最多写 5000 户。" if wrong is None else f"“{wrong[:40]}”不是户编号，请核对。"
        raise Refused(ErrorCode.MALFORMED, sentence) from None


_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@post(ISSUES, guards=[staff_only])
async def issue(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    codes, seen = read_unchecked(form, "households").split(), read_code(form, "seen")
    try:
        wanted = msgspec.convert({"households": codes, "seen": seen}, wire.NewCards)
        result = await issuing.issue_cards(services, request.user, wanted.households, wanted.seen)
    except msgspec.ValidationError:
        return see_other(CARDS, "请重新选给哪些户发卡。", "refused")
    except Refused as error:
        return see_other(CARDS, error.detail, "refused")
    if isinstance(result, wire.ProposalView):
        return see_other(
            "/desk/proposals", f"已提议给 {len(codes)} 户发卡。请另一个人在这里确认，由确认的人打印。"
        )
    return await show_kept(request, services, result)


async def show_kept(request: StaffRequest, services: Services, cards: list[wire.NewCard]) -> Redirect:
    """Lead whoever has just issued these cards to where they are printed."""
    id = await sheets.keep_sheet(services, request.user, request.auth, cards)
    return see_other(f"{SHEETS}/{id}", f"已发 {len(cards)} 张新卡，旧卡已作废。请现在打印。")


@get(SHEETS + "/{id:uuid}", guards=[staff_only])
async def show_sheet(
    id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Response[Any]:
    cards = await sheets.open_sheet(services, request.user, request.auth, id)
    kept = next(sheet for sheet in await sheets.list_sheets(services, request.user) if sheet.id == id)
    return render_page(
        request,
        "desk/cards/sheet.html",
        staff=request.user,
        sheet=kept,
        cards=cards,
        address=_find_address(request),
        local=request.base_url.hostname in _LOCAL,
    )


@get(SHEETS + "/{id:uuid}/{layout:str}", guards=[staff_only])
async def print_sheet(
    id: FromPath[UUID], layout: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Response[str]:
    if layout not in list(Layout):
        raise Refused(ErrorCode.UNKNOWN, "没有这种版式。")
    cards = await sheets.open_sheet(services, request.user, request.auth, id)
    try:
        # A village takes seconds.
        page = await asyncio.to_thread(
            render_card_sheet, [to_printed(card) for card in cards], _find_address(request), Layout(layout)
        )
    except UnprintableAddress as error:
        raise Refused(ErrorCode.UNPRINTABLE, f"{error}".partition(" (")[0] + "。") from None
    policy = PAGE_HEADERS["Content-Security-Policy"].replace("style-src 'self'", f"style-src {style_policy(page)}")
    return Response(page, media_type=MediaType.HTML, headers={**PAGE_HEADERS, "Content-Security-Policy": policy})


def _find_address(request: StaffRequest) -> str:
    """Of this server, as this browser reaches it, and so may phones."""
    return str(request.base_url).rstrip("/")


router = Router(
    "/",
    route_handlers=[preview, issue, show_sheet, print_sheet],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
