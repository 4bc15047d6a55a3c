"""How a township begins, and what new things in it begin with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from api.wire.base import Incoming, Name, PersonName
from api.wire.expiry import ExpiryKind, ExpiryMonths
from api.wire.people import ChosenPassword, Login
from api.wire.proposals import ApprovalPolicy
from api.wire.rulebooks import BuiltinName, Decision

NoticeDays = Annotated[int, Meta(ge=0, le=30)]
LeaseMost = Annotated[int, Meta(ge=0, le=10_000)]
LeaseDays = Annotated[int, Meta(ge=1, le=60)]


class TownshipDefaults(Incoming, frozen=True):
    """`PUT /v1/township-defaults`: what new things begin with. `notice_days`: of a new village. `pin_above`: above
    how many points a card's PIN is asked, where the household doesn't choose otherwise. `lease_most` and
    `lease_days`: of a new kiosk, as in its lease policy. `answer_days`: within how many working days an objection
    is answered; `contest_days`: for how many days after its notice a posted entry can be objected to.
    `witnessed_most`: points that a household without its card gets on a day on the word of a witness.
    `council_quorum`: how many members of the moral council vote on a claim.
    `photo_days`: for how many days the photos of a claim are kept.
    `revisit_percent`: how many of the posted awards are drawn each month to be visited again."""

    notice_days: NoticeDays
    pin_above: Annotated[int, Meta(ge=1, le=10_000)]
    lease_most: LeaseMost
    lease_days: LeaseDays
    answer_days: Annotated[int, Meta(ge=1, le=60)] = 5
    contest_days: Annotated[int, Meta(ge=0, le=366)] = 30
    witnessed_most: Annotated[int, Meta(ge=0, le=10_000)] = 50
    council_quorum: Annotated[int, Meta(ge=1, le=15)] = 1
    photo_days: Annotated[int, Meta(ge=30, le=1830)] = 180
    revisit_percent: Annotated[int, Meta(ge=5, le=100)] = 5


class TownshipDefaultsView(TownshipDefaults, frozen=True):
    """`since` is null for those that the software begins with; `confirmed_by` is empty for those that the township
    was founded with."""

    since: datetime | None = None
    proposed_by: str = ""
    confirmed_by: str = ""


class FirstPerson(Incoming, frozen=True):
    login: Login
    name: PersonName
    password: ChosenPassword


class SecondPerson(Incoming, frozen=True):
    """Without a password they are invited to set one."""

    login: Login
    name: PersonName
    password: ChosenPassword | None = None


class FirstExpiry(Incoming, frozen=True):
    """As in `NewExpiryPolicy`."""

    kind: ExpiryKind = "none"
    months: ExpiryMonths | None = None


class FirstRulebook(Incoming, frozen=True):
    """A book that comes with the software, by its name, and the decision that adopts it."""

    name: BuiltinName
    decision: Decision
    effective_from: date


class Founding(Incoming, frozen=True):
    """All that a township begins with. Without a rulebook it is proposed later, at the desk."""

    township: Name
    first: FirstPerson
    second: SecondPerson
    defaults: TownshipDefaults
    bounds: ApprovalPolicy
    expiry: FirstExpiry
    rulebook: FirstRulebook | None = None
