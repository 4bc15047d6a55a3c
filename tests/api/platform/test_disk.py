"""A disk that is nearly full is told in time, one that is full by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.bookkeeping.exports.atomic_file import write_atomically
from api.platform.disk import Space, find_low_disk, measure_space
from api.platform.errors import ErrorCode, Refused
from api.platform.problem_details import problem_of
from api.registry.cards.printing import write_command_sheet
from tests.api.web.browser import browsing
from tests.conftest import LiveTown, serving

GB = 1_000_000_000
FULL = Path("/dev/full")


@pytest.mark.parametrize(
    ("free", "total", "low"),
    [
        (GB - 1, 5 * GB, True),
        (GB, 5 * GB, False),
        (9 * GB, 100 * GB, True),
        (10 * GB, 100 * GB, False),
        (0, 0, True),
    ],
)
def test_low_is_below_one_gigabyte_or_a_tenth(free: int, total: int, low: bool) -> None:
    assert Space(free, total).is_low == low


def test_the_fullest_disk_counts_and_one_that_is_not_there_does_not(tmp_path: Path) -> None:
    spaces = {tmp_path: Space(50 * GB, 100 * GB), tmp_path / "pg": Space(GB // 2, 100 * GB)}
    assert find_low_disk(tmp_path, spaces.__getitem__) == Space(GB // 2, 100 * GB)
    assert find_low_disk(tmp_path / "nowhere", measure_space) is None
    assert measure_space(tmp_path).total > 0


async def test_readiness_and_the_desk_say_so(town: LiveTown) -> None:
    low = replace(town.town, measure=lambda _: Space(GB // 2, 100 * GB))
    enough = replace(town.town, measure=lambda _: Space(50 * GB, 100 * GB))
    for services, told in ((low, True), (enough, False)):
        async with serving(services) as url, httpx.AsyncClient(base_url=url, verify=False) as http:
            answer = await http.get("/readyz")
            assert (answer.status_code, answer.text) == (200, "ok\ndisk-low" if told else "ok")
        for login, sees in (("office", True), ("tan", True), ("qian", False), ("li", False)):
            async with serving(services) as url, browsing(replace(town, url=url), login) as browser:
                page = await browser.open("/desk")
            assert ("硬盘快满了，只剩 0.5 GB" in page) == (told and sees), login


def test_a_file_that_finds_no_room_is_told_by_its_name() -> None:
    with pytest.raises(Refused) as full:
        write_command_sheet(FULL)
    assert (full.value.code, "硬盘满了" in full.value.detail) == (ErrorCode.DISK_FULL, True)


def test_so_is_an_export(tmp_path: Path) -> None:
    with pytest.raises(Refused) as full, write_atomically(tmp_path / "books.csv"), FULL.open("w") as disk:
        disk.write("积分")
    assert full.value.code is ErrorCode.DISK_FULL
    assert list(tmp_path.iterdir()) == []


def test_whatever_else_writes_is_answered_by_it() -> None:
    with pytest.raises(OSError, match="space") as full, FULL.open("w") as disk:
        disk.write("积分")
    answer = problem_of(full.value)
    assert (answer.status_code, answer.type_, "Retry-After" in (answer.headers or {})) == (507, "disk-full", True)
    assert problem_of(OSError()).status_code == 500
