"""The kiosk in English: all screens, bars and refusals, without Chinese except names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from api.wire import Command, ExpiringPoints, Problem
from kiosk.errors import Refused, ServerUnavailable
from kiosk.http_client import require_address
from kiosk.language import _, choose_language
from kiosk.scanner import Scanner
from kiosk.screens.help import _KEYS as HELP_KEYS
from kiosk.screens.help import _TROUBLE as HELP_TROUBLE
from kiosk.widgets.household import _STEPS as STEPS
from kiosk.widgets.key_bar import KeyCap
from tests.conftest import enrol
from tests.kiosk.conftest import Network, OpenTill, Till, card_url
from tests.kiosk.test_broken_line import close_shifts
from tests.kiosk.test_catalogue import CHINESE
from tests.kiosk.test_screens import spend, spend_when_posted
from tests.kiosk.test_sign_in import add_attendant

RECEIPT = Command.RECEIPT.value


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    choose_language("en")
    yield
    choose_language("zh")


async def check_english(till: Till) -> None:
    """No Chinese on the screen except names of goods, places and people; no bar is cut off."""
    session = till.app.counter.session
    names = {"肥皂", "王**", "第一网格"}
    if session.till:
        names |= {session.till.supermarket, session.till.village, *(item.name for item in session.shelf)}
        names |= {attendant.name for attendant in session.till.attendants}
    if session.attendant:
        names.add(session.attendant)
    if session.card:
        names |= {session.card.view.name, session.card.view.village}
    shown = till.shows
    for name in sorted(names, key=len, reverse=True):
        shown = shown.replace(name, "")
    assert CHINESE.findall(shown) == []

    top = till.status.region.y
    rows = till.shows.splitlines()[top : top + till.status.region.height]
    assert "".join("".join(rows).split()) == "".join(till.status_text.split())
    # Caps that don't fit are hidden as soon as the screen is laid out.
    await till.until(
        lambda: all(
            key.region.right <= till.app.size.width for key in till.app.screen.query(KeyCap) if key.display
        )
    )


async def test_signing_in_and_help(town: Any, open_till: OpenTill) -> None:
    async with open_till(signed_in=False) as till:
        await till.sees("JIMEI POINTS SUPERMARKET")
        await till.sees("河畔村积美超市 (河畔村)")
        await check_english(till)
        await till.scan(card_url(town.card))
        await till.sees_refusal("! Sign in first, then scan")
        await till.press(*"24", "f2")
        await till.sees_refusal("A PIN has 4 to 8 digits")
        await check_english(till)
        await till.press("escape", *"1357", "f2")
        await till.sees_refusal("Wrong PIN: try again")
        await check_english(till)
        await till.press("f1")
        await till.until(lambda: till.screen == "HelpScreen")
        for key, what in (*HELP_KEYS, *HELP_TROUBLE):
            assert f" {_(key)} " in till.shows
            assert f" {_(what)} " in till.shows
        await check_english(till)


async def test_serving(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till() as till:
        await till.sees("On duty: 陈管理员")
        for _number, step in STEPS:
            await till.sees(f"  {_(step)} ")
        await till.sees("No goods yet")
        await check_english(till)
        await till.press("f2")
        await till.sees_refusal("No card yet")
        await check_english(till)
        await till.show_card(town.card)
        await till.sees("Has 100 pts ")
        await check_english(till)
        await till.press("f2")
        await till.sees_refusal("No goods yet: press a number")
        await check_english(till)
        await till.press(numbers["牙刷"])
        await till.sees_refusal("牙刷 is out of stock")
        await till.press(numbers["肥皂"])
        await till.sees("5 pts in all")
        await till.sees("Left after this")
        await check_english(till)
        await till.scan(card_url(town.poor_card))
        await till.sees_refusal("王** aren't confirmed")
        await check_english(till)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("Redeemed  王**")
        await till.sees("Balance now: 95 pts")
        await till.sees("Hand over the goods")
        await check_english(till)
        await till.press("escape")
        await till.scan(RECEIPT)
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("Receipt again  王**")
        await till.sees("Balance then: 95 pts")
        await check_english(till)


async def test_expiring_points_and_notices_fit(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        session = till.app.counter.session
        await till.show_card(town.card)
        expiring = [ExpiringPoints(on=date(2027, 7, 1), points=10_000)]
        view = structs.replace(session.card.view, balance=10_000, pending=100, expiring=expiring)
        session.show_household(town.card, view)
        till.app.screen.query("Household").refresh()
        await till.sees("Has 10000 pts, 100 pts on notice")
        await till.sees("10000 pts expire 2027-07-01")
        await check_english(till)


async def test_without_the_card(town: Any, open_till: OpenTill) -> None:
    await add_attendant(town)
    await add_attendant(town, "吴管理员", "9753")
    async with open_till(signed_in=False) as till:
        await till.sees("3   陈管理员")
        await till.press("3", *town.pin, "f2")
        await till.until(lambda: till.screen == "ServeScreen")
        await till.press("/")
        await till.sees("The last digits of its code")
        await check_english(till)
        await till.press(*"zz", "f2")
        await till.sees_refusal("Nobody in this village for zz")
        await till.press("backspace", "backspace", *"wjg", "f2")
        await till.sees("Which household is it?")
        await check_english(till)
        await till.press("1")
        await till.until(lambda: till.screen == "WaysScreen")
        await check_english(till)
        await till.press("1")
        await till.sees_refusal("This card has no PIN")
        await check_english(till)
        await till.press("3")
        await till.sees("Freeze this household's card?")
        await check_english(till)
        await till.press("escape")
        await till.until(lambda: till.screen == "WaysScreen")
        await till.press("2")
        await till.sees("Who vouches?")
        await check_english(till)
        await till.press("2")
        await till.sees("you know these people?")
        await check_english(till)
        await till.press(*"2469", "f2")
        await till.sees("No card: 5 min left")
        await check_english(till)
        await till.scan("6901234567892")
        await till.until(lambda: till.app.session.cart)
        await till.press("f2")
        await till.sees("Without the card: 周管理员 vouched")
        await check_english(till)


async def test_no_network(town: Any, network: Network, open_till: OpenTill, numbers: Any) -> None:
    async with open_till(network.url) as till:
        await till.show_card(town.card)
        await till.until(lambda: till.store.leases.get_available(till.app.counter.session.card.view.household))
        await till.press(numbers["肥皂"])
        await network.cut()
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.sees("Redeemed offline")
        await till.sees("offline until")
        await till.sees("1 to send")
        await check_english(till)


async def test_the_server_s_refusals(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with town.staff("office") as http:
        other = await enrol(http, "hp", "后台")
    async with open_till() as till:
        await till.scan(card_url(town.revoked_card))
        await till.sees_refusal("This card was reported lost and is void: use the new one")
        await check_english(till)
        await till.show_card(town.card)
        await till.press(numbers["大米"], numbers["大米"])
        await till.until(lambda: till.app.counter.session.total == 100)
        await spend(town, other, town.card, "rice", 50, 1)
        await till.press("f2")
        await till.sees_refusal("Not enough points, 50 short")
        await check_english(till)


async def test_a_shift_closed_meanwhile(town: Any, open_till: OpenTill, numbers: Any) -> None:
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press(numbers["肥皂"])
        await till.until(lambda: till.app.counter.session.cart)
        await close_shifts(town)
        await till.press("f2")
        await till.until(lambda: till.screen == "SignInScreen")
        await till.sees_refusal("Your shift has ended")
        await check_english(till)


async def test_goods_out_of_stock_are_named(town: Any, open_till: OpenTill, numbers: Any, balance: Any) -> None:
    await town.award("hp-3", 1000)
    async with open_till() as till:
        await till.show_card(town.card)
        await till.press(numbers["洗衣液"])
        await till.until(lambda: till.app.counter.session.cart)
        await spend_when_posted(town, balance, town.empty_card, "laundry", 20, 10)
        await till.press("f2")
        await till.sees_refusal("洗衣液: only 0 left")
        await check_english(till)


async def test_an_unknown_device(open_till: OpenTill) -> None:
    async with open_till(token="nonsense", signed_in=False) as till:
        await till.sees_refusal("ask the township office")
        await check_english(till)


# --- without a screen -------------------------------------------------------------------------------------


def problem(type: str, **extra: Any) -> Problem:
    return Problem(type=type, title=type, status=409, detail="中文的话", extra=extra)


def test_an_unknown_refusal_or_one_without_its_figures_is_the_servers_sentence() -> None:
    assert Refused(problem("insufficient-points", missing=3)).sentence == "Not enough points, 3 short"
    assert Refused(problem("insufficient-points")).sentence == "中文的话"
    assert Refused(problem("invented-later")).sentence == "中文的话"


def test_goods_are_named_or_else_shown_by_code() -> None:
    told = problem("out-of-stock", product="soap", left=2)
    assert Refused(told, {"soap": "肥皂"}).sentence.startswith("肥皂: only 2 left")
    assert Refused(told).sentence.startswith("soap: only 2 left")


def test_in_chinese_the_servers_sentence_is_shown() -> None:
    choose_language("zh")
    assert Refused(problem("insufficient-points", missing=3)).sentence == "中文的话"
    assert ServerUnavailable(sent=False).sentence.startswith("连不上服务器")


def test_what_the_command_line_refuses() -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        require_address("nowhere")
    with pytest.raises(ValueError, match="can't begin with a digit"):
        Scanner("1")
