"""`/desk/rulebooks`: the books there are, drafts, and adoptions by two people, in a browser."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect, Template

from api import wire
from api.awards.rulebooks import adoptions, drafts, editor, published, use_cases
from api.platform.access import Role, StaffRequest, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_field
from api.web.page import SCRIPT_HEADERS, render_page
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
    decides = request.user.may(Role.PARTY_BRANCH)
    return render_page(
        request,
        "awards/rulebooks/overview.html",
        staff=request.user,
        decides=decides,
        simulates=decides or request.user.may(Role.OFFICE),
        adoptions=await adoptions.adoptions(services),
        drafts=await drafts.drafts(services, request.user) if decides else [],
        builtin=drafts.builtin(),
        states=STATES,
    )


@get(f"{BOOKS}/books")
async def book(request: StaffRequest, services: NamedDependency[Services], version: FromQuery[str]) -> Template:
    """A version's text, and the form to adopt it again."""
    return await _book(request, services, version)


async def _book(
    request: StaffRequest, services: Services, version: str, problem: str = "", filled: FormMultiDict | None = None
) -> Template:
    shown = await adoptions.of_version(services, version)
    return render_page(
        request,
        "awards/rulebooks/book.html",
        status=422 if problem else 200,
        staff=request.user,
        decides=request.user.may(Role.PARTY_BRANCH),
        shown=shown,
        states=STATES,
        problem=problem,
        filled=filled or {},
        first=False,
        tomorrow=_tomorrow(services),
    )


