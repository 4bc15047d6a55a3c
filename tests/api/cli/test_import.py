"""`jimei import` as its user meets it: a file goes in whole or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.api.asking import rows, standing
from tests.api.bookkeeping.general_ledger.conftest import HP3, available, bring_in, row
from tests.api.bookkeeping.general_ledger.workbook import workbook
from tests.api.platform.table_files.workbooks import workbook as table_workbook
from tests.command_line import Done, jimei_beside, one_sentence
from tests.conftest import PASSWORD, LiveTown

HEAD = "户编号,日期,积分,事由\n"
QUESTIONS = "office 的密码 password\ntan 的密码 password\n"
GOOD = HEAD + "hp-3,2025-04-01,-3,换肥皂\nhp-3,2025-03-01,5,修路\nhp-3,2025-03-01,5,修路\n"


async def _import(town: LiveTown, file: Path, *more: str) -> Done:
    """By two people, who type their passwords."""
    signers = () if "--dry-run" in more else ("--by", "office", "--confirmed-by", "tan")
    words = ("import", str(file), "--source", "2025年纸质台账", *signers, *more)
    return await jimei_beside(*words, url=town.clone, typed=f"{PASSWORD}\n" * 2)


async def _imported(town: LiveTown) -> int:
    return len(await rows(town, "select id from ledger.transaction where kind = 'import'"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
async def test_a_file_goes_in_once(town: LiveTown, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(GOOD, encoding=encoding)
    first = await _import(town, file)
    assert (first.returncode, first.stderr) == (0, QUESTIONS)
    assert first.stdout == "新记 3 行（1 户，得 10 分，支 3 分），以前已记 0 行。\n"
    assert await available(town, HP3) == 7
    file.write_text(GOOD + "hp-1,2025-05-01,1,开会\n", encoding=encoding)
    second = await _import(town, file)
    assert second.stdout == "新记 1 行（1 户，得 1 分，支 0 分），以前已记 3 行。\n"
    # What came over HTTP is the same row.
    assert [o["status"] for o in await bring_in(town, [row(5), row(5), row(5)])] == ["exists", "exists", "ok"]
    assert (await standing(town))[0]["in_balance"]


async def test_a_workbook_goes_in(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "台账.xlsx"
    file.write_bytes(workbook(("household", "date", "points", "what"), ("hp-3", date(2025, 3, 1), 5, "修路")))
    done = await _import(town, file)
    assert (done.returncode, done.stderr) == (0, QUESTIONS)
    assert await available(town, HP3) == 5


async def test_bad_rows_are_all_listed_and_nothing_is_written(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(
        GOOD + "hp-9,2025-03-01,1,没有这户\nhp-3,2025-13-01,1,日期\nhp-3,2025-03-02,0,零分\n"
        "hp-3,2099-01-01,1,以后\nhp-3,2025-05-01,-9,不够\n",
        encoding="utf-8",
    )
    for more in ((), ("--dry-run",)):
        done = await _import(town, file, *more)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.removeprefix(QUESTIONS).splitlines() == [
            "第 5 行：没有编号为 hp-9 的户。",
            "第 6 行 B 列：日期“2025-13-01”读不懂，请写成 2025-03-01 这样。",
            "第 7 行：积分是 0，没有可记的。",
            "第 8 行：日期 2099-01-01 还没有到（当天的要到中午 12 点以后才能导入）。",
            "第 9 行：hp-3 户的积分会低于零，还差 2 分。",
            "有 5 行要改，什么都没有写入。",
        ]
    assert await _imported(town) == 0


async def test_a_code_that_looks_like_a_known_one_is_suggested_and_not_taken(
    town: LiveTown, tmp_path: Path
) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(HEAD + "hp-03,2025-03-01,1,修路\nhp-O3,2025-03-01,1,修路\nhp-l,2025-03-01,1,修路\n")
    assert (await _import(town, file)).stderr.removeprefix(QUESTIONS).splitlines() == [
        "第 2 行：没有编号为 hp-03 的户，是不是 hp-3。",
        "第 3 行：没有编号为 hp-o3 的户，是不是 hp-3。",
        "第 4 行：没有编号为 hp-l 的户，是不是 hp-1。",
        "有 3 行要改，什么都没有写入。",
    ]
    assert await _imported(town) == 0


async def test_what_was_read_and_left_out_is_told(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "台账.xlsx"
    row: list[object] = ["hp-3", "2025-03-01", 5, "修路"]
    table: list[list[object]] = [["户编号", "日期", "积分", "事由"], row, ["合计", "", 5, ""]]
    file.write_bytes(table_workbook({"说明": [["请填第二张"]], "台账": table, "二月": table}))
    done = await _import(town, file)
    assert done.stdout.splitlines() == [
        "读的是工作表“台账”。",
        "“二月”也像要读的表，没有读。",
        "不算在内：第 3 行（合计）。",
        "新记 1 行（1 户，得 5 分，支 0 分），以前已记 0 行。",
    ]
    assert (await _import(town, file, "--sheet", "二月")).stdout.splitlines()[0] == "读的是工作表“二月”。"
    assert await available(town, HP3) == 5


async def test_a_dry_run_tells_what_would_be_and_writes_nothing(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(GOOD, encoding="utf-8")
    done = await _import(town, file, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "试算，没有写入：新记 3 行（1 户，得 10 分，支 3 分），以前已记 0 行。\n"
    assert await _imported(town) == 0


FIRST = HEAD + "hp-3,2025-03-01,5,打扫巷道\nhp-3,2025-03-02,8,修渠\n"
MENDED = FIRST.replace("修渠", "参加修渠")


async def test_a_mended_wording_is_told_and_counts_once_a_person_says_so(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(FIRST, encoding="utf-8")
    assert (await _import(town, file)).returncode == 0
    file.write_text(MENDED, encoding="utf-8")
    told = "第 3 行：以前导入的是 hp-3 户 2025-03-02 8 分“修渠”，这次是 hp-3 户 2025-03-02 8 分“参加修渠”。"
    for more in ((), ("--dry-run",)):
        done = await _import(town, file, *more)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.removeprefix(QUESTIONS).splitlines() == [
            told,
            "有 1 行和以前导入的不一样，什么都没有写入：要照这份表更正以前的，请加 --changes replace；"
            "两行都算的，请加 --changes add。",
        ]
    assert (await _imported(town), await available(town, HP3)) == (2, 13)
    done = await _import(town, file, "--changes", "replace")
    assert done.stdout.splitlines() == [
        told,
        "新记 1 行（1 户，得 8 分，支 0 分，其中 1 行更正以前的），以前已记 1 行。",
    ]
    again = await _import(town, file, "--changes", "replace")
    assert again.stdout == "新记 0 行（0 户，得 0 分，支 0 分），以前已记 2 行。\n"
    assert await available(town, HP3) == 13
    # And back again: what was replaced is new once more.
    file.write_text(FIRST, encoding="utf-8")
    assert (await _import(town, file, "--changes", "replace")).returncode == 0
    assert await available(town, HP3) == 13
    assert (await standing(town))[0]["in_balance"]


async def test_mended_points_a_mended_day_and_what_is_gone(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(FIRST + "hp-3,2025-03-03,4,植树\nhp-3,2025-03-09,-10,换肥皂\n", encoding="utf-8")
    assert (await _import(town, file)).returncode == 0
    file.write_text(
        HEAD + "hp-3,2025-03-01,3,打扫巷道\nhp-3,2025-03-04,8,修渠\nhp-3,2025-03-09,-9,换肥皂\n", encoding="utf-8"
    )
    done = await _import(town, file, "--changes", "replace")
    assert done.returncode == 0
    assert [line.partition("：")[0] for line in done.stdout.splitlines()[:3]] == ["第 2 行", "第 3 行", "第 4 行"]
    assert done.stdout.splitlines()[3:] == [
        "以前导入、这次没有的，仍然有效：hp-3 户 2025-03-03 4 分“植树”。",
        "新记 3 行（1 户，得 11 分，支 9 分，其中 3 行更正以前的），以前已记 0 行。",
    ]
    assert await available(town, HP3) == 3 + 8 + 4 - 9
    assert (await standing(town))[0]["in_balance"]


async def test_a_replacement_that_a_household_cannot_pay_leaves_all_as_it_was(
    town: LiveTown, tmp_path: Path
) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(FIRST + "hp-3,2025-04-09,-10,换肥皂\n", encoding="utf-8")
    assert (await _import(town, file)).returncode == 0
    # Only the wording: points that were spent meanwhile don't matter.
    file.write_text(MENDED + "hp-3,2025-04-09,-10,换肥皂\n", encoding="utf-8")
    assert (await _import(town, file, "--changes", "replace")).returncode == 0
    file.write_text(MENDED.replace(",8,", ",1,") + "hp-3,2025-04-09,-10,换肥皂\n", encoding="utf-8")
    done = await _import(town, file, "--changes", "replace")
    assert (done.returncode, "第 3 行：hp-3 户的积分会低于零，还差 4 分。" in done.stderr) == (2, True)
    assert await available(town, HP3) == 3
    file.write_text(MENDED + "hp-3,2025-04-09,-10,换肥皂\nhp-3,2025-04-09,1,扫雪\n", encoding="utf-8")
    added = await _import(town, file, "--changes", "add")
    assert (added.returncode, await available(town, HP3)) == (0, 4)


async def test_more_rows_than_go_in_at_once_are_one_whole(town: LiveTown, tmp_path: Path) -> None:
    file = tmp_path / "台账.csv"
    many = HEAD + "hp-3,2025-03-01,1,修路\n" * 1200
    file.write_text(many + "hp-3,2025-06-01,-1201,换大米\n", encoding="utf-8")
    done = await _import(town, file)
    assert done.returncode == 2
    assert done.stderr.removeprefix(QUESTIONS).splitlines()[0] == "第 1202 行：hp-3 户的积分会低于零，还差 1 分。"
    assert await _imported(town) == 0
    file.write_text(many, encoding="utf-8")
    assert (await _import(town, file)).returncode == 0
    assert await available(town, HP3) == 1200


async def test_one_person_alone_proposes_and_the_other_confirms_with_a_password(
    town: LiveTown, tmp_path: Path
) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(GOOD, encoding="utf-8")
    words = ("import", str(file), "--source", "x")
    nobody = await jimei_beside(*words, url=town.clone)
    assert "导入要两个人办" in one_sentence(nobody)
    wrong = await jimei_beside(*words, "--by", "office", url=town.clone, typed="guessed wrong\n")
    assert (wrong.returncode, "用户名或密码不对" in wrong.stderr) == (2, True)
    same = ("--by", "office", "--confirmed-by", "office")
    twice = await jimei_beside(*words, *same, url=town.clone, typed=f"{PASSWORD}\n" * 2)
    assert (twice.returncode, "这是您提议的，请由另一个人确认。" in twice.stderr) == (2, True)
    alone = await jimei_beside(*words, "--by", "office", url=town.clone, typed=f"{PASSWORD}\n")
    assert alone.returncode == 0
    assert "已提议，还没有入账：请另一个人在工作台“两人办理”里确认" in alone.stdout
    assert await _imported(town) == 0


async def test_a_day_mended_from_outside_the_file_and_the_same_file_of_another_source_count_once(
    town: LiveTown, tmp_path: Path
) -> None:
    file = tmp_path / "台账.csv"
    file.write_text(FIRST.replace("03-02", "12-02"), encoding="utf-8")
    assert (await _import(town, file)).returncode == 0
    file.write_text(FIRST, encoding="utf-8")
    told = "第 3 行：以前导入的是 hp-3 户 2025-12-02 8 分“修渠”，这次是 hp-3 户 2025-03-02 8 分“修渠”。"
    assert told in (await _import(town, file)).stderr
    assert (await _import(town, file, "--changes", "replace")).returncode == 0
    assert await available(town, HP3) == 13
    other = await _import(town, file, "--source", "纸质台账")
    assert (other.returncode, await available(town, HP3)) == (2, 13)
    assert "第 3 行：从“2025年纸质台账”已经导入过同样的一行：hp-3 户 2025-03-02 8 分“修渠”。" in other.stderr
    assert (await _import(town, file, "--source", "纸质台账", "--changes", "replace")).returncode == 0
    assert await available(town, HP3) == 13
    assert (await standing(town))[0]["in_balance"]
