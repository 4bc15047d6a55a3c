"""A try is counted before it is judged, whatever becomes of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pwdlib.exceptions import UnknownHashError
from sqlalchemy import text

from api.platform.clock import TravelClock
from api.platform.services import Services
from api.registry.tries.use_cases import LockedOut, Lockout, Verdict, hash_secret, judge
from api.wire.lockout import WindowPolicy
from tests.conftest import run_jobs

STRICT = WindowPolicy(max_failures=3, window=timedelta(hours=1), duration=timedelta(minutes=5))
FORGIVING = WindowPolicy(max_failures=3, window=timedelta(hours=1), duration=timedelta(minutes=5), forgiving=True)
ONE, OTHER = Lockout(STRICT, ("test", "one")), Lockout(FORGIVING, ("test", "other"))


async def test_what_is_cut_off_while_it_is_judged_has_been_counted(base: Services) -> None:
    for _ in range(STRICT.max_failures):
        with pytest.raises(UnknownHashError):
            await judge(base, "secret", ["no hash"], ONE)
    with pytest.raises(LockedOut):
        await judge(base, "secret", [await hash_secret("secret")], ONE)


async def test_a_right_one_is_given_back_and_forgets_others_only_where_that_is_said(base: Services) -> None:
    hashes = [await hash_secret("other"), None, await hash_secret("right")]
    left = [await judge(base, each, hashes, OTHER) for each in ("wrong", "right", "wrong", "right", "wrong")]
    wrong, right = Verdict(None, 2), Verdict(2, 1)
    assert left == [wrong, right, wrong, right, wrong]
    assert [(await judge(base, secret, hashes, ONE)).left for secret in ("wrong", "right", "wrong")] == [2, 1, 1]
    await judge(base, "wrong", hashes, ONE)
    with pytest.raises(LockedOut):
        await judge(base, "right", hashes, ONE)


async def test_of_many_at_once_with_crossing_counts_each_count_holds(
    base: Services,
) -> None:
    lockouts = [Lockout(STRICT, ("test", str(n))) for n in range(6)]

    async def attempt(n: int) -> str | None:
        try:
            await judge(base, "wrong", [None], lockouts[n % 6], lockouts[(n * 5 + 1) % 6])
        except LockedOut:
            return None
        return f"{n % 6} {(n * 5 + 1) % 6}"

    judged = [each for each in await asyncio.gather(*(attempt(n) for n in range(60))) if each is not None]
    for n in range(6):
        assert sum(str(n) in each.split() for each in judged) <= STRICT.max_failures
    assert judged


async def test_the_longest_lockout_says_how_long_to_wait(base: Services, clock: TravelClock) -> None:
    for lockout in (ONE, OTHER):
        for _ in range(STRICT.max_failures):
            await judge(base, "wrong", [None], lockout)
        clock.travel(clock.now() + timedelta(seconds=90))
    with pytest.raises(LockedOut) as locked:
        await judge(base, "wrong", [None], ONE, OTHER)
    assert (locked.value.seconds, locked.value.minutes) == (210, 4)


async def test_what_no_longer_matters_is_forgotten(base: Services, clock: TravelClock) -> None:
    async def count() -> int:
        async with base.unit_of_work() as uow:
            return int(await uow.session.scalar(text("select count(*) from tries")) or 0)

    await judge(base, "wrong", [None], ONE)
    await run_jobs(base)
    assert await count() == 1
    clock.travel(clock.now() + STRICT.window + timedelta(seconds=1))
    await run_jobs(base)
    assert await count() == 0
