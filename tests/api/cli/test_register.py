"""`jimei register`: told first, written when a person says so, and the same again changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.platform.errors import Refused
from api.platform.table_files.file import TableFile
from api.registry.people.clients import TERMINAL
from api.registry.people.use_cases import authenticate
from api.registry.register.register_plan import apply_register, plan_register
from api.registry.register.register_table import read_register
from tests.api.asking import rows
from tests.api.registry.people.conftest import turn_on
from tests.api.registry.register.sheets import messy_register
from tests.api.web.browser import browsing
from tests.command_line import Done, jimei_beside
from tests.conftest import PASSWORD, LiveTown

HEAD = "村,网格,户编号,户主,人口\n"
NEW = HEAD + "河畔村,1网格,hp-8,周 八,3\n新 村,东头,xc-1,马九,\n"


async def _register(town: LiveTown, file: Path, *more: str, typed: str = f"{PASSWORD}\n") -> Done:
    return await jimei_beside("register", str(file), *more, url=town.clone, typed=typed)


async def _registered(town: LiveTown) -> dict[str, tuple[str, str, str, int]]:
    found = await rows(town, "select code, village, grid, head, people from household order by code")
    return {code: (village, grid, head, people) for code, village, grid, head, people in found}


async def test_a_table_is_told_and_written_when_a_person_says_so(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "花名册.csv"
    file.write_text(NEW, encoding="utf-8")
    before = await _registered(town)
    shown = await _register(town, file)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[:5] == [
        "河畔村的“1网格”就是“第一网格”。",
        "新的村：新 村（编号 v01）",
        "新的网格：东头（编号 v01-01）",
        "新的户：hp-8 周八（3 人）",
        "新的户：xc-1 马九（1 人）",
    ]
    assert shown.stdout.splitlines()[-1] == "还没有写入：核对以后请用 --by 写明经办人，再运行一次。"
    declined = await _register(town, file, "--by", "office", typed=f"{PASSWORD}\nn\n")
    assert (declined.returncode, await _registered(town)) == (1, before)
    done = await _register(town, file, "--by", "office", "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "已登记。")
    after = await _registered(town)
    assert {code: after[code] for code in after.keys() - before.keys()} == {
        "hp-8": ("hp", "hp-1", "周八", 3),
        "xc-1": ("v01", "v01-01", "马九", 1),
    }
    assert len(await rows(town, "select id from ledger.account where name = 'household:hp-8'")) == 1
    again = await _register(town, file, "--by", "office", "--yes")
    assert again.stdout.splitlines()[-2:] == [
        f"表里 2 户：新的 0，改了的 0，没有变的 2，要改的 0；登记簿里有、表里没有的 {len(before)} 户。",
        "没有要写入的。",
    ]


async def test_a_mended_table_tells_what_changed_and_what_it_lacks(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "花名册.csv"
    file.write_text(NEW, encoding="utf-8")
    assert (await _register(town, file, "--by", "office", "--yes")).returncode == 0
    before = await _registered(town)
    file.write_text(HEAD + "新村,2组,xc-1,马 九九,4\n", encoding="utf-8")
    done = await _register(town, file, "--by", "office", "--yes")
    assert done.stdout.splitlines()[:2] == [
        "新的网格：2组（编号 v01-02）",
        "改了的户：xc-1 户主 马九 → 马九九，网格 东头 → 2组，人口 1 → 4",
    ]
    assert await _registered(town) == before | {"xc-1": ("v01", "v01-02", "马九九", 4)}
    file.write_text(HEAD + "河畔村,一组,hp-8,周八,3\n", encoding="utf-8")
    lacks = (await _register(town, file)).stdout.splitlines()
    assert "表里没有的户：hp-1，登记簿里仍然保留" in lacks
    assert not any("xc-1" in line for line in lacks)


async def test_with_a_problem_nothing_is_written(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "花名册.xlsx"
    file.write_bytes(messy_register())
    before = await _registered(town)
    done = await _register(town, file, "--by", "office", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    told = done.stderr.splitlines()
    assert "第 9 行 D 列：没有户编号。" in told
    assert told[-1] == "有 3 处要改，什么都没有写入。"
    assert await _registered(town) == before
    file = tmp_path / "别的村.csv"
    file.write_text(HEAD + "山上村,一组,hp-1,张三,3\n", encoding="utf-8")
    moved = await _register(town, file)
    assert (moved.returncode, "第 2 行 A 列：户编号 hp-1 在登记簿里是河畔村的" in moved.stderr) == (2, True)
    file.write_text(NEW, encoding="utf-8")
    nobody = await _register(town, file, "--by", "li", "--yes")
    assert (nobody.returncode, await _registered(town)) == (2, before)


async def test_a_plan_that_nobody_has_seen_is_not_carried_out(town: LiveTown, tmp_path: Path) -> None:
    table = read_register(TableFile("花名册", NEW.encode()))
    seen = await plan_register(town.town, table)
    async with town.staff("office") as http:
        household = {"code": "hp-8", "village": "hp", "grid": "hp-1", "head": "别人"}
        (await http.post("/v1/households", json=[household])).raise_for_status()
    before = await _registered(town)
    office = await authenticate(town.town, "office", PASSWORD, TERMINAL)
    with pytest.raises(Refused, match="重新核对一遍"):
        await apply_register(town.town, office, table, seen, "登记")
    assert await _registered(town) == before


async def test_whoever_signs_in_by_two_steps_is_asked_for_the_code(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "花名册.csv"
    file.write_text(NEW, encoding="utf-8")
    async with browsing(town, "office") as office:
        _, (paper, *_) = await turn_on(town, office)
    before = await _registered(town)
    for typed in ("", "\n", "00000 00000\n"):
        refused = await _register(town, file, "--by", "office", "--yes", typed=f"{PASSWORD}\n{typed}")
        assert (refused.returncode, await _registered(town)) == (2, before), refused.stderr
        assert "office 手机上的验证码 code" in refused.stderr
    done = await _register(town, file, "--by", "office", "--yes", typed=f"{PASSWORD}\n{paper}\n")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "已登记。"), done.stderr
    again = await _register(town, file, "--by", "office", "--yes", typed=f"{PASSWORD}\n{paper}\n")
    assert again.returncode == 2, "each code on paper counts once"
