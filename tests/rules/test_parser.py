"""Every error of a book, with its message and its place."""

import contextlib
import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import Limit, Problem, RulebookError, books_path, load, load_builtin

BookText = Callable[..., str]
FIRST_RULE_LINE = 13
"""Line of [[rule]] in the small book of conftest."""


def problems(text: str) -> list[Problem]:
    with pytest.raises(RulebookError) as caught:
        load(text, "book.toml")
    return caught.value.problems


def only_problem(text: str) -> Problem:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def test_the_small_book_is_correct(book_text: BookText) -> None:
    book = load(book_text())
    assert (book.title, book.version, book.township) == ("试用积分办法", "1", "示范乡")
    assert book.adopted_by.date == date(2025, 12, 20)
    rule = book.get_rule("R1")
    assert (rule.points, rule.notice_days, rule.publish, rule.when, rule.limits) == (5, 3, True, None, ())


def test_a_problem_is_formatted_like_a_compilers() -> None:
    assert str(Problem("book.toml", 3, 7, "缺少 title。")) == "book.toml:3:7: 缺少 title。"


def test_the_error_lists_every_problem_in_the_order_of_the_text(book_text: BookText) -> None:
    found = problems(book_text('colour = "red"\nnotice_days = 99\n').replace('version = "1"', "version = 1"))
    assert [problem.line for problem in found] == [3, 20, 21]
    with pytest.raises(RulebookError, match=r"^book:3:1: .*\nbook:20:1: .*\nbook:21:1: "):
        load(book_text('colour = "red"\nnotice_days = 99\n').replace('version = "1"', "version = 1"), "book")


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ('[book]\ntitle = "办法\n', 2, 12, "引号没有成对，这一行到末尾还没有结束。"),
        ("[book]\ntitle 办法\n", 2, 7, "名字后面要有等号，写成 名字 = 值。"),
        ("[book]\ntitle ＝ 1\n", 2, 7, "这里用了中文的「＝」，要改成英文的 = 。"),
        ("[book]\ntitle = “办法”\n", 2, 9, '这里用了中文的「“」，要改成英文的 " 。'),
        ("[book]\r\ntitle = 办法\r\n", 2, 9, "文字要放在一对英文引号里"),
        ("[book]\n标题 = 1\n", 2, 1, "行首只能是英文的名字"),
        ('[book]\ntitle = "办法" "一"\n', 2, 14, "一行只写一项"),
        ("[book]\n[book]\n", 2, 6, "同一个段写了两次"),
        ("a = 1\0\n", 1, 6, "多了东西"),
        ('a = "\0"\n', 1, 6, "这里有一个不能用的字符"),
        ("a = 2026-02-30\n", 1, 5, "没有 2026-02-30 这一天"),
        ("a = " + "[" * 100_000, 1, 1, "括号嵌套太深"),
        ("a = " + "{a=" * 100_000, 1, 1, "括号嵌套太深"),
        ("a." * 100_000 + "a = 1", 1, 1, "点号连起来的名字太长"),
        ("\n" + '"\\"".a . ' * 50_000 + "a = 1", 2, 1, "点号连起来的名字太长"),
        ("a = " + "9" * 5_000, 1, 1, "读不出来的数"),
        ("#" * 1_000_001, 1, 1, "文件太长"),
        ("[book]\nversion = [1,\n", 2, 11, "方括号没有成对"),
        ('a = """x\n', 2, 1, "到文件末尾还没有写完"),
        ("a = [1, 2\nb = 1\n", 1, 5, "方括号没有成对，或两项之间少了逗号"),
        ('[book]\nversion = "1"\nversion = "2"\n', 3, 14, "同一个名字写了两次"),
    ],
)
def test_toml_syntax_errors(text: str, line: int, column: int, sentence: str) -> None:
    problem = only_problem(text)
    assert (problem.source, problem.line, problem.column) == ("book.toml", line, column)
    assert sentence in problem.message


