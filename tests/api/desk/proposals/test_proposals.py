"""Whoever brings value in, writes it off or changes what everybody gets needs a second person."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.desk.proposals.kinds import KINDS
from api.desk.proposals.pages import PROPOSALS
from tests.api.asking import confirmed, problem, rows, set_bounds
from tests.api.awards.claims.conftest import hire
from tests.api.bookkeeping.general_ledger.conftest import awarded, correction, neighbours, row
from tests.api.desk.households.conftest import done
from tests.api.shop.stock.conftest import arrival, count, donation, purchase, put, read_stock
from tests.api.shop.stock_sheets.conftest import sheet_body
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

ID = str(uuid7())
CHANGED = {"effective_on": "2026-06-10", "reason": "村里核实过"}
NEWCOMER = {"login": "wu", "name": "吴村委", "roles": ["committee"], "village": "hp"}
PROMOTED = {"name": "李村委", "roles": ["committee", "supervisor"], "village": "hp", "reason": "换届"}
# By kind: who proposes, the request, who confirms, and who may not, beside the proposer.
CASES: dict[str, tuple[str, str, str, Any, str, tuple[str, ...]]] = {
    "import": ("office", "POST", "/v1/imports", {"source": "台账", "rows": [row(7)]}, "fu", ("qian", "li", "ma")),
    "closing": ("office", "POST", "/v1/periods", {"month": "2026-05", "reason": "月结"}, "tan", ("fu", "qian")),
    "expiry-policy": (
        "ma",
        "PUT",
        "/v1/expiry-policies",
        {"effective_on": "2026-08-01", "kind": "rolling", "months": 1, "reason": "支委会决定"},
        "office",
        ("fu", "tan"),
    ),
    "funding": ("office", "PUT", f"/v1/funds/{ID}", {"amount": 9, "source": "appropriation"}, "tan", ("qian",)),
    "restock": ("li", "PUT", f"/v1/restocks/{ID}", purchase(("rice", 2, 900)), "qian", ("far-off", "ma")),
    "donation": ("li", "PUT", f"/v1/donations/{ID}", donation(("rice", 2)), "office", ("far-off", "ma")),
    "stocktake": ("li", "PUT", f"/v1/stocktakes/{ID}", count(("rice", 2)), "qian", ("far-off", "ma")),
    "stock-sheet": (
        "office",
        "POST",
        "/v1/stock-sheets",
        sheet_body(("毛巾", "2002", 10, 4_000, 5)),
        "fu",
        ("qian", "li", "ma"),
    ),
    "product-change": ("office", "PATCH", "/v1/products/rice", {"price": 1}, "fu", ("qian", "li", "ma")),
    "cards": (
        "li",
        "POST",
        "/v1/cards",
        {"households": ["hp-1", "hp-2", "hp-3", "hp-4"]},
        "qian",
        ("far-off", "ma"),
    ),
    "corrections": ("office", "POST", "/v1/corrections", None, "tan", ("qian", "li")),
    "household-split": (
        "li",
        "POST",
        "/v1/households/hp-1/split",
        CHANGED | {"code": "hp-9", "head": "王小红", "grid": "hp-1", "people": 1, "points": 9, "agreed": True},
        "qian",
        ("far-off", "ma"),
    ),
    "household-merge": (
        "li",
        "POST",
        "/v1/households/hp-1/merge",
        CHANGED | {"into": "hp-2"},
        "qian",
        ("far-off", "ma"),
    ),
    "household-end": ("li", "POST", "/v1/households/hp-1/end", CHANGED, "qian", ("far-off", "ma")),
    "household-revive": ("li", "POST", "/v1/households/hp-3/revive", CHANGED, "qian", ("far-off", "ma")),
    "approval-policy": (
        "office",
        "PUT",
        "/v1/approval-policy",
        {"stocktake_points": 9, "price_percent": 9, "cards": 9, "first_cards": 9},
        "tan",
        ("fu", "qian"),
    ),
    "township-defaults": (
        "office",
        "PUT",
        "/v1/township-defaults",
        {"notice_days": 5, "pin_above": 9, "lease_most": 9, "lease_days": 9},
        "fu",
        ("qian", "li"),
    ),
    "people": ("office", "POST", "/v1/people", [NEWCOMER], "fu", ("qian", "li")),
    "duties": ("office", "PUT", "/v1/people/li", PROMOTED, "ma", ("qian", "li")),
}


async def moved(town: LiveTown) -> list[Any]:
    """What any of them could change."""
    return await rows(
        town,
        """select (select count(*) from ledger.transaction), (select count(*) from card),
                  (select sum(price) from product),
                  (select count(*) from ledger.period_closing), (select count(*) from ledger.expiry_policy),
                  (select count(*) from household_change where coalesce(after ->> 'kept_until', '') = ''),
                  (select count(*) from approval_policy), (select count(*) from township_defaults),
                  (select count(*) from person_change)""",
    )


async def ask(town: LiveTown, by: str, method: str, path: str, body: Any = None) -> httpx.Response:
    async with town.staff(by) as http:
        return await http.request(method, path, json=body)


async def propose(town: LiveTown, kind: str) -> dict[str, Any]:
    by, method, path, body, _, _ = CASES[kind]
    if kind == "corrections":
        body = [correction(await awarded(town))]
    if kind == "household-revive":
        (await done(town, "hp-3", "end", by="li", kept_until="2026-07-01")).raise_for_status()
    answer = await ask(town, by, method, path, body)
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting"), answer.text
    return dict(answer.json())


async def test_every_kind_stands_in_this_table() -> None:
    # The key of backups is a file, not a row: tests/api/bookkeeping/backup/test_pages.py.
    assert CASES.keys() | {"backup-key"} == KINDS.keys()


@pytest.mark.parametrize("kind", CASES)
async def test_one_person_proposes_and_another_confirms(town: LiveTown, kind: str) -> None:
    by, method, path, body, second, others = CASES[kind]
    await neighbours(town)
    before = await moved(town)
    proposal = await propose(town, kind)
    id = f"/v1/proposals/{proposal['id']}"
    if kind != "corrections":
        assert (await ask(town, by, method, path, body)).json()["id"] == proposal["id"]
    problem(await ask(town, by, "POST", f"{id}/confirm"), 403, "same-person")
    for other in others:
        refusal = await ask(town, other, "POST", f"{id}/confirm")
        assert refusal.status_code in (403, 404), (other, refusal.text)
    assert await moved(town) == before
    [waiting] = (await ask(town, second, "GET", "/v1/proposals")).json()
    assert (waiting["kind"], waiting["steps"], waiting["status"]) == (kind, ["confirm", "refuse"], "waiting")
    assert waiting["what"]
    answers = await asyncio.gather(*(ask(town, second, "POST", f"{id}/confirm") for _ in range(3)))
    assert {answer.status_code for answer in answers} <= {200, 204}, [answer.text for answer in answers]
    after = await moved(town)
    assert after != before
    # What was confirmed is what a request for it gets from now on, and it counts once.
    if kind.startswith("household-"):
        # What has been done to a household can't be done to it again.
        assert (await ask(town, by, method, path, body)).status_code in (409, 410)
    elif kind not in ("corrections", "cards", "people", "duties"):
        assert (await ask(town, by, method, path, body)).status_code in (200, 204)
    assert await moved(town) == after
    found = (await ask(town, second, "GET", "/v1/proposals?closed=true")).json()
    # Who was hired for this test was confirmed, too.
    closed = next(each for each in found if each["id"] == proposal["id"])
    names = {"office": "乡镇办公室", "li": "李村委", "ma": "马支委"}
    assert (closed["status"], closed["proposed_by"], bool(closed["closed_by"])) == ("confirmed", names[by], True)
    assert (await ask(town, "office", "GET", "/v1/report")).json()["in_balance"]


@pytest.mark.parametrize("kind", CASES)
async def test_what_is_refused_moves_nothing_and_is_kept(town: LiveTown, kind: str) -> None:
    by, _, _, _, second, _ = CASES[kind]
    before = await moved(town)
    proposal = await propose(town, kind)
    id = f"/v1/proposals/{proposal['id']}"
    reason = {"reason": "数不对"}
    answers = [await ask(town, second, "POST", f"{id}/refuse", reason) for _ in range(2)]
    assert [(a.status_code, a.json()["status"], a.json()["reason"]) for a in answers] == [
        (200, "refused", "数不对")
    ] * 2
    problem(await ask(town, second, "POST", f"{id}/confirm"), 409, "wrong-state")
    problem(await ask(town, by, "POST", f"{id}/refuse", reason), 409, "wrong-state")
    assert await moved(town) == before
    assert (await ask(town, by, "GET", id)).json()["status"] == "refused"


async def test_a_request_with_an_id_that_was_refused_or_says_something_else(town: LiveTown) -> None:
    proposal = await propose(town, "restock")
    _, method, path, body, *_ = CASES["restock"]
    problem(await ask(town, "li", method, path, purchase(("rice", 3, 900))), 409, "conflict")
    problem(await ask(town, "li", "PUT", f"/v1/donations/{ID}", donation(("rice", 2))), 409, "conflict")
    await ask(town, "li", "POST", f"/v1/proposals/{proposal['id']}/refuse", {"reason": "写错了"})
    problem(await ask(town, "li", method, path, body), 409, "wrong-state")


async def test_ones_own_household_is_nobodys_to_propose_or_to_confirm(town: LiveTown) -> None:
    await hire(town, "own", "office", "supervisor", household="hp-3")
    rows_ = [row(1000, what="自己"), row(5, household="hp-1")]
    proposal = (await ask(town, "own", "POST", "/v1/imports", {"source": "x", "rows": rows_})).json()
    assert [(o["status"], o["type"]) for o in proposal["preview"]] == [("refused", "not-allowed"), ("ok", "")]
    alone = await ask(town, "own", "POST", "/v1/imports", {"source": "x", "rows": rows_[:1]})
    assert (alone.status_code, alone.json()[0]["status"]) == (200, "refused")
    outcomes = (await ask(town, "fu", "POST", f"/v1/proposals/{proposal['id']}/confirm")).json()
    assert [o["status"] for o in outcomes] == ["refused", "ok"]
    theirs = (await ask(town, "office", "POST", "/v1/imports", {"source": "y", "rows": rows_})).json()
    problem(await ask(town, "own", "POST", f"/v1/proposals/{theirs['id']}/confirm"), 403, "not-allowed")
    assert (await ask(town, "own", "GET", f"/v1/proposals/{theirs['id']}")).json()["steps"] == []


async def test_an_import_stands_on_the_notice_board_before_and_after(town: LiveTown) -> None:
    proposal = await propose(town, "import")
    async with browsing(town) as browser:
        page = await browser.open("/notices/hp")
        assert (
            "从“台账”导入本村 1 行（1 户，得 7 分，支 0 分） 乡镇办公室提议，6月15日 10:00 等另一个人确认" in page
        )
        await ask(town, "fu", "POST", f"/v1/proposals/{proposal['id']}/confirm")
        assert "傅会计确认，6月15日 10:00" in await browser.open("/notices/hp")


async def test_a_count_that_waits_moves_nothing_and_books_what_was_missing_then(town: LiveTown) -> None:
    """Eight of ten pieces of rice are missing; one of the two is sold before the second person confirms."""
    path, body = f"/v1/till/stocktakes/{uuid7()}", {"lines": [{"product": "rice", "counted": 2}], "reason": "盘点"}
    async with town.device(await town.shift()) as till:
        answers = [await till.put(path, json=body) for _ in range(2)]
        assert [(a.status_code, a.json()["status"]) for a in answers] == [(202, "waiting")] * 2
        assert (await read_stock(town))["rice"] == 10
        sale = {"card": town.card, "lines": [{"product": "rice", "quantity": 1, "price": 50}]}
        (await till.put(f"/v1/redemptions/{uuid7()}", json=sale)).raise_for_status()
        [waiting] = (await ask(town, "li", "GET", "/v1/proposals")).json()
        assert waiting["proposed_by"] == "陈管理员"
        assert "大米账上 10 件、点到 2 件" in waiting["what"]
        sheet = (await ask(town, "li", "POST", f"/v1/proposals/{waiting['id']}/confirm")).json()
        assert [line["difference"] for line in sheet["lines"]] == [-8]
        assert (await till.put(path, json=body)).json() == sheet
    assert (await read_stock(town))["rice"] == 1


async def test_small_counts_add_up_to_the_bound(town: LiveTown) -> None:
    for left in (8, 6, 4):
        sheet = (await ask(town, "li", "PUT", f"/v1/stocktakes/{uuid7()}", count(("rice", left)))).json()
        assert "status" not in sheet
    fourth = await ask(town, "li", "PUT", f"/v1/stocktakes/{uuid7()}", count(("rice", 3)))
    assert (fourth.status_code, (await read_stock(town))["rice"]) == (202, 4)


async def test_small_steps_of_a_price_add_up_to_the_bound(town: LiveTown) -> None:
    async def change(price: int) -> int:
        return (await ask(town, "office", "PATCH", "/v1/products/rice", {"price": price})).status_code

    assert [await change(price) for price in (45, 40, 39)] == [204, 204, 202]
    answer = await ask(town, "office", "PATCH", "/v1/products/rice", {"price": 30})
    assert (await confirmed(town, answer)).status_code == 204
    # From what two people set, one may go on by small steps.
    assert [await change(price) for price in (36, 37)] == [204, 202]
    changes = (await ask(town, "li", "GET", "/v1/products/rice/prices")).json()
    assert [(c["to"], c["person"], c["confirmed_by"]) for c in changes] == [
        (36, "乡镇办公室", ""),
        (30, "乡镇办公室", "谭监委"),
        (40, "乡镇办公室", ""),
        (45, "乡镇办公室", ""),
    ]


async def test_cards_are_issued_one_by_one_up_to_the_bound_and_say_by_whom(town: LiveTown) -> None:
    statuses = [
        (await ask(town, "li", "POST", "/v1/cards", {"households": [f"hp-{n}"]})).status_code for n in (1, 2, 3, 4)
    ]
    assert statuses == [201, 201, 201, 202]
    [proposal] = (await ask(town, "qian", "GET", "/v1/proposals")).json()
    [card] = (await ask(town, "qian", "POST", f"/v1/proposals/{proposal['id']}/confirm")).json()
    async with town.device() as till:
        assert (await till.get(f"/v1/cards/{card['token']}")).status_code == 200
    history = (await ask(town, "li", "GET", "/v1/households/hp-4/cards")).json()
    [newest] = [card for card in history if card["revoked_at"] is None]
    assert (newest["issued_by"], newest["confirmed_by"], newest["revoked_at"]) == ("李村委", "钱监委", None)
    assert ("乡镇办公室", "", "李村委") in [(c["issued_by"], c["confirmed_by"], c["revoked_by"]) for c in history]
    # The token is in the confirmation's answer alone.
    assert card["token"] not in str(
        await rows(town, "select result::text, request::text, preview::text from proposal")
    )


async def test_a_card_after_a_lost_one_is_no_first_card(town: LiveTown) -> None:
    """Else who reports cards lost would issue as many new ones as are meant for households without any."""
    await set_bounds(town, cards=0)
    assert (await ask(town, "li", "DELETE", "/v1/households/hp-3/card")).status_code == 204
    assert (await ask(town, "li", "POST", "/v1/cards", {"households": ["hp-3"]})).status_code == 202


async def test_who_reserved_points_does_not_take_them(town: LiveTown) -> None:
    hold = {
        "id": str(uuid7()),
        "household": "hp-1",
        "supermarket": "hp",
        "points": 10,
        "expires_at": "2026-06-20T00:00:00Z",
        "reason": "预订化肥",
    }
    assert (await ask(town, "li", "POST", "/v1/holds", [hold])).json()[0]["status"] == "ok"
    settlement = {"id": str(uuid7()), "hold": hold["id"], "action": "post"}
    [own] = (await ask(town, "li", "POST", "/v1/holds/settlements", [settlement])).json()
    assert (own["status"], own["type"]) == ("refused", "same-person")
    [other] = (await ask(town, "fu", "POST", "/v1/holds/settlements", [settlement])).json()
    assert other["status"] == "ok"


async def test_the_bounds_are_shown_and_changed_by_two_bodies(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert "一家超市三十天的盘点盈亏，300 分以内" in await office.open("/desk/policies")
        wanted = {"stocktake_points": "0", "price_percent": "0", "cards": "0", "first_cards": "0"}
        assert "已提议" in await office.send("/desk/policies/bounds", **wanted)
        assert "都请填整数" in await office.send("/desk/policies/bounds", **wanted | {"cards": "多"})
    [proposal] = (await ask(town, "tan", "GET", "/v1/proposals")).json()
    async with browsing(town, "tan") as tan:
        await tan.open(PROPOSALS)
        assert "已确认，并已办好。" in await tan.send(f"{PROPOSALS}/{proposal['id']}/confirm")
        assert "乡镇办公室提议、谭监委确认，6月15日起" in await tan.open("/desk/policies")
    for by, method, path, body in (
        ("li", "PUT", f"/v1/stocktakes/{uuid7()}", count(("soap", 9))),
        ("office", "PATCH", "/v1/products/rice", {"price": 51}),
        ("li", "POST", "/v1/cards", {"households": ["hp-1"]}),
    ):
        assert (await ask(town, by, method, path, body)).status_code == 202
    # What has no price in money is counted by whoever stocks the shelf, as before.
    assert (await put(town, "restocks", arrival(("soap", 1)))).status_code == 204
