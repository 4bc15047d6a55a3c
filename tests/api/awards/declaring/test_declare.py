"""Declaring: each claim of a batch is evaluated separately, and a retry counts once."""

from __future__ import annotations

import asyncio

from tests.api.asking import problem, rows, sign_in, standing
from tests.api.awards.claims.conftest import claim, declare, hire
from tests.conftest import LiveTown


async def test_a_refused_claim_does_not_affect_the_others(town: LiveTown) -> None:
    bad = {
        "没有编号为 hp-9": claim(household="hp-9"),
        "日期还没有到": claim(day="2026-06-16"),
        "还没有生效": claim(day="2024-12-31"),
        "分值": claim("T1", inputs={"points": 0}),
        "哪位": claim("A34", inputs={"degree": "bachelor"}),
    }
    good = claim()
    outcomes = await declare(town, *bad.values(), good)
    for (reason, _), outcome in zip(bad.items(), outcomes, strict=False):
        assert outcome["status"] == "refused"
        assert reason in outcome["reason"], outcome
    assert outcomes[-1]["status"] == "declared"
    counted = await rows(
        town, "select id from claim where household in (select id from household where code = 'hp-3')"
    )
    assert [str(id) for (id,) in counted] == [good["id"]]


async def test_today_in_the_township_is_not_the_future(town: LiveTown) -> None:
    """At one in the morning in Shanghai it is still the day before in UTC; the sign-in has expired."""
    town.clock.travel(town.clock.now().replace(day=15, hour=17))
    async with town.staff("wang") as http:
        problem(await http.post("/v1/claims", json=[claim()]), 401, "not-signed-in")
    await sign_in(town, "wang")
    [outcome] = await declare(town, claim(day="2026-06-16"))
    assert outcome["status"] == "declared", outcome


async def test_an_unknown_rule_gets_a_suggestion(town: LiveTown) -> None:
    [outcome] = await declare(town, claim("A0l"))
    assert outcome["status"] == "refused"
    assert "您是想写" in outcome["reason"]


async def test_a_repeated_batch_counts_once(town: LiveTown) -> None:
    batch = [claim(), claim(note="签到表第 3 行"), claim("T1", inputs={"points": 7}, person="王小明")]
    first = await declare(town, *batch)
    assert [o["status"] for o in first] == ["declared"] * 3
    again = await declare(town, *batch)
    assert [(o["status"], o["points"]) for o in again] == [("exists", o["points"]) for o in first]


async def test_five_concurrent_batches_count_once(town: LiveTown) -> None:
    batch = [claim(), claim("T1", inputs={"points": 7})]
    tries = await asyncio.gather(*(declare(town, *batch) for _ in range(5)))
    for answers in zip(*tries, strict=True):
        assert sorted(o["status"] for o in answers) == ["declared"] + ["exists"] * 4
    assert await rows(town, "select count(*) from claim where id = :id", id=batch[0]["id"]) == [(1,)]


async def test_the_same_id_twice_in_a_batch_is_a_retry(town: LiveTown) -> None:
    one = claim()
    outcomes = await declare(town, one, one, one | {"note": "另一条"})
    assert [o["status"] for o in outcomes] == ["declared", "exists", "conflict"]


async def test_the_same_id_with_other_content_is_a_conflict(town: LiveTown) -> None:
    first = claim("T1", inputs={"points": 7})
    await declare(town, first)
    others = [
        first | {"inputs": {"points": 8}},
        first | {"household": "hp-4"},
        first | {"rule": "A01"},
        first | {"deed_on": "2026-06-02"},
        first | {"note": "改过"},
    ]
    for other in others:
        assert [o["status"] for o in await declare(town, other)] == ["conflict"], other


async def test_two_concurrent_claims_share_the_last_point(town: LiveTown) -> None:
    """A01 gives three points a year."""
    await declare(town, claim(), claim())
    tries = await asyncio.gather(*(declare(town, claim(), by=login) for login in ("wang", "sun") * 3))
    assert sorted(outcome["status"] for [outcome] in tries) == ["declared"] + ["refused"] * 5


async def test_limits_count_within_one_batch(town: LiveTown) -> None:
    outcomes = await declare(town, *(claim() for _ in range(5)))
    assert [o["status"] for o in outcomes] == ["declared"] * 3 + ["refused"] * 2
    # Another household's and last year's are not counted.
    others = await declare(town, claim(household="hp-4"), claim(day="2025-12-31"))
    assert [o["status"] for o in others] == ["declared"] * 2


async def test_a_rule_that_is_not_published_marks_its_claims(town: LiveTown) -> None:
    secret, public = claim("A02", inputs={"case_number": "2026-7"}), claim("A01")
    outcomes = await declare(town, secret, public)
    assert [o["reason"] for o in outcomes] == ["", ""]
    for new_claim, published in ((secret, False), (public, True)):
        assert await rows(town, "select published from claim where id = :id", id=new_claim["id"]) == [(published,)]


async def test_a_malformed_batch_is_refused(town: LiveTown) -> None:
    before = await standing(town)
    good = claim()
    senseless = [
        [],
        [good | {"id": "1"}],
        [good | {"household": "HP 3"}],
        [good | {"deed_on": "2026-02-30"}],
        [good | {"note": "\x00"}],
        [good | {"note": "长" * 201}],
        [good | {"inputs": {"points": None}}],
        [good | {"points": 100}],
    ]
    async with town.staff("wang") as http:
        for body in senseless:
            problem(await http.post("/v1/claims", json=body), 400, "malformed")
    assert await standing(town) == before


async def test_declaring_requires_a_role(town: LiveTown) -> None:
    await hire(town, "branch", "party-branch", village="hp")
    for login in ("qian", "branch", "office"):
        async with town.staff(login) as http:
            problem(await http.post("/v1/claims", json=[claim()]), 403, "not-allowed")
