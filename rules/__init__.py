"""The rulebook: read, checked, evaluated and explained. Pure: no database, no HTTP, no clock, no books.

A claim's life here: `load` a book once, `evaluate` a claim under it, keep the outcome's trace, `explain` it.
"""

from rules.book import (
    REVIEWER_TITLES,
    ByChoice,
    Category,
    Decision,
    HouseholdFacts,
    Input,
    Option,
    Rule,
    Rulebook,
)
from rules.builtin import books_path, load_builtin
from rules.evaluation import LimitStep, Outcome, Refusal, Trace, Usage, evaluate
from rules.explanation import explain, limit_text
from rules.expression import Expression
from rules.limits import Limit, Used, Window
from rules.parse import load
from rules.problems import Problem, RulebookError, UnknownRule

__all__ = [
    "REVIEWER_TITLES",
    "ByChoice",
    "Category",
    "Decision",
    "Expression",
    "HouseholdFacts",
    "Input",
    "Limit",
    "LimitStep",
    "Option",
    "Outcome",
    "Problem",
    "Refusal",
    "Rule",
    "Rulebook",
    "RulebookError",
    "Trace",
    "UnknownRule",
    "Usage",
    "Used",
    "Window",
    "books_path",
    "evaluate",
    "explain",
    "limit_text",
    "load",
    "load_builtin",
]
