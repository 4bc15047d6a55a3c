"""Problems of books whose single lines are right, and books without such problems."""

from collections.abc import Callable

import pytest

from rules import Problem, Rulebook, check, load

BookText = Callable[..., str]
RULE_LINE = 13


def problems_of(text: str, **more: Rulebook) -> list[Problem]:
    return check(text, "book.toml", **more)[1]


def only_problem(text: str, **more: Rulebook) -> Problem:
    found = problems_of(text, **more)
    assert len(found) == 1, found
    return found[0]


HOURS = 'inputs = [{ id = "hours", title = "几小时", type = "integer", min = 1, max = 5 }]\n'
KILOS = 'inputs = [{ id = "kg", title = "几公斤", type = "number", min = 0, max = 5 }]\n'
ENDLESS = 'inputs = [{ id = "yuan", title = "多少元", type = "integer", min = 1 }]\n'
TIER = """inputs = [{ id = "tier", title = "档次", type = "choice", options = [
  { id = "low", title = "低档" }, { id = "high", title = "高档" } ] }]
"""
PAYING = TIER.replace('低档"', '低档", points = 2').replace('高档"', '高档", points = 4')
EACH = '\npoints_note = "按次数"'


def when(condition: str) -> str:
    return f'when = "{condition}"\nwhen_note = "满足条件"\n'


@pytest.mark.parametrize(
    "more",
    [
        when("false"),
        when("1 > 2"),
        HOURS + when("input.hours >= 6"),
        HOURS + when("input.hours > 3 && input.hours < 4"),
        KILOS + when("input.kg >= 5.5"),
        KILOS + when("input.kg > 3.0 && input.kg < 3.0"),
        KILOS + when("input.kg < 0.0 && household.village == 'a && b'"),
        ENDLESS + when("input.yuan < 1"),
        TIER + when("input.tier == 'middle'"),
        TIER + when("input.tier == 'low' && input.tier == 'high'"),
        when("deed.month == 13"),
        when("deed.on > timestamp('2027-01-01T00:00:00Z')"),
        when("deed.month == 2 && deed.day == 30"),
    ],
)
def test_a_condition_that_is_never_true(book_text: BookText, more: str) -> None:
    problem = only_problem(book_text(more))
    assert (problem.kind, "条件 when 无论怎么填都不成立" in problem.message) == ("advice", True)
    line = book_text(more).splitlines()[problem.line - 1]
    assert line[problem.column - 1 :].startswith("when = ")


@pytest.mark.parametrize(
    "more",
    [
        HOURS + when("input.hours >= 5"),
        HOURS + when("input.hours in [4]"),
        KILOS + when("input.kg >= 5.0"),
        KILOS + when("input.kg > 2.01 && input.kg < 2.02"),
        KILOS + when("input.kg > 6.0 || household.people > 3"),
        KILOS + when("!(input.kg > 6.0 && input.kg > 7.0)"),
        KILOS + when("input.kg > 1.0 // && input.kg > 6.0"),
        TIER + when("input.tier == 'low' || input.tier == 'high'"),
        when("deed.month == 2 && deed.day == 28"),
        when("rule.R1.streak_months == 77"),
        when("household.people > 60"),
        when("household.village == '王庄村'"),
        when("total.points_year < 500"),
    ],
)
def test_a_condition_that_may_be_true_gives_no_advice(book_text: BookText, more: str) -> None:
    assert problems_of(book_text(more)) == []


@pytest.mark.parametrize(
    ("points", "more"),
    [
        ('"input.hours / 6"' + EACH, HOURS),
        ('"input.hours - 5"' + EACH, HOURS),
        ("\"input.tier == 'none' ? 3 : 0\"" + EACH, TIER),
    ],
)
def test_points_that_are_never_positive(book_text: BookText, points: str, more: str) -> None:
    problem = only_problem(book_text(more, points=points))
    assert (problem.kind, problem.line) == ("advice", RULE_LINE + 4)
    assert "算不出 1 分以上" in problem.message


