"""What is sent over HTTPS: cookies that never travel in the clear, and HSTS.

In one place for all that sets a cookie. The scheme is the connection's own, or what a trusted proxy says of it.
Plain HTTP, as in a village's own network, is left as it is.
"""

from __future__ import annotations

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

HSTS = "max-age=31536000"


async def secure_answer(message: Message, scope: Scope) -> None:
    """For `before_send` of the application."""
    if message["type"] != "http.response.start" or scope["scheme"] != "https":
        return
    headers = MutableScopeHeaders.from_message(message)
    headers["Strict-Transport-Security"] = HSTS
    cookies = headers.getall("set-cookie", [])
    if cookies:
        del headers["set-cookie"]
    for cookie in cookies:
        headers.add("set-cookie", cookie if "; secure" in cookie.lower() else f"{cookie}; Secure")
