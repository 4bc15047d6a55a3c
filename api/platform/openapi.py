"""What the OpenAPI document says of every operation alike: who may call it, and how it refuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute
from litestar.typing import FieldDefinition

from api import wire
from api.platform.access import device_only, staff_only
from api.platform.errors import ErrorCode

STAFF = {"staff": list[str]()}
DEVICE = {"device": list[str]()}
"""For the `security` of a handler that no guard speaks for."""
COMPONENTS = Components(
    security_schemes={
        "staff": SecurityScheme(
            type="http", scheme="bearer", description="The token that POST /v1/sign-in gives."
        ),
        "device": SecurityScheme(
            type="http", scheme="bearer", description="The token of a kiosk, given by POST /v1/enrolments."
        ),
    }
)

# By HTTP itself, whatever the code is.
_MALFORMED_TOO = (400, 415)


def _describe_problem(status: int) -> ResponseSpec:
    """A problem detail whose `type` is one of the codes with this status."""
    codes = {code.value for code in ErrorCode if code.status == status}
    if status in _MALFORMED_TOO:
        codes.add(ErrorCode.MALFORMED.value)
    fields = [
        ("type", Literal[tuple(sorted(codes))]),
        ("title", str),
        ("status", Literal[status]),
        ("detail", str),
        ("extra", dict[str, Any]),
    ]
    problem = msgspec.defstruct(f"Problem{status}", fields, kw_only=True)
    return ResponseSpec(
        problem,
        generate_examples=False,
        description=HTTPStatus(status).phrase,
        media_type="application/problem+json",
    )


_PROBLEMS = {status: _describe_problem(status) for status in sorted({code.status for code in ErrorCode} | {415})}
_ALWAYS = {400, 500, 503}
_OF_CALLERS = {401, 403}
_OF_WHAT_IS_NAMED = {401, 403, 404, 410, 423, 429}
"""By a path, a query or a body: a record, a card, somebody's PIN."""
_INJECTED = {"services", "request", "state", "till_additions"}
"""Parameters of handlers that nobody sends."""
_OF_BODIES = {413, 415}
_OF_CHANGES = {409, 423}


class DescribedErrors(ReceiveRoutePlugin):
    """Adds to each operation what its guards and its parts imply."""

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        for handler in route.route_handlers:
            if handler.resolve_include_in_schema():
                _describe(handler)


def _describe(handler: HTTPRouteHandler) -> None:
    guards = {guard for layer in handler.ownership_layers for guard in layer.guards or ()}
    handler.security = handler.security or [_SCHEMES[guard] for guard in _SCHEMES if guard in guards] or None
    parameters = handler.parsed_fn_signature.parameters
    statuses = set(_ALWAYS)
    if handler.security:
        statuses |= _OF_CALLERS
    if parameters.keys() - _INJECTED:
        statuses |= _OF_WHAT_IS_NAMED
    if {"data", "body"} & parameters.keys():
        statuses |= _OF_BODIES
    changes = handler.http_methods != {"GET"}
    if changes:
        statuses |= _OF_CHANGES
    described = {status: _PROBLEMS[status] for status in sorted(statuses)}
    if changes and any(each.has_inner_subclass_of(wire.ProposalView) for each in _list_answers(handler)):
        described[202] = _PROPOSED
    handler.responses = {**described, **(handler.responses or {})}


def _list_answers(handler: HTTPRouteHandler) -> list[FieldDefinition]:
    answer = handler.parsed_fn_signature.return_type
    return [answer, *answer.inner_types]


_PROPOSED = ResponseSpec(
    wire.ProposalView, generate_examples=False, description="Proposed: a second person has to confirm it"
)
_SCHEMES = {staff_only: STAFF, device_only: DEVICE}
