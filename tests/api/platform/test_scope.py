"""What is the whole township's is decided by those who serve it, and what is a village's by its own people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.platform.access import Role
from api.platform.database.sql_files import REVISIONS, run_script
from tests.api.asking import confirmed, problem, rows, sign_in, standing
from tests.api.awards.claims.conftest import hire
from tests.api.bookkeeping.general_ledger.conftest import awarded, correction, hold, neighbours
from tests.api.platform.test_errors import ID, STAFF
from tests.api.shop.stock.conftest import arrival, count, donation, draft_body, purchase
from tests.conftest import LiveTown
from tests.databases import owner_engine

# Decided for all villages alike: by people of the township alone.
TOWNSHIP = {
    ("POST", "/v1/villages"),
    ("POST", "/v1/grids"),
    ("POST", "/v1/households"),
    ("POST", "/v1/people"),
    ("GET", "/v1/people"),
    ("PUT", "/v1/people/nowhere"),
    ("POST", "/v1/people/nowhere/end"),
    ("POST", "/v1/people/nowhere/sign-out"),
    ("POST", "/v1/people/nowhere/second-step/off"),
    ("PUT", "/v1/people/nowhere/relatives/hp-1"),
    ("DELETE", "/v1/people/nowhere/relatives/hp-1?reason=x"),
    ("POST", "/v1/people/nowhere/invitation"),
    ("POST", "/v1/supermarkets"),
    ("POST", "/v1/products"),
    ("PATCH", "/v1/products/nothing"),
    ("POST", "/v1/kiosks"),
    ("POST", f"/v1/kiosks/{ID}/code"),
    ("PUT", f"/v1/kiosks/{ID}/lease-policy"),
    ("PUT", f"/v1/kiosks/{ID}/lock-policy"),
    ("PUT", f"/v1/funds/{ID}"),
    ("POST", "/v1/stock-sheets"),
    ("PUT", "/v1/price-rate"),
    ("POST", "/v1/imports"),
    ("POST", "/v1/periods"),
    ("PUT", "/v1/expiry-policies"),
    ("POST", "/v1/expiries"),
    ("GET", "/v1/backups"),
    ("PUT", "/v1/approval-policy"),
    ("PUT", "/v1/township-defaults"),
    # The township's own book; a village's supplement is its own.
    ("POST", "/v1/rulebooks"),
}
# The same for everybody: rules and policies in force, sums, and what is looked up by an id, whose village is asked
# once it leads somewhere (beside its own tests).
EVERYBODY = {
    ("POST", "/v1/rulebooks/check"),
    ("POST", "/v1/password"),
    ("GET", "/v1/rulebooks/adoptions"),
    ("POST", "/v1/rulebooks/adoptions"),
    ("GET", f"/v1/rulebooks/adoptions/{ID}"),
    ("POST", f"/v1/rulebooks/adoptions/{ID}/confirm"),
    ("POST", f"/v1/rulebooks/adoptions/{ID}/refuse"),
    ("POST", f"/v1/rulebooks/adoptions/{ID}/withdraw"),
    ("POST", "/v1/rulebooks/drafts"),
    ("POST", "/v1/rulebooks/simulations"),
    ("GET", "/v1/objections/figures"),
    ("GET", "/v1/report"),
    ("GET", "/v1/reports/liability"),
    ("GET", "/v1/periods"),
    ("GET", "/v1/expiry-policies"),
    ("GET", "/v1/approval-policy"),
    ("GET", "/v1/township-defaults"),
    ("GET", "/v1/price-rate"),
    ("GET", "/v1/products/nothing/prices"),
    ("GET", f"/v1/seals/proofs/{ID}"),
    ("POST", f"/v1/seals/proofs/{ID}"),
}
# Refusals that say nothing about who asks.
STATES = ("rulebook-wrong", "not-for-all", "no-pin", "wrong-state", "retroactive", "conflict")
BALANCE = "/v1/accounts/household:hp-1"


def village_requests(live: LiveTown, award: str, draft: str, receipt: str) -> Iterator[tuple[str, str, Any]]:
    """What concerns the village hp: everything else that a person may ask."""
    claim = {"id": str(uuid7()), "household": "hp-1", "rule": "A09", "deed_on": "2026-06-10"}
    kiosk = live.kiosk.id
    yield "POST", "/v1/cards", {"households": ["hp-1"]}
    yield "POST", "/v1/cards/preview", {"village": "hp"}
    yield "GET", "/v1/card-counts", None
    yield "DELETE", "/v1/households/hp-1/card", None
    yield "GET", "/v1/households/hp-1/cards", None
    yield "POST", "/v1/households/hp-1/card/pin-reset", {"reason": "x"}
    yield "POST", "/v1/households/hp-1/card/freeze", {"reason": "x"}
    yield "POST", "/v1/households/hp-1/card/unfreeze", {"reason": "x"}
    changed = {"effective_on": "2026-06-10", "reason": "x"}
    yield "GET", "/v1/acts?village=hp", None
    yield "GET", "/v1/households?q=hp", None
    yield "GET", "/v1/households/hp-1", None
    yield "GET", "/v1/households/hp-1/changes", None
    yield "PATCH", "/v1/households/hp-1", changed
    new = {"code": "hp-9", "head": "王", "grid": "hp-1", "people": 1}
    yield "POST", "/v1/households/hp-1/split", changed | new
    yield "POST", "/v1/households/hp-1/merge", changed | {"into": "hp-2"}
    yield "POST", "/v1/households/hp-1/end", changed
    yield "POST", "/v1/households/hp-1/revive", changed
    yield "PUT", f"/v1/restocks/{uuid7()}", arrival(("soap", 1))
    yield "PUT", f"/v1/restocks/{uuid7()}", purchase(("soap", 1, 100))
    yield "PUT", f"/v1/donations/{uuid7()}", donation(("soap", 1))
    yield "PUT", f"/v1/stocktakes/{uuid7()}", count(("soap", 9))
    yield "PUT", f"/v1/goods-receipts/{uuid7()}", draft_body(("soap", 1), supermarket="hp")
    yield "GET", "/v1/goods-receipts", None
    yield "GET", f"/v1/goods-receipts/{receipt}", None
    yield "POST", f"/v1/goods-receipts/{receipt}/confirm", {"lines": [{"line": 1, "counted": 1}]}
    yield "POST", f"/v1/goods-receipts/{receipt}/withdraw", {"reason": "x"}
    yield "GET", "/v1/stock/watch", None
    yield "GET", "/v1/supermarkets/hp/shelf", None
    yield "GET", "/v1/supermarkets", None
    yield "PATCH", "/v1/supermarkets/hp", {"hours": {"week": [[]] * 7}}
    yield "GET", "/v1/supermarkets/hp/attendants", None
    yield "POST", "/v1/attendants", {"supermarket": "hp", "name": "新管理员", "pin": "8642"}
    yield "PUT", "/v1/supermarkets/hp/shelf/soap", {}
    yield "DELETE", "/v1/supermarkets/hp/shelf/brush", None
    yield "POST", f"/v1/kiosks/{kiosk}/end", {"reason": "x"}
    yield "GET", f"/v1/rulebooks/drafts/{draft}", None
    yield "PUT", f"/v1/rulebooks/drafts/{draft}", {"text": "", "revision": 1}
    yield "POST", f"/v1/rulebooks/drafts/{draft}/propose", {"revision": 1}
    yield "POST", f"/v1/rulebooks/drafts/{draft}/close", None
    yield "GET", "/v1/rulebooks/drafts", None
    yield "POST", "/v1/rulebooks/simulations", {"text": "", "village": "hp"}
    yield "POST", "/v1/claims", [claim]
    yield "GET", "/v1/own-declarations", None
    yield "POST", "/v1/claims/every-household", {"village": "hp", "rule": "A09", "deed_on": "2026-06-10"}
    yield "GET", "/v1/objections", None
    yield "GET", "/v1/freezes", None
    frozen = {"id": str(uuid7()), "kind": "rule", "thing": "A02", "village": "hp", "reason": "x"}
    yield "POST", "/v1/freezes", frozen
    yield "POST", "/v1/draws", {"village": "hp"}
    yield "GET", "/v1/identifications", None
    yield "GET", "/v1/patterns?village=hp", None
    yield "POST", "/v1/corrections", [correction(award)]
    yield "POST", "/v1/holds", [hold()]
    yield "GET", "/v1/holds?household=hp-1", None
    yield "GET", "/v1/accounts", None
    yield "GET", f"{BALANCE}/balance", None
    yield "GET", f"{BALANCE}/statement", None
    yield "GET", f"{BALANCE}/months/2026-05", None
    yield "GET", f"/v1/transactions/{award}", None
    yield "GET", "/v1/till-exceptions", None
    yield "GET", "/v1/proposals", None


async def hire_everybody(town: LiveTown, village: str | None) -> httpx.AsyncClient:
    """Somebody with every role, for a village or for the township."""
    login = f"all-{village or 'township'}"
    await hire(town, login, *Role, **({"village": village} if village else {}))
    return town.staff(login)


async def test_every_request_of_the_township_is_refused_to_a_village(town: LiveTown) -> None:
    async with await hire_everybody(town, "hp") as village, await hire_everybody(town, None) as township:
        for method, path, body, _ in STAFF:
            if (method, path) in TOWNSHIP:
                problem(await village.request(method, path, json=body), 403, "not-allowed")
                # Lists without an item, so that nothing is registered.
                answer = await township.request(method, path, json=[] if isinstance(body, list) else body)
                assert answer.status_code != 403, (path, answer.text)


async def test_every_request_is_decided() -> None:
    """A new endpoint fails this test until somebody says whose matter it is: nobody's in particular, the
    township's, or a village's, and then it has a line above."""
    village = {
        (method, _pattern(path))
        for method, path, _ in village_requests(LiveTown("", *[None] * 3), ID, ID, ID)  # type: ignore[arg-type]
    }
    rest = {
        ("POST", f"/v1/proposals/{ID}/confirm"),
        ("POST", f"/v1/proposals/{ID}/refuse"),
        ("GET", f"/v1/proposals/{ID}"),
        ("GET", f"/v1/claims/{ID}/explanation"),
        ("POST", "/v1/objections"),
        ("POST", f"/v1/freezes/{ID}/lift"),
        ("GET", f"/v1/objections/{ID}"),
        ("POST", f"/v1/objections/{ID}/uphold"),
        ("POST", f"/v1/objections/{ID}/dismiss"),
        ("POST", f"/v1/objections/{ID}/withdraw"),
        ("PUT", "/v1/draws/nowhere/2026-05/dice"),
        ("POST", f"/v1/claims/{ID}/visits"),
        ("POST", f"/v1/claims/{ID}/return"),
        ("POST", f"/v1/claims/{ID}/withdraw"),
        ("POST", f"/v1/own-declarations/{ID}/confirm"),
        ("POST", f"/v1/own-declarations/{ID}/refuse"),
        ("PUT", f"/v1/evidence/{ID}"),
        ("GET", f"/v1/claims/{ID}/photos/nothing"),
        ("PUT", f"/v1/attendants/{ID}/pin"),
        ("POST", f"/v1/attendants/{ID}/end"),
        ("POST", "/v1/claims/review"),
        ("POST", "/v1/claims/approve"),
        ("POST", "/v1/holds/settlements"),
        ("GET", "/v1/expiries/preview"),
    }
    decided = {(method, _pattern(path)) for method, path in TOWNSHIP | EVERYBODY | rest} | village
    undecided = {
        (method, _pattern(path)) for method, path, *_ in STAFF if not path.startswith("/v1/till-exceptions/")
    } - decided
    assert undecided == set()


def _pattern(path: str) -> str:
    parts = path.split("?")[0].split("/")
    return "/".join("*" if _is_name(part) else part for part in parts)


def _is_name(part: str) -> bool:
    if part in ("nowhere", "nothing", "hp", "hp-1", "soap", "brush", "None") or part.startswith("household:"):
        return True
    try:
        UUID(part)
    except ValueError:
        return False
    return True


async def test_every_request_about_a_village_is_refused_to_another(town: LiveTown) -> None:
    await neighbours(town)
    await hire(town, "branch", "party-branch", village="hp")
    award = await awarded(town)
    async with town.staff("branch") as http:
        draft = (await http.post("/v1/rulebooks/drafts", json={"builtin": "township"})).json()["id"]
    receipt = str(uuid7())
    async with town.staff("li") as http:
        body = draft_body(("soap", 1), supermarket="hp")
        (await http.put(f"/v1/goods-receipts/{receipt}", json=body)).raise_for_status()
        (await http.put(f"/v1/restocks/{uuid7()}", json=purchase(("soap", 1, 9)))).raise_for_status()
    async with await hire_everybody(town, "ss") as other:
        before = await standing(town)
        for method, path, request in village_requests(town, award, draft, receipt):
            _assert_nothing_of_hp(path, await other.request(method, path, json=request))
        assert await standing(town) == before


def _assert_nothing_of_hp(path: str, answer: httpx.Response) -> None:
    """Refused; or a list without anything of hp, or of outcomes that are all refused."""
    if answer.status_code in (403, 404):
        return
    assert answer.status_code == 200, (path, answer.text)
    told = answer.json()
    if isinstance(told, list) and told and "status" in told[0]:
        assert {outcome["status"] for outcome in told} == {"refused"}, (path, told)
        return
    assert "hp" not in answer.text, (path, answer.text)


@pytest.mark.parametrize("login", ["all-hp", "all-township"])
async def test_the_villages_own_and_the_townships_people_are_let_in(town: LiveTown, login: str) -> None:
    await hire(town, "branch", "party-branch", village="hp")
    award = await awarded(town)
    async with town.staff("branch") as http:
        draft = (await http.post("/v1/rulebooks/drafts", json={"builtin": "township"})).json()["id"]
    receipt = str(uuid7())
    async with town.staff("li") as http:
        body = draft_body(("soap", 1), supermarket="hp")
        (await http.put(f"/v1/goods-receipts/{receipt}", json=body)).raise_for_status()
    async with await hire_everybody(town, "hp" if login == "all-hp" else None) as own:
        for method, path, request in village_requests(town, award, draft, receipt):
            answer = await own.request(method, path, json=request)
            if answer.status_code >= 400:
                refusal = answer.json()["type"]
                assert refusal in (
                    "rulebook-wrong",
                    "not-for-all",
                    "no-pin",
                    "wrong-state",
                    "retroactive",
                    "conflict",
                    "not-sealed",
                ), answer.text
            elif method == "POST" and isinstance(answer.json() if answer.content else None, list):
                assert "refused" not in {o.get("status") for o in answer.json()}, answer.text


async def test_serving_the_whole_township_is_said_and_never_left_out(town: LiveTown) -> None:
    person = {"login": "new", "name": "新来的", "roles": ["office"], "password": "correct horse"}
    async with town.staff("office") as http:
        answer = await http.post("/v1/people", json=[person])
        problem(answer, 400, "scope-missing")
        assert answer.json()["detail"] == "请写明新来的服务哪个村（village）；服务全乡的，写明 township: true。"
        both = person | {"village": "hp", "township": True}
        problem(await http.post("/v1/people", json=[both]), 400, "malformed")
        answer = await http.post("/v1/people", json=[person | {"township": True}])
        assert (await confirmed(town, answer)).status_code == 200
    await sign_in(town, "new")


async def test_people_of_before_serve_the_township_where_they_had_no_village(town: LiveTown) -> None:
    """As the revision finds them that first keeps it."""
    revision = (REVISIONS / "versions/1002_mends/people.sql").read_text(encoding="utf-8")
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql("alter table person drop column township_wide, drop column registered_by")
        await owner.run_sync(run_script, revision)
    found = await rows(town, "select login from person where township_wide order by login")
    assert [login for (login,) in found] == ["fu", "ma", "office", "tan"]
