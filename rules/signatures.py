"""Who signs an award or a deduction, in which order: what is published, and what is enforced."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from rules.book import REVIEWER_TITLES, Rule

SigningBody: TypeAlias = Literal["reviewer", "grid", "council", "committee", "supervisors"]

BODY_TITLES: Mapping[SigningBody, str] = {
    # Where the rule doesn't say who looks at a claim first.
    "reviewer": "网格长或道德评议会",
    "grid": REVIEWER_TITLES["grid"],
    "council": REVIEWER_TITLES["council"],
    "committee": REVIEWER_TITLES["committee"],
    "supervisors": REVIEWER_TITLES["supervisors"],
}


def signing_bodies(rule: Rule) -> tuple[SigningBody, ...]:
    """The bodies that sign a claim under the rule, in their order; the last signature puts it on notice.

    They are those that the rule names. An award needs three people, so where it names one body, the village
    committee signs after it, or somebody reviews it before the committee; and after a grid leader somebody of the
    village has to sign.
    """
    named: tuple[SigningBody, ...] = tuple(
        dict.fromkeys(reviewer for reviewer in rule.reviewers if reviewer != "system")
    )
    match named:
        case () | ("committee",):
            return "reviewer", "committee"
        case (_,) | (*_, "grid"):
            return *named, "committee"
    return named


def describe_signatures(rule: Rule) -> str:
    """E.g. 由道德评议会审核、村委会审定."""
    *first, last = (BODY_TITLES[body] for body in signing_bodies(rule))
    final = "签认" if rule.deduction else "审定"
    checked = "系统核对，" if "system" in rule.reviewers else ""
    order = "先后" if len(first) > 1 else ""
    return f"{checked}{order}由{'、'.join(first)}审核、{last}{final}"
