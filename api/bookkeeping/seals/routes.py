"""`/v1/seals`: signed heads of the books, and proofs. Heads are public, as on the notices."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api import wire
from api.bookkeeping.seals import use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from ledger.proofs import Proof


@get("/head")
async def get_head(services: NamedDependency[Services]) -> wire.SignedHeadView:
    """The newest signed head, and the key that verifies it."""
    return await use_cases.read_head(services)


@get("/heads")
async def list_heads(
    services: NamedDependency[Services], limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100
) -> list[str]:
    """The texts of the newest signed heads, newest first."""
    return await use_cases.list_signed_heads(services, limit)


@get("/consistency")
async def get_consistency(
    services: NamedDependency[Services], old: FromQuery[int], new: FromQuery[int]
) -> wire.ConsistencyPath:
    """The proof that the tree of `new` leaves begins with that of `old`."""
    return await use_cases.prove_consistency(services, old, new)


@get("/proofs/{transaction:uuid}", guards=[staff_only])
async def prove(
    transaction: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> Response[bytes]:
    """The proof file of a transaction of this person's village."""
    return _proof_file(await use_cases.prove_for_staff(services, request.user, transaction))


@post("/proofs/{transaction:uuid}", guards=[staff_only], status_code=200)
async def prove_since(
    transaction: FromPath[UUID],
    data: JSONBody[wire.Poster],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[bytes]:
    """The proof file of a transaction, with a consistency proof from the head on an old notice."""
    return _proof_file(await use_cases.prove_for_staff(services, request.user, transaction, data.note))


def _proof_file(proof: Proof) -> Response[bytes]:
    return Response(proof.encode(), media_type="application/json")


router = Router(
    "/v1/seals", route_handlers=[get_head, list_heads, get_consistency, prove, prove_since], tags=["seals"]
)
