"""`/v1/draws`: the draws as everybody may do them over, and what supervisors do with them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api import wire
from api.awards.draws.opening import open_draw, type_in_dice
from api.awards.draws.queries import DrawDetails, list_draws, load_draw, read_month
from api.awards.draws.visiting import record_visit
from api.bookkeeping.general_ledger.disclosure import Outsider, Viewer
from api.platform.access import Role, Staff, StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.queries import name_villages


@get("/draws")
async def list_all(services: NamedDependency[Services], village: FromQuery[str] = "") -> list[wire.DrawSummary]:
    """Of a village, or of all; the newest first. For everybody, as on the notices."""
    async with services.unit_of_work() as uow:
        if village and village not in await name_villages(uow):
            raise Refused(ErrorCode.UNKNOWN, "没有这个村。")
        return [
            wire.DrawSummary(
                village=each.village,
                village_name=each.village_name,
                month=f"{each.month:%Y-%m}",
                candidates=each.candidates,
                opened_at=each.opened_at,
                typed_at=each.typed_at,
                drawn=each.drawn,
                open=each.open,
            )
            for each in await list_draws(uow, village or None)
        ]


@get("/draws/{village:str}/{month:str}")
async def show(
    village: FromPath[str],
    month: FromPath[str],
    services: NamedDependency[Services],
    request: Request[Any, Any, Any],
) -> wire.DrawView:
    """For everybody, as on the notices: the candidates, the dice, what was drawn and found. A supervisor of the
    village sees whose awards they are, and who saw the dice."""
    return await _show(services, request.user, village, month)


@post("/draws", status_code=200, guards=[staff_only])
async def open_for_village(
    data: JSONBody[wire.NewDraw], services: NamedDependency[Services], request: StaffRequest
) -> wire.DrawView:
    """Of this month: from then on the candidates and the head stand. Opened again nothing changes."""
    month = await open_draw(services, request.user, data.village)
    return await _show(services, request.user, data.village, f"{month:%Y-%m}")


@put("/draws/{village:str}/{month:str}/dice", guards=[staff_only])
async def enter_dice(
    village: FromPath[str],
    month: FromPath[str],
    data: JSONBody[wire.NewDice],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.DrawView:
    """Which draws the sample, once. The same again changes nothing."""
    await type_in_dice(services, request.user, village, read_month(month), data)
    return await _show(services, request.user, village, month)


@post("/claims/{id:uuid}/visits", status_code=204, guards=[staff_only])
async def enter_visit(
    id: FromPath[UUID], data: JSONBody[wire.NewVisit], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """What was found of a drawn award. Not as declared, its correction is proposed, for a second person."""
    await record_visit(services, request.user, id, data)


async def _show(services: Services, caller: object, village: str, month: str) -> wire.DrawView:
    viewer: Viewer = Outsider.PUBLIC
    if isinstance(caller, Staff) and caller.may(Role.SUPERVISOR) and caller.serves(village):
        viewer = caller
    async with services.unit_of_work() as uow:
        details = await load_draw(uow, viewer, village, read_month(month))
    return _to_view(details, names_witnesses=isinstance(viewer, Staff))


def _to_view(details: DrawDetails, *, names_witnesses: bool) -> wire.DrawView:
    draw, dice = details.draw, details.dice
    return wire.DrawView(
        village=draw.village,
        village_name=details.village_name,
        month=f"{draw.month:%Y-%m}",
        percent=draw.percent,
        head=draw.head,
        root=draw.root,
        opened_by=details.opened_by,
        opened_at=draw.opened_at,
        dice="" if dice is None else dice.dice,
        meeting="" if dice is None else dice.meeting,
        witnesses=dice.witnesses if dice is not None and names_witnesses else "",
        typed_by=details.typed_by,
        typed_at=None if dice is None else dice.typed_at,
        candidates=[
            msgspec.convert(candidate, wire.DrawCandidateView, from_attributes=True)
            for candidate in details.candidates
        ],
    )


router = Router("/v1", route_handlers=[list_all, show, open_for_village, enter_dice, enter_visit], tags=["draws"])
