"""Photos on pages: those of a claim at the desk, those of a household's claims on its page, and those that their
bringer is about to name in a claim."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.awards.evidence import queries, use_cases
from api.awards.evidence.answers import serve_photo
from api.bookkeeping.general_ledger.disclosure import Outsider
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.cards.use_cases import find_card_holder
from api.web.error_pages import ERROR_PAGES


@get("/desk/photos/{digest:str}", guards=[staff_only])
async def own_photo(
    digest: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> Response[bytes]:
    return serve_photo(await use_cases.read_own(services, request.user, digest))


@get("/desk/claims/{id:uuid}/photos/{digest:str}", guards=[staff_only])
async def photo_of_claim(
    id: FromPath[UUID], digest: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> Response[bytes]:
    return serve_photo(await queries.read_photo(services, request.user, digest, claim=id))


@get("/c/{token:str}/photos/{digest:str}")
async def photo_of_household(
    token: FromPath[str], digest: FromPath[str], services: NamedDependency[Services]
) -> Response[bytes]:
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, token)
    if await use_cases.list_own(services, holder.id, [digest]):
        return serve_photo(await use_cases.read_file(services, digest))
    return serve_photo(await queries.read_photo(services, Outsider.CARD, digest, household=holder.id))


router = Router(
    "/",
    route_handlers=[own_photo, photo_of_claim, photo_of_household],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
