"""Serve the till to one browser at a time, over textual-serve's terminal and with a page of our own.

The process of the till outlives its web socket: a tablet that loses the network for a minute comes back to the
same household and cart. Whoever else comes meanwhile is told in a sentence that the till is taken.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp_jinja2
import jinja2
from aiohttp import WSMsgType, web
from textual_serve import server as textual_serve

from kiosk.language import N_, _
from kiosk.serving.process import TillProcess

log = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("page")
BROWSER = "jimei-till"
"""The cookie by which a browser is known again."""
HEARTBEAT = 10.0
"""Seconds between the signs of life that a browser is asked for."""
PATIENCE = 3.0
"""Seconds that a till is given to leave for another browser."""
LARGEST = 64 * 1024
"""Bytes of one message from the browser."""
MOST_CELLS = 1000
# Codes of our own for why the server closes a web socket.
TAKEN, ENDED = 4001, 4002
ELSEWHERE = N_("这台终端正在另一个窗口里使用；那边关掉以后，这里会自己打开")
OTHER_DEVICE = N_("这台终端正在另一台设备上使用；那边关掉以后，这里会自己打开")
UNSETTLED = N_("上一台设备有一笔还没有答复，请用那台设备打开，等它办完")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Taken(Exception):
    """Somebody else uses the till; the sentence says so."""


@dataclass(slots=True)
class Seat:
    """Who sits at the till: the browser it belongs to, and the window of it that is open, if any."""

    process: TillProcess
    browser: str
    window: str
    websocket: web.WebSocketResponse | None = None


class TillServer(textual_serve.Server):
    """Serves `command`, run with the environment `settings` beside the server's own."""

    def __init__(self, command: list[str], settings: dict[str, str]) -> None:
        super().__init__("jimei kiosk", title=_("积美"), statics_path="static", templates_path=PAGE)
        self._till_command = command
        self._settings = settings
        self._seat: Seat | None = None
        self._seating = asyncio.Lock()

    def application(self) -> web.Application:
        app = web.Application()
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(self.templates_path), autoescape=True)
        app.add_routes(
            [
                web.get("/", self.handle_index),
                web.get("/free/{window}", self.handle_free),
                web.get("/till/{window}", self.handle_websocket),
                web.static("/terminal", self.statics_path),
                web.static("/page", PAGE),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def on_shutdown(self, app: web.Application) -> None:
        if self._seat:
            await self._seat.process.stop()
            if self._seat.websocket:
                await self._seat.websocket.close()

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, and a name for the browser that asks for it."""
        response = aiohttp_jinja2.render_template("index.html", request, {"title": self.title})
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        if BROWSER not in request.cookies:
            response.set_cookie(
                BROWSER, secrets.token_urlsafe(16), max_age=10 * 365 * 86400, httponly=True, samesite="Strict"
            )
        return response

    async def handle_free(self, request: web.Request) -> web.Response:
        """Whether this window would get the till: 204, or 409 with the sentence why not."""
        try:
            self._refuse_if_taken(request)
        except Taken as taken:
            return web.Response(status=409, text=str(taken))
        return web.Response(status=204)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        # Another site in the same browser must not drive the till.
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            raise web.HTTPForbidden(text="origin")
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST)
        await websocket.prepare(request)
        try:
            async with self._seating:
                seat = await self._seated(request, websocket)
        except Taken as taken:
            await self._dismiss(websocket, TAKEN, str(taken))
            return websocket
        farewell = asyncio.create_task(self._farewell(seat, websocket))
        try:
            await self._listen(websocket, seat.process)
        finally:
            if seat.websocket is websocket:
                seat.websocket = None
                seat.process.detach()
            if not seat.process.ended.is_set():
                farewell.cancel()
        await asyncio.wait([farewell])
        return websocket

    def _refuse_if_taken(self, request: web.Request) -> None:
        seat = self._seat
        if seat is None or seat.websocket is None or seat.window == request.match_info["window"]:
            return
        raise Taken(_(ELSEWHERE) if seat.browser == request.cookies.get(BROWSER) else _(OTHER_DEVICE))

    async def _seated(self, request: web.Request, websocket: web.WebSocketResponse) -> Seat:
        """Give this window the till: the one that runs, if it is this browser's, or a new one. Raises Taken."""
        self._refuse_if_taken(request)
        browser, window = request.cookies.get(BROWSER, ""), request.match_info["window"]
        width, height = (
            _cells(textual_serve.to_int(request.query.get(name, ""), 80)) for name in ("width", "height")
        )
        seat = self._seat
        if seat and not seat.process.ended.is_set() and seat.browser != browser:
            if not await seat.process.leave(PATIENCE):
                raise Taken(_(UNSETTLED))
            seat = None
        if seat is None or seat.process.ended.is_set():
            process = TillProcess(self._till_command, self._settings)
            await process.start(width, height)
            seat = self._seat = Seat(process, browser, window)
        before, seat.window, seat.websocket = seat.websocket, window, websocket
        if before:
            # The same window, loaded anew before the server noticed that it had gone.
            await before.close()
        await seat.process.set_terminal_size(width, height)
        await seat.process.attach(websocket.send_bytes)
        return seat

    async def _listen(self, websocket: web.WebSocketResponse, process: TillProcess) -> None:
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                continue
            match message.json():
                case ["stdin", str(keys)]:
                    await process.send_bytes(keys.encode())
                case ["resize", {"width": int(width), "height": int(height)}]:
                    await process.set_terminal_size(_cells(width), _cells(height))
                case ["ping", str(at)]:
                    await websocket.send_json(["pong", at])

    async def _farewell(self, seat: Seat, websocket: web.WebSocketResponse) -> None:
        """When the till has ended, say why to who is there."""
        await seat.process.ended.wait()
        if self._seat is seat:
            self._seat = None
        await self._dismiss(websocket, ENDED, seat.process.last_words)

    @staticmethod
    async def _dismiss(websocket: web.WebSocketResponse, code: int, sentence: str) -> None:
        """Close with a sentence. It goes ahead as a message: the reason of a close is cut at 123 bytes."""
        try:
            await websocket.send_json(["said", sentence])
            await websocket.close(code=code)
        except ConnectionError:
            log.info("the browser went before it could be told: %s", sentence)


def _cells(given: int) -> int:
    """What a browser says of its size, within reason."""
    return min(max(given, 1), MOST_CELLS)


def run(listener: socket.socket, command: list[str], settings: dict[str, str]) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    host, port = listener.getsockname()[:2]
    print(
        _("终端已在浏览器里提供 http://{host}:{port}").format(host=host, port=port),
        flush=True,
    )
    web.run_app(TillServer(command, settings).application(), sock=listener, print=None)
