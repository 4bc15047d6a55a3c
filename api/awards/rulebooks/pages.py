"""`/desk/rulebooks`: pages for books, drafts and adoptions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect, Template

from api import wire
from api.awards.rulebooks import adoption_views, adoptions, drafts, editor, public_rules, use_cases
from api.platform.access import Role, StaffRequest, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_choices, read_code, read_field, read_unchecked, read_upload
from api.web.page import SCRIPT_HEADERS, render_page
from api.wire.text import make_line_visible
from rules import Rulebook

BOOKS = "/desk/rulebooks"

STATES = {
    "proposed": "待确认",
    "lapsed": "已过期",
    "coming": "将要生效",
    "in-force": "现行",
    "past": "以前的",
    "refused": "已退回",
    "withdrawn": "已撤销",
}


@get(BOOKS)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    may_decide = request.user.may(Role.PARTY_BRANCH)
    return render_page(
        request,
        "awards/rulebooks/overview.html",
        staff=request.user,
        may_decide=may_decide,
        may_freeze=request.user.may(Role.SUPERVISOR),
        may_simulate=may_decide or request.user.may(Role.OFFICE),
        adoptions=await adoption_views.list_adoptions(services),
        drafts=await drafts.list_drafts(services, request.user) if may_decide else [],
        builtin=drafts.list_templates(),
        states=STATES,
    )


@get(f"{BOOKS}/books")
async def book(request: StaffRequest, services: NamedDependency[Services], version: FromQuery[str]) -> Template:
    """A version's text, and the form to adopt it again."""
    return await _book_page(request, services, version)


async def _book_page(
    request: StaffRequest, services: Services, version: str, problem: str = "", filled: FormMultiDict | None = None
) -> Template:
    history = await adoption_views.get_version(services, version)
    return render_page(
        request,
        "awards/rulebooks/book.html",
        status=422 if problem else 200,
        staff=request.user,
        may_decide=request.user.may(Role.PARTY_BRANCH),
        history=history,
        states=STATES,
        problem=problem,
        filled=filled or {},
        first=False,
        tomorrow=_tomorrow(services),
    )


