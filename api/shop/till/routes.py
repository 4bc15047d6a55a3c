"""`/v1/till`: what a kiosk reads before it serves."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter

from api import wire
from api.platform.access import DeviceRequest, device_only
from api.platform.services import Services
from api.shop.till import backup_copy, use_cases
from api.shop.till.use_cases import TillAdditions


@get("/till", guards=[device_only], responses={304: ResponseSpec(None, description="As the kiosk knows it")})
async def till(
    services: NamedDependency[Services],
    till_additions: NamedDependency[TillAdditions],
    request: DeviceRequest,
    if_none_match: Annotated[str, HeaderParameter(name="If-None-Match", max_length=200)] = "",
) -> Response[wire.Till | None]:
    """What the kiosk needs to serve, under an `ETag`. Sent back in `If-None-Match`, that is answered with 304
    until anything here changes, including the pieces in stock."""
    data = await use_cases.read_till(services, request.user, till_additions)
    tag = f'"{hashlib.sha256(msgspec.json.encode(data)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    # A proxy may have marked it as weak.
    if tag in (one.strip().removeprefix("W/") for one in if_none_match.split(",")):
        return Response(None, status_code=304, headers=headers)
    return Response(data, headers=headers)


@get(
    "/till/backup",
    guards=[device_only],
    status_code=206,
    media_type="application/octet-stream",
)
async def carry_backup(
    services: NamedDependency[Services],
    wanted: Annotated[str, HeaderParameter(name="Range", max_length=100)] = "",
    if_range: Annotated[str, HeaderParameter(name="If-Range", max_length=200)] = "",
) -> Response[bytes]:
    """The newest proven backup, encrypted, for kiosks to carry along: a piece of it from the first byte of `Range`
    on, at most a megabyte, under an `ETag` for the whole file."""
    piece = await backup_copy.read_piece(services.data, wanted, if_range)
    headers = {
        "ETag": piece.tag,
        "Content-Range": piece.content_range,
        "Content-Disposition": f'attachment; filename="{piece.name}"',
        "Cache-Control": "no-store",
    }
    return Response(piece.content, headers=headers)


router = Router("/v1", route_handlers=[till, carry_backup], tags=["till"])