CHOICE = """
[[rule.inputs]]
id = "tier"
title = "档次"
type = "choice"
options = [
  { id = "low", title = "低档", points = 2 },
  { id = "high", title = "高档", points = 4 },
]
"""
HOURS = 'inputs = [{ id = "hours", title = "几小时", type = "integer" }]\n'

# Lines added to the rule of the small book, the line of the problem counted from [[rule]], and its message.
WRONG_RULES = [
    ("colour = 1\n", 7, "不认识的字段「colour」"),
    ("notice_day = 3\n", 7, "不认识的字段「notice_day」，您是想写「notice_days」吧"),
    ("notice_days = 31\n", 7, "notice_days 应在 0 到 30 之间，现在是 31。"),
    ('notice_days = "3"\n', 7, "notice_days 应是整数，现在写的是文字。"),
    ("publish = 1\n", 7, "publish 应是是/否，现在写的是整数。"),
    ("source = 2026-01-01\n", 7, "source 应是文字，现在写的是日期。"),
    ('when = "true"\n', 0, "缺少 when_note。"),
    ('when = "true"\nwhen_note = "yes"\n', 8, "when_note 要用中文写"),
    ('when_note = "满"\nwhen = "input.hours > 1"\n', 8, "没有叫「input.hours」的量"),
    (
        HOURS + 'when_note = "满"\nwhen = "input.hors > 1"\n',
        9,
        "没有叫「input.hors」的量，您是想写「input.hours」吧",
    ),
    (HOURS + "when_note = '满'\nwhen = \"input.hours > '2'\"\n", 9, "数字不要放在引号里"),
    (HOURS + 'when_note = "满"\nwhen = "input.hours"\n', 9, "条件（when）的结果必须是“是/否”"),
    (HOURS + 'when_note = "满"\nwhen = """\ninput.hours > 1\n&& input.hors < 9"""\n', 11, "input.hors"),
    ("limits = [{ times = 1 }]\n", 7, "缺少 period。"),
    (
        'limits = [{ period = "month" }]\n',
        7,
        "上限要写明 times（几次）、points（几分）或",
    ),
    ('limits = [{ period = "monht", times = 1 }]\n', 7, "period 不能是「monht」，您是想写「month」吧"),
    ('limits = [{ period = "decade", times = 1 }]\n', 7, "period 不能是「decade」"),
    ('limits = [{ period = "day", times = 0 }]\n', 7, "times 应在 1 到 1000000000 之间，现在是 0。"),
    ('limits = [{ period = "day", per = "house", times = 1 }]\n', 7, "您是想写「household」吧"),
    ('limits = [{ period = "day", scope = "total", times = 1 }]\n', 7, "不认识的字段「scope」"),
    ('limits = { period = "day", times = 1 }\n', 7, "要写成 [[limits]]，或 limits = [{ … }]。"),
    ('limits = [{ period = "每逢初一", times = 1 }]\n', 7, "；可用的有 day（天）、"),
    (HOURS + 'when_note = "满"\nwhen = "hours > 1"\n', 9, "没有叫「hours」的量，您是想写「input.hours」吧"),
    (HOURS + 'when_note = "满"\nwhen = "input.hours = 1"\n', 9, "要写两个等号 =="),
    (HOURS + 'when_note = "满"\nwhen = "input.小时 > 1"\n', 9, "量的名字都用英文：「几小时」写成 input.hours"),
    (HOURS + 'when_note = "满"\nwhen = "input.hours > \'1\'"\n', 9, "现在是 整数 > 文字"),
    ("limits = [1]\n", 7, "每一条都应是一个表，写成 { … } 或 [[limits]]。"),
    ('limits = "month"\n', 7, "limits 应是列表，现在写的是文字。"),
    ('inputs = [{ id = "Hours", title = "时", type = "integer" }]\n', 7, "编号「Hours」不合规定"),
    ('inputs = [{ id = "in", title = "时", type = "integer" }]\n', 7, "「in」是表达式的保留字"),
    ('inputs = [{ id = "a", title = "时", type = "float" }]\n', 7, "type 不能是「float」"),
    ('inputs = [{ id = "a", title = "hours", type = "text" }]\n', 7, "title 要用中文写"),
    ('inputs = [{ id = "a", type = "text" }]\n', 7, "缺少 title。"),
    ('inputs = [{ id = "a", title = "时", type = "integer", required = false }]\n', 7, "可以不填"),
    ('inputs = [{ id = "a", title = "时", type = "integer", min = 3, max = 1 }]\n', 7, "min 不能大于 max"),
    ('inputs = [{ id = "a", title = "时", type = "text", max = 1 }]\n', 7, "不认识的字段「max」"),
    ('inputs = [{ id = "a", title = "时", type = "choice" }]\n', 7, "至少要有两个选项"),
    (
        'inputs = [\n  { id = "a", title = "时", type = "text" },\n'
        '  { id = "a", title = "分", type = "text" },\n]\n',
        9,
        "编号「a」重复了。",
    ),
    (CHOICE, 4, "分值只能写在一处"),
    (
        CHOICE.replace(", points = 2", "").replace(", points = 4", "").replace("high", "low"),
        14,
        "编号「low」重复了。",
    ),
    ('purpose = "减少上访"\n', 7, "目的里的「上访」不能写进积分办法：信访、投诉、举报是法定权利"),
    (
        'wording_reviewed = "2026-01-01 村民代表会议：只是帮人办事"\npurpose = "低保复核"\n',
        8,
        "目的里的「低保」不能写进积分办法",
    ),
]


