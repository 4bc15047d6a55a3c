"""Mistakes that clerks make in a text: each is told in Chinese, in its row, together with all the others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import Problem, check, load_builtin
from rules.parser.repairs import KEYS
from tests.rules.heads import HEAD

BOOK = (
    HEAD
    + """
[[rule]]
id = "R1"
title = "清扫"
category = "clean"
points = 5
limits = [{ period = "month", times = 2 }]
inputs = [{ id = "hours", title = "几小时", type = "integer", min = 1, max = 8 }]
when = "input.hours >= 2"
when_note = "满两小时"
evidence = ["照片", "签到表"]
reviewers = ["grid", "council"]
publish = true
"""
)

MISTAKES = [
    ("points = 5", 'points = "5"', "不要引号和单位，写成 points = 5"),
    ("points = 5", 'points = "5分"', "不要引号和单位，写成 points = 5"),
    ("points = 5", 'points = "５"', "不要引号和单位，写成 points = 5"),
    ("points = 5", "points = 5分", "数字后面不写单位，写成 points = 5"),
    ("points = 5", "points = ５", "这里用了中文的「５」，要改成英文的 5"),
    ("points = 5", "points ＝ 5", "这里用了中文的「＝」，要改成英文的 ="),
    ("points = 5", "points：5", "这里用了中文的「：」"),
    ("points = 5", "points: 5", "名字后面要有等号"),
    ("points = 5", "points == 5", "只写一个等号"),
    ("points = 5", "points 5", "名字后面要有等号"),
    ("points = 5", "分值 = 5", "「分值」要写成 points"),
    ("points = 5", "分值＝５", "这里用了中文的「＝」"),
    ("points = 5", "points = 0.5", "现在写的是小数。带小数的分值要写算式"),
    ("points = 5", "points = .5", "小数点前后都要有数字"),
    ("points = 5", "points = 5.0", "写成 points = 5"),
    ("points = 5", "points = 05", "数字前面不写 0，写成 points = 5"),
    ("points = 5", "points = 五", "写成 points = 5"),
    ("points = 5", "points = 二十五分", "写成 points = 25"),
    ("points = 5", 'points = "五分"', "不要引号和单位，写成 points = 5"),
    ("points = 5", 'points = "5 分/次"', "不要引号和单位，写成 points = 5"),
    ("points = 5", "points = 5分/次", "数字后面不写单位，写成 points = 5"),
    ("points = 5", "points = 5（每次）", "数字后面不写单位，写成 points = 5"),
    ("points = 5", "points = 5。", "行末不写标点，写成 points = 5"),
    ("points = 5", "points = 5;", "行末不写标点，写成 points = 5"),
    ("points = 5", "points = 5 // 五分", "说明要写在 # 后面"),
    ("points = 5", "points = 5-8", "只能写一个数"),
    ("points = 5", "points =", "等号后面还没有写值"),
    ("points = 5", "points = 1e400", "读不出来的数"),
    ("points = 5", "points = 99999999999999999999", "读不出来的数"),
    ("points = 5", "points = 5\npoints = 6", "同一个名字写了两次（第 16 行已经写过）"),
    ("[[category]]", '[book]\ntitle = "又一份"\n[[category]]', "同一个段写了两次"),
    ("[[category]]", "[[类别]]", "「类别」要写成 [[category]]"),
    ("[book]", "[书头]", "「书头」要写成 [book]"),
    ("= 2026-01-01", '= "2026年1月1日"', "写成 effective_from = 2026-01-01"),
    ("= 2026-01-01", "= 20260101", "写成 effective_from = 2026-01-01"),
    ("= 2026-01-01", "= 2026-01-01T00:00:00+08:00", "写成 effective_from = 2026-01-01"),
    ("= 2026-01-01", '= "二〇二六年一月一日"', "写成 effective_from = 2026-01-01"),
    ("= 2026-01-01", "= 2026/1/1", "日期要写成 2026-01-01"),
    ("= 2026-01-01", "= 2026年1月1日", "日期要写成 2026-01-01"),
    ("= 2026-01-01", "= 2026.1.1", "日期要写成 2026-01-01"),
    ("= 2026-01-01", "= 2026-1-1", "日期要写成 2026-01-01"),
    ("= 2026-01-01", '= "2026-01-01"', "不要加引号，写成 effective_from = 2026-01-01"),
    ("= 2026-01-01", "= 2026-02-30", "没有 2026-02-30 这一天"),
    ("= 2025-12-20 }", "= 2025年12月20日 }", "日期要写成 2025-12-20"),
    ('version = "1"', "version = 2026.1", '要加引号，写成 version = "2026.1"'),
    ('title = "清扫"', "title = 清扫", '写成 title = "清扫"'),
    ('title = "清扫"', "title = “清扫”", "这里用了中文的「“」"),
    ('title = "清扫"', 'title = "清扫', "引号没有成对"),
    ('title = "清扫"', 'title = 清扫"', "引号没有成对"),
    ('title = "清扫"', "title = ‘清扫’", "这里用了中文的「‘」"),
    ('title = "清扫"', '标题 = "清扫"', "「标题」要写成 title"),
    ('title = "清扫"', '题目 = "清扫"', "只能是英文的名字"),
    ("[[rule]]", "[rule]", "要写成 [[rule]]"),
    ("[[rule]]", "[[rule]", "方括号没有成对，写成 [[rule]]"),
    ("[[rule]]", "【【rule】】", "这里用了中文的「【」"),
    ("[book]", "[book", "方括号没有成对，写成 [book]"),
    ('["照片", "签到表"]', '["照片" "签到表"]', "两项之间少了逗号"),
    ('["照片", "签到表"]', '["照片"，"签到表"]', "这里用了中文的「，」"),
    ('["照片", "签到表"]', '["照片"、"签到表"]', "这里用了中文的「、」"),
    ('["照片", "签到表"]', '["照片", "签到表"', "方括号没有成对"),
    ('["照片", "签到表"]', '"照片"', '要写成 evidence = ["照片"]'),
    ("[{ period", "[{\n  period", "花括号 { } 里的要写在一行"),
    ('{ body = "村党支部", meeting', '{\n body = "村党支部",\n meeting', "花括号 { } 里的要写在一行"),
    ("times = 2 }", "times = 2, }", "最后一项后面不写逗号"),
    ("times = 2 }", 'times = "2" }', "不要加引号，写成 times = 2"),
    ("times = 2 }", "times = 2", "花括号没有成对"),
    ("times = 2 }", 'times = "两次" }', "写成 times = 2"),
    ("times = 2 }", "times = 两 }", "写成 limits"),
    ('title = "清扫"', "title = '清扫\"", "引号没有成对"),
    ('["grid", "council"]', '"grid，council"', '写成 reviewers = ["grid", "council"]'),
    ('["grid", "council"]', '["网格长", "council"]', "您是想写「grid」吧"),
    ('type = "integer"', 'type = "整数"', "您是想写「integer」吧"),
    ("input.hours >=", "小时 >=", "「几小时」写成 input.hours"),
    ("input.hours >=", "input.几小时 >=", "「几小时」写成 input.hours"),
    ("publish = true", "publish = True", "「True」要写成小写的 true"),
    ("publish = true", "publish = 是", "「是」要写成小写的 true"),
    ("publish = true", "publish = 否", "「否」要写成小写的 false"),
    ("publish = true", 'publish = "true"', "不要加引号，写成 publish = true"),
    ("publish = true", "publish = 1", "写成 publish = true"),
    ("publish = true", "publish　= true", "要改成英文的 半角空格"),
    (">= 2", ">= 2 and input.hours < 9", "「and」要写成 &&"),
    (">= 2", ">= 2 or true", "「or」要写成 ||"),
    (">= 2", "= 2", "要写两个等号"),
    (">= 2", "≥ 2", "「≥」要写成 >="),
    (">= 2", "＞ 2", "中文的「＞」"),
    (">= 2", ">= 2小时", "「2小时」不是一个数"),
    (">= 2", "> 2 == True", "「True」要写成小写的 true"),
    ("input.hours", "小时", "量的名字都用英文"),
    ("input.hours", "hours", "您是想写「input.hours」吧"),
    ("input.hours >=", "not input.hours >=", "「not」要写成 !"),
    ('"month"', '"每月"', "您是想写「month」吧"),
    ('category = "clean"', 'category = "环境卫生"', "这里要写它的编号「clean」"),
]


def problems_of(text: str) -> list[Problem]:
    return check(text, "book.toml")[1]


def test_the_book_is_right() -> None:
    assert problems_of(BOOK) == []
    assert problems_of("\ufeff" + BOOK.replace("\n", "\r\n")) == []


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES, ids=[wrong for _, wrong, _ in MISTAKES])
def test_a_mistake_is_told_in_its_row(right: str, wrong: str, sentence: str) -> None:
    assert right in BOOK
    text = BOOK.replace(right, wrong, 1)
    first, rows = BOOK[: BOOK.index(right)].count("\n") + 1, wrong.count("\n")
    told = [problem for problem in problems_of(text) if sentence in problem.message]
    assert [first <= problem.line <= first + rows for problem in told] == [True], problems_of(text)
    assert all(foreign_words(problem.message, text) == [] for problem in problems_of(text))


def test_all_mistakes_of_a_text_are_told_at_once() -> None:
    text = BOOK
    wanted = {}
    for right, wrong, sentence in (
        ("= 2026-01-01", "= 2026/1/1", "日期要写成"),
        ('title = "清扫"', "标题 = “清扫”", "中文的「“」"),
        ("points = 5", "分值 = 5分", "「分值」要写成 points"),
        (">= 2", ">= 2 and true", "「and」要写成"),
        ("publish = true", "publish = 是", "要写成小写的 true"),
    ):
        text = text.replace(right, wrong, 1)
        wanted[sentence] = BOOK[: BOOK.index(right)].count("\n") + 1
    found = problems_of(text)
    assert {
        sentence: line
        for sentence, line in wanted.items()
        if any(sentence in problem.message and problem.line == line for problem in found)
    } == wanted, found


_WORD = re.compile(r"[A-Za-z]{2,}")
_TERMS = {
    *KEYS.values(), *_WORD.findall(BOOK), "true", "false", "int", "round", "adopted", "by", "body", "date", "note",
    "decided", "min", "max", "highest", "day", "week", "quarter", "year", "lifetime", "household", "person", "UTF",
    "village", "system", "committee", "supervisors", "number", "choice", "text", "photo", "sheet", "households",
    "people", "deed", "on", "weekday", "total", "overlay", "offered", "wording", "reviewed", "double", "TOML",
    "size", "startsWith", "endsWith", "contains", "place",
}  # fmt: skip


def foreign_words(message: str, text: str) -> list[str]:
    """The words of a message that neither the text nor the format has."""
    letters = re.sub(r"\W", "", text)
    return [word for word in _WORD.findall(message) if word not in _TERMS and word not in letters]


@given(st.integers(0, len(BOOK) - 1), st.integers(0, 3), st.text(alphabet="\"'[]{}=,.#\\ \n：“０aA分", max_size=3))
def test_no_message_speaks_english(at: int, length: int, typed: str) -> None:
    text = BOOK[:at] + typed + BOOK[at + length :]
    for problem in problems_of(text):
        assert foreign_words(problem.message, text) == []
        assert 1 <= problem.line <= text.count("\n") + 2


@pytest.mark.parametrize("number", ["0x" + "f" * 5_000, "9" * 4_000, "inf", "nan"])
def test_numbers_that_no_book_has_are_refused(number: str) -> None:
    assert "读不出来的数" in problems_of(BOOK.replace("points = 5", f"points = {number}"))[0].message


def test_builtin_books_still_load() -> None:
    assert load_builtin("township").rules


def test_a_numeral_without_end_is_refused_at_once() -> None:
    assert problems_of(BOOK.replace("points = 5", f"points = 一{'万' * 50_000}"))
