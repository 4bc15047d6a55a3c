"""The report tells what was done, and nothing else."""

from __future__ import annotations

from tests.api.asking import a_redemption, order, problem, standing
from tests.api.awards.claims.conftest import approve, becomes, claim, days_pass, declare, on_notice, review
from tests.api.awards.objections.conftest import take_off
from tests.conftest import LiveTown
from tests.databases import owner_engine


async def test_the_figures_are_what_was_done(town: LiveTown) -> None:
    [before, *_] = await standing(town)
    # As built: 203 points awarded, 100 of them spent on ten brushes.
    assert (before["points_awarded"], before["points_redeemed"], before["redemptions"]) == (203, 100, 1)
    assert (before["points_outstanding"], before["goods_handed_out"], before["points_pending"]) == (103, 10, 0)
    assert (before["supermarkets"], before["villages"], before["grids"], before["households"]) == (1, 1, 1, 4)
    assert before["people"]["grid-member"] == 2
    async with town.device(await town.shift()) as http:
        for body in (order(town.card, ("soap", 3, 5), ("laundry", 1, 20)), order(town.card, ("soap", 1, 5))):
            (await http.put(a_redemption(), json=body)).raise_for_status()
        problem(
            await http.put(a_redemption(), json=order(town.poor_card, ("rice", 1, 50))), 409, "insufficient-points"
        )
    posted = await on_notice(town)
    await days_pass(town, 3)
    await becomes(town, posted, "posted")
    [after, *_] = await standing(town)
    assert after["points_awarded"] == 204
    assert (after["points_redeemed"], after["redemptions"], after["goods_handed_out"]) == (140, 3, 15)
    assert after["points_outstanding"] == 204 - 140
    assert after["awarded_by_village"] == [{"name": "河畔村", "points": 204}]
    assert after["awarded_by_category"] == [{"name": "村自设", "points": 203}, {"name": "遵纪守法", "points": 1}]
    assert after["in_balance"]


async def test_pending_and_refused_points_are_not_awarded_ones(town: LiveTown) -> None:
    wanted = claim()
    await declare(town, wanted)
    await review(town, wanted["id"])
    await approve(town, wanted["id"])
    [report, *_] = await standing(town)
    assert (report["points_pending"], report["points_awarded"]) == (1, 203)
    await take_off(town, str(wanted["id"]), by="qian")
    [report, *_] = await standing(town)
    assert (report["points_pending"], report["points_awarded"]) == (0, 203)
    assert report["in_balance"]


async def test_a_byte_changed_behind_the_books_back_is_out_of_balance(town: LiveTown) -> None:
    from sqlalchemy import text

    engine = owner_engine(town.clone)
    async with engine.begin() as connection:
        await connection.execute(text("update ledger.balance set posted = posted + 1 where posted = 3"))
    [report, *_] = await standing(town)
    assert report["in_balance"] is False
