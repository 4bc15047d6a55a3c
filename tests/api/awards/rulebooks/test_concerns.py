"""Whoever confirms a book says, rule by rule, that its delicate ones concern no forbidden subject."""

from __future__ import annotations

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from rules import FORBIDDEN_SUBJECTS
from tests.api.asking import problem, rows
from tests.api.awards.rulebooks.books import next_book
from tests.api.awards.rulebooks.conftest import ask, propose, states, ticks
from tests.conftest import LiveTown


async def test_nothing_is_confirmed_before_every_subject_is_ticked_for_every_delicate_rule(town: LiveTown) -> None:
    id = (await propose(town, next_book())).raise_for_status().json()["id"]
    wanted = await ticks(town, id)
    assert {"D1", "D01", "A20", "A29"} <= wanted.keys()
    assert "A09" not in wanted
    confirm = f"/adoptions/{id}/confirm"
    nothing = problem(await ask(town, "ma", "POST", confirm), 400, "concerns-missing")
    assert nothing["missing"] == {rule: list(FORBIDDEN_SUBJECTS) for rule in wanted}
    but_one = {**wanted, "D1": [subject for subject in wanted["D1"] if subject != "speech"]}
    answer = await ask(town, "ma", "POST", confirm, {"not_concerned": but_one})
    assert problem(answer, 400, "concerns-missing")["missing"] == {"D1": ["speech"]}
    assert (await states(town))["2026.2", "2026-07-01"] == "proposed"
    for _ in range(2):
        answer = await ask(town, "ma", "POST", confirm, {"not_concerned": wanted})
        assert answer.json()["state"] == "coming"
    kept = await rows(
        town,
        "select c.rule, c.subjects, p.login from rulebook_concern c join person p on p.id = c.ticked_by"
        " where adoption = :id",
        id=id,
    )
    assert {rule: (subjects, login) for rule, subjects, login in kept} == {
        rule: (list(FORBIDDEN_SUBJECTS), "ma") for rule in wanted
    }


async def test_ticks_are_published_and_stay_as_they_are(town: LiveTown) -> None:
    async with town.staff("ma") as http:
        for page in ("/rules", "/rules/poster", "/rules/hp"):
            shown = (await http.get(page)).text
            assert "「拒收或退还高价彩礼」" in shown
            assert "不涉及信访、投诉、举报；" in shown
    async with town.town.unit_of_work() as uow:
        with pytest.raises(DBAPIError, match="permission denied"):
            await uow.session.execute(sql("update rulebook_concern set subjects = '{}'"))
