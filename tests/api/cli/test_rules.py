"""`jimei rules` as its user meets it: its words and exit codes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api.bookkeeping.general_ledger.workbook import workbook
from tests.command_line import jimei

BOOK = """\
[book]
title = "王庄村积分办法"
version = "2026.1"
township = "示范乡"
effective_from = 2026-01-01
adopted_by = { body = "村民代表会议", meeting = "第 3 次会议", date = 2025-12-20 }

[[category]]
id = "clean"
title = "环境卫生"

[[rule]]
id = "H01"
title = "参加清扫"
category = "clean"
points = 5
limits = [{ period = "month", times = 2 }]
evidence = ["照片"]
reviewers = ["grid"]

[[rule]]
id = "H02"
title = "捐旧物"
category = "clean"
points = "input.kg * (household.people > 3 ? 2 : 1)"
points_note = "每公斤一分，人多的两分"
when = "village.households >= 2"
when_note = "村里至少两户"
inputs = [
  { id = "kg", title = "多少公斤", type = "integer", min = 1, max = 10 },
  { id = "kind", title = "哪种", type = "choice", options = [
    { id = "paper", title = "纸" }, { id = "cloth", title = "布" } ] },
  { id = "since", title = "从哪天", type = "date" },
]
evidence = ["照片"]
reviewers = ["grid"]
"""
EVENTS = """\
household,rule,deed_on,people,village,kg,input.kind,since
h1,H01,2026-03-09,,王庄村,,,
h1,H01,2026/3/1,,王庄村,,,
h1,H01,2026-03-02,,王庄村,,,
h2,H02,2026年3月3日,4,王庄村,3,布,2026/1/5
h2,H02,2026-03-03,,王庄村,3,paper,2026-01-05
h3,H02,2026-03-03,,独户村,3,paper,2026-01-05
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Writes a file into the folder that commands run in, and gives its name."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        return name

    return write


File = Callable[[str, str], str]


def test_nothing_wrong(file: File) -> None:
    done = jimei("rules", "check", file("book.toml", BOOK))
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "1 份积分办法，没有发现问题。 No problems found.\n",
        "",
    )


def test_each_problem_is_a_line_with_its_place(file: File) -> None:
    wrong = BOOK.replace('title = "参加清扫"', 'titel = "参加清扫"').replace("times = 2", "times = 2, points = 10")
    done = jimei(
        "rules", "check", file("a.toml", wrong), file("b.toml", BOOK.replace("times = 2", "points = 5, times = 2"))
    )
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "a.toml:12:3: 规则「H01」：缺少 title。",
        "a.toml:14:1: 规则「H01」：不认识的字段「titel」，您是想写「title」吧。",
        "b.toml:17:11: 提示：规则「H01」：「这一项每户每月最多 2 次」这条上限用不到："
        "别的规定已经使它最多到 1 次。请删去，或改小。",
    ]
    assert done.stderr == "有 2 处错误、1 处提示。\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_caret_stands_under_its_place_also_behind_wide_letters(file: File, line_end: str) -> None:
    text = BOOK.replace(
        'when = "village.households >= 2"', "when = \"household.village == '王庄村' && input.kgs > 2\""
    )
    done = jimei("rules", "check", file("book.toml", text.replace("\n", line_end)))
    first, expression, caret = done.stdout.splitlines()
    line = text.splitlines()[26]
    assert first.startswith(f"book.toml:27:{line.index('.kgs') + 1}: 规则「H02」：when 没有叫「input.kgs」的量")
    assert expression == "    | household.village == '王庄村' && input.kgs > 2"
    # Three letters of double width under three dots of double width.
    assert caret == "    | " + "." * 22 + "．．．" + "." * 10 + "^"
    assert expression[len(caret) - 1] == "."


