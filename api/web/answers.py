"""Answers that are no page: of requests that a second person may have to confirm, and files to keep."""

from __future__ import annotations

from typing import TypeVar

from litestar import Response

from api import wire

T = TypeVar("T")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def answer(result: T) -> Response[T]:
    """202 with a proposal that waits; else 200 with what was asked for, or 204 where that is nothing."""
    if isinstance(result, wire.ProposalView):
        return Response(result, status_code=202)
    return Response(result, status_code=204 if result is None else 200)


def download(content: bytes | str, name: str, media_type: str | None = None) -> Response[bytes | str]:
    """A file that a browser keeps under `name`, and caches nowhere."""
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
