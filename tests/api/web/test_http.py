"""Whatever HTTP allows is answered: every method, every address, every body, none of it with a fault of ours."""

from __future__ import annotations

import httpx
import pytest
from litestar.routes import HTTPRoute

from api.app import create_app
from api.platform.request import MAX_FIELDS, MAX_NESTING
from tests.api.asking import a_redemption, problem
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PROGRAMS = [{"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": ""}]
NOWHERE = [
    "/nothing",
    "/desk/claims/zz",
    "/v1/nothing",
    "/%00",
    "/%ff%fe",
    "/schema/redoc",
    "/schema/swagger",
    "/" + "a" * 8000,
]
FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="_csrf_token"'


async def test_every_route_tells_its_methods_to_anybody(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        for route in create_app(town.town, csrf_secret="x").routes:
            if not isinstance(route, HTTPRoute):
                continue
            path = "".join(f"/{_an_example(part)}" for part in route.path_components) or "/"
            answer = await http.options(path)
            assert (answer.status_code, answer.content) == (204, b""), path
            allowed = set(answer.headers["allow"].split(", "))
            assert allowed >= route.methods | {"OPTIONS"}
            assert ("HEAD" in allowed) == ("GET" in allowed)
            refused = await http.request("TRACE", path)
            assert refused.status_code == 405
            assert refused.headers["allow"] == answer.headers["allow"]


def _an_example(part: object) -> str:
    name = getattr(getattr(part, "type", None), "__name__", "")
    if name == "UUID":
        return "0199d3a2-6c1e-7d5a-9f63-0b8e4c2f7a10"
    return part if isinstance(part, str) else "1"


async def test_a_head_is_a_get_without_its_body(town: LiveTown) -> None:
    async with browsing(town) as browser, town.staff("office") as office, town.device() as device:
        for http, path in (
            *(
                (browser.http, path)
                for path in ("/", "/rules", "/static/style.css", "/schema", "/healthz", "/nothing")
            ),
            *((office, path) for path in ("/v1/periods", "/v1/nothing")),
            (device, f"/v1/cards/{town.card}"),
        ):
            head, got = await http.head(path), await http.get(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert head.headers == got.headers, path
        problem(await office.get("/v1/claims"), 405, "malformed")
        assert (await office.head("/v1/claims")).status_code == 405


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_leads_nowhere_is_a_page_for_browsers_and_a_problem_for_programs(
    town: LiveTown, path: str
) -> None:
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        page = await http.get(path, headers=BROWSER)
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert "没有这个地址或记录" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        for accept in PROGRAMS:
            problem(await http.get(path, headers=accept), 404, "unknown")


async def test_a_method_that_a_page_has_not_is_told_likewise(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        for accept in (BROWSER, *PROGRAMS):
            answer = await http.put("/rules", headers=accept)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
            assert ("text/html" in answer.headers["content-type"]) == (accept is BROWSER)


async def test_slashes_too_many_lead_to_the_same_page(town: LiveTown) -> None:
    async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
        for path in ("/rules/", "//rules", "/rules//"):
            assert (await http.get(f"{town.url}{path}")).status_code == 200


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


BODIES = [
    *(nested(depth) for depth in (MAX_NESTING + 1, 500, 1_000, 100_000)),
    *(b"[" * 1_000, b'{"a":' * 1_000, b"9" * 5_000, b"1e999", b"NaN", b"[Infinity]", b'{"a":1,"a":2}'),
    *(b'"\\ud800"', b'"\xff"', b"\xff", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"null", b"", b"-0", b"\x00"),
    *(b'{"\\u0000":1}', b'{"id":{"a":1.5}}', b'["",{}]', b"{}", b"[[]]"),
]
CALLS = [
    ("POST", "/v1/imports"),
    ("POST", "/v1/claims"),
    ("POST", "/v1/sign-in"),
    ("POST", "/v1/people"),
    ("POST", "/v1/till/shifts"),
    ("PUT", "/v1/approval-policy"),
    ("PUT", a_redemption()),
    ("POST", "/v1/journals/0199d3a2-6c1e-7d5a-9f63-0b8e4c2f7a10/1"),
]


async def test_no_body_is_a_fault_of_ours(town: LiveTown) -> None:
    async with town.staff("office") as office, town.device() as device:
        for method, path in CALLS:
            http = device if "till" in path or "redemptions" in path else office
            for body in BODIES:
                answer = await http.request(
                    method, path, content=body, headers={"Content-Type": "application/json"}
                )
                assert answer.status_code in (400, 413), answer.text
                problem(answer, answer.status_code, answer.json()["type"])


async def test_as_deep_as_it_may_be_nested_it_is_read(town: LiveTown) -> None:
    """And refused for what it says."""
    claim = (
        b'[{"id":"0199d3a2-6c1e-7d5a-9f63-0b8e4c2f7a10","household":"hp-1","rule":"A09","deed_on":"2026-06-01",'
    )
    async with town.staff("wang") as http:
        for depth, status in ((MAX_NESTING - 3, (200, 400)), (MAX_NESTING, (400,))):
            body = claim + b'"inputs":{"x":' + nested(depth) + b"}}]"
            answer = await http.post("/v1/claims", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in status, answer.text


@pytest.mark.parametrize("content_type", ["text/plain", FORM, "application/x-www-form-urlencoded", "image/png"])
async def test_json_says_that_it_is_json(town: LiveTown, content_type: str) -> None:
    async with town.staff("office") as office, town.device(await town.shift()) as device:
        for http, method, path in ((office, "POST", "/v1/claims"), (device, "PUT", a_redemption())):
            body = b'{"card":"x","lines":[{"product":"soap","quantity":1,"price":5}]}'
            answer = await http.request(method, path, content=body, headers={"Content-Type": content_type})
            problem(answer, 415, "malformed")


FORMS = [
    (FORM, b""),
    ("multipart/form-data", b"--x--"),
    (FORM, b"--x\r\n" * 5_000),
    (FORM, PART + b"\r\n\r\n\xff\xff\r\n--x--\r\n"),
    (FORM, PART + b"\r\nContent-Type: text/plain; charset=zz\r\n\r\n1\r\n--x--\r\n"),
    (FORM, PART + b"\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n1\r\n--x--\r\n"),
    (FORM, PART + b'; filename="a"\r\n\r\n\xff\r\n--x--\r\n'),
    (FORM, PART + b"; filename*=utf-8''%ff\r\nContent-Type: ;;\r\n\r\n1\r\n--x--\r\n"),
    (FORM, (PART + b"\r\n\r\n1\r\n") * 3_000 + b"--x--\r\n"),
    ("application/x-www-form-urlencoded", b"_csrf_token=%ff&login=%00"),
    ("application/x-www-form-urlencoded", b"a=1&" * MAX_FIELDS),
    ("application/x-www-form-urlencoded; charset=zz", b"\xff" * 100),
    ("application/json", nested(1_000)),
]


@pytest.mark.parametrize(("content_type", "body"), FORMS)
async def test_no_form_is_a_fault_of_ours(town: LiveTown, content_type: str, body: bytes) -> None:
    async with browsing(town, "ma") as ma:
        for path in ("/desk/sign-in", "/desk/rulebooks/drafts", f"/c/{town.card}/pin"):
            answer = await ma.http.post(path, content=body, headers={"Content-Type": content_type})
            assert answer.status_code in (400, 403, 413), answer.text
            assert answer.headers["content-type"].startswith("text/html")


HEADERS = {
    "Accept": ["text/html;q=inf", "text/html;q=zz", ",,;", "\xff"],
    "Authorization": ["Bearer", "Basic \xff", "Bearer \xff", f"Bearer {'x' * 5000}", "bearer a b"],
    "Cookie": ["jimei-session=\xff", "=;=", 'jimei-session="', "jimei-flash=\xff", f"jimei-flash={'W1tb' * 900}"],
    "If-None-Match": ["\xff", "*", '"', ",,"],
    "Range": ["bytes=0-1", "bytes=9-1", "\xff"],
    "X-CSRFToken": ["\xff", "x" * 5000],
    "Sec-Fetch-Site": ["\xff"],
    "Host": ["a/b", "\xff"],
}


@pytest.mark.parametrize("name", HEADERS)
async def test_no_header_is_a_fault_of_ours(town: LiveTown, name: str) -> None:
    async with browsing(town, "wang") as wang, town.device() as device:
        for value in HEADERS[name]:
            for path in ("/", "/nothing", "/desk", "/v1/till", "/static/style.css", "/assets/ace/ace.js"):
                for http in (wang.http, device):
                    answer = await http.get(path, headers={name.encode(): value.encode("latin-1")})
                    assert answer.status_code < 500, (path, value)
            answer = await wang.http.post("/desk/sign-out", headers={name.encode(): value.encode("latin-1")})
            assert answer.status_code < 500, value


@pytest.mark.parametrize("query", ["x=%ff", "x=%00", "%00=1", "a=1&" * 3_000, "=", "&&", "before=%00", "a[b]=1"])
async def test_no_query_is_a_fault_of_ours(town: LiveTown, query: str) -> None:
    paths = ("/", "/desk", "/v1/accounts", "/v1/holds", "/v1/seals/consistency", "/v1/rulebooks/differences")
    async with browsing(town, "li") as li, town.staff("office") as office:
        for path in paths:
            for http in (li.http, office):
                assert (await http.get(f"{path}?{query}")).status_code < 500, path
