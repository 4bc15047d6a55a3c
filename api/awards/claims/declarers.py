"""Who declared a claim: a member of staff, or its household."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from sqlalchemy import ColumnElement, String, case, cast

from api.awards.claims.tables import Claim
from api.registry.people.queries import name_subquery


class DeclaredWith(StrEnum):
    """With what a household declared: its card's PIN, when nobody else declares it, or somebody's confirmation."""

    CARD_PIN = "card-pin"
    CONFIRMATION = "confirmation"


@cache
def declarer_name() -> ColumnElement[str]:
    """Before 申报: 王网格, 这户自己凭密码, 这户自己（王网格确认）."""
    name = cast(name_subquery(Claim.township, Claim.declared_by), String)
    return case(
        (Claim.declared_with == DeclaredWith.CARD_PIN, "这户自己凭密码"),
        (Claim.declared_with == DeclaredWith.CONFIRMATION, "这户自己（" + name + "确认）"),
        else_=name,
    )