def test_problems_as_json(file: File) -> None:
    text = BOOK.replace("village.households >= 2", "village.household >= 2")
    done = jimei("rules", "check", "--format", "json", file("book.toml", text))
    [problem] = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 2
    assert {**problem, "message": ""} == {
        "file": "book.toml",
        "line": 27,
        "column": 16,
        "kind": "error",
        "message": "",
    }
    assert problem["message"].splitlines()[1] == " | village.household >= 2"
    clean = jimei("rules", "check", "--format", "json", file("book.toml", BOOK))
    assert (clean.returncode, clean.stdout) == (0, "")


def test_checking_needs_neither_server_nor_database() -> None:
    heavy = "{'litestar', 'sqlalchemy', 'asyncpg', 'textual', 'python_calamine'}"
    program = f"import sys, api.cli; print(sorted({heavy} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
    program = (
        f"import sys, api.awards.rulebooks.scoring; "
        f"print(sorted(({heavy} - {{'python_calamine'}}) & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_deeds_are_scored_in_the_order_of_their_days(file: File) -> None:
    done = jimei("rules", "score", file("book.toml", BOOK), file("events.csv", EVENTS))
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line for line in done.stdout.splitlines() if not line.startswith("    ")]
    assert rows == [
        "第 2 行　h1　H01「参加清扫」　0 分",
        "第 3 行　h1　H01「参加清扫」　5 分",
        "第 4 行　h1　H01「参加清扫」　5 分",
        "第 5 行　h2　H02「捐旧物」　6 分",
        "第 6 行　h2　H02「捐旧物」　3 分",
        "第 7 行　h3　H02「捐旧物」　0 分",
        "合计　h1　3 行，记分 2 次，共 10 分",
        "合计　h2　2 行，记分 2 次，共 9 分",
        "合计　h3　1 行，记分 0 次，共 0 分",
    ]
    assert "    这一项每户每月最多 2 次：已记 2 次，还剩 0 次。" in done.stdout.splitlines()
    assert "    不符合条件：村里至少两户。" in done.stdout.splitlines()


def test_deeds_from_excel_and_in_gbk_come_to_the_same(file: File, tmp_path: Path) -> None:
    book = file("book.toml", BOOK)
    expected = jimei("rules", "score", book, file("events.csv", EVENTS)).stdout
    (tmp_path / "gbk.csv").write_bytes(EVENTS.encode("gbk"))
    assert jimei("rules", "score", book, "gbk.csv").stdout == expected
    (tmp_path / "events.xlsx").write_bytes(workbook(*csv.reader(EVENTS.splitlines())))
    assert jimei("rules", "score", book, "events.xlsx").stdout == expected
    chinese = EVENTS.replace("household,rule,deed_on,people,village", "户编号,规则,日期,人口,村")
    assert jimei("rules", "score", book, file("chinese.csv", chinese)).stdout == expected


def test_scores_for_programs(file: File) -> None:
    book, events = file("book.toml", BOOK), file("events.csv", EVENTS)
    rows = [
        json.loads(line) for line in jimei("rules", "score", book, events, "--format", "json").stdout.splitlines()
    ]
    assert [(row["row"], row["points"], row["accepted"]) for row in rows] == [
        (2, 0, False),
        (3, 5, True),
        (4, 5, True),
        (5, 6, True),
        (6, 3, True),
        (7, 0, False),
    ]
    assert (rows[0]["household"], rows[0]["rule"], rows[0]["deed_on"]) == ("h1", "H01", "2026-03-09")
    assert rows[3]["deed_on"] == "2026-03-03"
    assert rows[3]["trace"]["inputs"] == {"kg": 3, "kind": "cloth"}
    assert rows[3]["trace"]["dates"] == {"since": "2026-01-05"}
    assert rows[3]["explanation"][-1] == "这次记 6 分。"
    table = list(csv.DictReader(io.StringIO(jimei("rules", "score", book, events, "--format", "csv").stdout)))
    assert [int(row["points"]) for row in table] == [row["points"] for row in rows]
    assert ["".join(row["explanation"]) for row in rows] == [row["explanation"] for row in table]


