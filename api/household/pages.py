"""`/c/{token}`: the page behind the code on a household's card."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jinja2
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from markupsafe import Markup

from api.awards.rulebooks.use_cases import KEPT
from api.household.passbook import passbook
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.cards import pins
from api.web.flash import see_other
from api.web.form import typed
from api.web.page import page, template
from api.web.refusals import AS_PAGES
from api.wire.card_token import parse
from rules import Rulebook, describe_rule, format_limit

# What a household can put right on the form itself.
_ON_THE_FORM = ("pin-malformed", "pins-differ", "wrong-card-pin", "card-pin-locked")


# Printed codes hold capitals, which make them smaller; typed ones come as they come.
@get(["/c/{token:str}", "/C/{token:str}"])
async def household(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Template:
    seen = await passbook(services, token)
    return page(
        request,
        "household/household.html",
        passbook=seen,
        token=token,
        ways=_ways(template(request, "household/ways.html"), seen.book) if seen.book is not None else "",
        thresholds=pins.ABOVE,
    )


# A book says the same to every household, and has much to say.
@lru_cache(maxsize=KEPT)
def _ways(shown: jinja2.Template, book: Rulebook) -> Markup:
    return Markup(shown.render(book=book, format_limit=format_limit, describe_rule=describe_rule))


@post("/c/{token:str}/pin")
async def choose_pin(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Redirect:
    form, own = await request.form(), f"/c/{parse(token)}"
    above = typed(form, "above")
    try:
        await pins.choose(
            services,
            token,
            old=typed(form, "old"),
            pin=typed(form, "pin"),
            again=typed(form, "again"),
            above=int(above) if above.isdecimal() and len(above) < 9 else 0,
        )
    except Refused as error:
        return _beside_the_form(own, error)
    return see_other(own, f"密码已设好：一次兑换超过 {above} 分要密码。请记牢。")


@post("/c/{token:str}/pin/remove")
async def remove_pin(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Redirect:
    form, own = await request.form(), f"/c/{parse(token)}"
    try:
        await pins.remove(services, token, old=typed(form, "old"))
    except Refused as error:
        return _beside_the_form(own, error)
    return see_other(own, "密码已取消，兑换不再要密码。")


def _beside_the_form(own: str, error: Refused) -> Redirect:
    if error.code not in _ON_THE_FORM:
        raise error
    return see_other(own, error.detail, "refused")


router = Router(
    "/",
    route_handlers=[household, choose_pin, remove_pin],
    exception_handlers=AS_PAGES,
    include_in_schema=False,
)