@pytest.mark.parametrize(("more", "offset", "sentence"), WRONG_RULES, ids=[w[2] for w in WRONG_RULES])
def test_errors_in_a_rule(book_text: BookText, more: str, offset: int, sentence: str) -> None:
    problem = only_problem(book_text(more))
    assert sentence in problem.message
    assert problem.message.startswith("规则「R1」")
    assert problem.line == FIRST_RULE_LINE + offset


WRONG_POINTS = [
    (None, "缺少 points（几分）。"),
    ("-5", "扣分默认不启用：须经村民会议逐条表决"),
    ('"2 - 7"\npoints_note = "算"', "扣分默认不启用"),
    ("0", "0 分的规则没有意义"),
    ("10001", "一次 10001 分太多（最多 10000）"),
    ("5.0", "points 应是整数或文字或表，现在写的是小数。"),
    ("true", "points 应是整数或文字或表，现在写的是是/否。"),
    ('"household.people"', "缺少 points_note。"),
    ('"household.people * 2.5"\npoints_note = "每人两分半"', "小数请用 int(…)"),
    ('"household.people > 2"\npoints_note = "每人两分"', "分值（points）的结果必须是整数"),
    ('"household.peple"\npoints_note = "每人一分"', "您是想写「household.people」吧"),
]


@pytest.mark.parametrize(("points", "sentence"), WRONG_POINTS, ids=[w[1] for w in WRONG_POINTS])
def test_errors_in_points(book_text: BookText, points: str | None, sentence: str) -> None:
    problem = only_problem(book_text(points=points))
    assert sentence in problem.message
    assert problem.line == FIRST_RULE_LINE + (0 if points is None or sentence.startswith("缺少") else 4)


def test_a_compile_error_points_into_the_expression_and_shows_the_caret(book_text: BookText) -> None:
    problem = only_problem(book_text(HOURS + 'when_note = "满"\nwhen = "input.hours > 1 && input.hors < 9"\n'))
    line = book_text(HOURS + 'when_note = "满"\nwhen = "input.hours > 1 && input.hors < 9"\n').splitlines()[
        problem.line - 1
    ]
    assert line[problem.column - 1 :].startswith(".hors < 9")
    assert problem.message.splitlines()[1:] == [
        " | input.hours > 1 && input.hors < 9",
        " | ........................^",
    ]


def test_a_deduction_in_an_option_points_at_the_option(book_text: BookText) -> None:
    text = book_text(CHOICE.replace("points = 4", "points = -4"), points=None)
    found = problems(text)
    assert "扣分默认不启用" in found[-1].message
    assert text.splitlines()[found[-1].line - 1].startswith('  { id = "high"')


