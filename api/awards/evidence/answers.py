"""How photos leave the server: to the one who asked, kept by nobody in between, and as pixels alone."""

from __future__ import annotations

from litestar import Response

_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": 'inline; filename="photo.jpg"',
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def serve_photo(content: bytes) -> Response[bytes]:
    return Response(content, media_type="image/jpeg", headers=_HEADERS)
