"""A rulebook is adopted by two people, never retroactively, and can be withdrawn or adopted again."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from api.awards.rulebooks.use_cases import book_in_force
from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, days_pass, declare, hire, review
from tests.api.awards.rulebooks.conftest import DECISION, adopt, again, ask, confirm, propose, states, text
from tests.conftest import LiveTown
from tests.databases import owner_engine

FIRST = ("2025.1", "2025-01-01")


async def version_on(town: LiveTown, day: str, village: str = "hp") -> str:
    async with town.town.unit_of_work() as uow:
        book = await book_in_force(uow, date.fromisoformat(day), village)
    return book.version if book is not None else ""


async def test_proposed_by_one_confirmed_by_another_and_in_force_on_its_day(town: LiveTown) -> None:
    proposal = (await propose(town, text("2026.2"))).raise_for_status().json()
    assert (proposal["state"], proposal["decision"], proposal["proposed_by"]) == (
        "proposed",
        DECISION,
        "乡镇办公室",
    )
    assert await version_on(town, "2026-07-01") == "2025.1", "nothing is in force by a proposal"
    confirmed = (await confirm(town, proposal["id"])).raise_for_status().json()
    assert (confirmed["state"], confirmed["confirmed_by"]) == ("coming", "马支委")
    assert (await confirm(town, proposal["id"])).json() == confirmed, "sent again"
    assert await version_on(town, "2026-06-30") == "2025.1"
    assert await version_on(town, "2026-07-01") == "2026.2"
    await days_pass(town, 16)
    assert await states(town) == {FIRST: "past", ("2026.2", "2026-07-01"): "in-force"}


async def test_decision_and_day_default_to_the_header(town: LiveTown) -> None:
    proposal = (await ask(town, "office", "POST", "", {"text": text("2026.2", starts="2026-08-01")})).json()
    assert proposal["effective_from"] == "2026-08-01"
    assert proposal["decision"] == {
        "body": "乡党委",
        "meeting": "2024 年第 12 次党委会议",
        "decided_on": "2024-12-20",
        "present": "",
    }


async def test_the_proposer_cannot_confirm(town: LiveTown) -> None:
    proposal = (await propose(town, text("2026.2"))).json()["id"]
    problem(await confirm(town, proposal, by="office"), 403, "same-person")
    problem(await confirm(town, proposal, by="li"), 403, "not-allowed")
    [(state,)] = await rows(
        town, "select confirmed_at is null from rulebook_adoption where not alone and id = :id", id=proposal
    )
    assert state


async def test_the_database_requires_two_people(town: LiveTown) -> None:
    proposal = (await propose(town, text("2026.2"))).json()["id"]
    engine = owner_engine(town.clone)
    for change in (
        "confirmed_by = proposed_by, confirmed_at = now()",
        "confirmed_at = now()",
        "refused_at = now(), refused_by = proposed_by",
        "withdrawn_at = now(), withdrawn_by = proposed_by, withdrawal = 'x'",
    ):
        with pytest.raises(DBAPIError) as error:
            async with engine.begin() as connection:
                await connection.execute(
                    sql(f"update rulebook_adoption set {change} where id = :id"), {"id": proposal}
                )
        assert getattr(error.value.orig, "sqlstate", "") == "23514", change


async def test_a_text_and_a_decision_are_written_once(town: LiveTown) -> None:
    for statement in (
        "update rulebook set text = ''",
        "delete from rulebook",
        "update rulebook_adoption set effective_from = '2020-01-01'",
        "update rulebook_adoption set alone = true",
        "delete from rulebook_adoption",
        "update rulebook_draft_text set text = ''",
        "delete from rulebook_draft",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with town.town.unit_of_work() as uow:
                await uow.session.execute(sql(statement))


async def test_a_book_with_problems_is_not_proposed(town: LiveTown) -> None:
    wrong = text("2026.2").replace("reviewers = ", "reviewer = ", 1)
    extra = problem(await propose(town, wrong), 400, "rulebook-wrong")
    line = next(n for n, line in enumerate(wrong.splitlines(), start=1) if line.startswith("reviewer ="))
    assert line in {p["line"] for p in extra["problems"]}
    assert await states(town) == {FIRST: "in-force"}


@pytest.mark.parametrize("day", ["2026-06-15", "2026-06-14", "2025-01-01"])
async def test_adoptions_are_never_retroactive(town: LiveTown, day: str) -> None:
    problem(await propose(town, text("2026.2"), day), 400, "retroactive")
    problem(await again(town, "2025.1", day), 400, "retroactive")


async def test_dates_that_contradict_each_other(town: LiveTown) -> None:
    later = await propose(town, text("2026.2"), "2026-07-01", decided_on="2026-06-16")
    problem(later, 400, "date-wrong")
    early = await propose(town, text("2026.2", starts="2026-08-01"), "2026-07-31")
    problem(early, 400, "date-wrong")
    ended = text("2026.2").replace("[book.adopted_by]", "effective_until = 2026-12-31\n\n[book.adopted_by]")
    problem(await propose(town, ended, "2027-01-01"), 400, "date-wrong")
    assert (await propose(town, ended, "2026-12-31")).status_code == 201


async def test_a_version_names_one_text(town: LiveTown) -> None:
    problem(await propose(town, text("2025.1", points=2)), 409, "already-there")
    await adopt(town, text("2026.2"))
    problem(await propose(town, text("2026.2", points=2), "2026-08-01"), 409, "already-there")


async def test_a_repeated_proposal_is_the_first_and_a_second_one_is_refused(town: LiveTown) -> None:
    first = (await propose(town, text("2026.2"))).json()
    assert (await propose(town, text("2026.2"))).json() == first
    problem(await propose(town, text("2026.2"), "2026-08-01"), 409, "already-there")
    await confirm(town, first["id"])
    problem(await propose(town, text("2026.2"), "2026-08-01"), 409, "already-there")


async def test_an_unconfirmed_proposal_lapses(town: LiveTown) -> None:
    proposal = (await propose(town, text("2026.2"), "2026-06-16")).json()["id"]
    await days_pass(town, 1)
    await sign_in(town, "ma")
    assert (await states(town))["2026.2", "2026-06-16"] == "lapsed"
    problem(await confirm(town, proposal), 409, "too-late")
    assert await version_on(town, "2026-06-16") == "2025.1"
    await adopt(town, text("2026.2"), "2026-06-20")
    assert await version_on(town, "2026-06-20") == "2026.2"


async def test_a_refused_proposal_has_a_reason_and_cannot_be_confirmed(town: LiveTown) -> None:
    proposal = (await propose(town, text("2026.2"))).json()["id"]
    refuse = f"/adoptions/{proposal}/refuse"
    assert (await ask(town, "ma", "POST", refuse, {"reason": "  "})).status_code == 400
    problem(await ask(town, "li", "POST", refuse, {"reason": "不妥"}), 403, "not-allowed")
    refused = (await ask(town, "ma", "POST", refuse, {"reason": "分值太高"})).raise_for_status().json()
    assert (refused["state"], refused["reason"], refused["closed_by"]) == ("refused", "分值太高", "马支委")
    problem(await confirm(town, proposal), 409, "wrong-state")
    problem(await ask(town, "ma", "POST", refuse, {"reason": "再退"}), 409, "wrong-state")
    assert await version_on(town, "2026-07-01") == "2025.1"


async def test_the_proposer_may_withdraw_a_proposal(town: LiveTown) -> None:
    proposal = (await propose(town, text("2026.2"))).json()["id"]
    answer = await ask(town, "office", "POST", f"/adoptions/{proposal}/refuse", {"reason": "写错了"})
    assert answer.json()["state"] == "refused"


async def test_an_adoption_is_withdrawn_before_its_day_not_by_its_confirmer(town: LiveTown) -> None:
    id = await adopt(town, text("2026.2"))
    withdraw, why = f"/adoptions/{id}/withdraw", {"reason": "村民有意见"}
    problem(await ask(town, "ma", "POST", withdraw, why), 403, "same-person")
    problem(await ask(town, "li", "POST", withdraw, why), 403, "not-allowed")
    withdrawn = (await ask(town, "office", "POST", withdraw, why)).raise_for_status().json()
    assert (withdrawn["state"], withdrawn["reason"]) == ("withdrawn", "村民有意见")
    problem(await ask(town, "office", "POST", withdraw, why), 409, "wrong-state")
    assert await version_on(town, "2026-07-01") == "2025.1"
    await adopt(town, text("2026.2"), "2026-07-02")
    assert await version_on(town, "2026-07-02") == "2026.2"


async def test_an_adoption_in_effect_cannot_be_withdrawn(town: LiveTown) -> None:
    id = await adopt(town, text("2026.2"), "2026-06-16")
    await days_pass(town, 1)
    problem(await ask(town, "office", "POST", f"/adoptions/{id}/withdraw", {"reason": "x"}), 409, "wrong-state")


async def test_an_older_version_is_adopted_again(town: LiveTown) -> None:
    await adopt(town, text("2026.2"), "2026-06-16")
    problem(await again(town, "2026.2", "2026-06-20"), 409, "already-there")
    problem(await again(town, "2024.1", "2026-06-20"), 404, "unknown")
    back = (await again(town, "2025.1", "2026-06-20")).raise_for_status().json()["id"]
    (await confirm(town, back)).raise_for_status()
    days = ["2026-06-15", "2026-06-16", "2026-06-19", "2026-06-20"]
    assert [await version_on(town, day) for day in days] == ["2025.1", "2026.2", "2026.2", "2025.1"]


async def test_of_two_adoptions_for_one_day_the_last_confirmed_applies(town: LiveTown) -> None:
    first = (await propose(town, text("2026.2"))).json()["id"]
    second = (await propose(town, text("2026.3"))).json()["id"]
    await confirm(town, second)
    await days_pass(town, 0.01)
    await confirm(town, first)
    assert await version_on(town, "2026-07-01") == "2026.2"


async def test_a_claim_is_evaluated_under_the_book_of_its_day(town: LiveTown) -> None:
    await adopt(town, text("2026.2", points=3), "2026-06-16")
    before = claim("A01", "hp-3", "2026-06-15")
    assert (await declare(town, before))[0]["points"] == 1
    await days_pass(town, 1)
    await sign_in(town, "wang", "zhao", "li")
    late, after = claim("A01", "hp-4", "2026-06-15"), claim("A01", "hp-4", "2026-06-16")
    assert [o["points"] for o in await declare(town, late, after)] == [1, 2], "three a year, one of them taken"
    ids = [before["id"], late["id"], after["id"]]
    await review(town, *ids)
    assert [o["status"] for o in await approve(town, *ids)] == ["approved"] * 3
    found = dict(await rows(town, "select id::text, rulebook || ' ' || points from claim where rule = 'A01'"))
    assert found == {before["id"]: "2025.1 1", late["id"]: "2025.1 1", after["id"]: "2026.2 2"}
    posted = await rows(
        town,
        "select t.metadata ->> 'rulebook', x.amount from ledger.transaction t"
        " join ledger.transfer x on (x.township, x.transaction) = (t.township, t.id)"
        " where t.id = any (cast(:ids as uuid[])) and t.phase = 'pending' order by 1, 2",
        ids=ids,
    )
    assert [tuple(row) for row in posted] == [("2025.1", 1), ("2025.1", 1), ("2026.2", 2)]


async def test_an_overlay_applies_in_its_village_under_its_base(town: LiveTown) -> None:
    """Inserted into the tables directly, as a complete book."""
    await adopt(town, text("2026.2"), "2026-07-01")
    engine = owner_engine(town.clone)
    async with engine.begin() as connection:
        await connection.execute(
            sql(
                "insert into rulebook (township, version, village, base, title, text, written_by, written_at)"
                " select township, 'hp-1', 'hp', '2025.1', title, :text, written_by, written_at from rulebook"
                " where version = '2025.1'"
            ),
            {"text": text("hp-1")},
        )
        await connection.execute(
            sql(
                "insert into rulebook_adoption (township, id, village, version, effective_from, body, meeting,"
                " decided_on, present, proposed_by, proposed_at, confirmed_by, confirmed_at)"
                " select township, gen_random_uuid(), 'hp', 'hp-1', '2026-06-20', body, meeting, decided_on, '',"
                " proposed_by, proposed_at, confirmed_by, confirmed_at from rulebook_adoption"
                " where version = '2025.1'"
            )
        )
    assert await version_on(town, "2026-06-19", "hp") == "2025.1"
    assert await version_on(town, "2026-06-20", "hp") == "hp-1"
    assert await version_on(town, "2026-06-20", "sq") == "2025.1"
    assert await version_on(town, "2026-06-20", "") == "2025.1"
    assert await version_on(town, "2026-07-01", "hp") == "2026.2", "written for another base"


async def test_of_two_concurrent_confirmations_one_succeeds(town: LiveTown) -> None:
    await hire(town, "feng", "party-branch")
    proposal = (await propose(town, text("2026.2"))).json()["id"]
    answers = await asyncio.gather(*(confirm(town, proposal, by) for by in ("ma", "feng")))
    assert sorted(a.status_code for a in answers) == [200, 409]


OUTDATED = """
[[rule]]
id = "OLD"
title = "旧写法"
category = "volunteer"
points = "size(['a', 'b'])"
points_note = "两分"
inputs = [{ id = "place", title = "地方", type = "text" }]
when = "input.place.matches('^a') && has(input.place)"
when_note = "地方写明"
evidence = ["照片"]
"""


async def propose_as_earlier(town: LiveTown, version: str) -> str:
    """Propose a book that an earlier program took and this one doesn't; returns the id of the adoption."""
    id = (await propose(town, text(version))).raise_for_status().json()["id"]
    async with owner_engine(town.clone).begin() as connection:
        await connection.execute(
            sql("update rulebook set text = text || :more where version = :version"),
            {"more": OUTDATED, "version": version},
        )
    return str(id)


