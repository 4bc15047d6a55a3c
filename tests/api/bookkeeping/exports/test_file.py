"""The file is whole or isn't there; what can't be done is told in a sentence."""

from __future__ import annotations

import os
import resource
from datetime import date
from pathlib import Path

import pytest

from api.bookkeeping.exports import records, use_cases
from api.bookkeeping.exports.atomic_file import write_atomically
from api.bookkeeping.exports.use_cases import FORMATS, export_books, parse_period
from api.platform.errors import Refused
from tests.api.bookkeeping.exports.conftest import balances, exported
from tests.api.bookkeeping.exports.test_tables import csv_rows, summed
from tests.conftest import LiveTown


def contents(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text() for p in folder.iterdir()}


async def test_an_export_cut_off_leaves_what_was_there(
    town: LiveTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutOff(Exception):
        pass

    def fails(self: object, transaction: object) -> None:
        raise CutOff

    file = tmp_path / "books.csv"
    file.write_text("last year's")
    for writer in FORMATS.values():
        monkeypatch.setattr(writer, "add", fails)
    for format in FORMATS:
        with pytest.raises(CutOff):
            await export_books(town.town, format, None, None, file)
        assert contents(tmp_path) == {"books.csv": "last year's"}


async def test_a_file_is_replaced_and_readable_by_its_owner_alone(town: LiveTown, tmp_path: Path) -> None:
    (tmp_path / "books.csv").write_text("last year's")
    file = await exported(town.town, tmp_path, "csv")
    assert file.stat().st_mode & 0o077 == 0
    assert summed(csv_rows(file)) == await balances(town)


async def test_a_transaction_over_two_partitions_is_one(
    month: LiveTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (await exported(month.town, tmp_path, "beancount")).read_bytes()
    for at_once in (1, 2, 3):
        monkeypatch.setattr(records, "_BATCH_SIZE", at_once)
        assert (await exported(month.town, tmp_path, "beancount")).read_bytes() == whole


async def test_a_disk_that_is_full(month: LiveTown, tmp_path: Path) -> None:
    """As the kernel tells it: no file of this process may grow beyond 2 KiB."""
    file = tmp_path / "books"
    file.write_text("last year's")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for format in FORMATS:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limits[1]))
        try:
            with pytest.raises(Refused, match="写不了") as refused:
                await export_books(month.town, format, None, None, file)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert refused.value.code == "unwritable"
        assert contents(tmp_path) == {"books": "last year's"}


async def test_only_what_nobody_works_at_is_swept(town: LiveTown, tmp_path: Path) -> None:
    left = tmp_path / ".jimei-left.part"
    left.mkdir()
    (left / "books.csv").write_text("names")
    mine = tmp_path / ".jimei-mine"
    mine.mkdir()
    (tmp_path / ".jimei-link.part").symlink_to(mine)
    with write_atomically(tmp_path / "other.csv") as file:
        assert not left.exists()
        await export_books(town.town, "csv", None, None, tmp_path / "books.csv")
        file.write(b"whole")
    assert (tmp_path / "other.csv").read_bytes() == b"whole"
    assert sorted(os.listdir(tmp_path)) == [".jimei-link.part", ".jimei-mine", "books.csv", "other.csv"]


async def test_places_that_cannot_be_written(town: LiveTown, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for output in (tmp_path, tmp_path / "missing" / "x", tmp_path / "file" / "x", Path("/dev/null")):
        with pytest.raises(Refused, match="写不了") as refused:
            await export_books(town.town, "csv", None, None, output)
        assert refused.value.code == "unwritable"


@pytest.mark.parametrize(
    "word", ["yesterday", "2026-02-30", "20260101", "2026-1-1", "0001-01-01", "9999-12-31", ""]
)
def test_days_that_are_none(word: str) -> None:
    with pytest.raises(Refused, match="--to 要写成"):
        parse_period(None, word)


def test_periods() -> None:
    assert parse_period("2026-01-31", "2026-01-31") == (date(2026, 1, 31), date(2026, 1, 31))
    assert parse_period(None, None) == (None, None)
    with pytest.raises(Refused, match="2026-02-01 晚于截止日期 2026-01-31"):
        parse_period("2026-02-01", "2026-01-31")


def test_formats() -> None:
    with pytest.raises(Refused, match="beancount、hledger、csv、xlsx"):
        use_cases.require_format("pdf")
