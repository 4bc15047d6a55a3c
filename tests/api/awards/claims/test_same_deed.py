"""The same deed declared twice is told before it is taken, and marked wherever claims are listed."""

from __future__ import annotations

import asyncio

from tests.api.awards.claims.conftest import approve, becomes, claim, declare, hire, review
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_a_second_claim_for_a_deed_is_told_whoever_declares_it(town: LiveTown) -> None:
    await hire(town, "second", "grid-member", village="hp")
    first, second = claim(again=""), claim(again="")
    await declare(town, first)
    [told] = await declare(town, second, by="second")
    assert (told["status"], told["same_deed"]) == ("declared-twice", [first["id"]])
    assert "这户当天已有这一项的申报" in told["reason"]
    others = [claim(again="", day="2026-06-02"), claim("A03", again=""), claim(again="", household="hp-2")]
    assert [o["status"] for o in await declare(town, *others)] == ["declared"] * 3
    [taken] = await declare(town, {**second, "again": "上午下午两场"}, by="second")
    assert taken["status"] == "declared"
    assert [o["status"] for o in await declare(town, first)] == ["exists"]


async def test_two_of_one_batch_and_two_at_once_are_told_apart(town: LiveTown) -> None:
    batch = [claim(again=""), claim(again="")]
    assert [o["status"] for o in await declare(town, *batch)] == ["declared", "declared-twice"]
    tries = await asyncio.gather(*(declare(town, claim("A03", again="")) for _ in range(4)))
    assert sorted(outcome["status"] for [outcome] in tries) == ["declared"] + ["declared-twice"] * 3


async def test_what_was_refused_does_not_count(town: LiveTown) -> None:
    first = claim(again="")
    await declare(town, first)
    async with town.staff("zhao") as http:
        (await http.post(f"/v1/claims/{first['id']}/refuse", json={"reason": "没有这回事"})).raise_for_status()
    [outcome] = await declare(town, claim(again=""))
    assert outcome["status"] == "declared"


async def test_both_are_marked_in_every_queue(town: LiveTown) -> None:
    first, second = claim(again=""), claim(again="上午下午两场")
    await declare(town, first, second)
    ids = first["id"], second["id"]
    for login in ("wang", "zhao"):
        async with browsing(town, login) as browser:
            page = await browser.open("/desk")
            assert page.count("同日同项") == 2, login
            assert all(f"/desk/claims/{id}" in browser.page.text for id in ids)
            assert "另一件事 上午下午两场" in await browser.open(f"/desk/claims/{second['id']}")
            assert f"/desk/claims/{first['id']}" in browser.page.text
    async with town.staff("zhao") as http:
        told = (await http.get(f"/v1/claims/{first['id']}/explanation")).json()
        assert told["same_deed"] == [second["id"]]
    await review(town, *ids)
    async with browsing(town, "li") as browser:
        assert (await browser.open("/desk")).count("同日同项") == 2
    await approve(town, *ids)
    async with browsing(town, "qian") as browser:
        assert (await browser.open("/desk")).count("同日同项") == 2
        assert (await browser.open("/notices/hp")).count("同日同项") == 2
    await becomes(town, first["id"], "approved")


async def test_nobody_learns_of_a_subject_that_is_kept_back(town: LiveTown) -> None:
    """A02 is not published: only its declarer and the bodies that sign it know that there is one."""
    await hire(town, "second", "grid-member", village="hp")
    report = {"inputs": {"case_number": "1"}, "again": ""}
    await declare(town, claim("A02", **report))
    [by_same] = await declare(town, claim("A02", **report))
    [by_other] = await declare(town, claim("A02", **report), by="second")
    assert (by_same["status"], by_other["status"]) == ("declared-twice", "declared")
    async with browsing(town, "second") as browser:
        assert "同日同项" not in await browser.open("/desk")


async def test_the_form_asks_why_it_is_another_deed(town: LiveTown) -> None:
    fields = {"household": "hp-3", "deed_on": "2026-06-01"}
    async with browsing(town, "wang") as browser:
        await browser.open("/desk/declare?rule=A01")
        assert "已申报" in await browser.send("/desk/declare", **fields)
        await browser.open("/desk/declare?rule=A01")
        page = await browser.send("/desk/declare", **fields)
        assert "这户当天已有这一项的申报" in page
        assert "为什么是另一件事" in page
        assert "已申报" in await browser.send("/desk/declare", **fields, again="上午下午两场")
