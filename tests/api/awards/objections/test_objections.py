"""An objection stops its entry's clock, and ends once: upheld, dismissed or withdrawn."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from api import wire
from api.awards.claims.posting import post_due
from api.awards.objections.raising import MAX_PER_DAY, raise_by_card
from api.platform.errors import ErrorCode, Refused
from tests.api.asking import confirmed, problem, rows, sign_in, standing
from tests.api.awards.claims.conftest import (
    approve,
    becomes,
    card,
    claim,
    days_pass,
    declare,
    hire,
    on_notice,
    review,
    status,
)
from tests.api.awards.objections.conftest import (
    REASON,
    at_desk,
    end,
    notice,
    object_by_card,
    outcome,
    take_down,
    withdraw,
)
from tests.api.web.browser import browsing
from tests.conftest import LiveTown
from tests.databases import owner_engine

# A01 is three days on notice.
DAY = timedelta(days=1)


async def test_an_entry_with_an_open_objection_waits_and_others_go_on(town: LiveTown) -> None:
    objected, other = await on_notice(town), await on_notice(town)
    until, _ = await notice(town, objected)
    await days_pass(town, 2)
    id = await object_by_card(town, town.card, objected)
    await days_pass(town, 4)
    await becomes(town, other, "posted")
    assert await status(town, objected) == "approved"
    await sign_in(town, "tan")
    answer = await end(town, "tan", id, "dismiss")
    assert (answer.status_code, answer.json()["status"]) == (200, "dismissed")
    # A day was left when it stopped.
    assert await notice(town, objected) == (town.clock.now() + DAY, None)
    assert town.clock.now() + DAY > until
    await becomes(town, objected, "approved")
    await days_pass(town, 1)
    await becomes(town, objected, "posted")


async def test_what_was_nearly_over_is_on_notice_for_another_day(town: LiveTown) -> None:
    id = await on_notice(town)
    await days_pass(town, 3 - 0.01)
    objection = await object_by_card(town, town.card, id)
    await withdraw(town, town.card, objection)
    assert await notice(town, id) == (town.clock.now() + DAY, None)


async def test_several_objections_stop_it_until_the_last_has_ended(town: LiveTown) -> None:
    id = await on_notice(town)
    await days_pass(town, 1)
    first = await object_by_card(town, town.card, id)
    await days_pass(town, 1)
    second = await object_by_card(town, town.poor_card, id)
    await sign_in(town, "qian")
    assert (await end(town, "qian", first, "dismiss")).status_code == 200
    assert (await notice(town, id))[1] is not None
    await days_pass(town, 9)
    await becomes(town, id, "approved")
    await sign_in(town, "qian")
    assert (await end(town, "qian", second, "dismiss")).status_code == 200
    assert (await notice(town, id))[0] == town.clock.now() + 2 * DAY


async def test_upheld_the_entry_is_voided_and_all_objections_to_it_are_upheld(town: LiveTown) -> None:
    id = await on_notice(town)
    first, second = [await object_by_card(town, card, id) for card in (town.card, town.poor_card)]
    assert await card(town) == (0, 1)
    told = (await end(town, "qian", first, "uphold")).raise_for_status().json()
    assert (told["status"], told["reason"], told["ended_by"]) == ("upheld", REASON, "钱监委")
    assert [await outcome(town, each) for each in (first, second)] == ["upheld", "upheld"]
    assert (await status(town, id), await card(town)) == ("refused", (0, 0))
    await days_pass(town, 10)
    await becomes(town, id, "refused")
    assert (await standing(town))[0]["in_balance"]


async def test_a_supervisor_who_has_to_do_with_it_decides_nothing(town: LiveTown) -> None:
    """Dishonest in turn: who signed, who objected, who wrote it down, whose relatives are concerned."""
    await hire(town, "second", "supervisor", "committee", village="hp")
    new_claim = claim()
    await declare(town, new_claim)
    await review(town, new_claim["id"])
    await approve(town, new_claim["id"], by="second")
    id = str(new_claim["id"])
    own = at_desk(id, way="finding")
    assert (await take_down(town, "qian", own)).json()["taken_by"] == "钱监委"
    for by in ("qian", "second", "li", "zhao", "office"):
        for act in ("uphold", "dismiss"):
            problem(await end(town, by, own["id"], act), 403, "not-allowed")
    # Upholding a friend's objection would uphold one's own.
    friends = await object_by_card(town, town.card, id)
    problem(await end(town, "qian", friends, "uphold"), 403, "not-allowed")
    async with town.staff("fu") as http:
        for login, household in (("tan", "hp-3"),):
            await confirmed_ok(town, await http.put(f"/v1/people/{login}/relatives/{household}"))
    answer = await end(town, "tan", friends, "uphold")
    problem(answer, 403, "not-allowed")
    assert "亲属" in answer.json()["detail"]
    assert [await outcome(town, each) for each in (own["id"], friends)] == [None, None]


async def confirmed_ok(town: LiveTown, answer: object) -> None:
    (await confirmed(town, answer)).raise_for_status()  # type: ignore[arg-type]


async def test_nobody_decides_what_their_relatives_objected_to(town: LiveTown) -> None:
    id = await object_by_card(town, town.card, await on_notice(town))
    async with town.staff("fu") as http:
        await confirmed_ok(town, await http.put("/v1/people/qian/relatives/hp-1"))
    problem(await end(town, "qian", id, "dismiss"), 403, "not-allowed")
    assert (await end(town, "tan", id, "dismiss")).status_code == 200


async def test_the_database_keeps_who_wrote_it_down_from_deciding(town: LiveTown) -> None:
    own = at_desk(await on_notice(town), way="finding")
    (await take_down(town, "qian", own)).raise_for_status()
    async with owner_engine(town.clone).begin() as owner:
        with pytest.raises(DBAPIError, match="objection_decided_by_another"):
            await owner.exec_driver_sql(
                "update objection set outcome = 'upheld', ended_at = now(), ended_by = taken_by"
            )


async def test_a_decision_sent_twice_is_one_and_another_comes_too_late(town: LiveTown) -> None:
    id = await object_by_card(town, town.card, await on_notice(town))
    answers = await asyncio.gather(
        end(town, "qian", id, "uphold"), end(town, "qian", id, "uphold"), end(town, "tan", id, "dismiss")
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes in ([200, 200, 409], [200, 409, 409])
    before = await rows(town, "select * from objection")
    problem(await end(town, "tan", id, "dismiss", "别的理由"), 409, "wrong-state")
    problem(await end(town, "qian", id, "withdraw"), 403, "not-allowed")
    assert await rows(town, "select * from objection") == before


async def test_one_household_objects_once_to_an_entry_and_a_few_times_a_day(town: LiveTown) -> None:
    claims = [await on_notice(town, rule) for rule in ("A01", "A01", "A01")]
    first = await object_by_card(town, town.card, claims[0])
    with pytest.raises(Refused) as refused:
        await object_by_card(town, town.card, claims[0])
    assert refused.value.code == ErrorCode.ALREADY_THERE
    # The very same again changes nothing.
    new = wire.CardObjection(id=UUID(first), claim=UUID(claims[0]), text="再说一次")
    await raise_by_card(town.town, town.card, new)
    assert await rows(town, "select count(*) from objection") == [(1,)]
    with pytest.raises(Refused) as refused:
        await raise_by_card(town.town, town.poor_card, new)
    assert refused.value.code == ErrorCode.CONFLICT
    # Withdrawn, it may be raised once more.
    await withdraw(town, town.card, first)
    again = await object_by_card(town, town.card, claims[0])
    await withdraw(town, town.card, again)
    with pytest.raises(Refused) as refused:
        await object_by_card(town, town.card, claims[0])
    assert refused.value.code == ErrorCode.WRONG_STATE
    decided = await object_by_card(town, town.card, claims[1])
    (await end(town, "qian", decided, "dismiss")).raise_for_status()
    with pytest.raises(Refused) as refused:
        await object_by_card(town, town.card, claims[1])
    assert refused.value.code == ErrorCode.WRONG_STATE
    for _ in range(MAX_PER_DAY - 3):
        await withdraw(town, town.card, await object_by_card(town, town.card, claims[2]))
    with pytest.raises(Refused) as refused:
        await object_by_card(town, town.card, claims[2])
    assert refused.value.code in (ErrorCode.TOO_MANY, ErrorCode.WRONG_STATE)


async def test_cards_that_dont_serve_object_to_nothing(town: LiveTown) -> None:
    id = await on_notice(town)
    async with town.staff("li") as http:
        (await http.post("/v1/households/hp-2/card/freeze", json={"reason": "丢了"})).raise_for_status()
    for card_text, code in (
        (town.revoked_card, ErrorCode.CARD_REVOKED),
        (town.poor_card, ErrorCode.CARD_FROZEN),
    ):
        with pytest.raises(Refused) as refused:
            await object_by_card(town, card_text, id)
        assert refused.value.code == code
    assert (await notice(town, id))[1] is None


async def test_only_a_desk_takes_down_and_names_whom(town: LiveTown) -> None:
    id = await on_notice(town)
    for by in ("wang", "zhao", "ma"):
        problem(await take_down(town, by, at_desk(id)), 403, "not-allowed")
    problem(await take_down(town, "li", at_desk(id, way="finding")), 403, "not-allowed")
    problem(await take_down(town, "li", at_desk(id, objector="")), 400, "malformed")
    problem(await take_down(town, "li", at_desk(id, text=" 不 ")), 400, "malformed")
    problem(await take_down(town, "li", at_desk(id, household="hp-99")), 404, "unknown")
    problem(await take_down(town, "li", at_desk(str(uuid7()))), 404, "unknown")
    problem(await take_down(town, "qian", at_desk(id, way="finding", objector="王")), 400, "malformed")
    body = at_desk(id, way="phone", household="hp-2")
    for _ in range(2):
        told = (await take_down(town, "li", body)).raise_for_status().json()
    assert (told["objector"], told["objecting_household"], told["text"]) == ("", "", body["text"])
    async with town.staff("qian") as http:
        told = (await http.get(f"/v1/objections/{body['id']}")).json()
    assert (told["objector"], told["objecting_household"]) == ("李秀英", "hp-2")
    problem(await end(town, "qian", body["id"], "uphold", " "), 400, "malformed")
    withdrawn = (await end(town, "qian", body["id"], "withdraw", "他说弄错了")).raise_for_status().json()
    assert withdrawn["status"] == "withdrawn"


async def test_a_posted_entry_is_corrected_through_the_books_by_two_people(town: LiveTown) -> None:
    id = await on_notice(town)
    await days_pass(town, 3)
    await becomes(town, id, "posted")
    with pytest.raises(Refused) as refused:
        await object_by_card(town, town.card, id)
    assert refused.value.code == ErrorCode.UNKNOWN, "of another household it is no longer on notice"
    objection = await object_by_card(town, town.empty_card, id)
    await sign_in(town, "qian", "tan", "fu")
    told = (await end(town, "qian", objection, "uphold")).raise_for_status().json()
    assert (told["posted"], await card(town)) == (True, (1, 0))
    async with town.staff("qian") as http:
        problem(await http.post(f"/v1/proposals/{told['correction']}/confirm"), 403, "same-person")
    async with browsing(town) as anybody:
        assert f"异议成立，已提议更正，等第二个人确认。{REASON}" in await anybody.open("/notices/hp")
        async with town.staff("fu") as http:
            (await http.post(f"/v1/proposals/{told['correction']}/confirm")).raise_for_status()
        assert f"异议成立，已更正。{REASON}" in await anybody.open("/notices/hp")
    assert await card(town) == (0, 0)
    assert (await standing(town))[0]["in_balance"]


async def test_a_correction_that_nobody_confirms_isnt_told_as_one(town: LiveTown) -> None:
    await town.award("hp-3", 5)
    [(id,)] = await rows(
        town, "select c.id from claim c join household h on h.id = c.household where h.code = 'hp-3'"
    )
    found = at_desk(str(id), way="finding")
    (await take_down(town, "qian", found)).raise_for_status()
    told = (await end(town, "tan", found["id"], "uphold")).raise_for_status().json()
    async with town.staff("fu") as http:
        path = f"/v1/proposals/{told['correction']}/refuse"
        (await http.post(path, json={"reason": "名单上有他家"})).raise_for_status()
    async with browsing(town, "tan") as tan:
        for page in ("/notices/hp", f"/desk/objections/{found['id']}", f"/desk/objections/{found['id']}/slip"):
            assert "提议的更正没有确认，没有更正" in await tan.open(page)


async def test_what_was_spent_already_is_corrected_as_far_as_it_goes(town: LiveTown) -> None:
    """A correction takes nobody's balance below zero; the answer is given all the same."""
    await town.award("hp-3", 30)
    [(id,)] = await rows(
        town, "select c.id from claim c join household h on h.id = c.household where h.code = 'hp-3'"
    )
    async with town.device(await town.shift()) as http:
        redemption = {"card": town.empty_card, "lines": [{"product": "laundry", "quantity": 1, "price": 20}]}
        (await http.put(f"/v1/redemptions/{uuid7()}", json=redemption)).raise_for_status()
    objection = at_desk(str(id), way="finding")
    (await take_down(town, "qian", objection)).raise_for_status()
    told = (await end(town, "tan", objection["id"], "uphold")).raise_for_status().json()
    async with town.staff("fu") as http:
        (await http.post(f"/v1/proposals/{told['correction']}/confirm")).raise_for_status()
    assert await card(town) == (0, 0)
    again = at_desk(str(id), way="finding")
    (await take_down(town, "qian", again)).raise_for_status()
    told = (await end(town, "tan", again["id"], "uphold")).raise_for_status().json()
    assert (told["status"], told["correction"]) == ("upheld", None), "nothing is left to take back"