@post(f"{BOOKS}/again", status_code=200)
async def adopt_again(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    version = read_code(form, "version")
    try:
        decision, effective_from = _read_decision(form)
        data = wire.Readoption(version=version, decision=decision, effective_from=effective_from)
        view = await adoptions.propose_readoption(services, request.user, data)
    except Refused as error:
        _raise_unless_form_error(error)
        return await _book_page(request, services, version, error.detail, form)
    return see_other(f"{BOOKS}/adoptions/{view.id}", "已提议，等另一位支委确认。")


@post(f"{BOOKS}/drafts")
async def begin(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """From a version, a template of the software or a file, whichever the form names."""
    form = await request.form()
    file = read_upload(form, "file")
    origin = ""
    if file is not None:
        origin, text = f"文件 {make_line_visible(file.filename or '')[:80]}", _decode(await file.read())
        try:
            data = msgspec.convert({"text": text}, wire.NewDraft)
        except msgspec.ValidationError:
            raise Refused(ErrorCode.TOO_LARGE, "规则最多 20 万字，这个文件太大。") from None
    elif name := read_code(form, "builtin"):
        data = wire.NewDraft(builtin=name)
    else:
        data = wire.NewDraft(version=read_code(form, "version"))
    draft = await drafts.create(services, request.user, data, origin)
    return see_other(_draft_path(draft), "草稿已建好，可以改了。")


def _decode(content: bytes) -> str:
    """Decode a file, which an editor on Windows may have written. Raises Refused: malformed."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return _normalize_newlines(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise Refused(ErrorCode.MALFORMED, "这个文件不是文本，请选规则的 .toml 文件。")


@get(BOOKS + "/drafts/{id:uuid}")
async def draft(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return await _draft_page(request, services, await drafts.get_draft(services, request.user, id))


async def _draft_page(
    request: StaffRequest,
    services: Services,
    draft: wire.DraftView,
    own_text: str | None = None,
    problem: str = "",
) -> Template:
    """`own_text` is this person's text, not saved because of a conflict."""
    text = draft.text if own_text is None else own_text
    checked = await use_cases.check_text(services, request.user, text)
    book, change = None, public_rules.BookChange(None, [])
    if not any(problem.kind == "error" for problem in checked.problems):
        book = await use_cases.parse_text(services, text)
        village = await use_cases.find_village(services, request.user, text)
        change = await public_rules.preview_change(services, book, village)
    return render_page(
        request,
        "awards/rulebooks/draft.html",
        status=409 if problem else 200,
        headers=SCRIPT_HEADERS,
        staff=request.user,
        draft=draft,
        text=text,
        other=draft.text if own_text is not None else "",
        checked=checked,
        book=book,
        previous=change.previous,
        differences=change.differences,
        problem=problem,
        ace=editor.SCRIPTS,
    )


@post(BOOKS + "/drafts/{id:uuid}", status_code=200)
async def save(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    text = _normalize_newlines(read_unchecked(form, "text"))
    try:
        data = msgspec.convert(
            {"text": text, "revision": read_code(form, "revision")}, wire.DraftUpdate, strict=False
        )
        saved = await drafts.save(services, request.user, id, data)
    except msgspec.ValidationError:
        raise Refused(ErrorCode.MALFORMED, "规则太长，或页面已经过期。请返回上一页核对。") from None
    except Refused as error:
        if error.code != ErrorCode.CONFLICT:
            raise
        return await _draft_page(
            request, services, await drafts.get_draft(services, request.user, id), text, error.detail
        )
    if read_code(form, "then") == "propose":
        return see_other(f"{_draft_path(saved)}/propose")
    return see_other(_draft_path(saved), "已保存。")


@post(BOOKS + "/drafts/{id:uuid}/close")
async def close(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    await drafts.close(services, request.user, id)
    return see_other(BOOKS, "草稿已收起。")


@get(BOOKS + "/drafts/{id:uuid}/propose")
async def decide(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    """The form for the decision, filled in from the book's header."""
    return await _proposal_page(request, services, id)


async def _proposal_page(
    request: StaffRequest, services: Services, id: UUID, problem: str = "", filled: FormMultiDict | None = None
) -> Response[Any]:
    draft = await drafts.get_draft(services, request.user, id)
    try:
        book = await use_cases.parse_text(services, draft.text)
    except Refused as error:
        return see_other(_draft_path(draft), error.detail, "refused")
    first = not await adoption_views.has_confirmed_book(services)
    return render_page(
        request,
        "awards/rulebooks/propose.html",
        status=422 if problem else 200,
        staff=request.user,
        draft=draft,
        book=book,
        problem=problem,
        filled=filled or _decision_fields(book, date.min if first else _tomorrow(services)),
        first=first,
        tomorrow=_tomorrow(services),
    )


def _decision_fields(book: Rulebook, earliest: date) -> dict[str, str]:
    decision = book.adopted_by
    starts = max(book.effective_from, earliest)
    return {
        "body": decision.body,
        "meeting": decision.meeting,
        "decided_on": decision.date.isoformat(),
        "effective_from": starts.isoformat(),
    }


@post(BOOKS + "/drafts/{id:uuid}/propose", status_code=200)
async def propose(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    try:
        decision, effective_from = _read_decision(form)
        revision = read_code(form, "revision")
        data = wire.DraftProposal(
            revision=int(revision) if revision.isdecimal() else 0,
            decision=decision,
            effective_from=effective_from,
        )
        view = await drafts.propose(services, request.user, id, data)
    except Refused as error:
        _raise_unless_form_error(error)
        return await _proposal_page(request, services, id, error.detail, form)
    return see_other(f"{BOOKS}/adoptions/{view.id}", "已提议，等另一位支委确认。")


@get(BOOKS + "/adoptions/{id:uuid}")
async def adoption(
    id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Response[Any]:
    return await _adoption_page(request, services, id)


async def _adoption_page(
    request: StaffRequest,
    services: Services,
    id: UUID,
    problem: str = "",
    ticks: Mapping[str, Collection[str]] | None = None,
) -> Response[Any]:
    detail = await adoption_views.get_adoption(services, request.user, id)
    history = await adoption_views.get_version(services, detail.version)
    change = await public_rules.preview_change(services, history.book, detail.village, detail.effective_from)
    return render_page(
        request,
        "awards/rulebooks/adoption.html",
        status=422 if problem else 200,
        staff=request.user,
        problem=problem,
        ticks=ticks or {},
        not_concerned=await adoption_views.read_ticks(services, id),
        may_decide=request.user.may(Role.PARTY_BRANCH),
        adoption=detail,
        history=history,
        previous=change.previous,
        differences=change.differences,
        states=STATES,
    )


@post(BOOKS + "/adoptions/{id:uuid}/confirm", status_code=200)
async def confirm(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    ticks: dict[str, list[str]] = {}
    for tick in read_choices(await request.form(), "ticks"):
        rule, _, subject = tick.rpartition(" ")
        ticks.setdefault(rule, []).append(subject)
    try:
        view = await adoptions.confirm(services, request.user, id, ticks)
    except Refused as error:
        if error.code != ErrorCode.CONCERNS_MISSING:
            raise
        return await _adoption_page(request, services, id, error.detail, ticks)
    day = adoptions.format_date(view.effective_from)
    return see_other(f"{BOOKS}/adoptions/{id}", f"已确认：从{day}起按 {view.version} 版执行。")


@post(BOOKS + "/adoptions/{id:uuid}/refuse")
async def refuse(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = _read_reason(await request.form())
    if not reason:
        return see_other(f"{BOOKS}/adoptions/{id}", "请写明理由，最多 200 字。", "refused")
    await adoptions.refuse(services, request.user, id, reason)
    return see_other(f"{BOOKS}/adoptions/{id}", "已退回，理由已记下。")


@post(BOOKS + "/adoptions/{id:uuid}/withdraw")
async def withdraw(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = _read_reason(await request.form())
    if not reason:
        return see_other(f"{BOOKS}/adoptions/{id}", "请写明理由，最多 200 字。", "refused")
    await adoptions.withdraw(services, request.user, id, reason)
    return see_other(f"{BOOKS}/adoptions/{id}", "已撤销，理由已记下。")


@post(f"{BOOKS}/check", status_code=200)
async def check(
    data: JSONBody[wire.BookCheckRequest], services: NamedDependency[Services], request: StaffRequest
) -> wire.BookCheck:
    """For the editor while somebody types, since a cookie is not accepted under /v1."""
    return await use_cases.check_text(services, request.user, data.text)


def _read_decision(form: FormMultiDict) -> tuple[wire.Decision, date]:
    """Raises Refused: malformed."""
    try:
        decision = msgspec.convert(
            {name: read_field(form, name) for name in ("body", "meeting", "decided_on", "present")}, wire.Decision
        )
        return decision, date.fromisoformat(read_code(form, "effective_from"))
    except (msgspec.ValidationError, ValueError):
        raise Refused(ErrorCode.MALFORMED, "请填全决定机构、会议、决定日期和生效日期；名称最多 80 字。") from None


def _raise_unless_form_error(error: Refused) -> None:
    """Raise the errors that have a page of their own; the others are shown in the form."""
    if error.code in (ErrorCode.NOT_ALLOWED, ErrorCode.UNKNOWN, ErrorCode.WRONG_STATE):
        raise error


def _read_reason(form: FormMultiDict) -> str:
    reason = read_field(form, "reason")
    return reason if len(reason) <= 200 else ""


def _tomorrow(services: Services) -> date:
    return local_date(services.clock.now()) + timedelta(days=1)


def _normalize_newlines(text: str) -> str:
    """Browsers and Windows end lines with two characters."""
    return text.replace("\r\n", "\n").replace("\0", "")


def _draft_path(draft: wire.DraftSummary) -> str:
    return f"{BOOKS}/drafts/{draft.id}"


router = Router(
    "/",
    route_handlers=[
        overview,
        book,
        adopt_again,
        begin,
        draft,
        save,
        close,
        decide,
        propose,
        adoption,
        confirm,
        refuse,
        withdraw,
        check,
    ],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
