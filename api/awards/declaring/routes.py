"""`/v1/claims`: declare, with an outcome for every claim of a batch; `/v1/own-declarations`: confirm or refuse."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import Body, FromPath, JSONBody

from api import wire
from api.awards.declaring import confirming, declarations
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@post("/claims", status_code=200)
async def declare(
    data: Annotated[list[wire.NewClaim], Body(min_items=1, max_items=5000)],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> list[wire.ClaimOutcome]:
    """Declare claims for households; a refused claim doesn't affect the others."""
    return await declarations.declare(services, request.user, data)


@post("/claims/every-household", status_code=200)
async def declare_for_all(
    data: JSONBody[wire.VillageClaims], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ClaimOutcome]:
    """Declare what all households of a village get; repeated, only missing claims are added."""
    return await declarations.declare_for_every_household(services, request.user, data)


@get("/own-declarations")
async def list_own(services: NamedDependency[Services], request: StaffRequest) -> list[wire.OwnDeclaration]:
    """What waits for somebody of the grid to confirm it, the oldest first."""
    return [
        wire.OwnDeclaration(
            id=each.own.id,
            household=each.household.code,
            head=each.household.head,
            rule=each.own.rule,
            title=each.title,
            deed_on=each.own.deed_on,
            person=each.own.person,
            inputs=each.own.inputs,
            note=each.own.note,
            declared_at=each.own.declared_at,
            recusal=each.recusal,
        )
        for each in await confirming.list_waiting(services, request.user)
    ]


@post("/own-declarations/{id:uuid}/confirm", status_code=200)
async def confirm_own(
    id: FromPath[UUID],
    data: JSONBody[wire.OwnConfirmation],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.ClaimOutcome:
    """Whoever confirms is the declarer of the claim."""
    return await confirming.confirm(services, request.user, id, data.again)


@post("/own-declarations/{id:uuid}/refuse", status_code=204)
async def refuse_own(
    id: FromPath[UUID],
    data: JSONBody[wire.ClaimRefusal],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """The household sees the reason."""
    await confirming.refuse(services, request.user, id, data.reason)


router = Router(
    "/v1",
    route_handlers=[declare, declare_for_all, list_own, confirm_own, refuse_own],
    guards=[staff_only],
    tags=["claims"],
)
