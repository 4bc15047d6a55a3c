"""Which backups stay in the folder, and what is known of them without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from api.platform.backup.catalogue import (
    Backup,
    Catalogue,
    backup_folder,
    lock_backups,
    read_backup_state,
    read_catalogue,
    with_backup,
    without_backups,
    write_catalogue,
)
from api.platform.backup.retention import DAYS, HOURS, MONTHS, WEEKS, choose_superfluous
from api.platform.errors import ErrorCode, Refused
from tests.profile import many

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def made(hours: int, proven: bool = False) -> Backup:
    at = BEGIN + timedelta(hours=hours)
    return Backup(f"{hours}.jimei", at, 1, "", "", 0, "", "1001", "", at if proven else None)


backups = st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), unique_by=lambda pair: pair[0]).map(
    lambda pairs: [made(*pair) for pair in pairs]
)


@settings(max_examples=many(100))
@given(backups)
def test_a_rule_that_is_applied_again_removes_nothing_more(kept: list[Backup]) -> None:
    superfluous = choose_superfluous(kept)
    left = [each for each in kept if each not in superfluous]
    assert choose_superfluous(left) == []
    assert len(left) <= HOURS + DAYS + WEEKS + MONTHS + 2
    if kept:
        assert max(kept, key=lambda each: each.made_at) in left
    proven = [each for each in kept if each.proven_at is not None]
    if proven:
        assert max(proven, key=lambda each: each.made_at) in left


def test_a_year_of_hours_is_kept_by_days_weeks_and_months() -> None:
    kept: list[Backup] = []
    for hour in range(0, 370 * 24):
        kept.append(made(hour, proven=hour % 24 == 18))
        superfluous = choose_superfluous(kept)
        kept = [each for each in kept if each not in superfluous]
    assert all(each.proven_at is not None for each in kept if (kept[-1].made_at - each.made_at).days > 10)
    ages = [(kept[-1].made_at - each.made_at).days for each in kept]
    assert sum(age < 2 for age in ages) == HOURS
    assert sum(2 <= age <= 7 for age in ages) >= DAYS - 2
    assert max(ages) > 300
    assert len(kept) < 75


def test_the_state_is_read_from_files_alone(tmp_path: Path) -> None:
    assert read_backup_state(tmp_path).newest_file is None
    with lock_backups(tmp_path):
        catalogue = with_backup(with_backup(Catalogue(), made(5, proven=True)), made(9))
        write_catalogue(tmp_path, catalogue)
    state = read_backup_state(tmp_path)
    assert (state.newest, state.newest_proven) == (made(9), made(5, proven=True))
    assert state.newest_file == backup_folder(tmp_path) / "9.jimei"
    assert without_backups(read_catalogue(tmp_path), ["9.jimei"]).backups == (made(5, proven=True),)


def test_a_damaged_catalogue_is_no_fault(tmp_path: Path) -> None:
    with lock_backups(tmp_path) as folder:
        (folder / "catalogue.json").write_bytes(b'{"backups": [')
    assert read_catalogue(tmp_path) == Catalogue()


def test_two_do_not_back_up_at_once(tmp_path: Path) -> None:
    with lock_backups(tmp_path), pytest.raises(Refused) as refused, lock_backups(tmp_path):
        pass
    assert refused.value.code is ErrorCode.IN_USE
    with lock_backups(tmp_path):
        pass