def test_a_division_by_zero_is_reported_with_its_answers(book_text: BookText) -> None:
    problem = only_problem(book_text(HOURS, points='"20 / (input.hours - 3)"' + EACH))
    assert "「几小时」填 3 时要除以 0" in problem.message
    guarded = book_text(HOURS + when("input.hours > 3"), points='"20 / (input.hours - 3)"' + EACH)
    assert problems_of(guarded) == []


@pytest.mark.parametrize(
    ("more", "key"),
    [("until = 2025-12-31\n", "until"), ("from = 2027-01-01\n", "from"), ("until = 2025-03-01\n", "until")],
)
def test_a_rule_outside_the_days_of_its_book(book_text: BookText, more: str, key: str) -> None:
    problem = only_problem(book_text(more))
    assert (problem.kind, problem.line, "没有一天能用" in problem.message) == ("advice", RULE_LINE + 7, True)
    assert book_text(more).splitlines()[problem.line - 1].startswith(key)


def campaign(first: str, last: str, multiply: str = "2") -> str:
    return (
        f'\n[[campaign]]\nid = "spring"\ntitle = "春季行动"\nfrom = {first}\nuntil = {last}\n'
        f'multiply = {multiply}\nrules = ["R1"]\n'
    )


def test_a_campaign_outside_the_days_of_its_book(book_text: BookText) -> None:
    assert (
        "活动「春季行动」：它的日期不在" in only_problem(book_text(campaign("2027-01-01", "2027-02-01"))).message
    )
    assert problems_of(book_text(campaign("2026-12-31", "2027-02-01"))) == []


MOST = "most_points = 10\n"


def with_most_points(text: str) -> str:
    return text.replace('version = "1"\n', 'version = "1"\n' + MOST)


@pytest.mark.parametrize(
    ("points", "more", "message"),
    [
        ("11", "", "规则「R1」：一次记 11 分，超过本办法规定的 10 分"),
        (None, PAYING.replace("points = 4", "points = 40"), "一次记 40 分"),
        ('{ decided_by = "村民代表会议", min = 1, max = 12 }', "", "一次记 12 分"),
        ('"input.hours * 3"' + EACH, HOURS, "「几小时」填 5 时，一次记 15 分"),
        ("\"input.tier == 'high' ? 11 : 1\"" + EACH, TIER, "「档次」填 “高档” 时，一次记 11 分"),
        ('"int(input.kg * 2.5)"' + EACH, KILOS, "「几公斤」填 5 时，一次记 12 分"),
        ('"input.hours == 3 ? 11 : 1"' + EACH, HOURS, "「几小时」填 3 时，一次记 11 分"),
        ('"household.people * 10"' + EACH, "", "一次记 "),
        ('"1 + rule.R1.times_year"' + EACH, "", "「清扫」当年已记次数"),
        ('"input.yuan / 100"' + EACH, ENDLESS, "「多少元」没有写最大值（max），一次会超过本办法规定的 10 分"),
        ("6", campaign("2026-03-01", "2026-03-31"), "活动「春季行动」：「R1」一次记 12 分，超过"),
    ],
)
def test_an_award_larger_than_the_book_allows_is_an_error(
    book_text: BookText, points: str | None, more: str, message: str
) -> None:
    text = with_most_points(book_text(more, points=points))
    book, found = check(text, "book.toml")
    assert book is None
    assert [(problem.kind, message in problem.message) for problem in found] == [("error", True)], found
    # Loading ignores it: a book in force stays valid when the check becomes stricter.
    assert load(text).most_points == 10


