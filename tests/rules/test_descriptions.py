"""Descriptions of rules, campaigns and limits in Chinese."""

from collections.abc import Callable

import pytest

from rules import Rulebook, describe_campaign, describe_rule, format_limit, load
from rules.limits import Limit
from tests.rules.whole_book import BOOK, OVERLAY

BookText = Callable[..., str]
BASE = load(BOOK)


@pytest.mark.parametrize(
    ("rule", "paragraph"),
    [
        (
            "fixed",
            "记 5 分。只算从 2026 年 2 月 1 日起到 2026 年 11 月 30 日为止做的。"
            "一次最多记 9 分。这一项每户每月最多 1 次。"
            "要有三人评分单、照片。申报时填：评比日期。最好拍「院内照片」，没有也可以。"
            "「评分单」由至少 2 位评委打分，满分：院内 2 分、屋内 3 分。"
            "由道德评议会审核、村委会审定，公示 3 天，没有异议就入账。",
        ),
        (
            "choice",
            "看「哪一级表彰」：村级 3 分，市级 30 分。按人计算，要写明是家里哪位。"
            "这一项同一「因什么事迹」每人一共只取最高的一次。要有表彰文件。申报时填：因什么事迹。"
            "由网格长或道德评议会审核、村委会审定，公示 3 天，不写户名和事由，没有异议就入账。",
        ),
        (
            "counted",
            "每满 100 元 1 分。条件：满 100 元才记。这一项每户每年最多 40 分。"
            "要有收据。申报时填：捐多少元、自家出几成。"
            "由村委会审核、村务监督委员会审定，公示 3 天，没有异议就入账。",
        ),
        (
            "decided",
            "1–2 分，由村民代表会议逐件议定，会议记录一起交。要有会议记录。"
            "由网格长或道德评议会审核、村委会审定，公示 3 天，没有异议就入账。",
        ),
        (
            "taken",
            "扣 5 分。依据村规民约第八条，2025 年 12 月 10 日村民代表会议 2025 年第 9 次会议表决通过。"
            "先书面提醒，之后再犯才扣。"
            "一户一年所有扣分合起来最多 30 分。余额不会扣到 0 分以下，已经兑换的不追扣。"
            "这一项每户每月最多 2 次。要有照片。"
            "由道德评议会审核、村务监督委员会签认，公示 3 天，不写姓名，没有异议就扣。",
        ),
    ],
)
def test_every_kind_of_rule(rule: str, paragraph: str) -> None:
    assert describe_rule(BASE, BASE.get_rule(rule)).paragraph == paragraph


def test_details_do_not_repeat_the_amount() -> None:
    decided, choice = (describe_rule(BASE, BASE.get_rule(id)).details for id in ("decided", "choice"))
    assert decided.startswith("1–2 分，由村民代表会议逐件议定")
    assert choice.startswith("看「哪一级表彰」：村级 3 分")
    for id, begins in (("fixed", "只算从 2026 年 2 月 1 日起"), ("counted", "条件：满 100 元才记。")):
        assert describe_rule(BASE, BASE.get_rule(id)).details.startswith(begins)


def test_a_campaign_names_whole_categories_and_single_rules() -> None:
    [campaign] = BASE.campaigns
    days = "2026 年 3 月 1 日到 2026 年 4 月 30 日，按 1.5 倍记，零头舍去。管的事项："
    # Campaigns exclude deductions, so the category's only other rule is all of it.
    assert describe_campaign(BASE, campaign) == f"{days}「环境卫生」各项、「表彰奖励」各项。"
    fewer = load(BOOK.replace('categories = ["honours"]\nrules = ["fixed"]', 'rules = ["counted", "choice"]'))
    assert describe_campaign(fewer, fewer.campaigns[0]) == f"{days}「受到表彰」、「捐款」。"


def test_the_longer_notice_of_rule_and_village_counts() -> None:
    assert "公示 7 天" in describe_rule(BASE, BASE.get_rule("fixed"), notice_days=7).review
    assert "公示 3 天" in describe_rule(BASE, BASE.get_rule("fixed"), notice_days=1).review


def test_limits_that_count_the_same_awards_are_merged() -> None:
    tight = OVERLAY.replace('{ period = "year", times = 10 }', '{ period = "month", points = 5, times = 3 }')
    village = load(tight, base=BASE)
    assert describe_rule(village, village.get_rule("fixed")).limits == ("这一项每户每月最多 1 次、5 分",)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ("every_household = true\n", "全村各户都有，由村里统一申报。"),
        ("notice_days = 0\n", "由网格长审核、村委会审定，不用公示。"),
        ("from = 2026-03-01\n", "只算从 2026 年 3 月 1 日起做的。"),
        ('points_note = "每户一样"\n', "记 5 分；每户一样。"),
        ('inputs = [{ id = "p", title = "全家福", type = "photo" }]\n', "拍「全家福」。"),
        (
            'inputs = [{ id = "p", title = "说明", type = "text", required = false }]\n',
            "申报时填：说明（可不填）。",
        ),
    ],
)
def test_optional_sentences(book_text: BookText, more: str, text: str) -> None:
    book = load(book_text(more))
    assert text in describe_rule(book, book.get_rule("R1")).paragraph


def test_descriptions_of_the_township_book_are_short(township: Rulebook) -> None:
    """They are read standing at the notice board."""
    lengths = {rule.id: len(describe_rule(township, rule).paragraph) for rule in township.rules.values()}
    assert max(lengths.values()) < 150, lengths


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit(period="month", times=2), "这一项每户每月最多 2 次"),
        (Limit("category", "village", "year", points=9), "这一类全村每年最多 9 分"),
        (Limit(by=("deed",), by_note="事迹", highest=True), "这一项同一「事迹」每户每年只取最高的一次"),
        (
            Limit(by=("deed",), by_note="事迹", highest=True, times=2),
            "这一项同一「事迹」每户每年只取最高的一次，最多 2 次",
        ),
    ],
)
def test_format_limit(limit: Limit, text: str) -> None:
    assert format_limit(limit) == text