@post(f"{BOOKS}/again", status_code=200)
async def adopt_again(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    version = read_field(form, "version")
    try:
        decision, effective_from = _decided(form)
        wanted = wire.Readoption(version=version, decision=decision, effective_from=effective_from)
        view = await adoptions.propose_again(services, request.user, wanted)
    except Refused as error:
        _require_own_page(error)
        return await _book(request, services, version, error.detail, form)
    return see_other(f"{BOOKS}/adoptions/{view.id}", "已提议，等另一位支委确认。")


@post(f"{BOOKS}/drafts")
async def begin(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """From a version, a book of the software's or a file, whichever the form names."""
    form = await request.form()
    file = form.get("file")
    origin = ""
    if isinstance(file, UploadFile):
        origin, text = f"文件 {(file.filename or '')[:80]}", _decoded(await file.read())
        try:
            wanted = msgspec.convert({"text": text}, wire.NewDraft)
        except msgspec.ValidationError:
            raise Refused(ErrorCode.TOO_LARGE, "规则最多 20 万字，这个文件太大。") from None
    elif name := read_field(form, "builtin"):
        wanted = wire.NewDraft(builtin=name)
    else:
        wanted = wire.NewDraft(version=read_field(form, "version"))
    begun = await drafts.begin(services, request.user, wanted, origin)
    return see_other(_address(begun), "草稿已建好，可以改了。")


def _decoded(content: bytes) -> str:
    """A file as an editor on Windows may have written it. Raises Refused: malformed."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return _lines_as_ours(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise Refused(ErrorCode.MALFORMED, "这个文件不是文本，请选规则的 .toml 文件。")


@get(BOOKS + "/drafts/{id:uuid}")
async def draft(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return await _draft(request, services, await drafts.draft(services, request.user, id))


async def _draft(
    request: StaffRequest, services: Services, shown: wire.DraftView, mine: str | None = None, problem: str = ""
) -> Template:
    """`mine`: what this person wrote, where another came first and it isn't saved."""
    text = shown.text if mine is None else mine
    checked = await use_cases.check(services, request.user, text)
    book, change = None, published.Change(None, [])
    if not any(problem.kind == "error" for problem in checked.problems):
        book = await use_cases.book_of(services, text)
        change = await published.change(services, book, await use_cases.place_of(services, request.user, text))
    return render_page(
        request,
        "awards/rulebooks/draft.html",
        status=409 if problem else 200,
        headers=SCRIPT_HEADERS,
        staff=request.user,
        draft=shown,
        text=text,
        other=shown.text if mine is not None else "",
        checked=checked,
        book=book,
        before=change.before,
        differences=change.differences,
        problem=problem,
        ace=editor.SCRIPTS,
    )


@post(BOOKS + "/drafts/{id:uuid}", status_code=200)
async def save(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    text = _lines_as_ours(str(form.get("text", "")))
    try:
        wanted = msgspec.convert({"text": text, "revision": form.get("revision")}, wire.DraftUpdate, strict=False)
        saved = await drafts.save(services, request.user, id, wanted)
    except msgspec.ValidationError:
        raise Refused(ErrorCode.MALFORMED, "规则太长，或页面已经过期。请返回上一页核对。") from None
    except Refused as error:
        if error.code != ErrorCode.CONFLICT:
            raise
        return await _draft(request, services, await drafts.draft(services, request.user, id), text, error.detail)
    if read_field(form, "then") == "propose":
        return see_other(f"{_address(saved)}/propose")
    return see_other(_address(saved), "已保存。")


@post(BOOKS + "/drafts/{id:uuid}/close")
async def close(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    await drafts.close(services, request.user, id)
    return see_other(BOOKS, "草稿已收起。")


@get(BOOKS + "/drafts/{id:uuid}/propose")
async def decide(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    """The form for the decision, filled in as the book's head has it."""
    return await _proposal(request, services, id)


async def _proposal(
    request: StaffRequest, services: Services, id: UUID, problem: str = "", filled: FormMultiDict | None = None
) -> Response[Any]:
    shown = await drafts.draft(services, request.user, id)
    try:
        parsed = await use_cases.book_of(services, shown.text)
    except Refused as error:
        return see_other(_address(shown), error.detail, "refused")
    first = not await adoptions.begun(services)
    return render_page(
        request,
        "awards/rulebooks/propose.html",
        status=422 if problem else 200,
        staff=request.user,
        draft=shown,
        book=parsed,
        problem=problem,
        filled=filled or _as_in_the_head(parsed, date.min if first else _tomorrow(services)),
        first=first,
        tomorrow=_tomorrow(services),
    )


def _as_in_the_head(book: Rulebook, earliest: date) -> dict[str, str]:
    by = book.adopted_by
    starts = max(book.effective_from, earliest)
    return {
        "body": by.body,
        "meeting": by.meeting,
        "decided_on": by.date.isoformat(),
        "effective_from": starts.isoformat(),
    }


@post(BOOKS + "/drafts/{id:uuid}/propose", status_code=200)
async def propose(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    try:
        decision, effective_from = _decided(form)
        revision = read_field(form, "revision")
        wanted = wire.DraftProposal(
            revision=int(revision) if revision.isdecimal() else 0,
            decision=decision,
            effective_from=effective_from,
        )
        view = await drafts.propose(services, request.user, id, wanted)
    except Refused as error:
        _require_own_page(error)
        return await _proposal(request, services, id, error.detail, form)
    return see_other(f"{BOOKS}/adoptions/{view.id}", "已提议，等另一位支委确认。")


@get(BOOKS + "/adoptions/{id:uuid}")
async def adoption(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    adopted = await adoptions.adoption(services, request.user, id)
    shown = await adoptions.of_version(services, adopted.version)
    change = await published.change(services, shown.book, adopted.village, adopted.effective_from)
    return render_page(
        request,
        "awards/rulebooks/adoption.html",
        staff=request.user,
        decides=request.user.may(Role.PARTY_BRANCH),
        adoption=adopted,
        shown=shown,
        before=change.before,
        differences=change.differences,
        states=STATES,
    )


@post(BOOKS + "/adoptions/{id:uuid}/confirm")
async def confirm(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    view = await adoptions.confirm(services, request.user, id)
    day = adoptions.in_full(view.effective_from)
    return see_other(f"{BOOKS}/adoptions/{id}", f"已确认：从{day}起按 {view.version} 版执行。")


@post(BOOKS + "/adoptions/{id:uuid}/refuse")
async def refuse(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = _reason(await request.form())
    if not reason:
        return see_other(f"{BOOKS}/adoptions/{id}", "请写明理由，最多 200 字。", "refused")
    await adoptions.refuse(services, request.user, id, reason)
    return see_other(f"{BOOKS}/adoptions/{id}", "已退回，理由已记下。")


@post(BOOKS + "/adoptions/{id:uuid}/withdraw")
async def withdraw(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = _reason(await request.form())
    if not reason:
        return see_other(f"{BOOKS}/adoptions/{id}", "请写明理由，最多 200 字。", "refused")
    await adoptions.withdraw(services, request.user, id, reason)
    return see_other(f"{BOOKS}/adoptions/{id}", "已撤销，理由已记下。")


@post(f"{BOOKS}/check", status_code=200)
async def check(
    data: JSONBody[wire.BookCheckRequest], services: NamedDependency[Services], request: StaffRequest
) -> wire.BookCheck:
    """What the editor asks while somebody types: the door of `/v1` is closed to a browser's cookie."""
    return await use_cases.check(services, request.user, data.text)


def _decided(form: FormMultiDict) -> tuple[wire.Decision, date]:
    """Raises Refused: malformed."""
    try:
        decision = msgspec.convert(
            {name: read_field(form, name) for name in ("body", "meeting", "decided_on", "present")}, wire.Decision
        )
        return decision, date.fromisoformat(read_field(form, "effective_from"))
    except (msgspec.ValidationError, ValueError):
        raise Refused(ErrorCode.MALFORMED, "请填全决定机构、会议、决定日期和生效日期；名称最多 80 字。") from None


def _require_own_page(error: Refused) -> None:
    """Goes on with what the form itself can say; the rest has a page of its own."""
    if error.code in (ErrorCode.NOT_ALLOWED, ErrorCode.UNKNOWN, ErrorCode.WRONG_STATE):
        raise error


def _reason(form: FormMultiDict) -> str:
    reason = read_field(form, "reason")
    return reason if len(reason) <= 200 else ""


def _tomorrow(services: Services) -> date:
    return local_date(services.clock.now()) + timedelta(days=1)


def _lines_as_ours(text: str) -> str:
    """Browsers and Windows end lines in two characters."""
    return text.replace("\r\n", "\n").replace("\0", "")


def _address(draft: wire.DraftSummary) -> str:
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
