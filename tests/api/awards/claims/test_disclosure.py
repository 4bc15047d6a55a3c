"""What the rulebook keeps from publication reaches nobody without the duty, by no route, page, file or log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from api.app import create_app
from api.bookkeeping.exports.use_cases import FORMATS, export_books
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED
from api.platform.access import SESSION_COOKIE
from api.platform.database.migrations import REVISIONS
from api.platform.errors import ErrorCode, Refused
from ledger.proofs import Proof, parse_document, verify_documents
from tests.api.asking import problem, rows, sign_in, standing
from tests.api.awards.claims.conftest import approve, becomes, claim, days_pass, declare, hire, review
from tests.api.awards.claims.extra_rules import JULY
from tests.api.awards.objections.conftest import end, object_by_card, take_off
from tests.api.awards.rulebooks.conftest import adopt, text
from tests.api.bookkeeping.exports.test_tables import xlsx_sheets
from tests.api.bookkeeping.general_ledger.conftest import correct, correction
from tests.api.bookkeeping.general_ledger.conftest import neighbours as other_village
from tests.api.web.browser import browsing
from tests.conftest import LiveTown
from tests.databases import owner_engine

TITLE = "反映暗记七三九一"
RULE = f"""
[[rule]]
id = "SECRET"
title = "{TITLE}"
category = "law"
points = 7
inputs = [{{ id = "case", title = "受理单号", type = "text" }}]
evidence = ["受理单号"]
reviewers = ["council", "supervisors"]
publish = false
"""
CASE, NOTE, OBJECTION, CORRECTION = "单号七三九一", "说明七三九一", "撤下七三九一", "更正七三九一"
MARKS = (TITLE, '"SECRET"', CASE, NOTE, OBJECTION, CORRECTION)
# The rules themselves are public, and that the rule is one of them.
RULE_PAGES = ("/rules", "/v1/rulebooks", "/desk/rulebooks", "/desk/declare", "/desk/claim-sheets", "/desk/freezes")


@dataclass
class Secret:
    """Claims of hp-1 (posted and corrected in part), hp-2 (voided), hp-3 (on notice) and hp-4 (declared), and
    their transactions in the books."""

    claims: list[str]
    transactions: dict[str, str]


@pytest.fixture
async def secret(town: LiveTown) -> Secret:
    await adopt(town, text("2026.2") + RULE)
    town.clock.travel(JULY)
    await sign_in(town, *town.tokens)
    wanted = [claim("SECRET", f"hp-{n}", "2026-07-15", inputs={"case": CASE}, note=NOTE) for n in range(1, 5)]
    ids = [str(each["id"]) for each in wanted]
    posted, voided, pending, _ = ids
    await declare(town, *wanted)
    await review(town, posted, voided, pending)
    await approve(town, posted, by="qian")
    await days_pass(town, 3)
    await becomes(town, posted, "posted")
    await sign_in(town, *town.tokens)
    await approve(town, voided, pending, by="qian")
    await hire(town, "second", "supervisor", village="hp")
    await sign_in(town, "tan")
    await take_off(town, voided, by="second", reason=OBJECTION)
    [(posting,)] = await rows(town, "select id from ledger.transaction where target = :id", id=posted)
    wrong = correction(str(posting), ("household:hp-1", "township:issuing", 2), reason=CORRECTION)
    assert [outcome["status"] for outcome in await correct(town, wrong, by="second")] == ["ok"]
    assert [outcome["status"] for outcome in await correct(town, wrong, by="second")] == ["exists"]
    [(void,)] = await rows(town, "select id from ledger.transaction where target = :id", id=voided)
    transactions = {
        "award": posted,
        "post": str(posting),
        "correction": wrong["id"],
        "void": str(void),
        "notice": pending,
    }
    return Secret(ids, transactions)


def addresses(town: LiveTown, secret: Secret) -> Iterator[str]:
    """Every GET route and page, with whatever leads to the secret."""
    ids = [*secret.claims, *secret.transactions.values()]
    values = {"token": [town.card], "village": ["hp"], "month": ["2026-07"], "version": ["2026.2"]}
    accounts = ["household:hp-1", "household:hp-3", "township:issuing"]
    for route in create_app(town.town, csrf_secret="x").routes:
        if not isinstance(route, HTTPRoute) or "GET" not in route.methods:
            continue
        paths = [""]
        for part in route.path_components:
            if isinstance(part, str):
                paths = [f"{path}/{part}" for path in paths]
                continue
            wanted = (
                ids if part.type is UUID else values.get(part.name, accounts if part.name == "name" else ["hp-1"])
            )
            paths = [f"{path}/{value}" for path in paths for value in wanted]
        yield from (path or "/" for path in paths)
    yield from ("/v1/holds?household=hp-1", "/v1/report?verified=false", "/v1/accounts?limit=500")


async def walk(town: LiveTown, paths: list[str], headers: dict[str, str]) -> dict[str, str]:
    """What each answers, without what tells the rules."""
    told = {}
    async with httpx.AsyncClient(base_url=town.url, headers=headers, timeout=30, verify=False) as http:
        for path in paths:
            answer = await http.get(path)
            assert answer.status_code < 500, (path, answer.text)
            if not path.startswith(RULE_PAGES):
                told[path] = answer.text.split("怎样得分")[0]
    return told


def signed_in(town: LiveTown, login: str) -> dict[str, str]:
    token = town.tokens[login]
    return {"Authorization": f"Bearer {token}", "Cookie": f"{SESSION_COOKIE}={token}"}


async def test_whoever_has_no_duty_is_told_nothing_of_it(town: LiveTown, secret: Secret) -> None:
    await other_village(town)
    await hire(town, "everything", "council", "committee", "supervisor", "grid-leader", village="ss")
    await hire(town, "mayor", "committee", "chief-grid-leader", "grid-guide", village="hp")
    paths = sorted(set(addresses(town, secret)))
    assert len(paths) > 60
    viewers = {login: signed_in(town, login) for login in ("everything", "mayor", "sun", "ma", "office")}
    viewers |= {"nobody": {}, "till": {"Authorization": f"Bearer {town.device_token}"}}
    leaks = []
    with capture_logs() as logged:
        for viewer, headers in viewers.items():
            for path, told in (await walk(town, paths, headers)).items():
                leaks += [(viewer, path, mark) for mark in MARKS if mark in told]
    assert leaks == []
    assert not any(mark in str(logged) for mark in MARKS)


async def test_those_whose_duty_it_is_see_it(town: LiveTown, secret: Secret) -> None:
    declared, on_notice = secret.claims[3], secret.claims[2]
    for login in ("wang", "zhao", "qian", "second"):
        told = await walk(town, [f"/desk/claims/{id}" for id in (declared, on_notice)], signed_in(town, login))
        assert all(mark in page for page in told.values() for mark in (TITLE, CASE, NOTE)), login
    told = await walk(
        town, [f"/v1/transactions/{id}" for id in secret.transactions.values()], signed_in(town, "qian")
    )
    for name, mark in (("award", TITLE), ("void", OBJECTION), ("correction", CORRECTION), ("notice", TITLE)):
        assert mark in told[f"/v1/transactions/{secret.transactions[name]}"]
    assert (await standing(town))[0]["in_balance"]


async def test_the_books_and_the_files_say_only_that_it_is_not_published(
    town: LiveTown, secret: Secret, tmp_path: Path
) -> None:
    recorded = await rows(town, "select to_jsonb(x)::text from ledger.transaction x")
    sealed = await rows(town, "select record from ledger.leaf_record")
    assert not any(mark in text for (text,) in (*recorded, *sealed) for mark in MARKS)
    for format in FORMATS:
        file = tmp_path / f"books.{format}"
        await export_books(town.town, format, None, None, file)
        told = str(xlsx_sheets(file)) if format == "xlsx" else file.read_text(encoding="utf-8")
        assert f"更正：{UNPUBLISHED}" in told
        assert not any(mark in told for mark in MARKS)
    async with town.staff("office") as http:
        report = (await http.get("/v1/report?verified=false")).json()
    assert {"name": UNPUBLISHED, "points": 5} in report["awarded_by_category"]


async def test_a_fault_of_the_database_tells_no_parameters(town: LiveTown) -> None:
    with pytest.raises(DBAPIError) as fault:
        async with town.town.unit_of_work() as uow:
            await uow.session.execute(
                sql("select 1 / (count(*) * 0) from claim where note = :note"), {"note": NOTE}
            )
    assert NOTE not in str(fault.value)


async def proof_of(town: LiveTown, path: str, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=town.url, headers=headers, timeout=30, verify=False) as http:
        return await http.get(path)


async def test_a_proof_holds_for_everybody_and_is_opened_to_those_who_may_see(
    town: LiveTown, secret: Secret
) -> None:
    for name, mark in (("award", TITLE), ("correction", CORRECTION)):
        id = secret.transactions[name]
        for path, headers, opened in (
            (f"/c/{town.card}/proofs/{id}", {}, False),
            (f"/v1/seals/proofs/{id}", signed_in(town, "li"), False),
            (f"/v1/seals/proofs/{id}", signed_in(town, "qian"), True),
        ):
            answer = await proof_of(town, path, headers)
            proof = parse_document(answer.content)
            assert isinstance(proof, Proof)
            codes = [finding.code for finding in verify_documents({"": proof}) if finding.ok]
            assert codes == ["included", "opened" if opened else "withheld", "own-key"]
            assert (mark in answer.text) == opened
    # An entry that is published is proven as it always was.
    [(ordinary,)] = await rows(
        town, "select id from ledger.transaction where kind = 'award' and phase = 'pending' order by id limit 1"
    )
    answer = await proof_of(town, f"/v1/seals/proofs/{ordinary}", signed_in(town, "sun"))
    assert [*answer.json()] == ["format", "record", "position", "path", "head", "key", "consistency"]
    await other_village(town)
    answer = await proof_of(town, f"/v1/seals/proofs/{ordinary}", signed_in(town, "far"))
    problem(answer, 404, "unknown")


async def test_an_entry_from_before_commitments_is_proven_only_to_those_who_may_see(
    town: LiveTown, secret: Secret
) -> None:
    """As a database of revision 1001 has it: the record itself tells the subject."""
    id = secret.transactions["notice"]
    path = f"/v1/seals/proofs/{id}"
    assert (await proof_of(town, path, signed_in(town, "qian"))).status_code == 200
    revision = (REVISIONS / "versions/1002_mends/withheld.sql").read_text(encoding="utf-8")
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql(
            f"update ledger.transaction set reason = '{TITLE}', metadata = metadata - 'subject' where id = '{id}'"
        )
        await owner.exec_driver_sql("delete from ledger.withheld")
        await owner.exec_driver_sql(
            "insert into ledger.withheld" + revision.split("insert into ledger.withheld")[1]
        )
    for refused, headers in ((f"/c/{town.empty_card}/proofs/{id}", {}), (path, signed_in(town, "li"))):
        answer = await proof_of(town, refused, headers)
        assert answer.status_code == 403, answer.text
        assert TITLE not in answer.text
    assert UNPUBLISHED in (await proof_of(town, f"/v1/transactions/{id}", signed_in(town, "li"))).text
    assert TITLE in (await proof_of(town, path, signed_in(town, "qian"))).text


async def test_its_household_objects_without_learning_the_subject(town: LiveTown, secret: Secret) -> None:
    pending = secret.claims[2]
    [(household,)] = await rows(
        town, "select h.code from claim c join household h on h.id = c.household where c.id = :id", id=pending
    )
    assert household == "hp-3"
    with pytest.raises(Refused) as refused:
        await object_by_card(town, town.card, pending)
    assert refused.value.code == ErrorCode.UNKNOWN
    async with browsing(town) as anybody:
        assert anybody.page.is_success
        assert "没有这一件" in await anybody.open(f"/objections/new?claim={pending}")
        await anybody.open(f"/c/{town.empty_card}")
        assert UNPUBLISHED in await anybody.open(f"/c/{town.empty_card}/objections/new")
        await anybody.open(f"/c/{town.empty_card}/objections/new?claim={pending}")
        assert "异议已收到" in await anybody.send(f"/c/{town.empty_card}/objections", text="没有这回事")
        [(objection,)] = await rows(town, "select id from objection where outcome is null")
        (await end(town, "tan", str(objection), "dismiss", f"{TITLE}属实")).raise_for_status()
        told = await anybody.open(f"/c/{town.empty_card}")
        assert "异议不成立。理由不写在这里，请问监委。" in told
        for path in (f"/c/{town.empty_card}", "/notices/hp", "/notices/hp/objections"):
            await anybody.open(path)
            assert not any(mark in anybody.page.text.split("怎样得分")[0] for mark in MARKS), path
