"""What nobody's list of words can tell: whoever confirms a book ticks, for each of its delicate rules, each
forbidden subject as one that the rule doesn't concern."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules.book import Rule, Rulebook
from rules.parser.subjects import SUBJECTS
from rules.spelling import simplify

FORBIDDEN_SUBJECTS: Mapping[str, str] = {subject.id: subject.title for subject in SUBJECTS}
"""Their titles by their ids, in the order in which they are ticked."""

_NEGATION = re.compile(r"[不未没拒零〇无]|(?<!\d)0(?!\d)")


@dataclass(frozen=True, slots=True)
class DelicateItem:
    """A rule, or a campaign, that might touch a forbidden subject by its shape: it takes points, or says 不, 未,
    没, 拒, 零. `key` is the rule's id, for a campaign `campaign:ID`."""

    key: str
    title: str


def find_delicate(book: Rulebook, base: Rulebook | None = None) -> list[DelicateItem]:
    """The delicate items of a book; of a village's overlay on `base`, those that the village adds or puts in
    force."""
    rules = dict(book.rules) if base else {**book.rules, **book.offered_deductions}
    categories = {category.id: category.title for category in book.categories}
    own = (rule for rule in rules.values() if base is None or rule.id not in base.rules)
    items = [DelicateItem(rule.id, rule.title) for rule in own if _is_delicate(rule, categories)]
    campaigns = book.campaigns[len(base.campaigns) if base else 0 :]
    return items + [DelicateItem(f"campaign:{c.id}", c.title) for c in campaigns if _denies(c.title)]


def _is_delicate(rule: Rule, categories: Mapping[str, str]) -> bool:
    texts = (*_titles(rule), categories.get(rule.category, ""))
    return rule.deduction is not None or any(map(_denies, texts))


def _denies(text: str) -> bool:
    return _NEGATION.search(simplify(text)) is not None


def _titles(rule: Rule) -> Iterator[str]:
    yield from (rule.title, rule.points_note, rule.when_note)
    for input in rule.inputs:
        yield from (
            input.title,
            *(option.title for option in input.options),
            *(item.title for item in input.items),
        )