def test_options_carry_points_all_or_none(book_text: BookText) -> None:
    problem = problems(book_text(CHOICE.replace(", points = 4", ""), points=None))[0]
    assert "要么每个选项都写 points，要么都不写。" in problem.message


WRONG_HEADS = [
    ('title = "试用积分办法"', 'title = "trial"', 2, "title 要用中文写，村民才看得懂（现在是「trial」）。"),
    ('title = "试用积分办法"\n', "", 1, "缺少 title。"),
    ('version = "1"', 'version = "  "', 3, "version 不能是空的。"),
    ('version = "1"', 'vesion = "1"\nversion = "1"', 3, "不认识的字段「vesion」，您是想写「version」吧"),
    ("2026-01-01", "2026-01-01T08:00:00", 5, "effective_from 应是日期，现在写的是带时刻的日期。"),
    ("2026-01-01", '"2026-01-01"', 5, "effective_from 应是日期，现在写的是文字。"),
    ("2026-12-31", "2025-12-31", 6, "失效日期早于生效日期。"),
    ("2025-12-20", "2026-02-01", 5, "生效日期早于通过决定的日期"),
    (', meeting = "支委会"', "", 7, "缺少 meeting。"),
    ('id = "clean"', 'id = "Clean"', 10, "编号「Clean」不合规定"),
    ('id = "clean"\n', 'id = "clean"\nname = "清洁"\n', 11, "不认识的字段「name」"),
    (
        '[[category]]\nid = "clean"',
        '[[categories]]\nid = "clean"',
        9,
        "不认识的字段「categories」，您是想写「category」吧",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "sentence"), WRONG_HEADS, ids=[w[3] for w in WRONG_HEADS])
def test_errors_in_the_header(book_text: BookText, old: str, new: str, line: int, sentence: str) -> None:
    text = book_text()
    assert old in text
    assert (line, True) in [(each.line, sentence in each.message) for each in problems(text.replace(old, new, 1))]


def test_an_unknown_category_is_reported_with_the_nearest(book_text: BookText) -> None:
    problem = only_problem(book_text().replace('category = "clean"', 'category = "claen"'))
    assert "没有编号为「claen」的类别，您是想写「clean」吧" in problem.message
    assert problem.line == FIRST_RULE_LINE + 3


def test_the_title_of_a_category_in_place_of_its_id(book_text: BookText) -> None:
    problem = only_problem(book_text().replace('category = "clean"', 'category = "环境卫生"'))
    assert "没有编号为「环境卫生」的类别；这里要写它的编号「clean」。" in problem.message


def test_a_text_in_place_of_a_list_is_shown_as_a_list(book_text: BookText) -> None:
    problem = only_problem(book_text().replace('["照片"]', '"照片"'))
    assert 'evidence 可以有好几条，要写成 evidence = ["照片"]。' in problem.message


def test_a_missing_table_is_reported_once(book_text: BookText) -> None:
    text = book_text()
    without = text[: text.index("adopted_by")] + text[text.index("\n[[category]]") :]
    assert "缺少 adopted_by。" in only_problem(without).message


def test_duplicate_rules_are_refused_at_the_second(book_text: BookText) -> None:
    text = book_text()
    again = text[text.index("[[rule]]") :]
    problem = only_problem(text + again)
    assert "编号「R1」重复了。" in problem.message
    assert problem.line == FIRST_RULE_LINE + 7 + 1


def test_duplicate_categories_are_refused_at_the_second(book_text: BookText) -> None:
    category = '[[category]]\nid = "clean"\ntitle = "环境卫生"\n\n'
    problem = only_problem(book_text().replace(category, category * 2))
    assert ("编号「clean」重复了。" in problem.message, problem.line) == (True, 14)


@pytest.mark.parametrize("text", ["", "[book]\n", "rule = []\ncategory = []\nbook = {}\n"])
def test_an_empty_book_lists_what_is_missing(text: str) -> None:
    messages = "\n".join(problem.message for problem in problems(text))
    assert "至少要有一个类别" in messages
    assert "至少要有一条规则" in messages


