"""What became of a batch of claims, told on the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from litestar.response import Redirect

from api import wire
from api.registry.people.pages import DESK
from api.web.flash import see_other


def redirect_with_outcomes(done: str, outcomes: Sequence[wire.ClaimOutcome]) -> Redirect:
    """Back to the desk, with the number of successes and the reasons of refusals."""
    message, tone = tell_outcomes(done, outcomes)
    return see_other(DESK, message, tone)


def tell_outcomes(done: str, outcomes: Sequence[wire.ClaimOutcome]) -> tuple[str, Literal["done", "refused"]]:
    refused = [outcome for outcome in outcomes if outcome.status in ("refused", "declared-twice")]
    voted = [outcome for outcome in outcomes if outcome.status == "voted"]
    message = f"{done} {len(outcomes) - len(refused) - len(voted)} 件。"
    if any(outcome.status == "held" for outcome in outcomes):
        message += "一分钟内可以撤回。"
    if voted:
        message += f"{len(voted)} 件已表决：" + "".join(dict.fromkeys(outcome.reason for outcome in voted))
    if refused:
        message += f"{len(refused)} 件没有办成：" + "".join(dict.fromkeys(outcome.reason for outcome in refused))
    return message, "refused" if refused else "done"
