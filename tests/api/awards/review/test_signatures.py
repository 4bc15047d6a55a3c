"""What the rules publish about who signs is what happens: each body in its order, each by another person."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from api.awards.claims.tables import Claim
from api.awards.review.signatures import Progress, Vote, find_obstacle
from api.platform.access import Role, Staff
from api.platform.database.sql_files import REVISIONS
from rules import load, signing_bodies
from tests.api.asking import rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review, status
from tests.api.awards.claims.extra_rules import JULY
from tests.api.awards.objections.conftest import end, object_by_card
from tests.api.awards.rulebooks.conftest import adopt, text
from tests.api.web.browser import browsing
from tests.conftest import LiveTown
from tests.databases import owner_engine
from tests.rules.whole_book import BOOK

RULES = """
[[rule]]
id = "THREE"
title = "修桥"
category = "public"
points = 9
evidence = ["名单"]
reviewers = ["grid", "council", "supervisors"]

[[rule]]
id = "WATCHED"
title = "护林"
category = "public"
points = 4
evidence = ["名单"]
reviewers = ["supervisors"]

[[rule]]
id = "PLAIN"
title = "铲雪"
category = "public"
points = 2
evidence = ["名单"]
"""
DAY = "2026-07-15"


@pytest.fixture
async def rules(town: LiveTown) -> None:
    await adopt(town, text("2026.2") + RULES)
    town.clock.travel(JULY)
    await sign_in(town, *town.tokens)
    for login, role in (("leader", "grid-leader"), ("elder", "council"), ("mayor", "committee")):
        await hire(town, login, role, village="hp")


@pytest.mark.usefixtures("rules")
async def test_the_public_page_says_who_signs_and_they_do(town: LiveTown) -> None:
    async with browsing(town) as villager:
        page = await villager.open("/rules/hp")
    assert "先后由网格长、道德评议会审核、村务监督委员会审定" in page
    assert "由村务监督委员会审核、村委会审定" in page
    assert "由网格长或道德评议会审核、村委会审定" in page

    three = claim("THREE", day=DAY)
    id = three["id"]
    await declare(town, three)
    for turn, step, signer, others in (
        ("网格长审核", review, "leader", ("elder", "mayor", "qian")),
        ("道德评议会审核", review, "elder", ("mayor", "qian")),
        ("村务监督委员会审定", approve, "qian", ("elder", "mayor")),
    ):
        for other in others:
            assert (await step(town, id, by=other))[0]["reason"] == f"现在轮到{turn}，您办不了。"
        assert (await step(town, id, by=signer))[0]["reason"] == ""
        assert (await step(town, id, by=signer))[0]["status"] == "exists"
    assert await status(town, id) == "approved"
    query = """
        select p.login from claim_signature s join person p on p.id = s.person
         where s.claim = :id order by place
    """
    assert [login for (login,) in await rows(town, query, id=id)] == ["leader", "elder", "qian"]


@pytest.mark.usefixtures("rules")
async def test_an_award_that_names_one_body_has_the_committee_sign_last(town: LiveTown) -> None:
    watched = claim("WATCHED", day=DAY)
    await declare(town, watched)
    assert (await review(town, watched["id"], by="zhao"))[0]["reason"] == "现在轮到村务监督委员会审核，您办不了。"
    assert (await approve(town, watched["id"], by="qian"))[0][
        "reason"
    ] == "现在轮到村务监督委员会审核，请刷新页面。"
    assert (await review(town, watched["id"], by="qian"))[0]["status"] == "reviewed"
    assert (await approve(town, watched["id"], by="qian"))[0]["reason"] == "现在轮到村委会审定，您办不了。"
    assert (await approve(town, watched["id"], by="li"))[0]["status"] == "approved"
    # The supervisor who signed doesn't decide on an objection to it.
    objection = await object_by_card(town, town.card, str(watched["id"]))
    assert "别的监委成员" in (await end(town, "qian", objection, "uphold")).json()["detail"]


@pytest.mark.usefixtures("rules")
async def test_without_reviewers_somebody_reviews_and_the_committee_approves(town: LiveTown) -> None:
    for reviewer in ("leader", "elder"):
        plain = claim("PLAIN", day=DAY)
        await declare(town, plain)
        assert "网格长或道德评议会审核" in (await review(town, plain["id"], by="li"))[0]["reason"]
        assert (await review(town, plain["id"], by=reviewer))[0]["status"] == "reviewed"
        assert (await approve(town, plain["id"], by="li"))[0]["status"] == "approved"


@pytest.mark.usefixtures("rules")
async def test_the_desk_shows_a_claim_to_the_body_whose_turn_it_is(town: LiveTown) -> None:
    three = claim("THREE", day=DAY)
    await declare(town, three)
    async with (
        browsing(town, "leader") as leader,
        browsing(town, "elder") as elder,
        browsing(town, "li") as li,
        browsing(town, "qian") as qian,
    ):
        desks = [leader, elder, qian]
        for turn, desk in enumerate(desks):
            for other in (*desks, li):
                assert ("修桥" in await other.open("/desk")) == (other is desk)
            await desk.send(f"/desk/claims/{'review' if turn < 2 else 'approve'}", claims=desk.claims())
        shown = await qian.open(f"/desk/claims/{three['id']}")
    for signature in ("审核 leader（网格长）", "审核 elder（道德评议会）", "审定 钱监委（村务监督委员会）"):
        assert signature in shown


async def test_claims_under_way_go_on_as_they_began(town: LiveTown) -> None:
    """As a database of revision 1001 has them: without signatures, and awards without bodies."""
    declared, reviewed = claim(household="hp-3"), claim(household="hp-4")
    await declare(town, declared, reviewed)
    await review(town, reviewed["id"])
    before, later = (
        (REVISIONS / f"versions/{part}.sql").read_text(encoding="utf-8")
        for part in ("1002_mends/signatures", "1005_open_desk/review")
    )
    votes = re.findall(r"insert into claim_vote.*?;", later, re.DOTALL)
    engine = owner_engine(town.clone)
    async with engine.begin() as owner:
        await owner.exec_driver_sql("set local session_replication_role = replica")
        await owner.exec_driver_sql("delete from claim_signature")
        await owner.exec_driver_sql("delete from claim_vote")
        await owner.exec_driver_sql("update claim set signers = '{}'")
        signatures = before.split("-- Awards declared before")[1].split("\n", 1)[1].split(";\n")
        for statement in (*signatures, *votes):
            if statement.strip():
                await owner.exec_driver_sql(statement)
    await hire(town, "elder", "council", village="hp")
    assert (await review(town, declared["id"], by="elder"))[0]["status"] == "reviewed"
    assert (await approve(town, reviewed["id"], by="zhao"))[0]["reason"] == "现在轮到村委会审定，您办不了。"
    assert [o["status"] for o in await approve(town, declared["id"], reviewed["id"])] == ["approved"] * 2


@pytest.mark.parametrize(
    "reviewers",
    [each for n in range(5) for each in permutations(("grid", "council", "committee", "supervisors"), n)],
)
def test_nobody_signs_twice_however_many_bodies_sign(reviewers: tuple[Any, ...]) -> None:
    book = load(BOOK)
    signers = signing_bodies(replace(next(iter(book.rules.values())), reviewers=reviewers))
    everybody = Staff(UUID(int=1), "王", frozenset(Role), "hp")
    claimed = Claim(status="declared", signers=list(signers), points=5, declared_by=everybody.id)
    for place in range(len(signers)):
        step: Any = "approve" if place == len(signers) - 1 else "review"
        signed = [UUID(int=2 + n) for n in range(place)]
        progress = Progress(signed, [Vote(n, person, True, "") for n, person in enumerate(signed)])
        assert "个人分别办理" in find_obstacle(everybody, claimed, progress, "hp-1", step)
