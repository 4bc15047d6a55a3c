"""`/desk/rulebooks/simulation`: a draft over recorded claims, for those who decide on it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from litestar import Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Template

from api.awards.rulebooks import adoption_views, drafts
from api.awards.simulation.figures import Figures
from api.awards.simulation.use_cases import SimulationRequest, choose_village, resolve_period, simulate_bounded
from api.platform.access import Staff, StaffRequest, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.register.queries import list_villages
from api.web.error_pages import ERROR_PAGES
from api.web.form import read_code, read_upload
from api.web.page import render_page
from api.wire.text import make_line_visible

_MAX_BYTES = 4_000_000
"""Bytes of a draft."""


@get("/desk/rulebooks/simulation")
async def ask(request: StaffRequest, services: NamedDependency[Services], draft: FromQuery[str] = "") -> Template:
    """The form, for an existing `draft` or for a file."""
    choose_village(request.user, None)
    title, _ = await load_draft_text(services, request.user, draft) if draft else ("", "")
    return await _form_page(request, services, draft=draft, title=title)


@post("/desk/rulebooks/simulation", status_code=200)
async def simulate(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    form = await request.form()
    village = choose_village(request.user, read_code(form, "village") or None)
    draft, title = read_code(form, "draft"), ""
    try:
        first, last = _read_date(form, "from"), _read_date(form, "to")
        if draft:
            title, text = await load_draft_text(services, request.user, draft)
            source = title
        else:
            source, text = await _read_upload(form)
        simulation = await simulate_bounded(services, SimulationRequest(text, first, last, village, source))
    except Refused as refused:
        return await _form_page(request, services, draft=draft, title=title, filled=form, problem=refused)
    return render_page(request, "awards/simulation/result.html", staff=request.user, figures=Figures(simulation))


async def load_draft_text(services: Services, staff: Staff, draft: str) -> tuple[str, str]:
    """The title and the text of a draft; `draft` is its id or a version. Raises Refused: unknown, not-allowed."""
    try:
        id = UUID(draft)
    except ValueError:
        version = await adoption_views.get_version(services, draft)
        return f"《{version.book.title}》{version.book.version} 版", version.text
    view = await drafts.get_draft(services, staff, id)
    return f"草稿《{view.title or '还没有名称'}》{view.version}", view.text


async def _read_upload(form: FormMultiDict) -> tuple[str, str]:
    """The name and the text of the uploaded file. Raises Refused: malformed, too-large."""
    upload = read_upload(form, "file")
    if upload is None or not upload.filename:
        raise Refused(ErrorCode.MALFORMED, "请选一份草案文件（.toml）。")
    raw = await upload.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise Refused(ErrorCode.TOO_LARGE, "这个文件太大，不像一份积分办法。")
    try:
        return make_line_visible(upload.filename), raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(ErrorCode.MALFORMED, "这个文件不是 UTF-8 编码的文字，请用编辑器另存为 UTF-8。") from None


def _read_date(form: FormMultiDict, name: str) -> date | None:
    text = read_code(form, name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "日期要写成 2026-01-31 这样。") from None


async def _form_page(
    request: StaffRequest,
    services: Services,
    *,
    draft: str,
    title: str,
    filled: FormMultiDict | None = None,
    problem: Refused | None = None,
) -> Template:
    async with services.unit_of_work() as uow:
        first, last = resolve_period(None, None, local_date(uow.now))
        villages = [village for village in await list_villages(uow) if request.user.serves(village.code)]
    return render_page(
        request,
        "awards/simulation/form.html",
        status=problem.code.status if problem else 200,
        staff=request.user,
        draft=draft,
        title=title,
        first=read_code(filled, "from") if filled else first.isoformat(),
        last=read_code(filled, "to") if filled else last.isoformat(),
        village=read_code(filled, "village") if filled else "",
        villages=villages,
        problem=problem.detail if problem else "",
    )


router = Router(
    "/",
    route_handlers=[ask, simulate],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
