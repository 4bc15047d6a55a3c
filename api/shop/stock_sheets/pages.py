"""`/desk/goods-sheet`: goods and first stock from a sheet, looked at before anything is proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api.platform.access import Role, StaffRequest, require_township, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.platform.table_files.file import MAX_BYTES
from api.shop.stock_sheets import rates, use_cases
from api.shop.stock_sheets.plan import StockPlan
from api.shop.stock_sheets.sheet_table import GoodsTable, read_goods_table
from api.shop.stock_sheets.template import render_template
from api.shop.supermarkets.use_cases import list_supermarkets
from api.web.answers import XLSX, download
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_fen, read_field, read_table_file, read_unchecked
from api.web.page import render_page
from api.wire.stock_sheets import PriceRate, StockSheet

SHEET = "/desk/goods-sheet"
# A form with the file, and fields beside it.
_MAX_BODY = MAX_BYTES + 100_000


@get(SHEET)
async def ask(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    require_township(request.user, Role.OFFICE)
    return await _form_page(request, services)


@get(f"{SHEET}/template.xlsx")
async def template(request: StaffRequest) -> Response[bytes | str]:
    require_township(request.user, Role.OFFICE)
    return download(render_template(), "goods.xlsx", XLSX)


@post(f"{SHEET}/rate")
async def state_rate(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    fen = read_fen(await request.form(), "yuan")
    try:
        data = msgspec.convert({"fen": fen}, PriceRate)
    except msgspec.ValidationError:
        return see_other(SHEET, "一分折合多少元，请写 0.01 到 1000 的数，最多两位小数。", "refused")
    await rates.state_rate(services, request.user, data)
    return see_other(SHEET, f"已定：一分折合 {rates.write_yuan(data.fen)} 元。已有的分值都没有变。")


@post(SHEET, status_code=200, request_max_body_size=_MAX_BODY)
async def look(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    """What the sheet would do, and each problem at its cell; nothing is written."""
    require_township(request.user, Role.OFFICE)
    form = await request.form()
    try:
        table = await _read_table(request, services, form)
        consignment, supplier = read_field(form, "consignment"), read_field(form, "supplier")
        if not 1 <= len(consignment) <= 80 or len(supplier) > 80:
            raise Refused(ErrorCode.MALFORMED, "请写清是哪一批货，如“2026年首批”；供货的最多 80 字。")
        sheet = StockSheet(consignment=consignment, supplier=supplier, lines=list(table.lines))
        plan = (
            await use_cases.look_at_sheet(services, request.user, sheet) if table.lines else StockPlan((), (), 0)
        )
    except Refused as refused:
        return await _form_page(request, services, form, refused.detail)
    names = await _read_names(request, services)
    return render_page(
        request,
        "shop/stock_sheets/preview.html",
        staff=request.user,
        sheet=sheet,
        plan=plan,
        problems=_list_problems(table, plan),
        notes=table.table.notes,
        names=names,
        encoded=msgspec.json.encode(keep_planned(sheet, plan)).decode(),
        yuan=rates.write_yuan,
    )


@post(f"{SHEET}/propose", request_max_body_size=_MAX_BODY)
async def propose(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """What was looked at, with the prices as a person may have changed them."""
    form = await request.form()
    try:
        sheet = msgspec.json.decode(read_unchecked(form, "sheet"), type=StockSheet)
        prices = [read_code(form, f"price.{n}") for n in range(1, len(sheet.lines) + 1)]
        lines = [
            msgspec.convert(msgspec.to_builtins(line) | {"price": int(price) if price else None}, type(line))
            for line, price in zip(sheet.lines, prices, strict=True)
        ]
        proposal = await use_cases.propose_sheet(
            services, request.user, msgspec.structs.replace(sheet, lines=lines)
        )
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
        return see_other(SHEET, "分值是 1 到 100000 的整数；没有办理，请重新上传。", "refused")
    except Refused as refused:
        return see_other(SHEET, refused.detail, "refused")
    if proposal is None:
        return see_other(SHEET, "这张表里的都已经入库，没有要办的。")
    return see_other(
        f"/desk/proposals/{proposal.id}", "已提议，等另一个人在“两人办理”里确认；确认以前什么都没有变。"
    )


def keep_planned(sheet: StockSheet, plan: StockPlan) -> StockSheet:
    """The sheet with what is left to do of it."""
    return msgspec.structs.replace(sheet, lines=[each.line for each in plan.lines])


@dataclass(frozen=True, slots=True)
class _ShownProblem:
    row: int
    place: str
    sentence: str


def _list_problems(table: GoodsTable, plan: StockPlan) -> Sequence[_ShownProblem]:
    """Those of the cells, and those that show once the lines are held against what there is; by row."""
    found = [_ShownProblem(each.row, each.place, each.sentence) for each in table.problems]
    for problem in plan.problems:
        row = table.rows[problem.number - 1]
        told = table.table.find_problem(row, problem.column, problem.sentence)
        found.append(_ShownProblem(told.row, told.place, told.sentence))
    return sorted(found, key=lambda each: each.row)


async def _read_table(request: StaffRequest, services: Services, form: FormMultiDict) -> GoodsTable:
    """Raises Refused: malformed, unreadable, too-large."""
    file = await read_table_file(form, "file")
    return read_goods_table(file, await _read_names(request, services), read_code(form, "supermarket"))


async def _read_names(request: StaffRequest, services: Services) -> dict[str, str]:
    return {each.code: each.name for each in await list_supermarkets(services, request.user)}


async def _form_page(
    request: StaffRequest, services: Services, filled: FormMultiDict | None = None, problem: str = ""
) -> Template:
    return render_page(
        request,
        "shop/stock_sheets/form.html",
        staff=request.user,
        supermarkets=await list_supermarkets(services, request.user),
        rate=await rates.show_rate(services, request.user),
        yuan=rates.write_yuan,
        filled={name: read_field(filled, name) for name in ("consignment", "supplier", "supermarket")}
        if filled is not None
        else {},
        problem=problem,
    )


router = Router(
    "/",
    route_handlers=[ask, template, state_rate, look, propose],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
