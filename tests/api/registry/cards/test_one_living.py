"""Whatever is done in whatever order, a household has at most one card that lives, and only that one redeems."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.api.asking import lift_bounds, rows
from tests.conftest import LiveTown

ACTS = ("issue", "freeze", "unfreeze", "revoke", "issue and freeze at once", "issue twice at once")


@pytest.mark.parametrize("seed", range(3))
async def test_at_most_one_card_lives(town: LiveTown, seed: int) -> None:
    await lift_bounds(town)
    chosen = random.Random(seed)
    cards = [town.card]
    why = {"reason": "x"}
    async with town.staff("li") as li, town.staff("office") as office, town.device() as till:
        for _ in range(12):
            act = chosen.choice(ACTS)
            issue = [(li, "/v1/cards", {"households": ["hp-1"]}), (office, "/v1/cards", {"households": ["hp-1"]})]
            freeze = (office, "/v1/households/hp-1/card/freeze", why)
            wanted = {
                "issue": issue[:1],
                "freeze": [freeze],
                "unfreeze": [(li, "/v1/households/hp-1/card/unfreeze", why)],
                "revoke": [],
                "issue and freeze at once": [issue[0], freeze],
                "issue twice at once": issue,
            }[act]
            if act == "revoke":
                (await li.delete("/v1/households/hp-1/card")).raise_for_status()
            answers = await asyncio.gather(*(http.post(path, json=body) for http, path, body in wanted))
            assert {answer.status_code for answer in answers} <= {201, 204, 409}, [a.text for a in answers]
            cards += [each["token"] for answer in answers if answer.status_code == 201 for each in answer.json()]
            rest = await rows(
                town,
                "select frozen_at is not null from card join household h on h.id = card.household"
                " where h.code = 'hp-1' and revoked_at is null",
            )
            assert len(rest) <= 1
            known = [(await till.get(f"/v1/cards/{card}")).status_code for card in cards]
            assert known.count(200) == sum(not frozen for (frozen,) in rest)
            assert known.count(423) == sum(frozen for (frozen,) in rest)
