"""`/c/{token}/declare`: what a household declares itself, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.awards.declaring.declaration_form import (
    DeclarationForm,
    IncompleteForm,
    form_correcting,
    new_form,
    read_form,
    read_typed,
    to_claim,
)
from api.awards.declaring.own_declarations import OwnPage, declare_own, find_own_returned, load_own_page
from api.awards.evidence.form_field import MAX_BODY, take_photos
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code
from api.web.page import SCRIPT_HEADERS, render_page
from api.wire.card_token import parse

# What the household can do something about, in the form.
_FORM_ERRORS = (
    ErrorCode.WRONG_CARD_PIN,
    ErrorCode.CARD_PIN_LOCKED,
    ErrorCode.NO_PIN,
    ErrorCode.TOO_MANY,
    ErrorCode.WRONG_STATE,
)


@get("/c/{token:str}/declare")
async def choose_or_fill(
    token: FromPath[str],
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
    rule: FromQuery[str] = "",
    replaces: FromQuery[UUID | None] = None,
) -> Template:
    """The form of a rule, or to correct the claim that it `replaces`; without one, the list of those open to
    households, and what the household declared."""
    page = await load_own_page(services, token)
    returned = await find_own_returned(services, token, replaces) if replaces is not None else None
    corrected = page.find_rule(returned.rule) if returned is not None else None
    if returned is not None and corrected is not None:
        form = form_correcting(corrected, page.edition, returned, page.holder.code)
        return _show(request, token, page, form, returned.return_reason)
    chosen = page.find_rule(rule)
    return _show(request, token, page, new_form(chosen, page.edition) if chosen is not None else None)


@post("/c/{token:str}/declare", status_code=200, request_max_body_size=MAX_BODY)
async def declare(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Response[Any]:
    data, path = await request.form(), f"/c/{parse(token)}/declare"
    page = await load_own_page(services, token)
    rule = page.find_rule(read_code(data, "rule"))
    if rule is None:
        note = read_typed(data).note
        kept = f"您写的说明：{note}" if note else ""
        return see_other(path, f"这一项现在不能自己报了，请另选一项，或告诉网格员。{kept}", "refused")
    photos = await take_photos(services, page.holder.id, rule, data)
    form = read_form(rule, data).with_photos(photos.answers)
    if photos.problem:
        return _show(request, token, page, form, photos.problem)
    if form.edition != page.edition:
        return _show(
            request, token, page, replace(form, edition=page.edition), "积分办法刚换了一版，请核对后再提交。"
        )
    try:
        sentence = await declare_own(services, token, to_claim(form, page.holder.code), read_code(data, "pin"))
    except IncompleteForm as error:
        return _show(request, token, page, form, str(error))
    except Refused as error:
        if error.code not in _FORM_ERRORS:
            raise
        return _show(request, token, page, form, error.detail)
    return see_other(path, sentence)


def _show(
    request: Request[Any, Any, Any], token: str, page: OwnPage, form: DeclarationForm | None, problem: str = ""
) -> Template:
    return render_page(
        request,
        "household/declare.html",
        status=422 if problem else 200,
        headers=SCRIPT_HEADERS if form is not None and form.takes_photos else {},
        page=page,
        frozen=page.frozen,
        token=parse(token),
        form=form,
        problem=problem,
    )


router = Router(
    "/",
    route_handlers=[choose_or_fill, declare],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