@pytest.mark.parametrize(
    ("title", "word"),
    [
        ("缠访缠诉", "缠访"),
        ("拨打热线虚假投诉", "投诉"),
        ("网上传播不良信息", "不良信息"),
        ("停发粮食补贴", "补贴"),
        ("取消低保", "低保"),
        ("不参加新农合", "新农合"),
        ("参加邪教赌博", "赌博"),
        ("不配合整治", "不配合"),
    ],
)
def test_wording_of_counter_examples_requires_review(book_text: BookText, title: str, word: str) -> None:
    found = problems(book_text().replace('title = "清扫"', f'title = "{title}"'))
    assert any(f"「{word}」要先请人审阅" in problem.message for problem in found)
    assert {problem.line for problem in found} == {FIRST_RULE_LINE + 2}


def test_reviewed_wording_passes(book_text: BookText) -> None:
    helping = book_text('wording_reviewed = "2026-01-05 支委会：帮人办事，正当"\n').replace(
        "清扫", "帮邻居代办低保手续"
    )
    assert load(helping).get_rule("R1").wording_reviewed


def test_limits_come_from_rule_category_and_book_in_that_order(book_text: BookText) -> None:
    text = book_text('limits = [{ period = "month", times = 2 }]\n')
    text = text.replace('id = "clean"', 'id = "clean"\nlimits = [{ period = "quarter", points = 30 }]')
    text = text.replace(
        'version = "1"', 'version = "1"\nlimits = [{ period = "year", points = 90, per = "person" }]'
    )
    assert load(text).get_rule("R1").limits == (
        Limit("rule", "household", "month", times=2),
        Limit("category", "household", "quarter", points=30),
        Limit("total", "person", "year", points=90),
    )


@given(st.text(max_size=300))
def test_no_text_breaks_the_check(text: str) -> None:
    assert problems(text)


JUNK = (
    *("1", "-1", "1.5", "inf", "true", '""', '"x"', '"a b"', '"\\u0000"', '"1 +"', '"input.x.y"', '"dyn(1)"'),
    *("[]", "[1]", "[{}]", "[[]]", "{}", "{ id = 1 }", "2026-01-01", "2026-01-01T00:00:00", "10:00:00", "9" * 30),
)
TIERED = (
    (books_path() / "township.toml").read_text(encoding="utf-8").partition("# ---- 公共参与 ----")[0]
    + """
[[rule]]
id = "R2"
title = "捐款"
category = "giving"
points = "input.yuan / 100"
points_note = "每满 100 元 1 分"
when = "input.yuan >= 100"
when_note = "满 100 元"
inputs = [{ id = "yuan", title = "多少元", type = "integer", min = 1 }]
evidence = ["收据"]
reviewers = ["committee"]

[[rule]]
id = "R3"
title = "立功"
category = "education"
evidence = ["证书"]
reviewers = ["committee"]
"""
    + CHOICE
)
SCALAR = re.compile(r'(?<== )("[^"\n]*"|\d[\d-]*)')


@given(st.data())
def test_no_value_of_a_wrong_kind_breaks_the_check(data: st.DataObject) -> None:
    text = TIERED
    for _ in range(data.draw(st.integers(1, 3))):
        value = data.draw(st.sampled_from(list(SCALAR.finditer(text))))
        text = text[: value.start()] + data.draw(st.sampled_from(JUNK)) + text[value.end() :]
    with contextlib.suppress(RulebookError):
        load(text)


def test_no_truncated_book_breaks_the_check() -> None:
    lines = (books_path() / "township.toml").read_text(encoding="utf-8").splitlines(keepends=True)
    cuts = [
        count for count in range(30, len(lines)) if lines[count - 1].startswith(("title", "options", "points"))
    ]
    assert len(cuts) > 80
    for count in cuts:
        found = problems("".join(lines[:count]))
        assert all(1 <= problem.line <= count + 1 and problem.column >= 1 for problem in found)


def test_an_unknown_builtin_book_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        load_builtin("nowhere")
