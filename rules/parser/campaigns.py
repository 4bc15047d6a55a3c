"""Reads campaigns: periods in which some rules give more points."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from rules.book import Campaign, Rule
from rules.parser.table import Table
from rules.problems import did_you_mean

CAMPAIGN_ID = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{0,31}")
_MAX_FACTOR = 10


def read_campaigns(
    root: Table, rules: Mapping[str, Rule], categories: Iterable[str], base_campaigns: tuple[Campaign, ...] = ()
) -> tuple[Campaign, ...]:
    """The campaigns of this text. Two that overlap on a rule are an error, those of the base included."""
    by_category = {
        category: [rule.id for rule in rules.values() if rule.category == category and rule.deduction is None]
        for category in categories
    }
    campaigns: list[Campaign] = []
    for table in root.get_tables("campaign", "活动"):
        campaign = _read_campaign(table, rules, by_category)
        for other in (*base_campaigns, *campaigns):
            _report_overlap(table, campaign, other)
        campaigns.append(campaign)
    return tuple(campaigns)


def _report_overlap(table: Table, campaign: Campaign, other: Campaign) -> None:
    if campaign.id and campaign.id == other.id:
        table.report("id", f"编号「{campaign.id}」重复了。")
    if campaign.first <= other.last and other.first <= campaign.last:
        for rule in sorted(campaign.rules & other.rules):
            table.report("from", f"和活动「{other.title}」的日期重叠，都管「{rule}」：到底乘几倍说不清。")


def _read_campaign(table: Table, rules: Mapping[str, Rule], by_category: Mapping[str, list[str]]) -> Campaign:
    chosen: set[str] = set()
    for key, known in (("rules", rules), ("categories", by_category)):
        for name in table.get_texts(key):
            if name not in known:
                table.report(key, f"没有「{name}」{did_you_mean(name, known)}。")
            elif key == "rules":
                chosen.add(name)
            else:
                chosen.update(by_category[name])
    if not {"rules", "categories"} & table.raw.keys():
        table.report("rules", "活动要写明管哪几项 rules 或哪几类 categories。")
    for name in sorted(chosen):
        if rules[name].deduction:
            table.report("rules", f"「{name}」是扣分，不能搞活动加倍。")
    campaign = Campaign(
        id=table.get_id(CAMPAIGN_ID, "字母开头，只用字母、数字、横线"),
        title=table.get_text("title", chinese=True),
        first=table.get_date_or_min("from"),
        last=table.get_date("until") or date.max,
        factor=read_factor(table),
        rules=frozenset(chosen),
    )
    if campaign.last < campaign.first:
        table.report("until", "until 早于 from，活动没有一天能用。")
    table.report_unknown_keys()
    return campaign


def read_factor(table: Table) -> Fraction:
    """`multiply`, exactly as it is written."""
    written = table.get_value("multiply", (int, float), required=True)
    if written is None:
        return Fraction(1)
    # From its text: 1.1 is eleven tenths, not the nearest binary fraction.
    factor = Fraction(str(written)) if abs(written) < _MAX_FACTOR + 1 else Fraction(0)
    if not 1 < factor <= _MAX_FACTOR:
        table.report("multiply", f"倍数要大于 1，最多 {_MAX_FACTOR}，现在是 {written}。")
        return Fraction(1)
    return factor
