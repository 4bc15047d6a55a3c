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
    Rule,
    Rulebook,
)
from rules.builtin import books_path, load_builtin
from rules.claim import Claim
from rules.evaluation import LimitStep, Outcome, Refusal, Trace, evaluate
from rules.explanation import explain, limit_text
from rules.expression import Expression
from rules.facts import Past
from rules.inputs import typed_answers
from rules.library import Checked, Library, check_files
from rules.limits import Count, Limit, Used, Window
from rules.parse import check, load
from rules.problems import Problem, RulebookError, UnknownRule, did_you_mean
from rules.tally import Tally

__all__ = [
    "REVIEWER_TITLES",
    "ByChoice",
    "Campaign",
    "Category",
    "Checked",
    "Claim",
    "Count",
    "Decided",
    "Decision",
    "Deduction",
    "Expression",
    "Input",
    "Library",
    "Limit",
    "LimitStep",
    "Option",
    "Outcome",
    "Past",
    "Problem",
    "Refusal",
    "Rule",
    "Rulebook",
    "RulebookError",
    "Tally",
    "Trace",
    "UnknownRule",
    "Used",
    "Window",
    "books_path",
    "check",
    "check_files",
    "did_you_mean",
    "evaluate",
    "explain",
    "limit_text",
    "load",
    "load_builtin",
    "typed_answers",
]
