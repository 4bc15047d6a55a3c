"""The rulebook: read, checked, evaluated and explained. Pure: no database, no HTTP, no clock, no books.

A claim's life here: `load` a book once, `evaluate` a claim under it beside the `Tally` of what was awarded
before, keep the outcome's trace, `explain` it. Before a book is adopted, `VillageRun` and `compare` tell what it
would have given for what is recorded.
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
from rules.comparison import Simulation, compare
from rules.evaluation import LimitStep, Outcome, Refusal, Trace, evaluate
from rules.explanation import explain, limit_text
from rules.expression import Expression
from rules.facts import Past
from rules.limits import Count, Limit, Used, Window
from rules.parse import load
from rules.problems import Problem, RulebookError, UnknownRule
from rules.simulation import Recorded, VillagePart, VillageRun, as_if, reach
from rules.tally import Tally

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
    "Expression",
    "Input",
    "Limit",
    "LimitStep",
    "Option",
    "Outcome",
    "Past",
    "Problem",
    "Recorded",
    "Refusal",
    "Rule",
    "Rulebook",
    "RulebookError",
    "Simulation",
    "Tally",
    "Trace",
    "UnknownRule",
    "Used",
    "VillagePart",
    "VillageRun",
    "Window",
    "as_if",
    "books_path",
    "compare",
    "evaluate",
    "explain",
    "limit_text",
    "load",
    "load_builtin",
    "reach",
]
