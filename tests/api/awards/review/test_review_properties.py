"""Whatever anybody does with claims, in any order: no claim is approved without three people, each signature is by
a member of its body, nobody decides what they keep out of, points are pending once, correcting exceeds no limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from api import wire
from api.awards.claims.statuses import FALLEN
from api.awards.declaring.declarations import declare
from api.awards.review.returning import send_back, withdraw
from api.awards.review.use_cases import approve, refuse, review
from api.platform.access import BODY_ROLES, Staff
from api.platform.errors import Refused
from tests.api.asking import rows, sign_in
from tests.api.awards.claims.extra_rules import JULY
from tests.api.awards.review.conftest import hire_all, set_quorum, staff_of
from tests.api.awards.rulebooks.conftest import adopt, text
from tests.conftest import LiveTown
from tests.profile import many

TWICE_A_DAY = """
[[rule]]
id = "DAILY"
title = "值日"
category = "public"
points = 2
evidence = ["名单"]
reviewers = ["grid", "council", "committee"]
limits = [{ period = "day", times = 2 }]
"""
HOUSEHOLDS = ("hp-1", "hp-2")
# Each of several bodies, and some who keep out of one of the households.
PEOPLE: dict[str, dict[str, Any]] = {
    "all": {"roles": ["grid-leader", "council", "committee"]},
    "ann": {"roles": ["grid-leader", "council"], "household": "hp-1"},
    "bea": {"roles": ["council", "committee"]},
    "cid": {"roles": ["council", "committee"], "household": "hp-2"},
    "dot": {"roles": ["grid-leader", "committee"]},
}
ACTS = ("declare", "sign", "sign", "sign", "refuse", "return", "withdraw", "correct")
WHO, WHICH = st.integers(0, len(PEOPLE) + 2), st.integers(0, 5)
_days = count()

Act = tuple[str, int, int]
"""What, by whom, about which claim or household."""


@pytest.fixture
async def desk(town: LiveTown) -> tuple[LiveTown, list[Staff]]:
    await adopt(town, text("2026.2") + TWICE_A_DAY)
    town.clock.travel(JULY)
    await sign_in(town, *town.tokens)
    await hire_all(town, *({"login": login, **person} for login, person in PEOPLE.items()))
    await set_quorum(town, 2)
    return town, [await staff_of(town, login) for login in (*PEOPLE, "wang", "zhao", "li")]


@settings(max_examples=many(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), WHO, WHICH), min_size=8, max_size=30))
async def test_any_sequence_keeps_the_promises(desk: tuple[LiveTown, list[Staff]], acts: list[Act]) -> None:
    town, people = desk
    # Limits are of a day, so each example has one of its own.
    day = date(2026, 7, 1) + timedelta(days=next(_days) % 19)
    claims: list[UUID] = []
    for act, who, which in acts:
        with suppress(Refused):
            await _do(town, act, people[who], which, day, claims)
    await _check(town, claims)


async def _do(town: LiveTown, act: str, staff: Staff, which: int, day: date, claims: list[UUID]) -> None:
    chosen = claims[which % len(claims)] if claims else None
    if act in ("declare", "correct"):
        new = wire.NewClaim(
            id=UUID(str(uuid7())),
            household=HOUSEHOLDS[which % 2],
            rule="DAILY",
            deed_on=day,
            again="另一件",
            replaces=chosen if act == "correct" else None,
        )
        [outcome] = await declare(town.town, staff, [new])
        if outcome.status == "declared":
            claims.append(new.id)
    elif chosen is None:
        return
    elif act == "sign":
        for step in (review, approve):
            with suppress(Refused):
                await step(town.town, staff, [chosen])
    elif act == "refuse":
        await refuse(town.town, staff, chosen, "不实")
    elif act == "return":
        await send_back(town.town, staff, chosen, "日期不对")
    else:
        await withdraw(town.town, staff, chosen)


async def _check(town: LiveTown, claims: Sequence[UUID]) -> None:
    for claim in await _read(town, claims):
        signed, signers = claim["signed"], claim["signers"]
        assert (claim["status"] in ("approved", "posted")) == (len(signed) == len(signers))
        assert len({claim["declared_by"], *claim["voters"]}) == 1 + len(claim["voters"])
        if claim["status"] == "approved":
            assert len({claim["declared_by"], *signed}) >= 3
        for body, roles in zip(signers, claim["roles"], strict=False):
            assert {str(role) for role in BODY_ROLES[body]} & set(roles), (body, roles)
        assert claim["household"] not in claim["homes"], "nobody votes on their own household's"
        assert claim["entries"] == (["pending"] if claim["status"] == "approved" else [])
        assert claim["successors"] <= (claim["status"] == "returned")
    counted = await rows(
        town,
        "select household, deed_on, count(*) from claim where rule = 'DAILY' and status <> all(:fallen)"
        " group by household, deed_on",
        fallen=list(FALLEN),
    )
    assert all(number <= 2 for _, _, number in counted)


async def _read(town: LiveTown, claims: Sequence[UUID]) -> list[dict[str, Any]]:
    found = await rows(
        town,
        """
        select c.status, c.signers, c.declared_by, h.code,
               array(select s.person from claim_signature s where s.claim = c.id order by s.place),
               array(select v.person from claim_vote v where v.claim = c.id),
               (select coalesce(jsonb_agg(p.roles order by s.place), '[]')
                  from claim_signature s join person p on p.id = s.person where s.claim = c.id),
               array(select p.household from claim_vote v join person p on p.id = v.person
                      where v.claim = c.id and p.household is not null),
               array(select x.phase from ledger.transaction x where x.id = c.id or x.target = c.id),
               (select count(*) from claim r where r.replaces = c.id)
          from claim c join household h on h.id = c.household
         where c.id = any(:claims)""",
        claims=list(claims),
    )
    names = ("status", "signers", "declared_by", "household", "signed", "voters", "roles", "homes", "entries")
    return [dict(zip((*names, "successors"), row, strict=True)) for row in found]
