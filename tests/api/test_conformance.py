"""The interface does what its OpenAPI document says, whoever asks and whatever is sent (schemathesis)."""

from __future__ import annotations

import asyncio
from typing import Any

import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from tests.api.awards.claims.conftest import hire
from tests.conftest import LiveTown
from tests.profile import many

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
# One of each role, of the village or of the township; `office` has two.
LOGINS = ("office", "li", "wang", "zhao", "qian", "tan", "ma", "branch")


@pytest.mark.slow
async def test_every_operation_answers_as_it_is_described(town: LiveTown) -> None:
    await hire(town, "branch", "party-branch", village="hp")
    tokens = ["", "nonsense", town.device_token, *(town.tokens[login] for login in LOGINS)]
    document = create_app(town.town, csrf_secret="x").openapi_schema.to_schema()
    # The server has this thread's event loop.
    await asyncio.to_thread(try_all, document, town.url, tokens)


def try_all(document: dict[str, object], url: str, tokens: list[str]) -> None:
    interface = schemathesis.openapi.from_dict(document)
    interface.config.update(base_url=url)
    faults: list[str] = []
    for found in interface.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        try:
            try_operation(operation, tokens)
        except (Exception, BaseExceptionGroup) as fault:
            faults.append(f"{operation.label}: {fault!r} {getattr(fault, 'exceptions', '')}")
    assert not faults, "\n".join(faults)


def try_operation(operation: schemathesis.APIOperation[Any, Any, Any, Any], tokens: list[str]) -> None:
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES))

    @settings(
        max_examples=many(3, 200),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, token=st.sampled_from(tokens))
    def answers(case: schemathesis.Case[Any], token: str) -> None:
        case.headers.pop("Authorization", None)
        case.call_and_validate(
            headers={"Authorization": f"Bearer {token}"} if token else {}, checks=CHECKS, timeout=30
        )

    answers()
