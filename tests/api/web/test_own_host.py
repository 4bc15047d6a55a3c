"""No page of ours, whoever opens it, asks another host for anything; all have the same headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import kiosk.serving
from api.web.page import PAGE_HEADERS, SCRIPT_HEADERS
from kiosk.serving.server import CONTENT_SECURITY_POLICY
from tests.api.awards.claims.test_disclosure import Secret, addresses, signed_in
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

ID = "0199d3a2-6c1e-7d5a-9f63-0b8e4c2f7a10"
# Whatever a browser fetches, sends or goes to by itself.
REFERENCES = re.compile(
    r"""<[^>]*?\b(?:src|srcset|href|action|formaction|poster|data|background|manifest)\s*=\s*["']([^"']*)["']""",
    re.S,
)
IN_STYLES = re.compile(r"""url\(\s*["']?([^"')]*)|@import\s+["']([^"']*)""")
# Names of vocabularies, which nobody fetches.
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.I)


def find_foreign(text: str) -> list[str]:
    references = [*REFERENCES.findall(text), *(a or b for a, b in IN_STYLES.findall(text))]
    return [each for each in references if ELSEWHERE.match(each.strip())]


def test_what_is_foreign_is_found() -> None:
    for text in (
        '<script src="https://cdn.example/x.js">',
        "<link href='//fonts.example/a'>",
        '<form method="post" action="http://x">',
        "a { background: url(https://x/y.png) }",
        '@import "//x/y.css";',
    ):
        assert find_foreign(text), text
    assert not find_foreign('<a href="/desk"><img src="data:image/svg+xml,x">')


@pytest.mark.parametrize("login", ["", "office", "li", "wang", "zhao", "qian", "ma"])
async def test_every_page_is_of_our_own(town: LiveTown, login: str) -> None:
    policies = {PAGE_HEADERS["Content-Security-Policy"], SCRIPT_HEADERS["Content-Security-Policy"]}
    paths = [path for path in addresses(town, Secret([ID], {"x": ID})) if not path.startswith("/v1/")]
    assert {"/", "/schema", "/desk", "/notices/hp", f"/c/{town.card}"} <= set(paths)
    pages = 0
    headers = signed_in(town, login) if login else {}
    async with httpx.AsyncClient(base_url=town.url, headers=headers, timeout=30, verify=False) as http:
        for path in (*paths, "/nothing"):
            answer = await http.get(path, headers={"Accept": "text/html"})
            assert answer.status_code < 500, path
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            pages += 1
            assert find_foreign(answer.text) == [], path
            assert answer.headers["content-security-policy"] in policies, path
            for name in ("Cache-Control", "Referrer-Policy", "X-Content-Type-Options", "X-Robots-Tag"):
                assert answer.headers[name] == PAGE_HEADERS[name], (path, name)
    assert pages > 8
    assert all(not ELSEWHERE.search(policy) and "frame-ancestors 'none'" in policy for policy in policies)


def ours() -> Iterator[Path]:
    """Files that are sent as they are."""
    root = Path(kiosk.serving.__file__).parents[2]
    for suffix in ("css", "js", "html"):
        yield from (root / "api").rglob(f"*.{suffix}")
        yield from (root / "kiosk/serving").rglob(f"*.{suffix}")


def test_neither_does_a_file_that_pages_load() -> None:
    files = list(ours())
    assert len(files) > 40
    for file in files:
        text = file.read_text(encoding="utf-8")
        for namespace in NAMESPACES:
            text = text.replace(namespace, "")
        assert re.findall(r"https?://|[\"'(]//[a-z]", text) == [], file
    assert not ELSEWHERE.search(CONTENT_SECURITY_POLICY)


async def test_the_interface_is_told_by_one_page_without_scripts(town: LiveTown) -> None:
    async with browsing(town) as browser:
        document = (await browser.http.get("/schema/openapi.json")).json()
        text = await browser.open("/schema")
        page = browser.page
        assert "<script" not in page.text
        assert page.headers["content-security-policy"] == PAGE_HEADERS["Content-Security-Policy"]
        for path, operations in document["paths"].items():
            assert path in text
            for operation in operations.values():
                assert f'id="{operation["operationId"]}"' in page.text
        for name in document["components"]["schemas"]:
            assert f'id="{name}"' in page.text
        assert "insufficient-points" in text
        for other in ("redoc", "swagger", "elements", "rapidoc", "openapi.yaml"):
            assert (await browser.http.get(f"/schema/{other}")).status_code == 404


async def test_every_operation_says_who_may_call_it_and_how_it_refuses(town: LiveTown) -> None:
    async with browsing(town) as browser:
        document = (await browser.http.get("/schema/openapi.json")).json()
    assert "security" not in document
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            problems = {status: answer for status, answer in answers.items() if status >= "400"}
            assert {"400", "500"} <= problems.keys()
            if path != "/readyz":
                for answer in problems.values():
                    assert answer["content"].keys() == {"application/problem+json"}, (path, method)
            if operation.get("security"):
                assert {"401", "403"} <= problems.keys()
            if "requestBody" in operation:
                assert {"404", "409", "413", "415"} <= problems.keys()
    redeem = document["paths"]["/v1/redemptions/{id}"]["put"]
    assert redeem["security"] == [{"device": []}]
    problem = document["components"]["schemas"]["Problem409"]["properties"]
    assert "insufficient-points" in problem["type"]["enum"]
