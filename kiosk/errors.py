"""Errors that an attendant can act on, each with one sentence in the language chosen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from api.wire import Problem
from kiosk.holdings import explain_shortage
from kiosk.language import N_, NP_, _, find_sentence

PROBLEM = "problem"
PROBLEMS = frozenset(
    {
        NP_("problem", "abandoned"),
        NP_("problem", "account-closed"),
        NP_("problem", "card-frozen"),
        NP_("problem", "card-malformed"),
        NP_("problem", "card-pin-locked"),
        NP_("problem", "card-revoked"),
        NP_("problem", "card-suspended"),
        NP_("problem", "card-unknown"),
        NP_("problem", "code-wrong"),
        NP_("problem", "count-incomplete"),
        NP_("problem", "conflict"),
        NP_("problem", "device-unknown"),
        NP_("problem", "household-ended"),
        NP_("problem", "identification-over"),
        NP_("problem", "in-stock"),
        NP_("problem", "insufficient-points"),
        NP_("problem", "kiosk-suspended"),
        NP_("problem", "malformed"),
        NP_("problem", "no-key"),
        NP_("problem", "no-pin"),
        NP_("problem", "not-allowed"),
        NP_("problem", "not-arrived"),
        NP_("problem", "not-signed-in"),
        NP_("problem", "older-books"),
        NP_("problem", "out-of-stock"),
        NP_("problem", "overflow"),
        NP_("problem", "own-card"),
        NP_("problem", "pin-locked"),
        NP_("problem", "pin-needed"),
        NP_("problem", "price-changed"),
        NP_("problem", "promise-over"),
        NP_("problem", "promises-full"),
        NP_("problem", "same-person"),
        NP_("problem", "shift-closed"),
        NP_("problem", "tills-awaited"),
        NP_("problem", "too-large"),
        NP_("problem", "too-many"),
        NP_("problem", "unknown"),
        NP_("problem", "witnessed-full"),
        NP_("problem", "wrong-card-pin"),
        NP_("problem", "wrong-pin"),
        NP_("problem", "wrong-state"),
    }
)
"""The server's error codes that a kiosk can get. The catalogue has English for them; the server's details are
Chinese."""


INVALID_CARD = frozenset(
    {
        *("card-unknown", "card-revoked", "card-frozen", "card-suspended", "card-malformed"),
        *("household-ended", "account-closed"),
    }
)
"""Error codes of a card with which nothing can be had any more."""


class KioskError(Exception):
    """Something was not done, and nothing changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Declined(KioskError):
    """The kiosk itself refused, without asking the server."""


class DiskError(Declined):
    """The kiosk's disk can't be written."""

    def __init__(self) -> None:
        super().__init__(_("这台终端的硬盘写不进去，没有记下，请勿发放物品，并请联系乡镇办公室"))


class Refused(KioskError):
    """The server refused: `problem.type` is the error code, `problem.detail` the sentence in Chinese.

    `goods` are names by product, for problems that have the product's id alone."""

    def __init__(self, problem: Problem, goods: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(_translate(problem, goods))
        self.problem = problem


class Outage(Enum):
    """Why there was no answer to act on: none came at all, the server can't serve just now, or what came can't be
    right, from the server or whoever answered in its place.

    By what a sentence says of it: what is wrong, the same for the bar at the top, meanwhile, what to wait for."""

    NETWORK = (N_("网络断了"), N_("断网"), N_("断网时"), N_("网络恢复"))
    BUSY = (N_("服务器正忙"), N_("服务器忙"), N_("这时"), N_("服务器恢复"))
    FAULT = (N_("服务器出错了（请告诉乡镇办公室）"), N_("服务器出错"), N_("这时"), N_("服务器恢复"))

    def fill(self, sentence: str, **figures: object) -> str:
        """`sentence`, in the language chosen, with {outage}, {offline}, {meanwhile}, {recovery} and figures."""
        outage, offline, meanwhile, recovery = map(_, self.value)
        return sentence.format(outage=outage, offline=offline, meanwhile=meanwhile, recovery=recovery, **figures)

    @property
    def advice(self) -> str:
        """One sentence for whoever wanted an answer."""
        match self:
            case Outage.NETWORK:
                return _("连不上服务器，请检查网线或无线网络，再试一次")
            case Outage.BUSY:
                return _("服务器正忙，网络是通的：请稍等一会儿再试")
            case Outage.FAULT:
                return _("服务器出错了，网络是通的：请告诉乡镇办公室，过一会儿再试")


class ServerUnavailable(KioskError):
    """No answer to act on. `sent`: the request may have reached the server all the same. `problem`: what the
    server says of it, if it does."""

    def __init__(self, outage: Outage = Outage.NETWORK, *, sent: bool, problem: Problem | None = None) -> None:
        super().__init__(outage.advice)
        self.outage = outage
        self.sent = sent
        self.problem = problem


def _translate(problem: Problem, goods: Mapping[str, str]) -> str:
    """The sentence in the language chosen, or the server's where it lacks the figures needed."""
    shortage = explain_shortage(problem.extra) if problem.type == "insufficient-points" else None
    if shortage is not None:
        return shortage
    sentence = find_sentence(PROBLEM, problem.type)
    if sentence is None:
        return problem.detail
    product = str(problem.extra.get("product"))
    figures = {**problem.extra, "product": goods.get(product, product)}
    try:
        return sentence.format_map(figures)
    except KeyError:
        return problem.detail
