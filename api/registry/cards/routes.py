"""`/v1/cards`: issue and revoke cards."""

from __future__ import annotations

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.cards import history, issuing, pins, preview, use_cases


@post("/cards", guards=[staff_only])
async def issue_cards(
    data: JSONBody[wire.NewCards], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | list[wire.NewCard]]:
    """Issue new cards for these households (201); their old cards are revoked. Tokens are returned only once. More
    than one person may issue in a day are proposed (202), and the confirmation returns the tokens."""
    result = await issuing.issue_cards(services, request.user, data.households, data.seen)
    return Response(result, status_code=202 if isinstance(result, wire.ProposalView) else 201)


@post("/cards/preview", guards=[staff_only], status_code=200)
async def preview_cards(
    data: JSONBody[wire.CardSelection], services: NamedDependency[Services], request: StaffRequest
) -> wire.CardPreview:
    """Whom cards would be issued to, and what would become of the cards that they have. Writes nothing."""
    return await preview.preview_cards(services, request.user, data)


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
    """End a lost card for good. One that may be found is frozen instead."""
    await use_cases.revoke_card(services, request.user, household)


@post("/households/{household:str}/card/freeze", guards=[staff_only], status_code=204)
async def freeze_card(
    household: FromPath[str],
    data: JSONBody[wire.CardReport],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """Freeze a card that was reported lost. Nobody gets anything with it until it is unfrozen or replaced."""
    await use_cases.freeze_card(services, request.user, household, data.reason)


@post("/households/{household:str}/card/unfreeze", guards=[staff_only], status_code=204)
async def unfreeze_card(
    household: FromPath[str],
    data: JSONBody[wire.CardReport],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """A lost card is found; recorded with the person and the reason."""
    await use_cases.unfreeze_card(services, request.user, household, data.reason)


@post("/households/{household:str}/card/pin-reset", guards=[staff_only], status_code=204)
async def reset_pin(
    household: FromPath[str],
    data: JSONBody[wire.PinReset],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """Remove a card's forgotten PIN; recorded with the person and the reason."""
    await pins.reset_pin(services, request.user, household, data.reason)


router = Router(
    "/v1",
    route_handlers=[issue_cards, preview_cards, list_cards, revoke_card, freeze_card, unfreeze_card, reset_pin],
    tags=["cards"],
)
