"""`/v1/objections`: take down, decide and withdraw objections; their figures."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api import wire
from api.awards.objections import deciding, figures, queries, raising
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services

Year = Annotated[int | None, QueryParameter(ge=1900, le=2999)]


@get("/objections")
async def list_open(
    services: NamedDependency[Services], request: StaffRequest, ended: FromQuery[bool] = False
) -> list[wire.ObjectionView]:
    """Those that wait for an answer, or with `ended` those that ended in the last thirty days. Supervisors see
    those of their village, others what they took down."""
    return await queries.list_objections(services, request.user, ended=ended)


@post("/objections", status_code=200)
async def take_down(
    data: JSONBody[wire.NewObjection], services: NamedDependency[Services], request: StaffRequest
) -> wire.ObjectionView:
    """An entry on notice isn't posted as long as an objection to it is open."""
    await raising.take_down(services, request.user, data)
    return await queries.show_objection(services, request.user, data.id)


@get("/objections/figures")
async def show_figures(
    services: NamedDependency[Services], request: StaffRequest, year: Year = None
) -> list[wire.ObjectionFigures]:
    """Of every village in a year, this one if none is said."""
    return await figures.list_figures(services, year)


@get("/objections/{id:uuid}")
async def show(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.ObjectionView:
    return await queries.show_objection(services, request.user, id)


@post("/objections/{id:uuid}/uphold", status_code=200)
async def uphold(
    id: FromPath[UUID],
    data: JSONBody[wire.ObjectionDecision],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.ObjectionView:
    """With all open ones to the entry: it is taken off the notice, or its correction is proposed."""
    await deciding.uphold(services, request.user, id, data.reason)
    return await queries.show_objection(services, request.user, id)


@post("/objections/{id:uuid}/dismiss", status_code=200)
async def dismiss(
    id: FromPath[UUID],
    data: JSONBody[wire.ObjectionDecision],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.ObjectionView:
    """The notice goes on with what was left of it, at least a day."""
    await deciding.dismiss(services, request.user, id, data.reason)
    return await queries.show_objection(services, request.user, id)


@post("/objections/{id:uuid}/withdraw", status_code=200)
async def withdraw(
    id: FromPath[UUID],
    data: JSONBody[wire.ObjectionDecision],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.ObjectionView:
    """For who came or phoned, or one's own finding."""
    await deciding.withdraw_at_desk(services, request.user, id, data.reason)
    return await queries.show_objection(services, request.user, id)


router = Router(
    "/v1",
    route_handlers=[list_open, take_down, show_figures, show, uphold, dismiss, withdraw],
    guards=[staff_only],
    tags=["objections"],
)
