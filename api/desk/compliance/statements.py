"""What this program doesn't do: each statement with what the code in force says of it, and the tests that hold it.

National rules of December 2023, June 2024 and January 2026 on apps, check-ins, ranking by points and paperwork are
why. This is no legal advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.desk.compliance.kept_data import list_kept_data
from rules import FORBIDDEN_SUBJECTS
from rules.book import DeductionBounds

_COMPLIANCE = "tests/api/desk/compliance/test_statements.py"
_FORBIDDEN = "tests/rules/test_forbidden.py"
_DEDUCTIONS = "tests/api/awards/claims/test_deductions.py"
_PATTERNS = "tests/api/awards/patterns/test_patterns.py"
_DISCLOSURE = "tests/api/awards/claims/test_disclosure.py"


@dataclass(frozen=True, slots=True)
class Statement:
    """`details`: taken from the code in force. `tests`: the ids of those that hold it."""

    sentence: str
    tests: Sequence[str]
    details: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    statements: Sequence[Statement]


def list_sections() -> list[Section]:
    bounds = DeductionBounds()
    return [
        Section(
            "手机和网络",
            [
                Statement(
                    "不用下载 App，没有小程序，也不往手机上推送：一户一张纸卡，办事的人用网页，超市用一台终端。",
                    [f"{_COMPLIANCE}::test_no_page_can_be_installed_or_notifies"],
                ),
                Statement(
                    "网页和终端不连别的网站，不装统计，不留给别人看的痕迹。",
                    ["tests/api/web/test_own_host.py::test_every_page_is_of_our_own"],
                ),
                Statement(
                    f"{FORBIDDEN_SUBJECTS['screen_time']}都不能写进积分规则。",
                    [f"{_FORBIDDEN}::test_a_counter_example_is_refused_with_its_reason"],
                ),
            ],
        ),
        Section(
            "不排名，不考核",
            [
                Statement(
                    "不按积分给人、给户排名次：没有一页、一张表是按积分从多到少排的。",
                    [f"{_COMPLIANCE}::test_nobody_is_put_in_an_order_by_points"],
                ),
                Statement(
                    "不数网格员报了多少条，不按条数考核。",
                    [f"{_COMPLIANCE}::test_nobody_is_counted_by_entries"],
                ),
                Statement(
                    "只有监委看得到一处例外，各看各村：一个人总替一户申报、几秒钟就通过、一个机构里差不多都由一个人签，"
                    "越过写明的界限才列出名字和件数，不排先后；这是监督用的线索，别人都看不到。",
                    [
                        f"{_PATTERNS}::test_supervisors_alone_see_patterns",
                        f"{_COMPLIANCE}::test_what_counts_by_worker_leads_to_supervisors_alone",
                        "tests/api/awards/patterns/test_figures.py::test_only_members_above_the_threshold_are_named",
                    ],
                ),
                Statement(
                    "规则没有要的凭据一样不要：小事不用照片，网格员不为留痕跑腿。",
                    [f"{_COMPLIANCE}::test_a_rule_is_declared_with_nothing_but_what_it_asks_for"],
                ),
                Statement(
                    "没有黑名单：扣分不公示户名，荣誉只列好人好事。",
                    [
                        f"{_DISCLOSURE}::test_whoever_has_no_duty_is_told_nothing_of_it",
                        f"{_FORBIDDEN}::test_a_counter_example_is_refused_with_its_reason",
                    ],
                ),
            ],
        ),
        Section(
            "合法的行为和应得的待遇",
            [
                Statement(
                    "下面这些事不记分，写进规则程序不收；替人帮忙、只是字面相像的加分，要有人审阅并署名：",
                    [
                        f"{_FORBIDDEN}::test_a_counter_example_is_refused_with_its_reason",
                        f"{_FORBIDDEN}::test_nothing_is_deducted_for_what_the_law_leaves_to_people",
                    ],
                    list(FORBIDDEN_SUBJECTS.values()),
                ),
                Statement(
                    "也不能拿积分换人放弃权利：「零上访」一类的写法，谁审阅过都不收。",
                    [f"{_FORBIDDEN}::test_points_for_giving_up_a_right_are_refused_even_if_reviewed"],
                ),
                Statement(
                    "词表总有想不到的说法，所以凡是扣分和带「不、未、没」的规则，由确认的人逐项勾选「与此无关」，勾的和人名一起公布。",
                    [
                        "tests/api/awards/rulebooks/test_concerns.py"
                        "::test_nothing_is_confirmed_before_every_subject_is_ticked_for_every_delicate_rule"
                    ],
                ),
                Statement(
                    f"扣分要村民会议通过才有；一次最多 {bounds.at_once} 分，一户一年最多 {bounds.a_year} 分，"
                    "余额不因扣分低于 0，换走的不追。",
                    [
                        f"{_DEDUCTIONS}::test_at_most_fifty_points_a_year",
                        f"{_DEDUCTIONS}::test_the_balance_never_goes_below_zero",
                    ],
                ),
            ],
        ),
        Section(
            "记下哪些人的事",
            [
                Statement(
                    "孩子只计人数，不写名字。",
                    ["tests/api/registry/register/test_uploads.py::test_children_are_counted_and_never_named"],
                ),
                *(
                    Statement(
                        f"登记簿里关于{subject}，记下的只有：",
                        [f"{_COMPLIANCE}::test_every_column_about_people_is_told"],
                        titles,
                    )
                    for subject, titles in list_kept_data().items()
                ),
                Statement(
                    "登记簿里没有身份证号、电话、生日、住址、位置、相貌。",
                    [f"{_COMPLIANCE}::test_no_column_is_for_what_is_not_needed"],
                ),
            ],
        ),
    ]
