"""Looks at all texts of a rulebook for subjects that no rule may touch, and at who has reviewed the wording."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from rules.book import Rulebook
from rules.parser.forbidden import find_forbidden, find_waivers
from rules.parser.locator import KeyPath
from rules.parser.table import Findings
from rules.parser.texts import walk_texts

_REVIEWED = "wording_reviewed"
_ASK_REVIEW = '如属正当的加分项，请加一行 wording_reviewed = "2026-01-05 支委会：理由"。'
_DATE = re.compile(r"(\d{4})(?:-|年)(\d{1,2})(?:-|月)(\d{1,2})日?")
_HAN = re.compile(r"[\u3400-\u9fff]")
_PARTS = re.compile(r"[：:，,；;。\s]+")
_MIN_REASON = 4
"""Chinese characters of the reason why wording is innocent."""


def check_wording(document: Mapping[str, Any], book: Rulebook | None, findings: Findings) -> None:
    """Report forbidden subjects, points for giving up a right, and reviews that say nothing. Wording that hints at
    a subject is an error, except in a rule that gives points, once somebody has reviewed it.

    `book` is what was read from the document, None if that was impossible.
    """
    rules = _tables(document, "rule")
    for path, text in walk_texts(document):
        match path:
            case (*_, str(key)) if key == _REVIEWED:
                continue
            case ("rule", int(place), *_) if place < len(rules):
                _check(findings, path, f"规则「{rules[place].get('id', place + 1)}」", text, [rules[place]])
            case ("category", int(place), *_):
                category = _tables(document, "category")[place].get("id")
                of_category = [rule for rule in rules if rule.get("category") == category]
                _check(findings, path, f"类别「{category}」", text, of_category)
            case ("adopt", int(place), *_):
                id = _tables(document, "adopt")[place].get("id")
                _check(findings, path, f"启用的扣分「{id}」", text, [{"deduction": {}}])
            case ("campaign", int(place), "title"):
                _check_anywhere(findings, path, "活动的名称不能带", text)
            case _:
                _check_anywhere(findings, path, "积分办法里不能有", text)
    for place, rule in enumerate(rules):
        _check_review(findings, place, rule)
    _check_adopted(document, book, findings)


def _check(findings: Findings, path: KeyPath, name: str, text: str, rules: Sequence[Mapping[str, Any]]) -> None:
    """Check a text that belongs to these rules."""
    if "purpose" in path:
        for word, why in find_forbidden(text, deducting=True):
            findings.add(path, f"{name}：目的里的「{word}」不能写进积分办法：{why}。")
        return
    waived = dict(find_waivers(text))
    for word, why in waived.items():
        findings.add(path, f"{name}：不能因「{word}」加分或扣分：{why}，也不能奖励放弃权利。")
    deducting = any("deduction" in rule for rule in rules)
    for word, why in find_forbidden(text, deducting=deducting):
        if why in waived.values():
            continue
        if deducting:
            findings.add(path, f"{name}：不能因「{word}」扣分：{why}。请删去这一项。")
        elif not all(rule.get(_REVIEWED) for rule in rules) or not rules:
            findings.add(path, f"{name}：「{word}」要先请人审阅：{why}。{_ASK_REVIEW}")


def _check_anywhere(findings: Findings, path: KeyPath, sentence: str, text: str) -> None:
    """Check a text that belongs to no rule, so that nobody can review it."""
    for word, why in {**dict(find_forbidden(text)), **dict(find_waivers(text))}.items():
        findings.add(path, f"{sentence}「{word}」：{why}。请换一个说法。")


def _check_adopted(document: Mapping[str, Any], book: Rulebook | None, findings: Findings) -> None:
    """Check the texts of the deductions that an overlay takes over from its base."""
    for place, table in enumerate(_tables(document, "adopt")):
        rule = book.rules.get(str(table.get("id"))) if book else None
        if rule is not None:
            for _, text in walk_texts(replace(rule, deduction=None, wording_reviewed="")):
                _check(
                    findings, ("adopt", place, "id"), f"启用的扣分「{rule.id}」", text, [table | {"deduction": {}}]
                )


def _check_review(findings: Findings, place: int, rule: Mapping[str, Any]) -> None:
    """Report a review that doesn't say who looked at the wording, when, and why it is innocent."""
    review = rule.get(_REVIEWED)
    if not isinstance(review, str):
        return
    day = _DATE.search(review)
    said = _PARTS.split(_DATE.sub(" ", review).strip("：:，,；;。 \t\n"))
    who, reason = said[0], "".join(said[1:])
    if not (
        day and _is_day(day) and len(_HAN.findall(who)) >= 2 and len(set(_HAN.findall(reason))) >= _MIN_REASON
    ):
        findings.add(
            ("rule", place, _REVIEWED),
            f"规则「{rule.get('id', place + 1)}」：wording_reviewed 要写明哪天、谁审的、为什么正当"
            "（公示给村民看），例如 2026-01-05 支委会：只是帮人办事，不影响本人权利。",
        )


def _is_day(found: re.Match[str]) -> bool:
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True


def _tables(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The tables of a list, as far as it is one."""
    tables = document.get(key)
    return [table if isinstance(table, dict) else {} for table in tables] if isinstance(tables, list) else []
