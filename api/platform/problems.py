"""Refusals: typed once here, mapped once to RFC 9457 problem details.

A refusal is a stable word (`insufficient-points`), one sentence in Chinese that its reader can act on, and
the figures behind it.
"""

from __future__ import annotations

from typing import Any

# Words without a line here are plain bad requests.
STATUS = {
    "not-signed-in": 401,
    "wrong-password": 401,
    "wrong-pin": 401,
    "device-unknown": 401,
    "shift-closed": 401,
    "not-allowed": 403,
    "same-person": 403,
    "code-wrong": 404,
    "still-enrolled": 409,
    "not-enrolled": 409,
    "abandoned": 409,
    "journal-gap": 409,
    "card-unknown": 404,
    "unknown": 404,
    "card-revoked": 410,
    "conflict": 409,
    "rewritten": 409,
    "not-sealed": 404,
    "price-changed": 409,
    "already-there": 409,
    "out-of-stock": 409,
    "in-stock": 409,
    "not-arrived": 409,
    "promise-over": 409,
    "promises-full": 409,
    "reserved": 409,
    "pieces-left": 409,
    "insufficient-points": 409,
    "account-closed": 409,
    "wrong-state": 409,
    "not-over": 409,
    "not-for-all": 409,
    "too-late": 409,
    "too-large": 413,
    "not-due": 409,
    "pin-needed": 403,
    "wrong-card-pin": 403,
    "card-pin-locked": 423,
    "pin-locked": 423,
    "password-locked": 423,
    "busy": 503,
}


class Refused(Exception):
    def __init__(self, word: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.word = word
        self.detail = detail
        self.extra = extra

    @property
    def status(self) -> int:
        return STATUS.get(self.word, 400)