async def test_a_posted_entry_can_be_objected_to_for_as_long_as_the_policy_says(town: LiveTown) -> None:
    id = await on_notice(town)
    await days_pass(town, 3)
    await becomes(town, id, "posted")
    await days_pass(town, 29.9)
    withdrawn = await object_by_card(town, town.empty_card, id)
    await withdraw(town, town.empty_card, withdrawn)
    await days_pass(town, 0.2)
    with pytest.raises(Refused) as refused:
        await object_by_card(town, town.empty_card, id)
    assert refused.value.code == ErrorCode.WRONG_STATE


async def test_the_day_to_answer_follows_the_policy_of_its_day(town: LiveTown) -> None:
    id = await on_notice(town)
    defaults = {"notice_days": 3, "pin_above": 20, "lease_most": 200, "lease_days": 7, "answer_days": 2}
    async with town.staff("office") as http:
        await confirmed_ok(town, await http.put("/v1/township-defaults", json=defaults))
    objection = await object_by_card(town, town.card, id)
    async with town.staff("qian") as http:
        [told] = (await http.get("/v1/objections")).json()
        assert (told["id"], told["due_on"], told["days_late"]) == (objection, "2026-06-17", 0)
        town.clock.travel(town.clock.now() + timedelta(days=7))
    await sign_in(town, "qian")
    async with town.staff("qian") as http:
        [told] = (await http.get("/v1/objections")).json()
        # Thursday the 18th and Monday the 22nd; Friday is the Dragon Boat Festival.
        assert told["days_late"] == 2


async def test_an_objection_and_the_end_of_the_notice_race_and_one_wins(town: LiveTown) -> None:
    """The posting that waits for the claim's lock sees that it was stopped meanwhile."""
    for _ in range(3):
        id = await on_notice(town)
        town.clock.travel(town.clock.now() + 3 * DAY)
        raised, *_ = await asyncio.gather(
            object_by_card(town, town.card, id),
            *(post_due(town.town) for _ in range(4)),
            return_exceptions=True,
        )
        if isinstance(raised, Refused):
            assert (raised.code, await status(town, id)) == (ErrorCode.UNKNOWN, "posted")
        else:
            assert (await status(town, id), (await notice(town, id))[1]) == ("approved", town.clock.now())
        await sign_in(town, *town.tokens)
    assert (await standing(town))[0]["in_balance"]
