"""Staff and their sign-in."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta

from api.wire.base import AwareDatetime, Code, Incoming, Key, Password, PersonName, Reason, Wire
from api.wire.text import TextRule

ChosenPassword = Annotated[str, Meta(min_length=8, max_length=200), TextRule(200, checked=False)]

Login = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}(?!\n)$")]


Typed = Annotated[str, Meta(max_length=40), TextRule(40, form="NFKC")]


class SignIn(Incoming, frozen=True):
    """`code`: of whoever signs in with a second step: what their authenticator shows now, or a recovery code."""

    login: Annotated[str, Meta(min_length=1, max_length=40), TextRule(40, form="NFKC")]
    password: Password
    code: Typed = ""


class PasswordChange(Incoming, frozen=True):
    """`POST /v1/password`: one's own."""

    old: Password
    new: ChosenPassword


class SignInResult(Wire, frozen=True):
    """`token` goes into `Authorization: Bearer …`; it is returned once and stored only as a hash."""

    token: str
    name: str
    roles: list[str]


class NewPerson(Incoming, frozen=True):
    """A member of staff. `roles`: grid-member, grid-leader, grid-guide, chief-grid-leader, council, committee,
    party-branch, supervisor, office. Each person serves either a `village` or the whole `township`, and one of the
    two is said. Without a password the person can't sign in."""

    login: Login
    name: PersonName
    roles: Annotated[list[Key], Meta(min_length=1)]
    village: Code | None = None
    township: bool = False
    grid: Code | None = None
    household: Code | None = None
    password: ChosenPassword | None = None


class PersonDuties(Incoming, frozen=True):
    """`PUT /v1/people/{login}`: all that somebody does from now on, as in `NewPerson`; of somebody whose service
    had ended, that it begins again."""

    name: PersonName
    roles: Annotated[list[Key], Meta(min_length=1, max_length=20)]
    reason: Reason
    village: Code | None = None
    township: bool = False
    grid: Code | None = None
    household: Code | None = None


class ServiceEnd(Incoming, frozen=True):
    """`POST /v1/people/{login}/end`: from this day on, which has come, they serve no more."""

    on: date
    reason: Reason


class WhyOfPerson(Incoming, frozen=True):
    """Why somebody's sessions or second step are ended by another."""

    reason: Reason


class PersonInfo(Wire, frozen=True):
    """A member of staff as the office sees them. `village`: null for the whole township. `can_sign_in`: they have
    set a password. `ended_at`: null while they serve."""

    login: str
    name: str
    roles: list[str]
    village: str | None
    grid: str | None
    household: str | None
    can_sign_in: bool
    ended_at: AwareDatetime | None


class Invitation(Wire, frozen=True):
    """`POST /v1/people/{login}/invitation`: the code by which this person sets their password, once, and where:
    the server's address and `path`. It is returned once and stored only as a hash."""

    login: str
    name: str
    code: str
    path: str
    until: AwareDatetime


class NewPassword(Incoming, frozen=True):
    """`POST /v1/join`: an invitation's code, and the password that its person has chosen."""

    code: Annotated[str, Meta(min_length=1, max_length=40), TextRule(40, form="NFKC")]
    password: ChosenPassword


class PinReset(Incoming, frozen=True):
    """`POST /v1/households/{code}/card/pin-reset`: a household that forgot its card's PIN asked for it in
    person."""

    reason: Reason
