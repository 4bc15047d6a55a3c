"""`/desk/declare`: choosing a rule and filling in its form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect, Template

from api import wire
from api.awards.claims.outcomes import redirect_with_outcomes
from api.awards.declaring import declaration_form, declarations
from api.awards.review.queries import villages_served
from api.platform.access import DECLARERS, Role, StaffRequest, require, staff_only
from api.platform.services import Services
from api.registry.people.pages import DESK
from api.registry.register.queries import HouseholdFacts
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code
from api.web.page import render_page


@get("/desk/declare")
async def choose_or_fill(
    request: StaffRequest, services: NamedDependency[Services], rule: FromQuery[str] = ""
) -> Template:
    """The form of a rule; without one, the list of rules."""
    require(request.user, *DECLARERS)
    book = await declaration_form.load_book(services, request.user)
    if rule not in book.rules:
        return render_page(request, "awards/declaring/rules.html", staff=request.user, book=book)
    return await _form_page(request, services, declaration_form.new_form(book.get_rule(rule)))


@post("/desk/declare", status_code=200)
async def declare(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    filled = declaration_form.read_form(
        await declaration_form.load_book(services, request.user), await request.form()
    )
    try:
        message = await declaration_form.submit(services, request.user, filled)
    except declaration_form.IncompleteForm as error:
        return await _form_page(request, services, error.form, str(error), error.candidates)
    return see_other(DESK, message)


@post("/desk/declare/every-household")
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


async def _form_page(
    request: StaffRequest,
    services: Services,
    form: declaration_form.DeclarationForm,
    problem: str = "",
    candidates: Sequence[HouseholdFacts] = (),
) -> Template:
    for_every_household = form.rule.every_household and request.user.may(Role.COMMITTEE)
    return render_page(
        request,
        "awards/declaring/declare.html",
        status=422 if problem else 200,
        staff=request.user,
        form=form,
        problem=problem,
        candidates=candidates,
        villages=await villages_served(services, request.user) if for_every_household else [],
    )


router = Router(
    "/",
    route_handlers=[choose_or_fill, declare, declare_for_all],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
