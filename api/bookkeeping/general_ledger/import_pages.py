"""`/desk/imports`: the points of an earlier scheme from a file, looked at before anything is proposed."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api.bookkeeping.general_ledger.earlier_rows import ImportedRow
from api.bookkeeping.general_ledger.file_import import import_file
from api.bookkeeping.general_ledger.imports import ImportRequest, propose_import
from api.bookkeeping.general_ledger.spreadsheet import OpeningTable, read_opening
from api.platform.access import Role, StaffRequest, require_township, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.platform.table_files.file import MAX_BYTES
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field, read_table_file, read_unchecked
from api.web.page import render_page
from api.wire.general_ledger import ImportChanges, ImportRow, ImportSource

IMPORTS = "/desk/imports"
# The rows that were looked at are longer than the file they were read from.
_MAX_BODY = 4 * MAX_BYTES


@get(IMPORTS)
async def ask(request: StaffRequest) -> Template:
    require_township(request.user, Role.OFFICE)
    return _render_form(request)


def _render_form(request: StaffRequest, source: str = "", problem: str = "") -> Template:
    return render_page(
        request,
        "bookkeeping/general_ledger/import_form.html",
        status=422 if problem else 200,
        staff=request.user,
        source=source,
        problem=problem,
    )


@post(IMPORTS, status_code=200, request_max_body_size=_MAX_BODY)
async def look(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    """What the file would book, and each problem at its cell; nothing is written."""
    require_township(request.user, Role.OFFICE)
    form = await request.form()
    source = read_field(form, "source")
    try:
        _read_source(source)
        opening = await _read_file(form)
        result = await import_file(services, opening, source, "ask", request.user, dry_run=True)
    except Refused as refused:
        return _render_form(request, source, refused.detail)
    rows = [ImportRow(household=r.household, on=r.on, points=r.points, what=r.what) for r in opening.rows]
    return render_page(
        request,
        "bookkeeping/general_ledger/import_preview.html",
        staff=request.user,
        source=source,
        notes=opening.table.notes,
        result=result,
        encoded=msgspec.json.encode(rows).decode(),
    )


async def _read_file(form: FormMultiDict) -> OpeningTable:
    return await asyncio.to_thread(read_opening, await read_table_file(form, "file"))


def _read_source(source: str) -> str:
    try:
        return msgspec.convert(source, ImportSource)
    except msgspec.ValidationError:
        raise Refused(ErrorCode.MALFORMED, "请写明这些积分从哪里来，如“2025年纸质台账”，最多 100 字。") from None


@post(f"{IMPORTS}/propose", request_max_body_size=_MAX_BODY)
async def propose(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """What was looked at: all of it, or nothing."""
    form = await request.form()
    try:
        source = _read_source(read_field(form, "source"))
        sent = msgspec.json.decode(read_unchecked(form, "rows"), type=list[ImportRow])
        changes = msgspec.convert(read_code(form, "changes") or "ask", ImportChanges)
    except msgspec.MsgspecError:
        return see_other(IMPORTS, "没有导入：请重新选一遍文件。", "refused")
    except Refused as refused:
        return see_other(IMPORTS, refused.detail, "refused")
    rows = [ImportedRow(n, r.household, r.on, r.points, r.what) for n, r in enumerate(sent, start=1)]
    attempt = await propose_import(
        services, request.user, ImportRequest(source, rows, changes=changes, whole=True)
    )
    if attempt.proposal is not None:
        return see_other(
            f"/desk/proposals/{attempt.proposal.id}", "已提议，等另一个人在“两人办理”里确认；确认以前还没有入账。"
        )
    if any(outcome.status in ("refused", "changed") for outcome in attempt.outcomes):
        return see_other(IMPORTS, "账在这期间有了变化，没有导入：请重新选一遍文件。", "refused")
    return see_other(IMPORTS, "这份表里的以前都已经入账，没有要导入的。")


router = Router(
    "/",
    route_handlers=[ask, look, propose],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
