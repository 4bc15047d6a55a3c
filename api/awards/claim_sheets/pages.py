"""`/desk/claim-sheets`: claims from a table or a list of names, looked at before anything is declared."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import date

from litestar import Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.awards.claim_sheets import use_cases
from api.awards.claim_sheets.sheet_table import MAX_BYTES, ClaimSheet, paste, require_sheet
from api.awards.claim_sheets.use_cases import SheetPlan
from api.awards.claim_sheets.workbook import make_template
from api.awards.declaring.declaration_form import TypedFields, read_typed
from api.awards.declaring.submitting import load_book
from api.platform.access import DECLARERS, StaffRequest, require, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.platform.table_files.file import TableFile
from api.registry.freezes.queries import read_frozen_rules
from api.web.answers import XLSX, download
from api.web.error_pages import ERROR_PAGES
from api.web.form import read_code, read_field, read_lines, read_table_file, read_unchecked
from api.web.page import render_page
from rules import Rule, Rulebook

SHEETS = "/desk/claim-sheets"
# The file as the page carries it, with a third more for its letters, and fields beside it.
_MAX_BODY = 2 * MAX_BYTES


@get(SHEETS)
async def ask(request: StaffRequest, services: NamedDependency[Services], rule: FromQuery[str] = "") -> Template:
    """The form of a rule; without one, the list of them."""
    require(request.user, *DECLARERS)
    book = await load_book(services, request.user)
    if rule not in book.rules:
        return render_page(
            request,
            "awards/claim_sheets/rules.html",
            staff=request.user,
            book=book,
            offered=[each for each in book.rules.values() if _takes_sheets(each)],
            frozen=await read_frozen_rules(services, request.user.village),
        )
    return await _form_page(request, services, book.get_rule(rule))


@get(f"{SHEETS}/template.xlsx")
async def template(
    request: StaffRequest, services: NamedDependency[Services], rule: FromQuery[str] = ""
) -> Response[bytes | str]:
    require(request.user, *DECLARERS)
    chosen = _choose(await load_book(services, request.user), rule)
    require_sheet(chosen)
    return download(make_template(chosen), "claims.xlsx", XLSX)


@post(SHEETS, status_code=200, request_max_body_size=_MAX_BODY)
async def look(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    """What would become of every row; nothing is declared."""
    require(request.user, *DECLARERS)
    form = await request.form()
    rule = _choose(await load_book(services, request.user), read_code(form, "rule"))
    typed = read_typed(form)
    names = read_lines(form, "names")
    try:
        day = _read_day(typed.deed_on)
        file = paste(names) if names.strip() else await read_table_file(form, "file")
        sheet = ClaimSheet(rule, file, bool(names.strip()), day, typed.answers)
        plan = await use_cases.look(services, request.user, sheet)
    except Refused as refused:
        return await _form_page(request, services, rule, typed, names, refused.detail)
    return _plan_page(request, sheet, plan)


@post(f"{SHEETS}/declare", status_code=200, request_max_body_size=_MAX_BODY)
async def declare(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    form = await request.form()
    sheet = await _read_carried(request, services, form)
    try:
        declared = await use_cases.declare_sheet(services, request.user, sheet, read_code(form, "seen"))
    except Refused as refused:
        return await _form_page(request, services, sheet.rule, problem=refused.detail)
    if declared.number is None:
        sentence = "这期间有了变化，下面是现在的结果；没有申报，请再看一遍。"
        return _plan_page(request, sheet, declared.plan, sentence, refused=True)
    number = declared.number
    told = f"已申报 {number} 件，等待评议。" if number else "能报的都已经报过，没有重复申报。"
    return _plan_page(request, sheet, declared.plan, told)


@post(f"{SHEETS}/refused.xlsx", request_max_body_size=_MAX_BODY, status_code=200)
async def return_refused(request: StaffRequest, services: NamedDependency[Services]) -> Response[bytes | str]:
    sheet = await _read_carried(request, services, await request.form())
    content = await use_cases.return_refused(services, request.user, sheet)
    return download(content, "claims-to-correct.xlsx", XLSX)


def _takes_sheets(rule: Rule) -> bool:
    try:
        require_sheet(rule)
    except Refused:
        return False
    return True


def _choose(book: Rulebook, id: str) -> Rule:
    rule = book.rules.get(id)
    if rule is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这一项规则，请重新选择。")
    return rule


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "请选好是哪一天。") from None


async def _read_carried(request: StaffRequest, services: Services, form: FormMultiDict) -> ClaimSheet:
    """What the page that was seen carried along. Raises Refused: unknown, malformed."""
    require(request.user, *DECLARERS)
    rule = _choose(await load_book(services, request.user), read_code(form, "rule"))
    typed = read_typed(form)
    try:
        content = b64decode(read_unchecked(form, "content"), validate=True)
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页重新上传。") from None
    file = TableFile(read_field(form, "name"), content)
    return ClaimSheet(rule, file, read_code(form, "pasted") == "yes", _read_day(typed.deed_on), typed.answers)


async def _form_page(
    request: StaffRequest,
    services: Services,
    rule: Rule,
    typed: TypedFields | None = None,
    names: str = "",
    problem: str = "",
) -> Template:
    return render_page(
        request,
        "awards/claim_sheets/form.html",
        status=422 if problem else 200,
        staff=request.user,
        rule=rule,
        takes_sheets=_takes_sheets(rule),
        frozen=await read_frozen_rules(services, request.user.village),
        typed=typed or TypedFields(),
        names=names,
        problem=problem,
    )


def _plan_page(
    request: StaffRequest, sheet: ClaimSheet, plan: SheetPlan, sentence: str = "", *, refused: bool = False
) -> Template:
    return render_page(
        request,
        "awards/claim_sheets/plan.html",
        staff=request.user,
        sheet=sheet,
        plan=plan,
        content=b64encode(sheet.file.content).decode(),
        sentence=sentence,
        refused=refused,
    )


router = Router(
    "/",
    route_handlers=[ask, template, look, declare, return_refused],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