@pytest.mark.parametrize(
    ("points", "more"),
    [
        ("10", ""),
        ("30", "most_points = 10\n"),
        ("30", 'limits = [{ period = "year", points = 9 }]\n'),
        ('"input.hours * 2"' + EACH, HOURS),
        ('"input.yuan / 100"' + EACH, ENDLESS + 'limits = [{ period = "month", points = 8 }]\n'),
        ('"input.yuan / 100"' + EACH, ENDLESS + when("input.yuan <= 1000")),
        ("5", campaign("2026-03-01", "2026-03-31")),
        ('"input.hours * 5"' + EACH, HOURS + when("input.hours <= 2")),
    ],
)
def test_an_award_within_what_the_book_allows(book_text: BookText, points: str, more: str) -> None:
    assert problems_of(with_most_points(book_text(more, points=points))) == []


def test_a_category_limit_also_bounds_an_award(book_text: BookText) -> None:
    text = with_most_points(book_text(points="30"))
    assert (
        problems_of(text.replace('id = "clean"\n', 'id = "clean"\nlimits = [{ period = "day", points = 10 }]\n'))
        == []
    )


def test_an_input_without_a_maximum_gives_advice(book_text: BookText) -> None:
    problem = only_problem(book_text(ENDLESS, points='"input.yuan / 100"' + EACH))
    assert problem.kind == "advice"
    assert "「多少元」没有写最大值（max），可能一次很多分" in problem.message
    assert problems_of(book_text(ENDLESS, points='"input.yuan > 100 ? 5 : 3"' + EACH)) == []
    assert problems_of(book_text(ENDLESS + "most_points = 20\n", points='"input.yuan / 100"' + EACH)) == []
    assert "没有写最大值" in only_problem(book_text(ENDLESS, points='"input.yuan * input.yuan"' + EACH)).message


@pytest.mark.parametrize(
    ("points", "more", "key"),
    [
        ('"10 / (input.hours - input.hours)"' + EACH, HOURS, "points"),
        ('"10 / (input.hours - input.hours)"' + EACH, HOURS + when("input.hours > 3"), "points"),
        ('"int(input.kg * 999999999999.0 * 999999999999.0 + 1) / 0"' + EACH, KILOS, "points"),
        ("5", HOURS + when("10 / (input.hours - input.hours) > 1"), "when"),
        ("5", when("deed.on + 4000000 > deed.on"), "when"),
        ('"1 / 0"' + EACH, "", "points"),
    ],
)
def test_an_expression_that_always_fails_is_an_error(
    book_text: BookText, points: str, more: str, key: str
) -> None:
    problem = only_problem(book_text(more, points=points))
    assert (problem.kind, f"{key} 怎么试都算不出来" in problem.message) == ("error", True)
    line = book_text(more, points=points).splitlines()[problem.line - 1]
    assert line[problem.column - 1 :].startswith(f"{key} = ")


@pytest.mark.parametrize(
    ("points", "more", "factor"),
    [
        ("1", "", "1.5"),
        ("3", "", "1.3"),
        ("5", "most_points = 5\n", "2"),
        ("5", 'limits = [{ period = "month", points = 5 }]\n', "3"),
        ('{ decided_by = "村民代表会议", min = 1, max = 4 }', "", "1.2"),
        ('"input.hours > 3 ? 2 : 1"' + EACH, HOURS, "1.4"),
    ],
)
def test_a_campaign_that_makes_no_award_larger_is_told(
    book_text: BookText, points: str, more: str, factor: str
) -> None:
    spring = campaign("2026-03-01", "2026-03-31")
    text = book_text(more + spring.replace("multiply = 2", f"multiply = {factor}"), points=points)
    problem = only_problem(text)
    assert (problem.kind, "乘了也没有用" in problem.message) == ("advice", True)
    assert text.splitlines()[problem.line - 1].startswith("multiply")
    assert problems_of(book_text("most_points = 20\n" + spring, points="5")) == []


SHEET = """inputs = [{ id = "round", title = "评比", type = "sheet", judges = 3, items = [
  { id = "yard", title = "院子", max = 6 }, { id = "room", title = "屋内", max = 6 } ] }]
"""


