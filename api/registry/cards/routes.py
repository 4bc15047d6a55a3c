"""`/v1/cards`: issue and revoke cards."""

from __future__ import annotations

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.cards import history, pins, use_cases


@post("/cards", guards=[staff_only])
async def issue_cards(
    data: JSONBody[wire.NewCards], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | list[wire.NewCard]]:
    """Issue new cards for these households (201); their old cards are revoked. Tokens are returned only once. More
    than one person may issue in a day are proposed (202), and the confirmation returns the tokens."""
    result = await use_cases.issue_cards(services, request.user, data.households)
    return Response(result, status_code=202 if isinstance(result, wire.ProposalView) else 201)


@get("/households/{household:str}/cards", guards=[staff_only])
async def list_cards(
    household: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.CardHistory]:
    """A household's cards, the newest first: who issued, confirmed and revoked each."""
    return await history.list_cards(services, request.user, household)


@delete("/households/{household:str}/card", guards=[staff_only])
async def revoke_card(
    household: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """Revoke a lost card."""
    await use_cases.revoke_card(services, request.user, household)


@post("/households/{household:str}/card/pin-reset", guards=[staff_only], status_code=204)
async def reset_pin(
    household: FromPath[str],
    data: JSONBody[wire.PinReset],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """Remove a card's forgotten PIN; recorded with the person and the reason."""
    await pins.reset_pin(services, request.user, household, data.reason)


router = Router("/v1", route_handlers=[issue_cards, list_cards, revoke_card, reset_pin], tags=["cards"])
