"""`/desk/register`: the office brings tables of villages, grids, people and households, looks at what they would
change, and confirms it; `/desk/register/grids` moves households to other grids by a list."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import date
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from uuid_utils.compat import uuid7

from api.platform.access import Role, StaffRequest, require_township, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.platform.table_files.file import MAX_BYTES
from api.registry.people.duties import ROLE_TITLES
from api.registry.register import uploads
from api.registry.register.grid_moves import write_moves
from api.registry.register.mends import MEND_KINDS, Mend
from api.registry.register.template_workbook import make_template
from api.registry.register.uploads import SKIPPED, Purpose, State
from api.web.answers import XLSX, download
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_choices, read_code, read_field, read_lines, read_table_file, read_unchecked
from api.web.page import render_page

REGISTER = "/desk/register"
_GRIDS = f"{REGISTER}/grids"
# With the form around the file.
_MAX_BODY = MAX_BYTES + 100_000
_MAX_NAME = 120
_SECONDS_BETWEEN = 2
"""Between looks at how far it has come: a browser loads the page again by itself."""


@get(REGISTER)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return await _overview_page(request, services)


@get(REGISTER + "/template.xlsx", sync_to_thread=True)
def template(request: StaffRequest) -> Response[bytes | str]:
    require_township(request.user, Role.OFFICE)
    return download(make_template(), "jimei-register.xlsx", XLSX)


@post(REGISTER, request_max_body_size=_MAX_BODY)
async def bring(request: StaffRequest, services: NamedDependency[Services]) -> Template | Redirect:
    form = await request.form()
    try:
        name, content = await _read_file(form)
        id = _read_id(form)
        await uploads.keep(services, request.user, id, Purpose.REGISTER, name, content)
    except Refused as refused:
        return await _overview_page(request, services, refused)
    return see_other(f"{REGISTER}/{id}")


@get(_GRIDS)
async def ask_for_moves(request: StaffRequest) -> Template:
    require_township(request.user, Role.OFFICE)
    return _moves_page(request)


@post(_GRIDS, request_max_body_size=_MAX_BODY)
async def bring_moves(request: StaffRequest, services: NamedDependency[Services]) -> Template | Redirect:
    form = await request.form()
    lines, grid = read_lines(form, "lines"), read_field(form, "grid")
    try:
        if lines:
            name, content = "粘贴的名单", write_moves(lines, grid)
        else:
            name, content = await _read_file(form)
        id = _read_id(form)
        await uploads.keep(services, request.user, id, Purpose.GRIDS, name, content)
    except Refused as refused:
        return _moves_page(request, refused, lines, grid)
    return see_other(f"{REGISTER}/{id}")


@get(REGISTER + "/{id:uuid}")
async def show(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    """What it would change, how far it has come, or what it has changed."""
    upload = await uploads.get_upload(services, request.user, id)
    if upload.state is not State.OPEN:
        return render_page(
            request,
            "registry/register/progress.html",
            headers={} if upload.state is State.DONE else {"Refresh": str(_SECONDS_BETWEEN)},
            staff=request.user,
            upload=upload,
            seconds=_SECONDS_BETWEEN,
        )
    shown = await uploads.preview(services, request.user, id)
    plan = shown.plan
    return render_page(
        request,
        "registry/register/preview.html",
        staff=request.user,
        upload=upload,
        shown=shown,
        plan=plan,
        kinds=_group(plan.mends),
        choices=upload.choices,
        titles=ROLE_TITLES,
        digest=plan.digest().hex(),
        moves=upload.purpose is Purpose.GRIDS,
    )


@post(REGISTER + "/{id:uuid}/mends")
async def choose(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    action = uploads.choose(services, request.user, id, _read_mends(form))
    return await _redirect(id, action, "已照您选的重新核对，还没有写入。")


@post(REGISTER + "/{id:uuid}/confirm")
async def confirm(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    upload = await uploads.get_upload(services, request.user, id)
    reason, day = read_field(form, "reason"), read_code(form, "effective_on")
    try:
        seen = bytes.fromhex(read_unchecked(form, "seen"))
        effective_on = date.fromisoformat(day) if day else None
    except ValueError:
        return see_other(f"{REGISTER}/{id}", "请写好日期再确认，没有写入。", "refused")
    if upload.purpose is Purpose.GRIDS and not (reason and effective_on):
        return see_other(f"{REGISTER}/{id}", "请写明从哪一天起、为什么调整，没有写入。", "refused")
    if effective_on is not None and effective_on > local_date(services.clock.now()):
        return see_other(f"{REGISTER}/{id}", "日期还没有到，请到那一天再办，没有写入。", "refused")
    return await _redirect(id, uploads.confirm(services, request.user, id, seen, reason[:200], effective_on))


@post(REGISTER + "/{id:uuid}/discard")
async def discard(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    await uploads.discard(services, request.user, id)
    return see_other(REGISTER, "已去掉，登记簿没有变。")


async def _overview_page(request: StaffRequest, services: Services, problem: Refused | None = None) -> Template:
    shown = await uploads.list_uploads(services, request.user)
    return render_page(
        request,
        "registry/register/overview.html",
        status=problem.code.status if problem else 200,
        staff=request.user,
        id=uuid7(),
        waiting=[each for each in shown if each.state is not State.DONE],
        done=[each for each in shown if each.state is State.DONE],
        problem=problem.detail if problem else "",
    )


def _moves_page(
    request: StaffRequest, problem: Refused | None = None, lines: str = "", grid: str = ""
) -> Template:
    return render_page(
        request,
        "registry/register/moves.html",
        status=problem.code.status if problem else 200,
        staff=request.user,
        id=uuid7(),
        lines=lines,
        grid=grid,
        problem=problem.detail if problem else "",
    )


async def _read_file(form: FormMultiDict) -> tuple[str, bytes]:
    """The name and the bytes of the file that was sent. Raises Refused: malformed."""
    file = await read_table_file(form, "file")
    return file.name[-_MAX_NAME:], file.content


def _read_id(form: FormMultiDict) -> UUID:
    """The form's own, so that sending it twice keeps one. Raises Refused: malformed."""
    try:
        return UUID(read_code(form, "id"))
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "这个页面不完整，请重新打开再上传。") from None


def _read_mends(form: FormMultiDict) -> Mapping[str, str]:
    """By mend what was chosen: ticked ones by their key or kind, others in a field of their own."""
    choices = {key: choice for key, _, choice in (each.rpartition("=") for each in read_choices(form, "mend"))}
    for field in form:
        if field.startswith("choice.") and (choice := read_field(form, field)):
            choices[field.removeprefix("choice.")] = choice
    read = read_choices(form, "sheet")
    return choices | {f"sheet.{sheet}": SKIPPED for sheet in read_choices(form, "sheets") if sheet not in read}


def _group(mends: Sequence[Mend]) -> list[tuple[str, str, list[Mend]]]:
    """By kind, each with its title; a kind without any has no place."""
    kinds = ((kind, title, [mend for mend in mends if mend.kind == kind]) for kind, title in MEND_KINDS.items())
    return [(kind, title, found) for kind, title, found in kinds if found]


async def _redirect(id: UUID, action: Awaitable[None], done: str = "") -> Redirect:
    here = f"{REGISTER}/{id}"
    try:
        await action
    except Refused as refused:
        return see_other(here, refused.detail, "refused")
    return see_other(here, done)


router = Router(
    "/",
    route_handlers=[overview, template, bring, ask_for_moves, bring_moves, show, choose, confirm, discard],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
