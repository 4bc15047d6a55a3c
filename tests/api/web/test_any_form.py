"""Whatever a form says, whoever sends it: it is done or refused with a sentence."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from litestar.routes import HTTPRoute

import api.app
from tests.api.web.browser import browsing
from tests.conftest import LiveTown
from tests.profile import many

ID = "0199d3a2-6c1e-7d5a-9f63-0b8e4c2f7a10"
FIELD = re.compile(r"""read_\w+\(\w+, "(\w+)""")
GARBAGE = [
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "9" * 30,
    "zz",
    "\x00",
    "\u202e",
    "\ufffd",
    "x" * 30_000,
    "2026-02-30",
    "hp-1",
    ID,
]
GARBAGE += ["<script>", "9999-12-31", "0001-01-01", "１２", "None", "nan", "A09", "accept", "soap"]


def list_forms(town: LiveTown) -> list[str]:
    """The address of every form, with something at its parameters."""
    forms = set()
    for route in api.app.create_app(town.town, csrf_secret="x").routes:
        if isinstance(route, HTTPRoute) and "POST" in route.methods and not route.path.startswith("/v1/"):
            values = {"token": town.card, "village": "hp", "supermarket": "hp", "product": "soap"}
            parts = (
                part if isinstance(part, str) else ID if part.type is UUID else values.get(part.name, "1")
                for part in route.path_components
            )
            forms.add("/" + "/".join(parts))
    return sorted(forms - {"/desk/sign-out"})


def list_fields() -> list[str]:
    """The names by which pages read fields."""
    names = {
        name
        for file in Path(api.app.__file__).parent.rglob("*.py")
        for name in FIELD.findall(file.read_text(encoding="utf-8"))
    }
    return sorted(names)


@pytest.mark.parametrize("login", ["office", "li", "wang", "ma"])
async def test_no_form_is_a_fault_of_ours(town: LiveTown, login: str) -> None:
    forms, fields = list_forms(town), list_fields()
    assert len(forms) > 15
    assert {"reason", "household"} <= set(fields)
    sent: list[tuple[str, dict[str, list[str]]]] = []

    @settings(
        max_examples=many(30, 1_000), derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(
        st.sampled_from(forms),
        st.dictionaries(st.sampled_from(fields), st.lists(st.sampled_from(GARBAGE), min_size=1, max_size=2)),
    )
    def collect(form: str, filled: dict[str, list[str]]) -> None:
        sent.append((form, filled))

    collect()
    sent += [(form, {}) for form in forms]
    async with browsing(town, login) as browser:
        [token] = set(re.findall(r'name="_csrf_token" value="([^"]+)"', browser.page.text))
        browser.http.follow_redirects = False
        for form, filled in sent:
            answer = await browser.http.post(form, data={**filled, "_csrf_token": token})
            assert answer.status_code < 500, (form, filled, answer.text[-600:])
            assert "这张表已经过期" not in answer.text, form
