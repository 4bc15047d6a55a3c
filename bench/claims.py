"""A village committee's busiest evening: 2,000 claims wait, are shown, and are approved at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from statistics import median
from time import perf_counter
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from api import wire
from api.awards.declaring.declarations import declare
from api.awards.review.queries import load_desk
from api.awards.review.use_cases import approve, review
from api.platform.access import Role, Staff
from api.platform.clock import local_date
from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.shop import Shop

CLAIMS = 2_000
OPENINGS = 7


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    shop = await environment.get_shop()
    declarer, reviewer, approver = await _name_people(shop)
    today = local_date(shop.services.clock.now())
    claims = [
        wire.NewClaim(id=UUID(str(uuid7())), household=code, rule="A01", deed_on=today)
        for code in shop.households[:CLAIMS]
    ]
    declared = await declare(shop.services, declarer, claims)
    assert all(outcome.status == "declared" for outcome in declared), declared[0]
    ids = [claim.id for claim in claims]
    await review(shop.services, reviewer, ids)
    await shop.seal_and_vacuum()
    opening = median([await _open_queue(shop, approver) for _ in range(OPENINGS)])
    yield make_measurement("open a queue of 2,000 claims", opening * 1000, "ms", target=300.0)
    started = perf_counter()
    outcomes = await approve(shop.services, approver, ids)
    duration = perf_counter() - started
    assert all(outcome.status == "approved" for outcome in outcomes), outcomes[0]
    yield make_measurement("approve 2,000 claims", duration, "s", target=5.0)


async def _name_people(shop: Shop) -> list[Staff]:
    """Three of the shop's people, each with the duty for one step."""
    async with shop.services.unit_of_work() as uow:
        ids = list(await uow.session.scalars(text("select id from person order by login limit 3")))
    duties = (Role.GRID_MEMBER, Role.GRID_LEADER, Role.COMMITTEE)
    return [Staff(id, "某人", frozenset({duty}), None) for id, duty in zip(ids, duties, strict=True)]


async def _open_queue(shop: Shop, staff: Staff) -> float:
    started = perf_counter()
    desk = await load_desk(shop.services, staff)
    assert desk.to_approve is not None
    assert desk.to_approve.total >= CLAIMS
    return perf_counter() - started