def test_a_sheet_is_tried_with_full_marks(book_text: BookText) -> None:
    problem = only_problem(with_most_points(book_text(SHEET, points='"input.round.points"' + EACH)))
    assert "「评比」填 全部满分 时，一次记 12 分" in problem.message


def test_two_rules_of_one_title(book_text: BookText) -> None:
    text = book_text()
    text += text[text.index("[[rule]]") :].replace("R1", "R2")
    problem = only_problem(text)
    assert (problem.kind, problem.line) == ("advice", RULE_LINE + 9)
    assert "规则「R2」：和「R1」同在一类，名称也一样" in problem.message


def test_a_category_without_rules(book_text: BookText) -> None:
    text = book_text().replace("[[rule]]", '[[category]]\nid = "law"\ntitle = "守法"\n\n[[rule]]')
    assert "类别「守法」：里面一条规则也没有。" in only_problem(text).message


OVERLAY = """\
[overlay]
base = "1"
village = "王庄村"
title = "王庄村补充办法"
version = "王庄 1"
effective_from = 2026-03-01
adopted_by = { body = "王庄村村民代表会议", meeting = "第 1 次会议", date = 2026-02-10 }

"""


def test_only_the_own_text_of_an_overlay_is_checked(book_text: BookText) -> None:
    limits = 'limits = [{ period = "month", times = 2 }]\nvillage_points = [1, 20]\n'
    base = load(with_most_points(book_text(limits + when("false"))))
    assert problems_of(OVERLAY + '[[change]]\nid = "R1"\npoints = 6\n', base=base)[0].message.startswith(
        "规则「R1」：条件"
    )
    base = load(with_most_points(book_text(limits)))
    assert problems_of(OVERLAY, base=base) == []
    assert "一次记 20 分" in only_problem(OVERLAY + '[[change]]\nid = "R1"\npoints = 20\n', base=base).message
    loose = only_problem(
        OVERLAY + '[[change]]\nid = "R1"\nlimits = [{ period = "year", times = 24 }]\n',
        base=base,
    )
    assert (loose.line, "「这一项每户每年最多 24 次」这条上限用不到" in loose.message) == (11, True)
    raised = campaign("2026-03-01", "2026-04-01", "3")
    assert "活动「春季行动」：「R1」一次记 15 分" in only_problem(OVERLAY + raised, base=base).message


@pytest.mark.parametrize("rules", [1, 238, 400])
def test_incomplete_trials_give_no_advice(book_text: BookText, rules: int) -> None:
    """With more rules, each is tried with fewer samples; the only true combination comes late."""
    inputs = (f'{{ id = "{name}", title = "第几", type = "integer", min = 1, max = 5 }}' for name in "abc")
    text = book_text(f"inputs = [{', '.join(inputs)}]\n" + when("input.a == 5 && input.b == 4 && input.c == 4"))
    one = text[text.index("[[rule]]") :]
    more = (one.replace("R1", f"R{n}").replace("清扫", f"第 {n} 次清扫") for n in range(2, rules + 1))
    assert problems_of(text + "".join(more)) == []


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ("input.place == '甲组' || input.place == 'b'", "「甲组」是选项的名称，算式里要写它的编号 'a'"),
        ("input.place in ['b', '丙']", "没有「丙」这个选项；选项的编号有 a、b"),
        ("!('A' != input.place) || true", "没有「A」这个选项"),
        ("input.place == 'a'", ""),
    ],
)
def test_a_choice_is_compared_with_the_ids_of_its_options(
    book_text: Callable[..., str], when: str, sentence: str
) -> None:
    options = 'options = [{ id = "a", title = "甲组" }, { id = "b", title = "乙组" }]'
    text = book_text(
        f'inputs = [{{ id = "place", title = "哪组", type = "choice", {options} }}]\n'
        f'when = "{when}"\nwhen_note = "看组"\n'
    )
    told = [problem for problem in check(text)[1] if "选项" in problem.message]
    assert [(sentence in problem.message, problem.kind) for problem in told] == [(True, "advice")] * bool(sentence)