async def test_what_was_proposed_earlier_is_checked_again_when_it_is_confirmed(town: LiveTown) -> None:
    id = await propose_as_earlier(town, "2026.2")
    told = problem(await confirm(town, id), 400, "rulebook-wrong")
    assert "matches" in told["problems"][0]["message"] + told["problems"][1]["message"]
    assert (await states(town))["2026.2", "2026-07-01"] == "proposed"
    async with town.staff("ma") as http:
        assert (await http.get(f"/desk/rulebooks/adoptions/{id}")).status_code < 400
    answer = await ask(town, "ma", "POST", f"/adoptions/{id}/refuse", {"reason": "改写后再提"})
    assert answer.json()["state"] == "refused"


async def test_a_rule_adopted_with_what_is_no_longer_evaluated_refuses_its_own_claims_alone(
    town: LiveTown,
) -> None:
    id = await propose_as_earlier(town, "2026.2")
    async with owner_engine(town.clone).begin() as connection:
        await connection.execute(
            sql(
                "update rulebook_adoption set confirmed_at = proposed_at, effective_from = '2026-01-02',"
                " confirmed_by = (select id from person where login = 'ma') where id = :id"
            ),
            {"id": id},
        )
    async with town.staff("ma") as http:
        for page in ("/rules", "/rules/hp", "/rules/poster", "/desk/rulebooks", "/"):
            assert (await http.get(page)).status_code < 400, page
        assert "旧写法" in (await http.get("/rules")).text
    old, ordinary = await declare(town, claim("OLD", inputs={"place": "abc"}), claim("A01"))
    assert "算式是旧写法" in str(old)
    assert ordinary["reason"] == ""
