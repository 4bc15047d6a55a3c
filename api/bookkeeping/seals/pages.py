"""What a villager takes home: the newest seal as a text, and the proof of an entry of the own household."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.bookkeeping.seals import use_cases
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES

_KEPT_NOWHERE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@get("/seal.txt", media_type="text/plain; charset=utf-8")
async def seal(services: NamedDependency[Services]) -> Response[str]:
    """The newest signed head, as it stands on the notices."""
    sealed = await use_cases.head(services)
    return Response(sealed.note, headers=_saved_as("seal.txt"))


@get("/c/{token:str}/proofs/{transaction:uuid}")
async def own_proof(
    token: FromPath[str], transaction: FromPath[UUID], services: NamedDependency[Services]
) -> Response[bytes]:
    """The proof file of an entry in the books of the household whose card this is."""
    proof = await use_cases.prove_own(services, token, transaction)
    return Response(proof.encode(), media_type="application/json", headers=_saved_as(f"proof-{transaction}.json"))


def _saved_as(name: str) -> dict[str, str]:
    return {**_KEPT_NOWHERE, "Content-Disposition": f'attachment; filename="{name}"'}


router = Router("/", route_handlers=[seal, own_proof], exception_handlers=ERROR_PAGES, include_in_schema=False)
