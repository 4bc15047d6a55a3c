"""Three people by constraint: what raw SQL can't write either."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.api.asking import rows
from tests.api.awards.claims.conftest import approve, review
from tests.api.awards.review.conftest import act, for_council, staff_of
from tests.conftest import LiveTown
from tests.databases import owner_engine

VOTE = """insert into claim_vote (township, claim, place, person, declarer, approves, voted_at)
          select township, id, {place}, '{{{person}}}', {declarer}, true, now() from claim where id = '{{id}}'"""
SIGNATURE = """insert into claim_signature (township, claim, place, person, signed_at)
               values (1, '{{id}}', {place}, '{{{person}}}', now())"""
# What is tried, and the constraint that stops it. wang declared the claim, zhao signed place 0.
FORBIDDEN = {
    VOTE.format(place=1, person="wang", declarer="declarer"): "claim_vote_by_another",
    VOTE.format(place=1, person="wang", declarer="household"): "fk_claim_vote_township_claim_declarer",
    VOTE.format(place=1, person="zhao", declarer="declarer"): "pk_claim_vote",
    # Not as the voter of this place, or of none.
    SIGNATURE.format(place=1, person="zhao"): "uq_claim_signature_township_claim_person",
    SIGNATURE.format(place=1, person="li"): "fk_claim_signature_township_claim_place_person",
    SIGNATURE.format(place=0, person="li"): "pk_claim_signature",
    "update claim set approved_by = '{zhao}' where id = '{id}'": "claim_three_people",
    "update claim set approved_by = '{wang}' where id = '{id}'": "claim_three_people",
    "update claim set approved_by = '{li}' where id = '{id}'": "fk_claim_township_id_approved_by",
    "update claim set reviewed_by = '{li}' where id = '{id}'": "fk_claim_township_id_reviewed_by",
    "update claim set status = 'approved' where id = '{id}'": "claim_approved",
    "update claim set status = 'posted' where id = '{id}'": "claim_approved",
    "update claim set declared_by = '{zhao}' where id = '{id}'": "claim_three_people",
    # Who declared it stays who did, also where it was a household.
    "update claim set declared_by = '{li}' where id = '{id}'": "fk_claim_vote_township_claim_declarer",
    "update claim set declared_by = null, declared_with = 'card-pin' where id = '{id}'": (
        "fk_claim_vote_township_claim_declarer"
    ),
    "update claim set status = 'returned' where id = '{id}'": "claim_returned",
    "update claim set status = 'returned', returned_by = '{wang}', returned_at = now(), return_reason = 'x'"
    " where id = '{id}'": "claim_returned",
    "update claim set returned_by = '{li}', returned_at = now(), return_reason = 'x' where id = '{id}'": (
        "claim_returned"
    ),
    "update claim set status = 'withdrawn' where id = '{id}'": "claim_withdrawn",
    "update claim set replaces = id where id = '{id}'": "claim_replaces_another",
    "update claim set replaces = '{returned}' where id in ('{id}', '{other}')": "claim_replaced_once",
    "update claim set status = 'gone' where id = '{id}'": "claim_status",
}


async def test_what_no_statement_can_write(town: LiveTown) -> None:
    id, other, returned = [await for_council(town) for _ in range(3)]
    await review(town, id)
    await act(town, "zhao", returned, "return", "日期不对")
    people = {login: (await staff_of(town, login)).id for login in ("wang", "zhao", "li")}
    async with owner_engine(town.clone).connect() as owner:
        for statement, constraint in FORBIDDEN.items():
            with pytest.raises(IntegrityError, match=f'"{constraint}"'):
                await owner.execute(text(statement.format(id=id, other=other, returned=returned, **people)))
            await owner.rollback()


async def test_a_household_that_declared_itself_is_the_third(town: LiveTown) -> None:
    """The database can't tell its members from people at the desk; two of the desk are needed all the same."""
    id = await for_council(town)
    async with owner_engine(town.clone).begin() as owner:
        await owner.execute(
            text("update claim set declared_by = null, declared_with = 'card-pin' where id = :id"), {"id": id}
        )
    await review(town, id)
    assert [o["status"] for o in await approve(town, id)] == ["approved"]
    [(declarer,)] = await rows(
        town, "select declarer = household from claim where id = :id and declarer is not null", id=id
    )
    assert declarer
