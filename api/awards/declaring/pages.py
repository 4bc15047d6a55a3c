"""`/desk/declare`: choosing a rule, filling in its form, and the same for the next household."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from api import wire
from api.awards.claims.outcomes import redirect_with_outcomes
from api.awards.claims.statuses import STATUS
from api.awards.declaring import declarations, drafts
from api.awards.declaring.card_photo import find_photographed
from api.awards.declaring.declaration_form import (
    DeclarationForm,
    IncompleteForm,
    form_correcting,
    form_like,
    from_draft,
    new_form,
    read_form,
)
from api.awards.declaring.drafts import Draft
from api.awards.declaring.own_claims import find_returned
from api.awards.declaring.rounds import find_own_claim, list_recent_rules, load_round
from api.awards.declaring.submitting import keep_without_rule, load_book, submit
from api.awards.evidence.form_field import MAX_BODY, take_photos
from api.awards.evidence.photo_reader import MAX_BYTES
from api.awards.review import returning
from api.awards.review.queries import villages_served
from api.platform.access import DECLARERS, Role, StaffRequest, require, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.freezes.queries import read_frozen_rules
from api.registry.people.pages import DESK
from api.registry.register.queries import HouseholdFacts
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_upload
from api.web.page import SCRIPT_HEADERS, render_page
from rules import Rulebook

DECLARE = f"{DESK}/declare"


@get(DECLARE)
async def choose_or_fill(
    request: StaffRequest,
    services: NamedDependency[Services],
    rule: FromQuery[str] = "",
    draft: FromQuery[UUID | None] = None,
    after: FromQuery[UUID | None] = None,
    replaces: FromQuery[UUID | None] = None,
    household: FromQuery[str] = "",
) -> Template:
    """The form of a rule, as a `draft` was kept, like the claim that it comes `after`, or to correct the one that
    it `replaces`; without a rule, the list of them. `household`: the code of one that was found by its card."""
    require(request.user, *DECLARERS)
    book = await load_book(services, request.user)
    kept = await drafts.find_draft(services, request.user, draft) if draft is not None else None
    wanted = rule or (kept.rule if kept is not None else "")
    if kept is not None and wanted in book.rules:
        form = new_form(book.get_rule(wanted), book.version, from_draft(kept.form))
        problem = kept.problem if wanted == kept.rule else ""
        return await _form_page(request, services, replace(form, id=kept.id), problem)
    async with services.unit_of_work() as uow:
        last = await find_own_claim(uow, request.user, after) if after is not None else None
    if last is not None and last.rule in book.rules:
        return await _form_page(
            request, services, form_like(book.get_rule(last.rule), book.version, last).with_household(household)
        )
    returned = await find_returned(services, request.user, replaces) if replaces is not None else None
    if returned is not None and returned.claim.rule in book.rules:
        rule_now = book.get_rule(returned.claim.rule)
        form = form_correcting(rule_now, book.version, returned.claim, returned.household)
        return await _form_page(request, services, form, returned.claim.return_reason)
    if wanted in book.rules:
        return await _form_page(
            request, services, new_form(book.get_rule(wanted), book.version).with_household(household)
        )
    return await _choice_page(request, services, book, kept)


@post(DECLARE, status_code=200, request_max_body_size=MAX_BODY)
async def declare(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    staff, data = request.user, await request.form()
    require(staff, *DECLARERS)
    book = await load_book(services, staff)
    rule = book.rules.get(read_code(data, "rule"))
    if rule is None:
        kept, sentence = await keep_without_rule(services, staff, data)
        return see_other(f"{DECLARE}?draft={kept}", sentence, "refused")
    photos = await take_photos(services, staff, rule, data)
    form = read_form(rule, data).with_photos(photos.answers)
    try:
        sentence = await submit(services, staff, form, photos.problem)
    except IncompleteForm as error:
        return await _form_page(request, services, error.form, str(error), error.candidates, refused=True)
    return see_other(f"{DECLARE}?after={form.id}", sentence)


@post(f"{DECLARE}/card", request_max_body_size=MAX_BODY)
async def find_by_photo(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """Back to the form, with the household whose card is in the photo."""
    require(request.user, *DECLARERS)
    data = await request.form()
    back = {name: read_code(data, name) for name in ("rule", "after") if read_code(data, name)}
    photo = read_upload(data, "card")
    try:
        holder = await find_photographed(
            services, request.user, await photo.read(MAX_BYTES + 1) if photo is not None else b""
        )
    except Refused as error:
        return see_other(f"{DECLARE}?{urlencode(back)}", error.detail, "refused")
    return see_other(f"{DECLARE}?{urlencode({**back, 'household': holder.code})}", f"认出来了：{holder.head}。")


@post(f"{DECLARE}/withdraw")
async def withdraw(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    """One of those that were just declared, and back to their list."""
    data = await request.form()
    try:
        claim, after = (UUID(read_code(data, name)) for name in ("claim", "after"))
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再试。") from None
    back = f"{DECLARE}?after={after}"
    try:
        await returning.withdraw(services, request.user, claim)
    except Refused as error:
        if error.code is not ErrorCode.WRONG_STATE:
            raise
        return see_other(back, error.detail, "refused")
    return see_other(back, "已撤回，这一户可以重新报。")


@post(f"{DECLARE}/every-household")
async def declare_for_all(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    try:
        data = msgspec.convert(
            {name: read_code(form, name) for name in ("village", "rule", "deed_on")}, wire.VillageClaims
        )
    except msgspec.ValidationError:
        return see_other(DESK, "请选好村和日期。", "refused")
    outcomes = await declarations.declare_for_every_household(services, request.user, data)
    return redirect_with_outcomes("申报", outcomes)


async def _choice_page(request: StaffRequest, services: Services, book: Rulebook, draft: Draft | None) -> Template:
    async with services.unit_of_work() as uow:
        recent = await list_recent_rules(uow, request.user, book)
        number = len(await drafts.list_drafts(uow, request.user))
    return render_page(
        request,
        "awards/declaring/rules.html",
        staff=request.user,
        book=book,
        recent=recent,
        frozen=await read_frozen_rules(services, request.user.village),
        drafts=number,
        draft=draft,
    )


async def _form_page(
    request: StaffRequest,
    services: Services,
    form: DeclarationForm,
    problem: str = "",
    candidates: Sequence[HouseholdFacts] = (),
    *,
    refused: bool = False,
) -> Template:
    """`problem`: what has to be put right before it is sent; `refused`: it was sent just now."""
    for_every_household = form.rule.every_household and request.user.may(Role.COMMITTEE)
    async with services.unit_of_work() as uow:
        round = await load_round(uow, request.user, form.after) if form.after is not None else None
    return render_page(
        request,
        "awards/declaring/declare.html",
        status=422 if refused else 200,
        headers=SCRIPT_HEADERS,
        refused=refused,
        staff=request.user,
        form=form,
        typed=form.typed,
        problem=problem,
        candidates=candidates,
        round=round,
        statuses=STATUS,
        frozen=await read_frozen_rules(services, request.user.village),
        villages=await villages_served(services, request.user) if for_every_household else [],
    )


router = Router(
    "/",
    route_handlers=[choose_or_fill, declare, find_by_photo, withdraw, declare_for_all],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
