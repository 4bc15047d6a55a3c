"""Claims are found by household, rule, person, days and state, page by page, each once."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.awards.review import search
from tests.api.web.browser import browsing
from tests.conftest import NOW, LiveTown

DAYS = ["2026-06-14", "2026-06-02", "2026-05-20"]


async def declare_many(town: LiveTown) -> list[dict[str, str]]:
    """What was declared, the newest first."""
    claims: list[dict[str, str]] = []
    for n, (household, rule, day) in enumerate(itertools.product(("hp-1", "hp-2"), ("A09", "A06"), DAYS)):
        declarer = ("wang", "sun")[n % 2]
        claim = {"id": str(uuid7()), "household": household, "rule": rule, "deed_on": day}
        town.clock.travel(NOW + timedelta(minutes=n))
        async with town.staff(declarer) as http:
            [outcome] = (await http.post("/v1/claims", json=[claim])).raise_for_status().json()
        assert outcome["status"] == "declared", outcome
        claims.insert(0, {**claim, "by": declarer, "status": "declared"})
    ids = [each["id"] for each in claims[::3]]
    async with town.staff("zhao") as http:
        (await http.post("/v1/claims/review", json={"claims": ids})).raise_for_status()
    for each in claims[::3]:
        each["status"] = "reviewed"
    return claims


async def test_any_search_finds_what_fits_and_each_once(town: LiveTown, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = await declare_many(town)
    ours = {claim["id"] for claim in claims}
    monkeypatch.setattr(search, "PAGE", 4)
    households = {"": "", "hp-1": "王建国", "hp-2": "lxy"}
    people = {"": "", "wang": "王网格", "sun": "孙"}
    async with browsing(town, "li") as li:
        await li.open("/desk/claims")
        titles = {"A09": "", "A06": ""}
        for claim in claims:
            await li.open(f"/desk/claims/{claim['id']}")
            titles[claim["rule"]] = re.findall(r"<h1>(.*?)</h1>", li.page.text)[0]
        for household, rule, person, status, day in itertools.product(
            households, ("", "A09"), people, ("", "declared", "reviewed"), ("", DAYS[1])
        ):
            asked = {
                "household": households[household],
                "rule": titles.get(rule, ""),
                "person": people[person],
                "status": status,
                "since": day,
                "until": day,
            }
            expected = [
                claim["id"]
                for claim in claims
                if household in ("", claim["household"])
                and rule in ("", claim["rule"])
                and person in ("", claim["by"])
                and status in ("", claim["status"])
                and day in ("", claim["deed_on"])
            ]
            found, address = [], str(httpx.URL("/desk/claims", params=asked))
            while address:
                await li.open(address)
                found += re.findall(r'<li><div><a href="/desk/claims/([0-9a-f-]{36})', li.page.text)
                older = re.findall(r'href="([^"]+)">更早的', li.page.text)
                address = unescape(older[0]) if older else ""
            # The township had others before.
            assert len(set(found)) == len(found)
            assert [each for each in found if each in ours] == expected, asked


async def test_a_claim_stays_beside_the_list_that_it_was_opened_from(town: LiveTown) -> None:
    claims = await declare_many(town)
    async with browsing(town, "zhao") as zhao:
        await zhao.open(f"/desk/claims/{claims[1]['id']}?in=review")
        beside = re.findall(r'<nav class="beside".*?</nav>', zhao.page.text, re.S)[0]
        assert len(re.findall("href=", beside)) == 8
        assert beside.count("aria-current") == 1
        await zhao.open(f"/desk/claims/{claims[0]['id']}?household=hp-1&status=declared")
        beside = re.findall(r'<nav class="beside".*?</nav>', zhao.page.text, re.S)[0]
        assert len(re.findall("href=", beside)) == 4
        assert 'href="/desk/claims?household=hp-1&amp;status=declared">返回' in zhao.page.text


async def test_a_search_that_is_none_gets_a_sentence(town: LiveTown) -> None:
    async with browsing(town, "li") as li:
        assert "日期不对" in await li.open("/desk/claims?since=2026-02-31")
        assert "从第一页重新查起" in await li.open("/desk/claims?before=x")
        assert "没有这样的申报" in await li.open("/desk/claims?household=nobody")


async def test_what_is_kept_from_publication_is_not_found_by_its_rule(town: LiveTown) -> None:
    claim = {"id": str(uuid7()), "household": "hp-2", "rule": "A02", "deed_on": DAYS[0]}
    async with town.staff("wang") as http:
        declared = await http.post("/v1/claims", json=[claim | {"inputs": {"case_number": "12"}}])
        assert declared.json()[0]["status"] == "declared", declared.text
    for login, found in (("zhao", False), ("sun", False), ("wang", True), ("li", True), ("qian", True)):
        async with browsing(town, login) as browser:
            await browser.open("/desk/claims?rule=反映违建")
            assert (claim["id"] in browser.page.text) is found, login
            await browser.open("/desk/claims?household=hp-2")
            assert claim["id"] in browser.page.text
            assert ("反映违建" in browser.page.text) is found, login
