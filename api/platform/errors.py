"""Refusals: typed once here, mapped once to RFC 9457 problem details.

A refusal is a stable code (`insufficient-points`), one sentence in Chinese that its reader can act on, and
the figures behind it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """The `type` of a problem detail, with the HTTP status it is answered with."""

    status: int

    def __new__(cls, value: str, status: int) -> ErrorCode:
        code = str.__new__(cls, value)
        code._value_ = value
        code.status = status
        return code

    # What was sent makes no sense.
    MALFORMED = "malformed", 400
    UNREADABLE = "unreadable", 400
    DATE_WRONG = "date-wrong", 400
    ROLE_UNKNOWN = "role-unknown", 400
    SCOPE_MISSING = "scope-missing", 400
    REASON_MISSING = "reason-missing", 400
    CONCERNS_MISSING = "concerns-missing", 400
    PIN_MALFORMED = "pin-malformed", 400
    PINS_DIFFER = "pins-differ", 400
    OWN_CARD = "own-card", 400
    CARD_MALFORMED = "card-malformed", 400
    BARCODE_WRONG = "barcode-wrong", 400
    UNPRINTABLE = "unprintable", 400
    COST_INCOMPLETE = "cost-incomplete", 400
    COST_UNEXPECTED = "cost-unexpected", 400
    DONOR_MISSING = "donor-missing", 400
    DONOR_UNEXPECTED = "donor-unexpected", 400
    COUNT_INCOMPLETE = "count-incomplete", 400
    COUNTED_TWICE = "counted-twice", 400
    SIGNATURE_WRONG = "signature-wrong", 400
    NO_KEY = "no-key", 400
    NOT_OURS = "not-ours", 400
    RULEBOOK_WRONG = "rulebook-wrong", 400
    RETROACTIVE = "retroactive", 400
    TOO_SOON = "too-soon", 400
    TOO_FAR = "too-far", 400
    NO_BOUNDARY = "no-boundary", 400
    NO_PIN = "no-pin", 400
    PIN_TAKEN = "pin-taken", 400
    PASSWORD_WEAK = "password-weak", 400
    KEY_WORDS_WRONG = "key-words-wrong", 400

    # Who asks: unknown, or not the one who may.
    NOT_SIGNED_IN = "not-signed-in", 401
    WRONG_PASSWORD = "wrong-password", 401
    CODE_NEEDED = "code-needed", 401
    WRONG_PIN = "wrong-pin", 401
    DEVICE_UNKNOWN = "device-unknown", 401
    SHIFT_CLOSED = "shift-closed", 401
    NOT_ALLOWED = "not-allowed", 403
    SAME_PERSON = "same-person", 403
    PIN_NEEDED = "pin-needed", 403
    WRONG_CARD_PIN = "wrong-card-pin", 403
    CARD_FROZEN = "card-frozen", 423
    CARD_SUSPENDED = "card-suspended", 423
    KIOSK_SUSPENDED = "kiosk-suspended", 423
    PERSON_SUSPENDED = "person-suspended", 423
    CARD_PIN_LOCKED = "card-pin-locked", 423
    PIN_LOCKED = "pin-locked", 423
    PASSWORD_LOCKED = "password-locked", 423
    TOO_MANY = "too-many", 429

    TIMED_OUT = "timed-out", 408

    # What it is about isn't there.
    UNKNOWN = "unknown", 404
    CODE_WRONG = "code-wrong", 404
    CARD_UNKNOWN = "card-unknown", 404
    NOT_SEALED = "not-sealed", 404
    CARD_REVOKED = "card-revoked", 410
    HOUSEHOLD_ENDED = "household-ended", 410
    IDENTIFICATION_OVER = "identification-over", 410

    # It isn't in the state for this.
    CONFLICT = "conflict", 409
    ALREADY_THERE = "already-there", 409
    WRONG_STATE = "wrong-state", 409
    STILL_ENROLLED = "still-enrolled", 409
    NOT_ENROLLED = "not-enrolled", 409
    ABANDONED = "abandoned", 409
    JOURNAL_GAP = "journal-gap", 409
    REWRITTEN = "rewritten", 409
    BEFORE_RESTORE = "before-restore", 409
    PRICE_CHANGED = "price-changed", 409
    OUT_OF_STOCK = "out-of-stock", 409
    IN_STOCK = "in-stock", 409
    NOT_ARRIVED = "not-arrived", 409
    PROMISE_OVER = "promise-over", 409
    PROMISES_FULL = "promises-full", 409
    RESERVED = "reserved", 409
    PIECES_LEFT = "pieces-left", 409
    TILLS_AWAITED = "tills-awaited", 409
    OLDER_BOOKS = "older-books", 409
    INSUFFICIENT_POINTS = "insufficient-points", 409
    WITNESSED_FULL = "witnessed-full", 409
    ACCOUNT_CLOSED = "account-closed", 409
    OVERFLOW = "overflow", 409
    NOT_OVER = "not-over", 409
    NOT_FOR_ALL = "not-for-all", 409
    TOO_LATE = "too-late", 409
    NOT_DUE = "not-due", 409
    TOO_LARGE = "too-large", 413

    # The server can't.
    SERVER_FAULT = "server-fault", 500
    BUSY = "busy", 503
    NO_TOWNSHIP = "no-township", 503
    DISK_FULL = "disk-full", 507

    # Told at a terminal, to the person who runs the server.
    UNWRITABLE = "unwritable", 500
    SEAL_KEY = "seal-key", 500
    KEY_WRONG = "key-wrong", 500
    BACKUP_DAMAGED = "backup-damaged", 500
    BACKUP_FAILED = "backup-failed", 500
    PORT_TAKEN = "port-taken", 500
    PRINTER_AWAY = "printer-away", 500
    IN_USE = "in-use", 500
    NOT_THE_DEMO = "not-the-demo", 500
    DEMO_ELSEWHERE = "demo-elsewhere", 500
    NOT_OUR_FOLDER = "not-our-folder", 500
    DATABASE_URL = "database-url", 500
    DATABASE_AWAY = "database-away", 500
    DATABASE_RIGHTS = "database-rights", 500
    DATABASE_LOGIN = "database-login", 500
    DATABASE_UNSUPPORTED = "database-unsupported", 500
    DATABASE_VERSION = "database-version", 500
    DATABASE_CHANGED = "database-changed", 500


class Refused(Exception):
    """`retry_after`: in how many seconds the same may be asked again."""

    def __init__(self, code: ErrorCode, detail: str, *, retry_after: int | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.extra = extra
