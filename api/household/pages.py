"""`/c/{token}`: the household's page, opened by the QR code on its card."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jinja2
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from markupsafe import Markup

from api.awards.rulebooks.use_cases import MAX_CACHED_BOOKS
from api.household.passbook import read_passbook
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.cards import pins
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_field
from api.web.page import get_template, render_page
from api.wire.card_token import parse
from rules import Rulebook, describe_rule, format_limit

# Errors that the household can correct in the form.
_FORM_ERRORS = ("pin-malformed", "pins-differ", "wrong-card-pin", "card-pin-locked")


# Printed codes are in capitals, which makes them smaller; a typed address may be in either case.
@get(["/c/{token:str}", "/C/{token:str}"])
async def show_household(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Template:
    passbook = await read_passbook(services, token)
    template = get_template(request, "household/earning_rules.html")
    return render_page(
        request,
        "household/household.html",
        passbook=passbook,
        token=token,
        earning_rules=_render_rules(template, passbook.book) if passbook.book is not None else "",
        thresholds=pins.list_thresholds(passbook.pin_default),
    )


# The same for every household, and long.
@lru_cache(maxsize=MAX_CACHED_BOOKS)
def _render_rules(template: jinja2.Template, book: Rulebook) -> Markup:
    return Markup(template.render(book=book, format_limit=format_limit, describe_rule=describe_rule))


@post("/c/{token:str}/pin")
async def choose_pin(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Redirect:
    form, path = await request.form(), f"/c/{parse(token)}"
    above = read_field(form, "above")
    try:
        await pins.set_pin(
            services,
            token,
            old=read_field(form, "old"),
            pin=read_field(form, "pin"),
            again=read_field(form, "again"),
            above=int(above) if above.isdecimal() and len(above) < 9 else 0,
        )
    except Refused as error:
        return _redirect_to_form(path, error)
    return see_other(path, f"密码已设好：一次兑换超过 {above} 分要密码。请记牢。")


@post("/c/{token:str}/pin/remove")
async def remove_pin(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Redirect:
    form, path = await request.form(), f"/c/{parse(token)}"
    try:
        await pins.remove_pin(services, token, old=read_field(form, "old"))
    except Refused as error:
        return _redirect_to_form(path, error)
    return see_other(path, "密码已取消，兑换不再要密码。")


@post("/c/{token:str}/freeze")
async def freeze_card(
    token: FromPath[str], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> Redirect:
    form, path = await request.form(), f"/c/{parse(token)}"
    if read_field(form, "sure") != "yes":
        return see_other(path, "没有挂失：请先勾选，再挂失。", "refused")
    try:
        await pins.freeze_own_card(services, token, pin=read_field(form, "pin"))
    except Refused as error:
        return _redirect_to_form(path, error)
    return see_other(path, "已挂失，积分不会丢。请到村委会补一张新卡；卡找到了，带卡去解除挂失。")


def _redirect_to_form(path: str, error: Refused) -> Redirect:
    if error.code not in _FORM_ERRORS:
        raise error
    return see_other(path, error.detail, "refused")


router = Router(
    "/",
    route_handlers=[show_household, choose_pin, remove_pin, freeze_card],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
