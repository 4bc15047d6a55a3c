"""`/objections/new`, `/c/{token}/objections`: a household objects with its card; and what came of a village's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from uuid_utils.compat import uuid7

from api import wire
from api.awards.objections import deciding, raising
from api.awards.objections.board_objections import load_village
from api.awards.objections.household_objections import ContestableEntry, find_on_board, list_contestable
from api.awards.objections.routes import Year
from api.awards.objections.working_days import HOW_RECKONED
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_lines
from api.web.page import render_page
from api.wire.card_token import MalformedCard, parse

_TEXT_WRONG = "请写明哪里不对，2 到 500 个字。"
# What the household can do something about on its page.
_FORM_ERRORS = (ErrorCode.ALREADY_THERE, ErrorCode.WRONG_STATE, ErrorCode.TOO_MANY)


@get("/objections/new")
async def ask_for_card(
    request: Request[Any, Any, Any], services: NamedDependency[Services], claim: FromQuery[UUID]
) -> Template:
    """From the notice board: whose card it is."""
    entry = await find_on_board(services, claim)
    return render_page(request, "awards/objections/ask_for_card.html", entry=entry)


@post("/objections/new")
async def read_card(request: Request[Any, Any, Any]) -> Redirect:
    form = await request.form()
    claim = _read_id(read_code(form, "claim"))
    try:
        token = parse(read_code(form, "card"))
    except MalformedCard as error:
        return see_other(f"/objections/new?claim={claim}", str(error), "refused")
    return see_other(f"/c/{token}/objections/new?claim={claim}")


@get("/c/{token:str}/objections/new")
async def choose_or_write(
    token: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    claim: FromQuery[UUID | None] = None,
) -> Template:
    """The form for an entry; without one, the entries that can be objected to."""
    return await _render(request, services, token, claim)


@post("/c/{token:str}/objections")
async def raise_objection(
    token: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[Any]:
    form = await request.form()
    claim, text = _read_id(read_code(form, "claim")), read_lines(form, "text")
    try:
        new = msgspec.convert({"id": read_code(form, "id"), "claim": str(claim), "text": text}, wire.CardObjection)
    except msgspec.ValidationError:
        return await _render(request, services, token, claim, text, _TEXT_WRONG)
    try:
        await raising.raise_by_card(services, token, new)
    except Refused as error:
        if error.code not in _FORM_ERRORS:
            raise
        return see_other(f"/c/{parse(token)}", error.detail, "refused")
    return see_other(f"/c/{parse(token)}#objections", "异议已收到。答复会写在这一页。")


@post("/c/{token:str}/objections/{id:uuid}/withdraw")
async def withdraw(token: FromPath[str], id: FromPath[UUID], services: NamedDependency[Services]) -> Redirect:
    try:
        await deciding.withdraw_by_card(services, token, id)
    except Refused as error:
        if error.code not in _FORM_ERRORS:
            raise
        return see_other(f"/c/{parse(token)}", error.detail, "refused")
    return see_other(f"/c/{parse(token)}#objections", "异议已撤回。")


@get("/notices/{village:str}/objections")
async def show_village(
    village: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    year: Year = None,
) -> Template:
    """What a village's objections came to, for everybody."""
    return render_page(
        request,
        "awards/objections/village.html",
        code=village,
        told=await load_village(services, village, year),
        how_reckoned=HOW_RECKONED,
    )


async def _render(
    request: Request[Any, Any, Any],
    services: Services,
    token: str,
    claim: UUID | None,
    text: str = "",
    problem: str = "",
) -> Template:
    contestable = await list_contestable(services, token)
    entry = None if claim is None else _find(contestable.own + contestable.others, claim)
    return render_page(
        request,
        "awards/objections/write.html" if entry is not None else "awards/objections/choose.html",
        status=422 if problem else 200,
        token=parse(token),
        contestable=contestable,
        entry=entry,
        id=uuid7(),
        text=text,
        problem=problem,
        how_reckoned=HOW_RECKONED,
    )


def _find(entries: list[ContestableEntry], claim: UUID) -> ContestableEntry:
    for entry in entries:
        if entry.id == claim:
            return entry
    raise Refused(ErrorCode.UNKNOWN, "这一件现在不能提异议：它不在公示，或者入账已经太久。")


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再试。") from None


router = Router(
    "/",
    route_handlers=[ask_for_card, read_card, choose_or_write, raise_objection, withdraw, show_village],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
