"""The rulebook: read, checked, evaluated and explained. Pure: no database, no HTTP, no clock, no books.

A claim's life here: `load` a book once, `evaluate` a claim under it beside the `Tally` of what was awarded
before, keep the outcome's trace, `explain` it.
"""

from rules.book import (
    REVIEWER_TITLES,
    ByChoice,
    Campaign,
    Category,
    Decided,
    Decision,
    Deduction,
    Input,
    Option,
    Reviewer,
    Rule,
    Rulebook,
    points_text,
)
from rules.builtin import books_path, builtin_names, load_builtin
from rules.claim import Claim
from rules.differences import Difference, differences
from rules.evaluation import LimitStep, Outcome, Refusal, Trace, award, evaluate
from rules.explanation import explain
from rules.expression import Expression
from rules.facts import Past
from rules.limits import Count, Limit, Used, Window
from rules.parse import load
from rules.problems import Problem, RulebookError, UnknownRule
from rules.tally import Tally
from rules.words import (
    RuleWords,
    campaign_words,
    choice_amounts,
    day_text,
    decision_text,
    limit_text,
    own_limits,
    rule_words,
)

__all__ = [
    "REVIEWER_TITLES",
    "ByChoice",
    "Campaign",
    "Category",
    "Claim",
    "Count",
    "Decided",
    "Decision",
    "Deduction",
    "Difference",
    "Expression",
    "Input",
    "Limit",
    "LimitStep",
    "Option",
    "Outcome",
    "Past",
    "Problem",
    "Refusal",
    "Reviewer",
    "Rule",
    "RuleWords",
    "Rulebook",
    "RulebookError",
    "Tally",
    "Trace",
    "UnknownRule",
    "Used",
    "Window",
    "award",
    "books_path",
    "builtin_names",
    "campaign_words",
    "choice_amounts",
    "day_text",
    "decision_text",
    "differences",
    "evaluate",
    "explain",
    "limit_text",
    "load",
    "load_builtin",
    "own_limits",
    "points_text",
    "rule_words",
]
