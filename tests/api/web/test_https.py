"""Behind a proxy: who asks, and whether over HTTPS, is what a trusted proxy says and nobody else."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import PASSWORD, LiveTown, serving

HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


async def sign_in(url: str, headers: dict[str, str]) -> list[httpx.Response]:
    """All that a sign-in answers, from the form to the session's end. A client of ours would keep what is for
    HTTPS alone, so its cookies are sent by hand."""
    async with httpx.AsyncClient(base_url=url, verify=False) as http:

        def cookies(answer: httpx.Response) -> dict[str, str]:
            pairs = [cookie.split(";")[0] for cookie in answer.headers.get_list("set-cookie")]
            return headers | {"Cookie": "; ".join(pairs)}

        form = await http.get("/desk/sign-in", headers=headers)
        token = form.text.split('name="_csrf_token" value="')[1].split('"')[0]
        sent = {"_csrf_token": token, "login": "wang", "password": PASSWORD}
        entered = await http.post("/desk/sign-in", data=sent, headers=cookies(form))
        assert entered.status_code == 303, entered.text
        both = headers | {"Cookie": f"{cookies(form)['Cookie']}; {cookies(entered)['Cookie']}"}
        desk = await http.get("/desk", headers=both)
        token = desk.text.split('name="_csrf_token" value="')[1].split('"')[0]
        left = await http.post("/desk/sign-out", data={"_csrf_token": token}, headers=both)
        assert left.status_code == 303, left.text
        return [form, entered, left, await http.get("/nowhere", headers=headers)]


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.0/8"])
async def test_behind_https_every_cookie_is_secure_and_browsers_are_told_to_stay(
    town: LiveTown, trusted: str
) -> None:
    async with serving(town.town, trusted_proxies=[trusted]) as url:
        answers = await sign_in(url, HTTPS)
    cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
    assert len(cookies) >= 4
    assert [cookie for cookie in cookies if cookie.lower().count("; secure") != 1] == []
    assert {answer.headers["Strict-Transport-Security"] for answer in answers} == {"max-age=31536000"}


@pytest.mark.parametrize(("trusted", "headers"), [("127.0.0.1", {}), ("192.0.2.1", HTTPS)])
async def test_plain_http_goes_on_and_a_stranger_is_not_believed(
    town: LiveTown, trusted: str, headers: dict[str, str]
) -> None:
    async with serving(town.town, trusted_proxies=[trusted]) as url:
        answers = await sign_in(url, headers)
    for answer in answers:
        assert "secure" not in str(answer.headers.get_list("set-cookie")).lower()
        assert "Strict-Transport-Security" not in answer.headers
