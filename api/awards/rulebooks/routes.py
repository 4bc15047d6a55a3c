"""`/v1/rulebooks`: drafts, the check, and adoptions by two people."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api import wire
from api.awards.rulebooks import adoption_views, adoptions, drafts, public_rules, use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from rules import Difference


@post("/rulebooks")
async def propose(
    data: JSONBody[wire.NewRulebook], services: NamedDependency[Services], request: StaffRequest
) -> wire.AdoptionView:
    """Propose a rulebook with the party branch's decision, for another of its members to confirm. An invalid book
    is refused with all its problems."""
    return await adoptions.propose(services, request.user, data)


@post("/rulebooks/check", status_code=200)
async def check(
    data: JSONBody[wire.BookCheckRequest], services: NamedDependency[Services], request: StaffRequest
) -> wire.BookCheck:
    """All problems of a text with their places; nothing is stored."""
    return await use_cases.check_text(services, request.user, data.text)


@get("/rulebooks/adoptions")
async def list_adoptions(services: NamedDependency[Services]) -> list[wire.AdoptionView]:
    """All proposals with their states, by effective day, the latest first."""
    return await adoption_views.list_adoptions(services)


@post("/rulebooks/adoptions")
async def adopt_again(
    data: JSONBody[wire.Readoption], services: NamedDependency[Services], request: StaffRequest
) -> wire.AdoptionView:
    """Propose to adopt an existing version again."""
    return await adoptions.propose_readoption(services, request.user, data)


@get("/rulebooks/adoptions/{id:uuid}")
async def one_adoption(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.AdoptionDetail:
    return await adoption_views.get_adoption(services, request.user, id)


@post("/rulebooks/adoptions/{id:uuid}/confirm", status_code=200)
async def confirm(
    id: FromPath[UUID],
    services: NamedDependency[Services],
    request: StaffRequest,
    data: JSONBody[wire.AdoptionConfirmation | None] = None,
) -> wire.AdoptionView:
    """Confirm as the second person, with the ticks of its delicate rules (`delicate` and `subjects` of the
    adoption). Safe to repeat."""
    return await adoptions.confirm(services, request.user, id, data.not_concerned if data else {})


@post("/rulebooks/adoptions/{id:uuid}/refuse", status_code=200)
async def refuse(
    id: FromPath[UUID],
    data: JSONBody[wire.AdoptionReason],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.AdoptionView:
    """Refuse a proposal, or withdraw one's own."""
    return await adoptions.refuse(services, request.user, id, data.reason)


@post("/rulebooks/adoptions/{id:uuid}/withdraw", status_code=200)
async def withdraw(
    id: FromPath[UUID],
    data: JSONBody[wire.AdoptionReason],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.AdoptionView:
    """Withdraw a confirmed adoption that isn't in effect yet; not by the person who confirmed it."""
    return await adoptions.withdraw(services, request.user, id, data.reason)


@get("/rulebooks/drafts")
async def list_drafts(services: NamedDependency[Services], request: StaffRequest) -> list[wire.DraftSummary]:
    return await drafts.list_drafts(services, request.user)


@post("/rulebooks/drafts")
async def begin_draft(
    data: JSONBody[wire.NewDraft], services: NamedDependency[Services], request: StaffRequest
) -> wire.DraftView:
    return await drafts.create(services, request.user, data)


@get("/rulebooks/drafts/{id:uuid}")
async def one_draft(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.DraftView:
    return await drafts.get_draft(services, request.user, id)


@put("/rulebooks/drafts/{id:uuid}")
async def save_draft(
    id: FromPath[UUID],
    data: JSONBody[wire.DraftUpdate],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.DraftView:
    """Save on top of a revision; 409 with the latest text if somebody else saved meanwhile."""
    return await drafts.save(services, request.user, id, data)


@post("/rulebooks/drafts/{id:uuid}/propose")
async def propose_draft(
    id: FromPath[UUID],
    data: JSONBody[wire.DraftProposal],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.AdoptionView:
    """Propose the draft's text, which closes the draft."""
    return await drafts.propose(services, request.user, id, data)


@post("/rulebooks/drafts/{id:uuid}/close", status_code=204)
async def close_draft(id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest) -> None:
    """Close a draft."""
    await drafts.close(services, request.user, id)


@get("/rulebooks/differences")
async def differences(
    old: FromQuery[str], new: FromQuery[str], services: NamedDependency[Services]
) -> tuple[Difference, ...]:
    """The differences of two adopted versions, in Chinese; public."""
    return await public_rules.compare_versions(services, old, new)


router = Router(
    "/v1",
    route_handlers=[
        propose,
        check,
        list_adoptions,
        adopt_again,
        one_adoption,
        confirm,
        refuse,
        withdraw,
        list_drafts,
        begin_draft,
        one_draft,
        save_draft,
        propose_draft,
        close_draft,
    ],
    guards=[staff_only],
    tags=["rulebooks"],
)
public = Router("/v1", route_handlers=[differences], tags=["rulebooks"])