WRONG = """\
household,rule,deed_on,kg,person,people
h1,H01,2026-03-09,,,
,H01,2026-03-09,,,
h1,,2026-03-09,,,
h1,H03,2026-03-09,,,
h1,H01,2026-02-30,,,
h1,H01,,,,
h1,H01,2026-03-09,3,,
h1,H01,2026-03-09,,,三
h1,H02,2026-03-09,99,,
h1,H01,2026-03-10
"""


def test_bad_rows_are_answered_and_the_rest_goes_on(file: File) -> None:
    done = jimei("rules", "score", file("book.toml", BOOK), file("events.csv", WRONG), "--format", "json")
    assert (done.returncode, done.stderr) == (2, "有 8 行要改。\n")
    rows = {row["row"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert [row for row in rows if rows[row]["accepted"]] == [2, 11]
    told = {row: "".join(rows[row]["explanation"]) for row in rows}
    assert told[3] == "没有户编号。"
    assert told[4] == "没有规则。"
    assert told[5].startswith("积分办法里没有「H03」这一项，您是想写「H0")
    assert told[6].startswith("日期“2026-02-30”读不懂")
    assert told[7] == "没有日期。"
    assert "这一项不需要填「kg」" in told[8]
    assert told[9] == "人口“三”不是整数。"
    assert "「多少公斤」不能大于 10" in told[10]
    assert rows[3]["trace"] is None


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("household,rule,deed_on,kgs", "表头「kgs」不是这份办法要用的列，您是想写「kg」吧"),
        ("household,rule,deed_on,kg,input.kg", "「input.kg」有两列"),
        ("household,rule", "没有 日期（deed_on） 这几列"),
        ("", "是空的"),
    ],
)
def test_tables_that_are_refused_whole(file: File, head: str, said: str) -> None:
    deeds = f"{head}\nv01-01-001,R1,2026-06-14,5,5\n" if head else "\n"
    done = jimei("rules", "score", file("book.toml", BOOK), file("events.csv", deeds))
    assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True), done.stderr


def test_formulas_in_a_table_stay_text_in_the_csv(file: File) -> None:
    events = "household,rule,deed_on\n=1+1,H01,2026-03-09\n"
    done = jimei("rules", "score", file("book.toml", BOOK), file("events.csv", events), "--format", "csv")
    assert "\n2,'=1+1,H01," in done.stdout


OVERLAY = """\
[overlay]
base = "2026.1"
village = "王庄村"
title = "王庄村补充办法"
version = "王庄 1"
effective_from = 2026-02-01
adopted_by = { body = "村民代表会议", meeting = "第 1 次会议", date = 2026-01-10 }

[[change]]
id = "H01"
limits = [{ period = "month", times = 1 }]
"""


def test_an_overlay_is_scored_on_its_base(file: File, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file("elsewhere/base.toml", BOOK)
    overlay, events = file("overlay.toml", OVERLAY), file("events.csv", EVENTS)
    lost = jimei("rules", "score", overlay, events)
    assert (lost.returncode, "没有找到它补充的「2026.1」版办法" in lost.stderr) == (2, True)
    done = jimei("rules", "score", overlay, events, "--base", "elsewhere/base.toml")
    assert "合计　h1　3 行，记分 1 次，共 5 分" in done.stdout
    broken = jimei("rules", "score", overlay, events, "--base", "missing.toml")
    assert (broken.returncode, broken.stderr) == (2, "missing.toml:1:1: 没有这个文件，请核对文件名和文件夹。\n")


def test_a_book_with_mistakes_scores_nothing_and_one_with_advice_does(file: File) -> None:
    events = file("events.csv", EVENTS)
    wrong = jimei("rules", "score", file("wrong.toml", BOOK.replace("points = 5", "points = 0")), events)
    assert (wrong.returncode, wrong.stdout, wrong.stderr.startswith("wrong.toml:16:1: ")) == (2, "", True)
    advised = jimei("rules", "score", file("b.toml", BOOK.replace("times = 2", "times = 2, points = 10")), events)
    assert (advised.returncode, advised.stderr) == (0, "")
