"""Answers of requests that a second person may have to confirm."""

from __future__ import annotations

from typing import TypeVar

from litestar import Response

from api import wire

T = TypeVar("T")


def answer(result: T) -> Response[T]:
    """202 with a proposal that waits; else 200 with what was asked for, or 204 where that is nothing."""
    if isinstance(result, wire.ProposalView):
        return Response(result, status_code=202)
    return Response(result, status_code=204 if result is None else 200)
