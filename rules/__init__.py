"""Rulebooks: parsing, checking, evaluating claims, explaining. Pure: no database, no HTTP, no clock, no ledger.

`load` a book once, `evaluate` a claim under it with the `Tally` of earlier awards, store the evaluation's trace,
`explain` it. Before a book is adopted, `VillageSimulation` and `summarize` compute what it would have given for
the recorded claims.
"""

from rules.book import (
    Campaign,
    Category,
    Decision,
    Deduction,
    Input,
    Option,
    PointsByChoice,
    PointsByMeeting,
    Rule,
    Rulebook,
    format_points,
)
from rules.builtin import adapt_builtin, books_path, builtin_names, load_builtin
from rules.claim import Claim
from rules.concerns import FORBIDDEN_SUBJECTS, DelicateItem, find_delicate
from rules.evaluation import Evaluation, LimitStep, Refusal, Trace, evaluate, evaluate_points
from rules.expression import Expression
from rules.inputs import parse_answers
from rules.limits import Count, Limit, Usage, Window
from rules.parser.library import CheckedFile, Library, check_files
from rules.parser.rulebook import Header, check, load, read_header
from rules.problems import Problem, RulebookError, UnknownRule, did_you_mean
from rules.signatures import BODY_TITLES, SigningBody, signing_bodies
from rules.simulation.summary import Simulation, summarize
from rules.simulation.village import RecordedClaim, VillageResult, VillageSimulation, backdate, relevant_days
from rules.tally import Tally
from rules.text.descriptions import (
    RuleDescription,
    describe_campaign,
    describe_rule,
    format_day,
    format_decision,
    format_limit,
    option_points,
    own_limits,
)
from rules.text.differences import Difference, compare_books
from rules.text.explanation import explain
from rules.variables import AwardHistory

__all__ = [
    "BODY_TITLES",
    "FORBIDDEN_SUBJECTS",
    "AwardHistory",
    "Campaign",
    "Category",
    "CheckedFile",
    "Claim",
    "Count",
    "Decision",
    "Deduction",
    "DelicateItem",
    "Difference",
    "Evaluation",
    "Expression",
    "Header",
    "Input",
    "Library",
    "Limit",
    "LimitStep",
    "Option",
    "PointsByChoice",
    "PointsByMeeting",
    "Problem",
    "RecordedClaim",
    "Refusal",
    "Rule",
    "RuleDescription",
    "Rulebook",
    "RulebookError",
    "SigningBody",
    "Simulation",
    "Tally",
    "Trace",
    "UnknownRule",
    "Usage",
    "VillageResult",
    "VillageSimulation",
    "Window",
    "adapt_builtin",
    "backdate",
    "books_path",
    "builtin_names",
    "check",
    "check_files",
    "compare_books",
    "describe_campaign",
    "describe_rule",
    "did_you_mean",
    "evaluate",
    "evaluate_points",
    "explain",
    "find_delicate",
    "format_day",
    "format_decision",
    "format_limit",
    "format_points",
    "load",
    "load_builtin",
    "option_points",
    "own_limits",
    "parse_answers",
    "read_header",
    "relevant_days",
    "signing_bodies",
    "summarize",
]
