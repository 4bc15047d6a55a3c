"""When a server backs up by itself, and that it does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from api.bookkeeping.backup.schedule import Due, backing_up, find_due
from api.platform.backup.catalogue import (
    Attempt,
    Backup,
    Catalogue,
    read_backup_state,
    read_catalogue,
    with_backup,
)
from tests import command_line
from tests.api.bookkeeping.backup.conftest import Workshop
from tests.conftest import LiveTown
from tests.profile import many

# Two in the night of the township.
NIGHT = datetime(2026, 6, 14, 18, tzinfo=UTC)


def made(at: datetime, changes: str, proven: bool) -> Backup:
    return Backup(f"{at:%Y%m%dT%H%M%S}.jimei", at, 1, "", "", 0, "", "1001", changes, at if proven else None)


def lived(
    looks: list[tuple[int, bool]], *, fails: bool = False
) -> tuple[list[tuple[datetime, Due]], Catalogue, str]:
    """A server that looks after so many minutes each, where something has changed meanwhile or hasn't."""
    now, count, catalogue, done = NIGHT, 0, Catalogue(), []
    for minutes, changed in looks:
        now += timedelta(minutes=minutes)
        count += changed
        due = find_due(now, catalogue, str(count))
        if due is not None:
            done.append((now, due))
            if not fails:
                catalogue = with_backup(catalogue, made(now, str(count), due is Due.PROOF))
            attempt = Attempt(now, "盘满了" if fails else "")
            catalogue = Catalogue(catalogue.backups, attempt)
    return done, catalogue, str(count)


looks = st.lists(st.tuples(st.integers(1, 2000), st.booleans()), min_size=1, max_size=60)


@settings(max_examples=many(100))
@given(looks)
def test_nothing_that_changed_waits_longer_than_an_hour_or_unproven_longer_than_a_night(
    looks: list[tuple[int, bool]],
) -> None:
    done, catalogue, changes = lived([*looks, (61, False)])
    # An hour later without changes all there is has been backed up.
    assert catalogue.backups[0].changes == changes
    assert all(later - earlier >= timedelta(hours=1) for (earlier, _), (later, _) in pairwise(done))
    # And a day later it is proven.
    quiet, catalogue, changes = lived([*looks, (61, False), (24 * 60, False)])
    assert (catalogue.backups[0].changes, catalogue.backups[0].proven_at is not None) == (changes, True)
    # Then nothing is due any more, however long.
    assert lived([*looks, (61, False), (24 * 60, False), *[(600, False)] * 20])[0] == quiet


@settings(max_examples=many(50))
@given(looks)
def test_what_fails_is_tried_again_each_hour(looks: list[tuple[int, bool]]) -> None:
    done, _, _ = lived([*looks, (61, False)], fails=True)
    assert done[-1][1] is Due.PROOF
    assert all(later - earlier >= timedelta(hours=1) for (earlier, _), (later, _) in pairwise(done))


def test_of_a_day_s_backups_one_is_proven() -> None:
    done, _, _ = lived([(30, True)] * 96)
    proven = [at for at, due in done if due is Due.PROOF]
    assert [(at - NIGHT) // timedelta(hours=1) for at in proven] == [0, 24]
    assert len(done) == 48


def test_a_clock_that_was_ahead_keeps_nothing_waiting() -> None:
    later = made(NIGHT + timedelta(days=400), "1", proven=True)
    assert find_due(NIGHT, Catalogue((later,), Attempt(later.made_at, "")), "2") is Due.PROOF


async def test_it_is_made_by_a_process_of_its_own(
    town: LiveTown, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in command_line.settings(workshop.data, town.clone).items():
        monkeypatch.setenv(name, value)
    services = replace(town.town, data=workshop.data)
    async with backing_up(services, interval=0.01):
        while read_backup_state(workshop.data).newest_proven is None:
            await asyncio.sleep(0.05)
            attempt = read_catalogue(workshop.data).attempt
            assert attempt is None or not attempt.failure
    assert read_backup_state(workshop.data).newest is not None
