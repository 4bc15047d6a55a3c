"""`/v1/evidence` takes photos, for claims to name; `/v1/claims/…/photos` gives them to those who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, RawBody

from api import wire
from api.awards.evidence import queries, use_cases
from api.awards.evidence.answers import serve_photo
from api.awards.evidence.photo_reader import MAX_BYTES, TOO_MANY_BYTES
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@dataclass
class _TakesPhoto(Operation):
    def __post_init__(self) -> None:
        binary = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody({"application/octet-stream": OpenAPIMediaType(binary)}, required=True)


# A byte more shows that it is too large.
@put("/evidence/{id:uuid}", request_max_body_size=MAX_BYTES + 1, operation_class=_TakesPhoto)
async def receive(
    id: FromPath[UUID], body: RawBody, services: NamedDependency[Services], request: StaffRequest
) -> wire.ReceivedPhoto:
    """Keep a photo (JPEG, PNG or WebP), the whole body, as evidence: made smaller, without what is written in it
    beside its pixels. A claim's answer to an input of type photo is the `digest` given here, or up to four with
    spaces between them. Safe to retry; a photo that no claim names goes after a day."""
    if len(body) > MAX_BYTES:
        raise TOO_MANY_BYTES
    return wire.ReceivedPhoto(digest=await use_cases.receive(services, request.user, body, id))


@get("/claims/{id:uuid}/photos/{digest:str}", media_type="image/jpeg")
async def photo_of_claim(
    id: FromPath[UUID], digest: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> Response[bytes]:
    """A photo that the claim names, for its reviewers, supervisors and declarer."""
    return serve_photo(await queries.read_photo(services, request.user, digest, claim=id))


router = Router("/v1", route_handlers=[receive, photo_of_claim], guards=[staff_only], tags=["claims"])
