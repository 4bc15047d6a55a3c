"""Every page: a township in which each has something to show, and the way to them by links, as everybody goes."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from html import unescape

from uuid_utils.compat import uuid7

from tests.api.asking import a_redemption, order, rows
from tests.api.awards.draws.conftest import put_draws
from tests.api.awards.evidence.conftest import put_photo_on_notice
from tests.api.awards.objections.conftest import end, object_by_card
from tests.api.awards.rulebooks.conftest import ask, propose, text
from tests.api.desk.freezes.conftest import freeze_rule
from tests.api.registry.register.sheets import messy_register
from tests.api.shop.stock.conftest import fill_goods_page
from tests.api.shop.stock_sheets.conftest import propose as propose_goods
from tests.api.shop.stock_sheets.conftest import sheet_body
from tests.api.web.browser import browsing, declare, on_notice
from tests.conftest import LiveTown, run_jobs

# One of each set of duties; nobody signed in is the household, and whoever passes the notice board.
EVERYBODY = ("", "wang", "zhao", "li", "qian", "ma", "tan", "office")
_LINK = re.compile(r'href="(/[^"#]*)')
# With its class and what it is for, where it has them.
_ELEMENT = re.compile(r'<[a-z0-9]+(?: (?:class|type|role|name)="[^"]*")*')
_FILE = re.compile(r'<(?:link rel="stylesheet" href|script[^>]* src)="([^"]+)"')
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")


def kind(path: str) -> str:
    """What pages that differ only in what they are about have in common."""
    return re.sub(
        r"=[^&]*|(?<=/join/).*|(?<=/goods/hp/).*|(?<=/desk/cards/).*|(?<=/desk/households/)[^/]+|(?<=/rules)/hp",
        "=",
        _ID.sub("ID", path),
    )


async def furnish(town: LiveTown) -> None:
    """Something of everything that waits, was done or is shown."""
    await on_notice(town, "hp-1")
    [(claim,)] = await rows(town, "select id from claim where status = 'approved'")
    await object_by_card(town, town.card, str(claim))
    answered = await object_by_card(town, town.poor_card, str(claim))
    (await end(town, "tan", answered, "dismiss")).raise_for_status()
    await put_photo_on_notice(town, "hp-1")
    await run_jobs(town.town)
    await put_draws(town)
    await freeze_rule(town, "A02")
    await fill_goods_page(town)
    async with browsing(town, "wang") as wang:
        await declare(wang, "hp-1")
        await declare(wang, "hp-2")
        # Not taken: a draft.
        await declare(wang, "hp-99")
    async with browsing(town) as household:
        await household.open(f"/c/{town.empty_card}/declare?rule=A09")
        await household.send(f"/c/{town.empty_card}/declare", deed_on="2026-06-12")
    async with browsing(town, "zhao") as zhao:
        await zhao.send("/desk/claims/review", claims=zhao.claims()[:1])
    async with town.staff("office") as http:
        closing = {"month": "2026-05", "reason": "月结"}
        (await http.post("/v1/periods", json=closing)).raise_for_status()
        changed = {"effective_on": "2026-06-10", "reason": "孙女出生", "people": 5}
        (await http.patch("/v1/households/hp-2", json=changed)).raise_for_status()
    async with browsing(town, "li") as li:
        await li.open("/desk/cards/hp-3")
        await li.send("/desk/card-issues/preview")
        await li.send("/desk/card-issues")
        await li.open("/desk/cards/hp-4")
        await li.send("/desk/cards/hp-4/freeze", reason="赶集时丢了")
    await serve_without_card(town, "王建国")
    async with town.staff("fu") as http:
        invited = (await http.post("/v1/people/wang/invitation")).raise_for_status().json()
        town.invitation = invited["code"]
    async with browsing(town, "li") as li:
        await li.open("/desk/account")
        await li.send("/desk/account/second-step")
    async with browsing(town, "office") as office:
        await office.open("/desk/register")
        await office.send("/desk/register", ("花名册.xlsx", messy_register()))
    (await propose(town, text("2026.2"))).raise_for_status()
    (await propose_goods(town, sheet_body(("毛巾", "2002", 10, 4_000, 5)))).raise_for_status()
    for by in ("office", "ma"):
        (await ask(town, by, "POST", "/drafts", {"builtin": "township"})).raise_for_status()


async def serve_without_card(town: LiveTown, name: str) -> None:
    """On the word of another attendant."""
    witness = {"supermarket": "hp", "name": "吴管理员", "pin": "9753"}
    async with town.staff("office") as office, town.device(await town.shift()) as till:
        (await office.post("/v1/attendants", json=witness)).raise_for_status()
        [found] = (await till.get("/v1/till/households", params={"text": name})).raise_for_status().json()
        asked = {"household": found["household"], "witness": {"pin": witness["pin"]}}
        identified = await till.put(f"/v1/till/identifications/{uuid7()}", json=asked)
        card = identified.raise_for_status().json()["token"]
        (await till.put(a_redemption(), json=order(card, ("soap", 1, 5)))).raise_for_status()


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page that somebody comes to; `elements` are the kinds of elements on it, `weight` its bytes on the wire,
    `files` what it loads beside itself, but photos; `takes_photos`: there is something to choose one for."""

    login: str
    path: str
    elements: frozenset[str]
    weight: int
    files: tuple[str, ...]
    takes_photos: bool


async def find_pages(town: LiveTown, login: str) -> list[FoundPage]:
    """One of each kind of the pages that somebody comes to by links from where they begin: those of the desk, or
    without a login those for everybody."""
    found: dict[str, FoundPage] = {}
    begin = (
        ["/desk", "/desk/households?q=hp-2"]
        if login
        else [
            "/",
            f"/c/{town.card}",
            "/desk/sign-in",
            "/desk/sign-in/code",
            f"/join/{town.invitation}",
            "/c/123",
            "/nowhere",
        ]
    )
    async with browsing(town, login) as browser:
        while begin:
            path = begin.pop(0)
            # What programmers read is as long as all others together.
            if kind(path) in found or path == "/schema" or (login and not path.startswith("/desk")):
                continue
            await browser.open(path)
            if browser.page.headers["content-type"].startswith("text/html"):
                text = browser.page.text
                found[kind(path)] = FoundPage(
                    login,
                    path,
                    elements=frozenset(_ELEMENT.findall(text)),
                    weight=browser.page.num_bytes_downloaded,
                    files=tuple(_FILE.findall(text)),
                    takes_photos='accept="image/' in text,
                )
                links = _LINK.findall(text)
                begin += [unescape(link) for link in links if not link.startswith("/static/")]
                if path == "/desk/account":
                    # Where turning it on leads.
                    begin.append(f"{path}/second-step")
                if kind(path) == "/desk/rulebooks/drafts/ID":
                    # Where saving leads.
                    begin.append(f"{path}/propose")
    return list(found.values())


async def find_different_pages(town: LiveTown) -> list[FoundPage]:
    """Of all that anybody comes to, those that have what no other page of their kind has."""
    found = [page for login in EVERYBODY for page in await find_pages(town, login)]
    different: list[FoundPage] = []
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for page in sorted(found, key=lambda page: -len(page.elements)):
        if not page.elements <= seen[kind(page.path)]:
            seen[kind(page.path)] |= page.elements
            different.append(page)
    return different
