"""A form is taken from our own pages alone: nobody's page elsewhere may send one in a visitor's name.

Two things are asked of each. What the browser itself says of where the form comes from (`Sec-Fetch-Site`), where
it says so: over TLS, and not in old WebViews. And a token that the page put into its forms. Of who is signed in it
is bound to the session, so it is worth nothing to anybody else, nor before or after. Of a visitor, such as on the
sign-in page, it has to be the one in their cookie. Each token has a number of its own, since a constant secret
could be guessed from the length of compressed pages.

Under `/v1` no cookie is accepted, so there is nothing to protect.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie, FormMultiDict, MutableScopeHeaders
from litestar.enums import RequestEncodingType, ScopeType
from litestar.exceptions import PermissionDeniedException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.web.form import read_unchecked

COOKIE = "csrftoken"
FIELD = "_csrf_token"
HEADER = "X-CSRFToken"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = frozenset({RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART})
_OWN = frozenset({"same-origin", "none"})
_NUMBER_DIGITS = 32
_ISSUED = "csrf_token"
"""In the request's state: what a page issued to a visitor, whose cookie it becomes."""
_LATE = "late_form"
"""In the request's state: a form of ours whose session is over."""


class FormProtection(ASGIMiddleware):
    """Refuses forms that aren't ours; sets a visitor's cookie where the page has a form, and nowhere else. After
    `Authentication`."""

    scopes = (ScopeType.HTTP,)

    @staticmethod
    def should_bypass_for_scope(scope: Scope) -> bool:
        return scope["path"].startswith("/v1/")

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request[Any, Any, Any] = scope["litestar_app"].request_class(scope, receive)
        if request.method not in _SAFE:
            await _require_own(request)
        await next_app(scope, receive, _setting_cookie(request, send))


def issue_token(request: Request[Any, Any, Any]) -> str:
    """For the forms of the page that is being rendered."""
    session = _get_session(request)
    if session:
        return _make_token(request, session)
    if _ISSUED in request.state:
        return str(request.state[_ISSUED])
    known = request.cookies.get(COOKIE, "")
    if _is_made_for(request, known, ""):
        return known
    token = request.state[_ISSUED] = _make_token(request, "")
    return token


def issue_cookie(request: Request[Any, Any, Any], response: Response[Any]) -> None:
    """A visitor's token and its cookie, where the answer doesn't come from within `FormProtection`."""
    response.set_cookie(COOKIE, issue_token(request), httponly=True, samesite="lax")


def issue_token_for(request: Request[Any, Any, Any], session: str) -> str:
    """For a page that is answered together with the session that begins."""
    return _make_token(request, session)


def find_late_form(request: Request[Any, Any, Any]) -> FormMultiDict | None:
    """A form of ours that was refused because its session is over."""
    form: FormMultiDict | None = request.state.get(_LATE)
    return form


def sign(request: Request[Any, Any, Any], text: str) -> str:
    """Only this server can have written this beside `text`."""
    return _sign(request, text, "")


def is_signed(request: Request[Any, Any, Any], text: str, signature: str) -> bool:
    return hmac.compare_digest(signature.encode(), sign(request, text).encode())


def _setting_cookie(request: Request[Any, Any, Any], send: Send) -> Send:
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start" and _ISSUED in request.state:
            cookie = Cookie(COOKIE, value=request.state[_ISSUED], httponly=True, samesite="lax")
            MutableScopeHeaders.from_message(message).add("Set-Cookie", cookie.to_header(header=""))
        await send(message)

    return send_with_cookie


async def _require_own(request: Request[Any, Any, Any]) -> None:
    """Raises PermissionDeniedException; Refused: not-signed-in, where the form's session is over."""
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN:
        raise PermissionDeniedException
    token = request.headers.get(HEADER, "")
    if not token and request.content_type[0] in _FORMS:
        token = read_unchecked(await request.form(), FIELD)
    session = _get_session(request)
    if _is_made_for(request, token, session) and (session or token == request.cookies.get(COOKIE)):
        return
    if request.auth and not session:
        if request.content_type[0] in _FORMS and _is_made_for(request, token, str(request.auth)):
            request.state[_LATE] = await request.form()
        raise Refused(ErrorCode.NOT_SIGNED_IN, "登录已过期，没有提交。请先登录。")
    raise PermissionDeniedException


def _get_session(request: Request[Any, Any, Any]) -> str:
    """The secret of the session that is signed in here; empty without one."""
    return str(request.auth) if isinstance(request.user, Staff) else ""


def _make_token(request: Request[Any, Any, Any], session: str) -> str:
    number = secrets.token_hex(_NUMBER_DIGITS // 2)
    return number + _sign(request, number, session)


def _is_made_for(request: Request[Any, Any, Any], token: str, session: str) -> bool:
    number, signature = token[:_NUMBER_DIGITS], token[_NUMBER_DIGITS:]
    return hmac.compare_digest(signature.encode(), _sign(request, number, session).encode())


def _sign(request: Request[Any, Any, Any], number: str, session: str) -> str:
    secret: str = request.app.state["csrf_secret"]
    return hmac.digest(secret.encode(), f"{number} {session}".encode(), "sha256").hex()
