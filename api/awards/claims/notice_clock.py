"""The clock of a notice: it stands still while an objection is open, and goes on with what was left."""

from __future__ import annotations

from datetime import datetime, timedelta

from api.awards.claims.tables import Claim

RUNS = Claim.notice_stopped_at.is_(None)
"""The condition for claims whose notice isn't stopped: others never post."""

LEAST_LEFT = timedelta(days=1)


def stop_clock(claim: Claim, now: datetime) -> None:
    """Of a locked claim on notice; one that stands still already goes on standing."""
    if claim.notice_stopped_at is None:
        claim.notice_stopped_at = now


def resume_clock(claim: Claim, now: datetime) -> None:
    """The notice lasts for what was left when it stopped, at least a day, so that all can see how it ended."""
    assert claim.notice_until is not None, "it is on notice"
    assert claim.notice_stopped_at is not None, "and stopped"
    left = claim.notice_until - claim.notice_stopped_at
    claim.notice_until, claim.notice_stopped_at = now + max(left, LEAST_LEFT), None
