"""Downloads for villagers: the newest signed head, and proofs of their own household's entries."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.bookkeeping.seals import use_cases
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES

_NO_STORE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@get("/seal.txt", media_type="text/plain; charset=utf-8")
async def download_seal(services: NamedDependency[Services]) -> Response[str]:
    """The newest signed head, as printed on the notices."""
    head = await use_cases.read_head(services)
    return Response(head.note, headers=_download_headers("seal.txt"))


@get("/c/{token:str}/proofs/{transaction:uuid}")
async def download_proof(
    token: FromPath[str], transaction: FromPath[UUID], services: NamedDependency[Services]
) -> Response[bytes]:
    """The proof file of an entry of the card's household."""
    proof = await use_cases.prove_for_card(services, token, transaction)
    return Response(
        proof.encode(), media_type="application/json", headers=_download_headers(f"proof-{transaction}.json")
    )


def _download_headers(name: str) -> dict[str, str]:
    return {**_NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}


router = Router(
    "/", route_handlers=[download_seal, download_proof], exception_handlers=ERROR_PAGES, include_in_schema=False
)
