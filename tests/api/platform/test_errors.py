"""Who may do what; what the API says of itself; what it says when the database is away."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from api.platform.access import Role
from api.platform.database.engine import Database
from api.platform.errors import ErrorCode, Refused
from api.platform.problem_details import problem_of
from tests.api.asking import a_redemption, confirmed, problem, standing
from tests.conftest import PASSWORD, LiveTown, serving
from tests.databases import owner_engine

ID = str(uuid7())
OFFICE, COMMITTEE, BRANCH, SUPERVISOR = Role.OFFICE, Role.COMMITTEE, Role.PARTY_BRANCH, Role.SUPERVISOR
READERS = {OFFICE, COMMITTEE, SUPERVISOR}
HOUSEHOLD_READERS = READERS | {Role.GRID_LEADER, Role.CHIEF_GRID_LEADER}
CHANGED = {"effective_on": "2026-06-10", "reason": "x"}
SPLIT = CHANGED | {"code": "hp-9", "head": "王", "grid": "hp-1", "people": 1}
REVIEWERS = {Role.GRID_LEADER, Role.CHIEF_GRID_LEADER, Role.COUNCIL}
BODIES = {Role.COUNCIL, COMMITTEE, SUPERVISOR}
GRID = {Role.GRID_MEMBER, Role.GRID_LEADER, Role.GRID_GUIDE, Role.CHIEF_GRID_LEADER}
DECLARERS = REVIEWERS | GRID | {COMMITTEE}
ENTRY = f"{ID}/1/1/{'0' * 64}"
# Every call of a person: which duties may make it. Bodies are well formed and lead nowhere, so nothing is done.
DUTIES = {"name": "王", "roles": ["council"], "village": "hp", "reason": "x"}
FREEZE = {"id": ID, "kind": "rule", "thing": "nothing", "reason": "x"}
VISIT = {"id": ID, "outcome": "confirmed", "reason": "x", "visited_on": "2026-06-15"}
OBJECTION = {"id": ID, "claim": ID, "way": "person", "objector": "王", "text": "不对"}
CLAIM = {"id": ID, "household": "nowhere", "rule": "A01", "deed_on": "2026-06-01"}
SHEET = {
    "consignment": "x",
    "lines": [{"supermarket": "nowhere", "name": "x", "barcode": "1234", "quantity": 1, "cost": 1}],
}
STAFF: list[tuple[str, str, Any, set[Role]]] = [
    ("POST", "/v1/villages", [{"code": "hp", "name": "河畔村"}], {OFFICE}),
    ("POST", "/v1/grids", [{"code": "hp-1", "village": "hp", "name": "第一网格"}], {OFFICE}),
    ("POST", "/v1/households", [{"code": "hp-1", "village": "hp", "grid": "hp-1", "head": "王"}], {OFFICE}),
    ("POST", "/v1/people", [{"login": "wang", "name": "王", "roles": ["council"], "village": "hp"}], {OFFICE}),
    ("POST", "/v1/password", {"old": PASSWORD, "new": "aaaaaaaa"}, set(Role)),
    ("GET", "/v1/people", None, {OFFICE, SUPERVISOR}),
    ("PUT", "/v1/people/nowhere", DUTIES, {OFFICE}),
    ("POST", "/v1/people/nowhere/end", {"on": "2026-06-01", "reason": "x"}, {OFFICE}),
    ("POST", "/v1/people/nowhere/sign-out", {"reason": "x"}, {OFFICE}),
    ("POST", "/v1/people/nowhere/second-step/off", {"reason": "x"}, {OFFICE}),
    ("PUT", "/v1/people/nowhere/relatives/hp-1", None, {OFFICE}),
    ("DELETE", "/v1/people/nowhere/relatives/hp-1?reason=x", None, {OFFICE}),
    ("POST", "/v1/people/nowhere/invitation", None, {OFFICE}),
    ("POST", "/v1/supermarkets", [{"code": "hp", "village": "hp", "name": "超市"}], {OFFICE}),
    ("POST", "/v1/products", [{"code": "x", "name": "x", "barcode": "6900000000046", "price": 1}], {OFFICE}),
    ("POST", "/v1/kiosks", {"supermarket": "nowhere", "name": "x"}, {OFFICE}),
    ("POST", f"/v1/kiosks/{ID}/code", None, {OFFICE}),
    ("POST", f"/v1/kiosks/{ID}/end", {"reason": "x"}, {OFFICE, SUPERVISOR}),
    ("POST", "/v1/attendants", {"supermarket": "nowhere", "name": "x", "pin": "1234"}, {OFFICE, COMMITTEE}),
    ("PUT", f"/v1/attendants/{ID}/pin", {"pin": "8642", "reason": "x"}, {OFFICE, COMMITTEE}),
    ("POST", f"/v1/attendants/{ID}/end", {"reason": "x"}, {OFFICE, COMMITTEE}),
    ("GET", "/v1/supermarkets", None, READERS),
    ("POST", "/v1/stock-sheets", SHEET, {OFFICE}),
    ("GET", "/v1/price-rate", None, READERS),
    ("PUT", "/v1/price-rate", {"fen": 80}, {OFFICE}),
    ("PATCH", "/v1/supermarkets/nowhere", {}, {OFFICE, COMMITTEE}),
    ("GET", "/v1/supermarkets/nowhere/attendants", None, READERS),
    ("POST", "/v1/cards", {"households": ["nowhere"]}, {OFFICE, COMMITTEE}),
    ("DELETE", "/v1/households/nowhere/card", None, {OFFICE, COMMITTEE}),
    ("GET", "/v1/households/nowhere/cards", None, READERS),
    ("GET", "/v1/households?q=x", None, HOUSEHOLD_READERS),
    ("GET", "/v1/households/nowhere", None, HOUSEHOLD_READERS),
    ("GET", "/v1/households/nowhere/changes", None, HOUSEHOLD_READERS),
    ("PATCH", "/v1/households/nowhere", CHANGED, {OFFICE, COMMITTEE}),
    ("POST", "/v1/households/nowhere/split", SPLIT, {OFFICE, COMMITTEE}),
    ("POST", "/v1/households/nowhere/merge", CHANGED | {"into": "hp-1"}, {OFFICE, COMMITTEE}),
    ("POST", "/v1/households/nowhere/end", CHANGED, {OFFICE, COMMITTEE}),
    ("POST", "/v1/households/nowhere/revive", CHANGED, {OFFICE, COMMITTEE}),
    ("GET", "/v1/proposals", None, {*READERS, BRANCH}),
    ("GET", f"/v1/proposals/{ID}", None, {*READERS, BRANCH}),
    ("POST", f"/v1/proposals/{ID}/confirm", None, {*READERS, BRANCH}),
    ("POST", f"/v1/proposals/{ID}/refuse", {"reason": "x"}, {*READERS, BRANCH}),
    ("GET", "/v1/approval-policy", None, set(Role)),
    ("GET", "/v1/township-defaults", None, set(Role)),
    (
        "PUT",
        "/v1/township-defaults",
        # Those that the software begins with: nothing is proposed.
        {"notice_days": 3, "pin_above": 20, "lease_most": 200, "lease_days": 7},
        {OFFICE, BRANCH},
    ),
    (
        "PUT",
        "/v1/approval-policy",
        # The bounds that the software begins with: nothing is proposed.
        {"stocktake_points": 300, "price_percent": 20, "cards": 3, "first_cards": 20},
        {OFFICE, SUPERVISOR},
    ),
    (
        "PUT",
        f"/v1/restocks/{ID}",
        {"supermarket": "nowhere", "lines": [{"product": "x", "quantity": 1}]},
        {OFFICE, COMMITTEE},
    ),
    (
        "PUT",
        f"/v1/donations/{ID}",
        {"supermarket": "nowhere", "donor": "x", "lines": [{"product": "x", "quantity": 1}]},
        {OFFICE, COMMITTEE},
    ),
    ("PUT", f"/v1/funds/{ID}", {"amount": 1, "source": "donation"}, {OFFICE}),
    (
        "PUT",
        f"/v1/stocktakes/{ID}",
        {"supermarket": "nowhere", "reason": "x", "lines": [{"product": "x", "counted": 1}]},
        {OFFICE, COMMITTEE},
    ),
    (
        "PUT",
        f"/v1/goods-receipts/{ID}",
        {"supermarket": "nowhere", "source": "restock", "lines": [{"product": "x", "quantity": 1}]},
        {OFFICE, COMMITTEE},
    ),
    ("GET", "/v1/goods-receipts", None, READERS),
    ("GET", f"/v1/goods-receipts/{ID}", None, READERS),
    ("POST", f"/v1/goods-receipts/{ID}/confirm", {"lines": [{"line": 1, "counted": 1}]}, READERS),
    ("POST", f"/v1/goods-receipts/{ID}/withdraw", {"reason": "x"}, READERS),
    ("GET", "/v1/stock/watch", None, READERS),
    ("PATCH", "/v1/products/nothing", {"price": 1}, {OFFICE}),
    ("GET", "/v1/products/nothing/prices", None, READERS),
    ("GET", "/v1/supermarkets/nowhere/shelf", None, READERS),
    ("PUT", "/v1/supermarkets/nowhere/shelf/nothing", {}, {OFFICE, COMMITTEE}),
    ("DELETE", "/v1/supermarkets/nowhere/shelf/nothing", None, {OFFICE, COMMITTEE}),
    ("POST", "/v1/rulebooks", {"text": ""}, {BRANCH}),
    ("POST", "/v1/rulebooks/check", {"text": ""}, {BRANCH}),
    ("GET", "/v1/rulebooks/adoptions", None, set(Role)),
    (
        "POST",
        "/v1/rulebooks/adoptions",
        {
            "version": "nothing",
            "decision": {"body": "x", "meeting": "x", "decided_on": "2026-06-01"},
            "effective_from": "2026-07-01",
        },
        {BRANCH},
    ),
    ("GET", f"/v1/rulebooks/adoptions/{ID}", None, set(Role)),
    ("POST", f"/v1/rulebooks/adoptions/{ID}/confirm", None, {BRANCH}),
    ("POST", f"/v1/rulebooks/adoptions/{ID}/refuse", {"reason": "x"}, {BRANCH}),
    ("POST", f"/v1/rulebooks/adoptions/{ID}/withdraw", {"reason": "x"}, {BRANCH}),
    ("GET", "/v1/rulebooks/drafts", None, {BRANCH}),
    ("POST", "/v1/rulebooks/drafts", {}, {BRANCH}),
    ("GET", f"/v1/rulebooks/drafts/{ID}", None, {BRANCH}),
    ("PUT", f"/v1/rulebooks/drafts/{ID}", {"text": "", "revision": 1}, {BRANCH}),
    ("POST", f"/v1/rulebooks/drafts/{ID}/propose", {"revision": 1}, {BRANCH}),
    ("POST", f"/v1/rulebooks/drafts/{ID}/close", None, {BRANCH}),
    ("POST", "/v1/rulebooks/simulations", {"text": ""}, {BRANCH, OFFICE}),
    ("POST", "/v1/claims", [CLAIM], DECLARERS),
    (
        "POST",
        "/v1/claims/every-household",
        {"village": "nowhere", "rule": "A01", "deed_on": "2026-06-01"},
        {COMMITTEE},
    ),
    ("GET", "/v1/own-declarations", None, GRID),
    ("POST", f"/v1/own-declarations/{ID}/confirm", {}, GRID),
    ("POST", f"/v1/own-declarations/{ID}/refuse", {"reason": "x"}, GRID),
    ("GET", f"/v1/claims/{ID}/explanation", None, set(Role)),
    ("PUT", f"/v1/evidence/{ID}", None, DECLARERS),
    ("GET", f"/v1/claims/{ID}/photos/nothing", None, set(Role)),
    # Each claim says whose it is: awards go one way, deductions another.
    ("GET", "/v1/freezes", None, READERS),
    ("POST", "/v1/freezes", FREEZE, {SUPERVISOR}),
    ("POST", f"/v1/freezes/{ID}/lift", {"reason": "x"}, {SUPERVISOR}),
    ("GET", "/v1/objections", None, READERS),
    ("POST", "/v1/objections", OBJECTION, READERS),
    ("GET", "/v1/objections/figures", None, set(Role)),
    # Supervisors read all of their village, everybody their own.
    ("GET", "/v1/acts", None, set(Role)),
    ("GET", "/v1/patterns", None, {SUPERVISOR}),
    ("GET", f"/v1/objections/{ID}", None, READERS),
    ("POST", f"/v1/objections/{ID}/uphold", {"reason": "x"}, {SUPERVISOR}),
    ("POST", f"/v1/objections/{ID}/dismiss", {"reason": "x"}, {SUPERVISOR}),
    ("POST", f"/v1/objections/{ID}/withdraw", {"reason": "x"}, {SUPERVISOR}),
    ("POST", "/v1/draws", {"village": "nowhere"}, {SUPERVISOR}),
    ("PUT", "/v1/draws/nowhere/2026-05/dice", {"dice": "1234561234", "meeting": "x"}, {SUPERVISOR}),
    ("POST", f"/v1/claims/{ID}/visits", VISIT, {SUPERVISOR}),
    ("GET", "/v1/identifications", None, READERS),
    ("POST", "/v1/claims/review", {"claims": [ID]}, REVIEWERS | BODIES),
    ("POST", "/v1/claims/approve", {"claims": [ID]}, BODIES),
    ("POST", f"/v1/claims/{ID}/return", {"reason": "日期不对"}, REVIEWERS | BODIES),
    ("POST", f"/v1/claims/{ID}/withdraw", None, set(Role)),
    ("GET", "/v1/backups", None, {OFFICE, SUPERVISOR}),
    ("GET", "/v1/report", None, set(Role)),
    ("GET", "/v1/reports/liability", None, set(Role)),
    ("PUT", f"/v1/kiosks/{ID}/lease-policy", {"most": 1, "days": 1}, {OFFICE}),
    ("PUT", f"/v1/kiosks/{ID}/lock-policy", {"minutes": 1}, {OFFICE}),
    ("GET", "/v1/till-exceptions", None, READERS),
    ("POST", f"/v1/till-exceptions/{ENTRY}/decision", {"accept": True}, READERS),
    ("POST", "/v1/households/nowhere/card/pin-reset", {"reason": "x"}, {OFFICE, COMMITTEE}),
    ("POST", "/v1/households/nowhere/card/freeze", {"reason": "x"}, {OFFICE, COMMITTEE}),
    ("POST", "/v1/households/nowhere/card/unfreeze", {"reason": "x"}, {OFFICE, COMMITTEE}),
    ("POST", "/v1/cards/preview", {"village": "nowhere"}, {OFFICE, COMMITTEE}),
    ("GET", "/v1/card-counts", None, {OFFICE, COMMITTEE, SUPERVISOR}),
    ("GET", "/v1/accounts", None, READERS),
    ("GET", "/v1/accounts/household:nowhere/balance", None, READERS),
    ("GET", "/v1/accounts/household:nowhere/statement", None, READERS),
    ("GET", "/v1/accounts/household:nowhere/months/2026-05", None, READERS),
    ("GET", f"/v1/transactions/{ID}", None, READERS),
    ("POST", "/v1/corrections", [{"id": ID, "transaction": ID, "reason": "x"}], {OFFICE, SUPERVISOR}),
    (
        "POST",
        "/v1/holds",
        [
            {
                "id": ID,
                "household": "nowhere",
                "supermarket": "nowhere",
                "points": 1,
                "expires_at": "2026-06-20T00:00:00Z",
                "reason": "x",
            }
        ],
        {OFFICE, COMMITTEE},
    ),
    ("POST", "/v1/holds/settlements", [{"id": ID, "hold": ID, "action": "void"}], {OFFICE, COMMITTEE}),
    ("GET", "/v1/holds?household=nowhere", None, READERS),
    ("POST", "/v1/periods", {"month": "2099-01", "reason": "x"}, {OFFICE, SUPERVISOR}),
    ("GET", "/v1/periods", None, READERS),
    ("GET", f"/v1/seals/proofs/{ID}", None, set(Role)),
    ("POST", f"/v1/seals/proofs/{ID}", {"note": "x"}, set(Role)),
    ("GET", "/v1/expiry-policies", None, set(Role)),
    (
        "PUT",
        "/v1/expiry-policies",
        {"effective_on": "2026-06-16", "kind": "year-end", "reason": "x"},
        {BRANCH},
    ),
    ("GET", "/v1/expiries/preview?boundary=2026-12-01", None, {*READERS, BRANCH}),
    ("POST", "/v1/expiries", {"boundary": "2026-12-01"}, {OFFICE}),
    (
        "POST",
        "/v1/imports",
        {"source": "x", "rows": [{"household": "nowhere", "on": "2025-01-01", "points": 1, "what": "x"}]},
        {OFFICE},
    ),
]
DEVICE: list[tuple[str, str, Any]] = [
    ("POST", "/v1/till/leases", None),
    ("GET", "/v1/till", None),
    ("GET", "/v1/till/recalls", None),
    ("GET", "/v1/till/backup", None),
    ("POST", "/v1/till/shifts", {"pin": "0000"}),
    ("GET", "/v1/till/shelf-watch", None),
    ("GET", "/v1/till/receipts", None),
    ("PUT", f"/v1/till/receipts/{ID}", {"source": "restock", "lines": [{"product": "x", "quantity": 1}]}),
    ("POST", f"/v1/till/receipts/{ID}/confirm", {"pin": "0000", "lines": [{"line": 1, "counted": 1}]}),
    ("POST", f"/v1/till/receipts/{ID}/withdraw", {"reason": "x"}),
    ("PUT", f"/v1/till/stocktakes/{ID}", {"reason": "x", "lines": [{"product": "x", "counted": 1}]}),
    ("GET", "/v1/till/households?text=nobody", None),
    ("POST", "/v1/till/frozen-cards", {"household": ID, "reason": "x"}),
    ("PUT", f"/v1/till/identifications/{ID}", {"household": ID, "card_pin": "1357"}),
    ("GET", "/v1/cards/nothing", None),
    ("PUT", f"/v1/promises/{ID}", {"card": "x", "product": "x", "quantity": 1, "price": 1}),
    ("PUT", f"/v1/promises/{ID}/collection", {"card": "x"}),
    ("POST", f"/v1/promises/{ID}/cancel", {"card": "x", "reason": "x"}),
    ("PUT", f"/v1/redemptions/{ID}", {"card": "x", "lines": [{"product": "x", "quantity": 1, "price": 1}]}),
]


async def test_each_duty_opens_its_own_calls_and_no_other(town: LiveTown) -> None:
    async with town.staff("office") as http:
        people = [
            {"login": f"only-{role}", "name": role, "roles": [role], "township": True, "password": PASSWORD}
            for role in Role
        ]
        (await confirmed(town, await http.post("/v1/people", json=people))).raise_for_status()
    before = await standing(town)
    async with httpx.AsyncClient(base_url=town.url, timeout=30) as http:
        for role in Role:
            login = {"login": f"only-{role}", "password": PASSWORD}
            token = (await http.post("/v1/sign-in", json=login)).json()["token"]
            for method, path, body, allowed in STAFF:
                answer = await _call(http, method, path, body, token)
                if role in allowed:
                    assert answer.status_code not in (401, 403, 500), (role, path, answer.text)
                else:
                    problem(answer, 403, "not-allowed")
            for method, path, body in DEVICE:
                problem(await _call(http, method, path, body, token), 401, "device-unknown")
    assert await standing(town) == before


async def test_nobody_and_a_kiosk_open_no_call_of_a_person(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url, timeout=30) as http:
        for token in ("", "nonsense", town.device_token, "令牌".encode().decode("latin-1")):
            for method, path, body, _ in STAFF:
                problem(await _call(http, method, path, body, token), 401, "not-signed-in")
        for method, path, body in DEVICE:
            problem(await _call(http, method, path, body, ""), 401, "device-unknown")


async def test_every_call_there_is_stands_in_these_tables(town: LiveTown) -> None:
    """A new endpoint without a line here fails this test: somebody has to say who may call it."""
    async with httpx.AsyncClient(base_url=town.url) as http:
        paths = (await http.get("/schema/openapi.json")).json()["paths"]
    known = {
        (
            m,
            p.replace(ENTRY, "{kiosk}/{epoch}/{number}/{hash}")
            .replace("/households/nowhere", "/households/{household}")
            .replace(ID, "{id}")
            .replace("kiosks/{id}", "kiosks/{kiosk}")
            .replace("household:nowhere", "{name}")
            .replace("2026-05", "{month}")
            .replace("/proofs/{id}", "/proofs/{transaction}")
            .replace("/people/nowhere", "/people/{login}")
            .replace("/relatives/hp-1", "/relatives/{household}")
            .replace("/supermarkets/nowhere", "/supermarkets/{supermarket}")
            .replace("/products/nothing", "/products/{product}")
            .replace("/photos/nothing", "/photos/{digest}")
            .replace("/shelf/nothing", "/shelf/{product}")
            .replace("/draws/nowhere", "/draws/{village}")
            .split("?")[0],
        )
        for m, p, *_ in (*STAFF, *DEVICE)
    }
    known |= {("POST", "/v1/claims/{id}/refuse"), ("POST", "/v1/sign-in")}
    # For everybody, as on the notices.
    known |= {("GET", f"/v1/seals/{what}") for what in ("head", "heads", "consistency")}
    known |= {("GET", "/v1/rulebooks/differences")}
    known |= {("GET", "/v1/draws"), ("GET", "/v1/draws/{village}/{month}")}
    # A code or a signature is the sign-in here.
    known |= {("POST", "/v1/join"), ("POST", "/v1/enrolments"), ("POST", "/v1/journals/{kiosk}/{epoch}")}
    known -= {("GET", "/v1/cards/nothing")}
    known |= {("GET", "/v1/cards/{token}")}
    told = {(method.upper(), path) for path, calls in paths.items() for method in calls if path.startswith("/v1/")}
    assert told == known


async def test_the_schema_is_openapi_3_1_and_has_the_contract(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url) as http:
        schema = (await http.get("/schema/openapi.json")).json()
        assert schema["openapi"].startswith("3.1")
        assert "put" in schema["paths"]["/v1/redemptions/{id}"]
        assert (await http.get("/schema")).status_code == 200


async def test_an_address_that_is_none_and_a_method_that_is_none(town: LiveTown) -> None:
    async with town.staff("office") as http:
        problem(await http.get("/v1/nothing"), 404, "unknown")
        problem(await http.delete("/v1/report"), 405, "malformed")


async def test_it_is_alive_and_ready(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url) as http:
        for path in ("/healthz", "/readyz"):
            answer = await http.get(path)
            assert (answer.status_code, answer.text) == (200, "ok")


NOWHERE = {"host": "/nonexistent", "port": "5432"}


@pytest.mark.parametrize("gone", ["socket", "database"])
async def test_without_a_database_it_is_alive_and_not_ready(town: LiveTown, gone: str) -> None:
    url = URL.create("postgresql+asyncpg", "jimei_app", database="jimei", query=NOWHERE)
    if gone == "database":
        url = town.clone.app.set(database="never_was")
    database = Database(url)
    async with (
        serving(replace(town.town, database=database), notice_interval=60) as base,
        httpx.AsyncClient(base_url=base, headers={"Authorization": "Bearer x"}, timeout=30) as http,
    ):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503
        problem(await http.get("/v1/report"), 503, "busy")
    await database.close()


async def test_a_fault_of_ours_is_logged_by_its_route_and_a_refusal_is_not(town: LiveTown) -> None:
    async with town.device() as http:
        with capture_logs() as logs:
            problem(await http.get(f"/v1/cards/{town.revoked_card}"), 410, "card-revoked")
        assert logs == []
        engine = owner_engine(town.clone)
        async with engine.begin() as connection:
            await connection.execute(text("alter table card rename to gone"))
        with capture_logs() as logs:
            problem(await http.get(f"/v1/cards/{town.card}"), 500, "server-fault")
    [fault] = logs
    assert (fault["log_level"], fault["route"], fault["exc_info"]) == ("error", "/v1/cards/{token}", True)
    # Whoever reads the log could redeem with it.
    assert town.card not in str(logs)


async def test_a_client_that_hangs_up_in_the_middle_is_no_fault(town: LiveTown) -> None:
    """A till's network does so all day."""
    at = urlsplit(town.url)
    asked = f"PUT {a_redemption()} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {town.device_token}\r\n"
    with capture_logs() as logs:
        _, writer = await asyncio.open_connection(at.hostname, at.port)
        writer.write(f"{asked}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        await writer.drain()
        # Until the server waits for the rest.
        async with town.device() as http:
            await http.get(f"/v1/cards/{town.card}")
        writer.close()
        await writer.wait_closed()
        async with town.device() as http:
            await http.get(f"/v1/cards/{town.card}")
    assert logs == []


def test_who_is_asked_to_come_again_is_told_when() -> None:
    answer = problem_of(Refused(ErrorCode.BUSY, "现在兑换的人太多，请稍候，会自动再试。"))
    assert answer.status_code == 503
    assert answer.headers is not None
    assert int(answer.headers["Retry-After"]) > 0


def test_a_file_that_is_missing_is_a_fault_and_no_database_that_is_away() -> None:
    for error in (FileNotFoundError("template"), PermissionError("photo"), ConnectionResetError(), KeyError("x")):
        answer = problem_of(error)
        assert (answer.status_code, answer.type_) == (500, "server-fault")


def test_a_driver_that_lost_its_connection_in_the_middle_is_asked_again() -> None:
    answer = problem_of(asyncpg.InternalClientError("cannot switch to state 12"))
    assert (answer.status_code, answer.type_) == (503, "busy")


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("insert into village values (1, 'hp', 'again', 3)", 409, "already-there"),
        ("insert into grid values (1, 'new', 'nowhere', 'x')", 404, "unknown"),
        ("insert into village values (1, 'new', null, 3)", 500, "server-fault"),
        ("insert into village values (1, E'\\x00', 'new', 3)", 400, "malformed"),
        ("insert into nothing values (1)", 500, "server-fault"),
        ("do $$ begin raise exception using errcode = '53100'; end $$", 507, "disk-full"),
        (
            "do $$ begin raise 'could not write: No space left on device' using errcode = '58030'; end $$",
            507,
            "disk-full",
        ),
        ("do $$ begin raise 'could not read' using errcode = '58030'; end $$", 503, "busy"),
    ],
)
async def test_what_the_database_refuses_is_told_by_its_kind(
    town: LiveTown, statement: str, status: int, code: str
) -> None:
    engine = owner_engine(town.clone)
    with pytest.raises(DBAPIError) as broken:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(statement)
    answer = problem_of(broken.value)
    assert (answer.status_code, answer.type_) == (status, code)


async def _call(http: httpx.AsyncClient, method: str, path: str, body: Any, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")} if token else {}
    return await http.request(method, path, json=body, headers=headers)
