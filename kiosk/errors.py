"""What can stand in an attendant's way; each has one sentence they can act on, in the language chosen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from api.wire import Problem
from kiosk.language import NP_, _, sentence_for

PROBLEM = "problem"
PROBLEMS = frozenset(
    {
        NP_("problem", "abandoned"),
        NP_("problem", "account-closed"),
        NP_("problem", "card-malformed"),
        NP_("problem", "card-pin-locked"),
        NP_("problem", "card-revoked"),
        NP_("problem", "card-unknown"),
        NP_("problem", "code-wrong"),
        NP_("problem", "count-incomplete"),
        NP_("problem", "conflict"),
        NP_("problem", "device-unknown"),
        NP_("problem", "in-stock"),
        NP_("problem", "insufficient-points"),
        NP_("problem", "malformed"),
        NP_("problem", "no-key"),
        NP_("problem", "not-allowed"),
        NP_("problem", "not-arrived"),
        NP_("problem", "not-signed-in"),
        NP_("problem", "out-of-stock"),
        NP_("problem", "own-card"),
        NP_("problem", "pin-locked"),
        NP_("problem", "pin-needed"),
        NP_("problem", "price-changed"),
        NP_("problem", "promise-over"),
        NP_("problem", "promises-full"),
        NP_("problem", "same-person"),
        NP_("problem", "shift-closed"),
        NP_("problem", "too-large"),
        NP_("problem", "unknown"),
        NP_("problem", "wrong-card-pin"),
        NP_("problem", "wrong-pin"),
        NP_("problem", "wrong-state"),
    }
)
"""The server's words that a till can meet: its own sentences are Chinese."""


class Obstacle(Exception):
    """Something was not done, and nothing changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Declined(Obstacle):
    """The till itself says no, before asking the server."""


class DiskFailed(Declined):
    """The kiosk's own disk took nothing."""

    def __init__(self) -> None:
        super().__init__(_("这台终端的硬盘写不进去，没有记下，请勿发放物品，并请联系乡镇办公室"))


class Refused(Obstacle):
    """The server said no: `problem.type` is the word for programs, `problem.detail` the sentence in Chinese.

    `goods` are names by product, for problems that tell the product alone."""

    def __init__(self, problem: Problem, goods: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(_told(problem, goods))
        self.problem = problem


class ServerAway(Obstacle):
    """No answer. `sent` tells whether the request may have reached the server all the same."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__(_("连不上服务器，请检查网线或无线网络，再试一次"))
        self.sent = sent


def _told(problem: Problem, goods: Mapping[str, str]) -> str:
    """In the language chosen, or as the server said it when it came without the figures wanted."""
    sentence = sentence_for(PROBLEM, problem.type)
    if sentence is None:
        return problem.detail
    product = str(problem.extra.get("product"))
    figures = {**problem.extra, "product": goods.get(product, product)}
    try:
        return sentence.format_map(figures)
    except KeyError:
        return problem.detail
