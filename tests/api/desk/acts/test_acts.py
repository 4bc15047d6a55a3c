"""Who did what is written down by itself, read by those who may, and can't be changed without being named."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from api.awards.draws.tables import Visit
from api.bookkeeping.general_ledger.documents import find_undocumented
from api.catalogue import METADATA
from api.desk.acts.kinds import DETAILS, FROZEN, TITLES
from api.platform.database.migrations import REVISIONS
from api.registry.cards.use_cases import CardEventKind
from api.registry.people.records import ChangeKind as PersonChangeKind
from api.registry.register.changes import ChangeKind as HouseholdChangeKind
from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, days_pass, declare, hire, review
from tests.api.awards.claims.extra_rules import JULY
from tests.api.awards.draws.conftest import open_july, reach_july
from tests.api.awards.objections.conftest import take_off
from tests.api.awards.review.conftest import act
from tests.api.awards.rulebooks.conftest import adopt
from tests.api.awards.rulebooks.conftest import text as book
from tests.api.bookkeeping.general_ledger.conftest import neighbours as other_village
from tests.api.desk.freezes.conftest import freeze_rule, lift
from tests.api.web.browser import browsing
from tests.conftest import TOWNSHIP, LiveTown, run_jobs
from tests.databases import owner_engine

ACTS_OF = (REVISIONS / "current" / "desk" / "acts_of.sql").read_text(encoding="utf-8")
SECRET = """
[[rule]]
id = "SECRET"
title = "反映暗记七三九一"
category = "law"
points = 7
reviewers = ["council", "supervisors"]
inputs = [{ id = "case", title = "受理单号", type = "text" }]
evidence = ["受理单号"]
publish = false
"""

# Columns that name a person and tell of no act of theirs, and why.
NO_ACT = {
    **dict.fromkeys(
        ("beginning_dismissal.dismissed_by", "known_browser.person", "sign_in_token.person", "shift.attendant"),
        "a view put away, a sign-in: nothing is decided",
    ),
    **dict.fromkeys(
        (
            "claim_draft.person",
            "rulebook_draft.begun_by",
            "rulebook_draft.closed_by",
            "rulebook_draft_text.saved_by",
            "register_upload.uploaded_by",
            "photo_upload.person",
        ),
        "not done yet",
    ),
    **dict.fromkeys(("recovery_code.person", "second_step.person", "invitation.person"), "whose it is"),
    **dict.fromkeys(
        (
            "invitation.issued_by",
            "person.registered_by",
            "person.reset_by",
            "relative.person",
            "relative.declared_by",
            "relative.withdrawn_by",
        ),
        "told by `person_change`",
    ),
    **dict.fromkeys(
        (
            "claim.reviewed_by",
            "claim.approved_by",
            "claim.refused_by",
            "claim_signature.person",
        ),
        "told by the vote",
    ),
    **dict.fromkeys(
        ("redemption.attendant", "promise.attendant", "promise.closed_by"),
        "an entry in the books with its receipt",
    ),
    "card_sheet.person": "told by its cards",
}


async def list_acts(town: LiveTown, by: str, **asked: Any) -> list[dict[str, Any]]:
    async with town.staff(by) as http:
        answer = (await http.get("/v1/acts", params=asked)).raise_for_status().json()
    found: list[dict[str, Any]] = answer["acts"]
    return found


async def told_of(town: LiveTown, by: str, id: object) -> list[tuple[str, str]]:
    """Who did what to a claim, the first first."""
    return [(each["person"], each["kind"]) for each in reversed(await list_acts(town, by, about=f"claim:{id}"))]


def a_minute_passes(town: LiveTown) -> None:
    town.clock.travel(town.clock.now() + timedelta(minutes=1))


def test_each_column_that_names_who_did_something_is_told_or_says_why_not() -> None:
    texts = dict(re.findall(r"create function acts_of\(r (\w+)\) (.*?)^\$\$;", ACTS_OF, re.DOTALL | re.MULTILINE))
    named = {
        f"{table.name}.{element.parent.name}"
        for metadata in METADATA
        for table in metadata.tables.values()
        for key in table.foreign_key_constraints
        if key.referred_table.name in ("person", "attendant")
        for element in key.elements
        if element.parent.name != "township"
    }
    told = {
        each for each in named if re.search(rf"\br\.{each.partition('.')[2]}\b", texts.get(each.split(".")[0], ""))
    }
    assert named - told == NO_ACT.keys()


async def test_what_tells_of_acts_has_its_triggers_and_is_looked_at(town: LiveTown) -> None:
    tables = set(re.findall(r"create function acts_of\(r (\w+)\)", ACTS_OF))
    triggered = await rows(
        town, "select tgrelid::regclass::text from pg_trigger where tgfoid = 'record_acts'::regproc group by 1"
    )
    looked_at = re.findall(r"from (\w+) r cross", (REVISIONS / "current" / "desk" / "told_act.sql").read_text())
    assert {table for (table,) in triggered} == tables == set(looked_at)


def test_each_kind_of_act_has_a_title() -> None:
    kinds = set(re.findall(r"'((?:[a-z]+-)+[a-z]+)'", ACTS_OF))
    # These are steps of a key, and what a claim was noted down as.
    kinds -= {
        "own-declaration-decided",
        "objection-ended",
        "claim-visited",
        "proposal-closed",
        "goods-receipt-closed",
    }
    kinds -= {"card-event", "household-changed"}
    kinds |= {f"person-{kind}" for kind in PersonChangeKind} | {
        f"household-{kind}" for kind in HouseholdChangeKind
    }
    kinds |= {f"card-{kind}" for kind in CardEventKind}
    kinds |= {f"attendant-{kind}" for kind in ("added", "pin", "household", "ended")} - {"attendant-changed"}
    outcomes = next(str(c.sqltext) for c in Visit.__table__.constraints if c.name == "visit_outcome")
    kinds |= {f"visit-{outcome}" for outcome in re.findall(r"'([a-z-]+)'", outcomes)}
    kinds |= {f"{kind}-{step}" for kind in FROZEN for step in ("stopped", "released")}
    assert kinds - {"attendant-changed"} <= TITLES.keys()
    assert "own" in DETAILS


async def test_a_claims_way_is_told_step_by_step(town: LiveTown) -> None:
    first = claim()
    await declare(town, first)
    a_minute_passes(town)
    await act(town, "zhao", str(first["id"]), "return", "日期写错了")
    again = claim(replaces=first["id"])
    a_minute_passes(town)
    await declare(town, again)
    a_minute_passes(town)
    await review(town, str(again["id"]))
    a_minute_passes(town)
    await approve(town, str(again["id"]))
    a_minute_passes(town)
    await take_off(town, str(again["id"]), by="qian", reason="没有这回事")
    assert await told_of(town, "qian", first["id"]) == [("王网格", "claim-declared"), ("赵评议", "claim-returned")]
    [returned, _] = await list_acts(town, "qian", about=f"claim:{first['id']}")
    assert (returned["title"], returned["reason"], returned["village"]) == ("退回更正", "日期写错了", "河畔村")
    assert returned["subject"].startswith("张伟 hp-3")
    assert [kind for _, kind in await told_of(town, "qian", again["id"])] == [
        "claim-declared",
        "claim-supported",
        "claim-supported",
        "objection-taken",
        "objection-upheld",
    ]


async def test_supervisors_read_all_of_their_village_and_others_only_their_own(town: LiveTown) -> None:
    mine = claim()
    await declare(town, mine)
    await declare(town, claim(household="hp-2"), by="sun")
    await other_village(town)
    await hire(town, "elsewhere", "supervisor", village="ss")
    assert await told_of(town, "qian", mine["id"]) == await told_of(town, "tan", mine["id"]) != []
    assert await told_of(town, "elsewhere", mine["id"]) == []
    assert {each["village"] for each in await list_acts(town, "elsewhere")} <= {"", "山上村"}
    assert {each["person"] for each in await list_acts(town, "sun")} == {"孙网格"}
    assert {each["person"] for each in await list_acts(town, "sun", person="王网格")} == set()
    # What is of the whole township is read by each supervisor.
    assert "提议启用规则" in {each["title"] for each in await list_acts(town, "elsewhere")}


async def test_what_is_done_at_once_is_one_line_that_opens(town: LiveTown) -> None:
    a_minute_passes(town)
    claims = [claim(household=f"hp-{n}") for n in (1, 2, 3)]
    await declare(town, *claims)
    line, *_ = await list_acts(town, "qian", person="王网格")
    assert (line["number"], line["subject"], line["about"]) == (3, "", "")
    opened = await list_acts(town, "qian", together=line["key"])
    assert {each["about"] for each in opened} == {f"claim:{each['id']}" for each in claims}
    async with browsing(town, "qian") as browser:
        assert "王网格 申报" in await browser.open("/desk/acts")
        [address, *_] = re.findall(r'href="(/desk/acts\?together=[^"]+)">3 件', browser.page.text)
        assert "李秀英 hp-2" in await browser.open(address.replace("&amp;", "&"))


async def test_pages_follow_each_other_without_a_gap(town: LiveTown) -> None:
    for n in range(60):
        town.clock.travel(town.clock.now() + timedelta(seconds=n % 2))
        await declare(town, claim(household=f"hp-{n % 4 + 1}"), by=("wang", "sun")[n % 3 == 0])
    keys: list[str] = []
    before: dict[str, str] = {}
    async with town.staff("tan") as http:
        while True:
            page = (await http.get("/v1/acts", params={"field": "claims", **before})).json()
            keys += [each["key"] for each in page["acts"]]
            if page["next"] is None:
                break
            before = {"before": page["next"]}
        assert len(keys) == len(set(keys))
        [(lines,)] = await rows(
            town,
            "select count(*) from (select distinct acted_at, person, kind, scope from ledger.act"
            " where kind like 'claim-%') line",
        )
        assert len(keys) == lines
        problem(await http.get("/v1/acts", params={"before": "gestern abend"}), 400, "malformed")
        problem(await http.get("/v1/acts", params={"together": "nichts"}), 404, "unknown")


async def test_a_subject_kept_from_publication_is_told_to_its_readers_alone(town: LiveTown) -> None:
    await adopt(town, book("2026.2") + SECRET)
    town.clock.travel(JULY)
    await sign_in(town, *town.tokens)
    secret = claim("SECRET", day="2026-07-15", inputs={"case": "单号"})
    await declare(town, secret)
    a_minute_passes(town)
    await act(town, "zhao", str(secret["id"]), "return", "暗记写在哪里")
    about = {"about": f"claim:{secret['id']}"}
    for reader in ("qian", "zhao"):
        [returned, *_] = await list_acts(town, reader, **about)
        assert (returned["subject"].split()[2], returned["reason"]) == ("反映暗记七三九一", "暗记写在哪里")
    async with owner_engine(town.clone).begin() as owner:
        await owner.execute(text("update person set roles = '{committee}' where login = 'zhao'"))
    [returned] = await list_acts(town, "zhao", **about)
    assert (returned["subject"].split()[2], returned["reason"]) == ("不公示的事项", "")
    # What is sealed names the claim, not its subject.
    [(sealed,)] = await rows(
        town, "select string_agg(detail, '') from ledger.act where about = :about and detail <> ''", **about
    )
    assert sealed is None


async def test_acts_are_sealed_with_the_books_and_no_role_of_the_application_writes_them(town: LiveTown) -> None:
    await declare(town, claim())
    await run_jobs(town.town)
    [(acts, leaves)] = await rows(
        town,
        "select (select count(*) from ledger.act), (select count(*) from ledger.leaf where kind = 'act')",
    )
    assert acts == leaves > 0
    engine = create_async_engine(town.clone.app)
    for statement in (
        "insert into ledger.act select township, 'x', kind, person, scope, about, detail, reason, acted_at"
        " from ledger.act limit 1",
        "update ledger.act set person = 'wang'",
        "delete from ledger.act",
        "alter table claim_vote disable trigger all",
    ):
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
                await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
async def voted(town: LiveTown) -> LiveTown:
    wanted = claim()
    await declare(town, wanted)
    await review(town, str(wanted["id"]))
    return town


ACTS = "办过的事里有，原来的记录却不见了", "办过的事与原来的记录不符", "没有记进办过的事"
TAMPERING = {
    "delete from claim_recusal": set(),
    "update claim set declared_by = (select id from person where login = 'sun')": {ACTS[1]},
    "update claim_vote set voted_at = voted_at - interval '1 day' where place = 0": {ACTS[1]},
    "update card set revoked_by = (select id from person where login = 'fu') where revoked_by is not null": {
        ACTS[1]
    },
    "delete from person_change": {ACTS[0]},
    "delete from ledger.act where kind = 'claim-supported'": {ACTS[2]},
    "update ledger.act set reason = 'x' where kind = 'claim-supported'": {ACTS[1]},
    "alter table claim_vote disable trigger record_acts_added": {"这张表里办的事不再自动记下"},
    "drop trigger record_acts_changed on objection": {"这张表里办的事不再自动记下"},
}


async def test_whoever_changes_either_is_named(voted: LiveTown) -> None:
    async with owner_engine(voted.clone).connect() as connection:

        async def told() -> set[str]:
            found = {d.message async for d in find_undocumented(connection, TOWNSHIP)}
            return {each for each in found if "办过的事" in each or "办的事" in each}

        assert await told() == set()
        for statement, sentences in TAMPERING.items():
            if not statement.startswith(("alter", "drop")):
                await connection.execute(text("set local session_replication_role = replica"))
            await connection.execute(text(statement))
            assert await told() == sentences, statement
            await connection.rollback()


async def test_raw_sql_leaves_its_trace(voted: LiveTown) -> None:
    """Also by who owns the database, as long as the triggers stand; and taking them away is named."""
    statement = (
        "insert into card_pin_reset (township, id, card, person, reason, recorded_at)"
        " select 1, gen_random_uuid(), (select digest from card limit 1), id, '忘了', now() from person"
        " where login = 'fu'"
    )
    async with owner_engine(voted.clone).begin() as connection:
        await connection.execute(text(statement))
    [line] = await list_acts(voted, "tan", person="傅会计")
    assert (line["kind"], line["reason"]) == ("card-pin-reset", "忘了")


async def test_what_supervisors_stop_and_release_is_on_the_list_itself(town: LiveTown) -> None:
    a_minute_passes(town)
    id = await freeze_rule(town)
    a_minute_passes(town)
    assert (await lift(town, id, by="tan")).status_code == 204
    released, stopped = (await list_acts(town, "qian", field="oversight"))[:2]
    assert (stopped["person"], stopped["title"], stopped["subject"]) == ("钱监委", "冻结规则", "A01")
    assert (released["person"], released["title"], released["reason"]) == (
        "谭监委",
        "解除冻结规则",
        "查清了，没有问题",
    )


async def test_the_page_says_whose_acts_it_shows(town: LiveTown) -> None:
    await days_pass(town, 0)
    async with browsing(town, "wang") as browser:
        page = await browser.open("/desk/acts")
    assert "我办过的事" in page
    assert 'name="person"' not in page
    async with browsing(town, "tan") as browser:
        page = await browser.open("/desk/acts?person=乡镇办公室&field=rules&since=2026-01-01&until=2026-12-31")
        assert "谁办了什么" in page
        assert "乡镇办公室 提议启用规则" in page
        assert "日期不对" in await browser.open("/desk/acts?since=morgen")
        assert "最近的在前" in await browser.open("/desk/acts?until=9999-12-31")


async def test_a_draw_is_named_by_its_village(town: LiveTown) -> None:
    """Whose supermarket has the same code."""
    await reach_july(town)
    await open_july(town)
    async with browsing(town, "qian") as qian:
        assert "钱监委 开抽查 河畔村 2026-07" in await qian.open("/desk/acts?field=oversight")
