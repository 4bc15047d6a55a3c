"""Judge secrets that people know: passwords, PINs and one-time codes.

A try counts as wrong before it is judged, and is given back once it was right. So however many come at once, no
more are judged than a lockout allows, and nothing is held while one is judged: no lock, no connection. A server
that dies meanwhile has counted it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers import HasherProtocol
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from api.platform.access import generate_secret
from api.platform.services import Services, UnitOfWork
from api.registry.tries.tables import Tries
from api.wire.lockout import WindowPolicy

T = TypeVar("T")

# OWASP's smallest argon2id setting (19 MiB, two passes, one lane): fast enough on a Raspberry Pi.
hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
# Each hash takes that memory and a processor: others have to go on meanwhile.
_HASHING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hashing")
_TURNS = asyncio.Semaphore(2)
# Of the two that hash, strangers take one: who is known doesn't wait behind a flood of them.
_STRANGERS = asyncio.Semaphore(1)


@dataclass(frozen=True, slots=True)
class Lockout:
    """What tries are counted by, as `("sign-in", login)`."""

    policy: WindowPolicy
    by: tuple[str, ...]

    @property
    def key(self) -> bytes:
        digest = hashlib.sha256()
        for part in self.by:
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(4) + encoded)
        return digest.digest()


class LockedOut(Exception):
    """Not judged. `wait`: until when a next try is."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait

    @property
    def minutes(self) -> int:
        return -(-self.wait // timedelta(minutes=1))

    @property
    def seconds(self) -> int:
        return -(-self.wait // timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Verdict:
    """`right`: which of the hashes is the secret's. `left`: after a wrong one, how many tries are left."""

    right: int | None
    left: int


@asynccontextmanager
async def taking_turns(services: Services) -> AsyncIterator[UnitOfWork]:
    """A unit of work for a try, few at once: all that come would otherwise take all connections to the database,
    and redemptions would wait behind them."""
    async with _TURNS, services.unit_of_work() as uow:
        yield uow


@contextmanager
def hashing_quickly() -> Iterator[None]:
    """For a township whose one password was drawn by lot: nobody guesses it, whatever a guess costs. A hash says
    how it was made, so these are judged as all others afterwards."""
    usual = hasher.current_hasher
    _use(Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
    try:
        yield
    finally:
        _use(usual)


def _use(chosen: HasherProtocol) -> None:
    hasher.hashers, hasher.current_hasher = (chosen,), chosen


async def hash_secret(secret: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_HASHING, hasher.hash, secret)


async def find_hash(secret: str, hashes: Sequence[str | None]) -> int | None:
    """Which of the hashes is the secret's; None is that of nobody, and takes as long."""
    return await asyncio.get_running_loop().run_in_executor(_HASHING, _find, secret, hashes)


async def judge(
    services: Services, secret: str, hashes: Sequence[str | None], *lockouts: Lockout, stranger: bool = False
) -> Verdict:
    """As `find_hash`, counted by the lockouts; `stranger`: anybody may send it. Raises LockedOut."""
    async with taking_turns(services) as uow:
        left, now = await _reserve(uow, lockouts), uow.now
    async with _STRANGERS if stranger else nullcontext():
        right = await find_hash(secret, hashes)
    if right is not None:
        async with taking_turns(services) as uow:
            await _give_back(uow, lockouts, now)
    return Verdict(right, left)


async def look_up(
    services: Services, find: Callable[[UnitOfWork], Awaitable[T | None]], *lockouts: Lockout
) -> T | None:
    """What a one-time code leads to, counted by the lockouts where that is nothing. Raises LockedOut."""
    async with taking_turns(services) as uow:
        await _reserve(uow, lockouts)
        found = await find(uow)
        if found is not None:
            await _give_back(uow, lockouts, uow.now)
        return found


async def count_one(services: Services, *lockouts: Lockout) -> None:
    """Count what isn't right or wrong, but may be asked only so often. Raises LockedOut."""
    async with taking_turns(services) as uow:
        await _reserve(uow, lockouts)


def _find(secret: str, hashes: Iterable[str | None]) -> int | None:
    # Made by whoever comes first, not by the first that is unknown.
    nobodys = _nobodys_hash()
    for place, known in enumerate(hashes):
        if hasher.verify(secret, known or nobodys) and known is not None:
            return place
    return None


@cache
def _nobodys_hash() -> str:
    return hasher.hash(generate_secret())


async def _reserve(uow: UnitOfWork, lockouts: Sequence[Lockout]) -> int:
    """Count one more for all of them; how many are left. Raises LockedOut."""
    # First without a lock, so that a flood of tries writes nothing once they are locked out.
    _refuse_if_locked(await _read(uow, lockouts), lockouts, uow.now)
    tried_at = await _lock(uow, lockouts)
    _refuse_if_locked(tried_at, lockouts, uow.now)
    counted = {each: each.policy.add_failure(tried_at[each.key], uow.now) for each in lockouts}
    await _write(uow, counted)
    return min(each.policy.count_left(tries, uow.now) for each, tries in counted.items())


async def _give_back(uow: UnitOfWork, lockouts: Sequence[Lockout], tried: datetime) -> None:
    tried_at = await _lock(uow, lockouts)
    for lockout in lockouts:
        tries = tried_at[lockout.key]
        if lockout.policy.forgiving:
            tries.clear()
        # It may have left the window meanwhile.
        with suppress(ValueError):
            tries.remove(tried)
    await _write(uow, {each: tried_at[each.key] for each in lockouts})


def _refuse_if_locked(
    tried_at: Mapping[bytes, Sequence[datetime]], lockouts: Sequence[Lockout], now: datetime
) -> None:
    locked = [each.policy.locked_until(tried_at.get(each.key, ()), now) for each in lockouts]
    until = max((each for each in locked if each is not None), default=None)
    if until is not None:
        raise LockedOut(until - now)


async def _read(uow: UnitOfWork, lockouts: Sequence[Lockout]) -> dict[bytes, list[datetime]]:
    keys = [each.key for each in lockouts]
    found = await uow.session.execute(
        select(Tries.key, Tries.tried_at).where(Tries.township == uow.township, Tries.key.in_(keys))
    )
    return dict(found.all())


async def _lock(uow: UnitOfWork, lockouts: Sequence[Lockout]) -> dict[bytes, list[datetime]]:
    """What is counted, by key; nobody else counts there until the transaction ends."""
    # In one order for everybody, so that no two wait for each other.
    keys = sorted(each.key for each in lockouts)
    rows = [{"township": uow.township, "key": key, "tried_at": [], "kept_until": uow.now} for key in keys]
    found = await uow.session.execute(
        insert(Tries)
        .values(rows)
        .on_conflict_do_update(index_elements=["township", "key"], set_={"kept_until": Tries.kept_until})
        .returning(Tries.key, Tries.tried_at)
    )
    return {key: list(tried_at) for key, tried_at in found}


async def _write(uow: UnitOfWork, counted: dict[Lockout, list[datetime]]) -> None:
    statement = insert(Tries).values(
        [
            {
                "township": uow.township,
                "key": lockout.key,
                "tried_at": tries,
                "kept_until": uow.now + lockout.policy.window,
            }
            for lockout, tries in sorted(counted.items(), key=lambda each: each[0].key)
        ]
    )
    new = statement.excluded
    await uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["township", "key"], set_={"tried_at": new.tried_at, "kept_until": new.kept_until}
        )
    )


async def forget_tries(services: Services) -> int:
    """Remove those that no longer matter. A job."""
    async with services.unit_of_work() as uow:
        await uow.session.execute(delete(Tries).where(Tries.township == uow.township, Tries.kept_until < uow.now))
    return 0
