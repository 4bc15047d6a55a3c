"""The township's register: villages, grids, households and their cards, supermarkets."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.wire.base import Code, Name, Pin, Wire


class NewVillage(Wire, frozen=True):
    code: Code
    name: Name
    notice_days: Annotated[int, Meta(ge=0, le=30)] = 3


class NewGrid(Wire, frozen=True):
    code: Code
    village: Code
    name: Name


class NewHousehold(Wire, frozen=True):
    """`code` is the village's number for the household, unique in the township."""

    code: Code
    village: Code
    grid: Code
    head: Name
    people: Annotated[int, Meta(ge=1, le=30)] = 1


class HouseholdView(Wire, frozen=True):
    id: UUID
    code: str
    head: str
    village: str


class NewCards(Wire, frozen=True):
    """Issue a card for each of these households; a card it already has is revoked at once."""

    households: Annotated[list[Code], Meta(min_length=1, max_length=5000)]


class NewCard(Wire, frozen=True):
    """`token` is returned once and stored only as a hash."""

    household: str
    head: str
    village: str
    token: str


class NewSupermarket(Wire, frozen=True):
    code: Code
    village: Code
    name: Name


class NewAttendant(Wire, frozen=True):
    supermarket: Code
    name: Name
    pin: Pin


class CreatedCount(Wire, frozen=True):
    """How many records a bulk request created."""

    created: int
