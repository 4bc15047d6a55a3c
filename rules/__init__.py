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
    Reviewer,
    Rule,
    Rulebook,
    points_text,
)
from rules.builtin import books_path, builtin_names, load_builtin
from rules.claim import Claim
from rules.evaluation import LimitStep, Outcome, Refusal, Trace, award, evaluate
from rules.expression import Expression
from rules.inputs import typed_answers
from rules.limits import Count, Limit, Used, Window
from rules.parser.library import Checked, Library, check_files
from rules.parser.rulebook import Head, check, load, read_head
from rules.problems import Problem, RulebookError, UnknownRule, did_you_mean
from rules.simulation.summary import Simulation, compare
from rules.simulation.village import Recorded, VillagePart, VillageRun, as_if, reach
from rules.tally import Tally
from rules.text.descriptions import (
    RuleWords,
    campaign_words,
    choice_amounts,
    day_text,
    decision_text,
    limit_text,
    own_limits,
    rule_words,
)
from rules.text.differences import Difference, differences
from rules.text.explanation import explain
from rules.variables import Past

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
    "Difference",
    "Expression",
    "Head",
    "Input",
    "Library",
    "Limit",
    "LimitStep",
    "Option",
    "Outcome",
    "Past",
    "Problem",
    "Recorded",
    "Refusal",
    "Reviewer",
    "Rule",
    "RuleWords",
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
    "award",
    "books_path",
    "builtin_names",
    "campaign_words",
    "check",
    "check_files",
    "choice_amounts",
    "compare",
    "day_text",
    "decision_text",
    "did_you_mean",
    "differences",
    "evaluate",
    "explain",
    "limit_text",
    "load",
    "load_builtin",
    "own_limits",
    "points_text",
    "reach",
    "read_head",
    "rule_words",
    "typed_answers",
]
