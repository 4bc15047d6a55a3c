"""Serve the kiosk to one browser at a time, with textual-serve's terminal and a page of our own.

The kiosk's process outlives its web socket: a tablet that loses the network for a minute comes back to the same
household and cart. Any other browser is told that the kiosk is in use.
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
from kiosk.serving.process import KioskProcess

log = logging.getLogger(__name__)

PAGE_FOLDER = Path(__file__).with_name("page")
BROWSER_COOKIE = "jimei-till"
"""The cookie that identifies a browser."""
HEARTBEAT_INTERVAL = 10.0
"""Seconds between pings."""
QUIT_TIMEOUT = 3.0
"""Seconds for the program to quit when another browser takes over."""
WAITING_TIMEOUT = 15.0
"""Seconds for a browser to send a request whole, and to be idle without its web socket."""
MAX_MESSAGE_SIZE = 64 * 1024
"""In bytes, from the browser."""
MAX_CELLS = 1000
# Close codes of the web socket; page/till.js knows them too.
IN_USE, ENDED = 4001, 4002
OTHER_WINDOW = N_("这台终端正在另一个窗口里使用；那边关掉以后，这里会自己打开")
OTHER_DEVICE = N_("这台终端正在另一台设备上使用；那边关掉以后，这里会自己打开")
UNSETTLED = N_("上一台设备有一笔还没有答复，请用那台设备打开，等它办完")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class InUse(Exception):
    """Another window or device uses the kiosk; the message says so."""


@dataclass(slots=True)
class Occupancy:
    """The process, the browser it belongs to, and the window attached, if any."""

    process: KioskProcess
    browser: str
    window: str
    websocket: web.WebSocketResponse | None = None


class KioskServer(textual_serve.Server):
    """Serves `command`, which is run with the server's environment and `settings`."""

    def __init__(self, command: list[str], settings: dict[str, str]) -> None:
        super().__init__("jimei kiosk", title=_("积美"), statics_path="static", templates_path=PAGE_FOLDER)
        self._kiosk_command = command
        self._settings = settings
        self._occupancy: Occupancy | None = None
        self._lock = asyncio.Lock()

    def application(self) -> web.Application:
        app = web.Application()
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(self.templates_path), autoescape=True)
        app.add_routes(
            [
                web.get("/", self.handle_index),
                web.get("/free/{window}", self.handle_availability),
                web.get("/till/{window}", self.handle_websocket),
                web.static("/terminal", self.statics_path),
                web.static("/page", PAGE_FOLDER),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def on_shutdown(self, app: web.Application) -> None:
        if (occupancy := self._occupancy) is None:
            return
        # Once the till has ended nobody occupies it any more.
        websocket = occupancy.websocket
        await occupancy.process.stop()
        if websocket is not None:
            await websocket.close()

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, with a cookie that identifies the browser."""
        response = aiohttp_jinja2.render_template("index.html", request, {"title": self.title})
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        if BROWSER_COOKIE not in request.cookies:
            response.set_cookie(
                BROWSER_COOKIE,
                secrets.token_urlsafe(16),
                max_age=10 * 365 * 86400,
                httponly=True,
                samesite="Strict",
            )
        return response

    async def handle_availability(self, request: web.Request) -> web.Response:
        """Whether this window would get the kiosk: 204, or 409 with the reason."""
        try:
            self._refuse_if_in_use(request)
        except InUse as error:
            return web.Response(status=409, text=str(error))
        return web.Response(status=204)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        # Another site in the same browser must not control the kiosk.
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            raise web.HTTPForbidden(text="origin")
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT_INTERVAL, max_msg_size=MAX_MESSAGE_SIZE)
        await websocket.prepare(request)
        try:
            async with self._lock:
                occupancy = await self._occupy(request, websocket)
        except InUse as error:
            await self._close(websocket, IN_USE, str(error))
            return websocket
        closing = asyncio.create_task(self._close_after_exit(occupancy, websocket))
        try:
            await self._listen(websocket, occupancy.process)
        finally:
            if occupancy.websocket is websocket:
                occupancy.websocket = None
                occupancy.process.detach()
            if not occupancy.process.ended.is_set():
                closing.cancel()
        await asyncio.wait([closing])
        return websocket

    def _refuse_if_in_use(self, request: web.Request) -> None:
        occupancy = self._occupancy
        if occupancy is None or occupancy.websocket is None or occupancy.window == request.match_info["window"]:
            return
        raise InUse(
            _(OTHER_WINDOW) if occupancy.browser == request.cookies.get(BROWSER_COOKIE) else _(OTHER_DEVICE)
        )

    async def _occupy(self, request: web.Request, websocket: web.WebSocketResponse) -> Occupancy:
        """Attach this window to the running process if it is this browser's, or to a new one. Raises InUse."""
        self._refuse_if_in_use(request)
        browser, window = request.cookies.get(BROWSER_COOKIE, ""), request.match_info["window"]
        width, height = (
            _clamp_cells(textual_serve.to_int(request.query.get(name, ""), 80)) for name in ("width", "height")
        )
        occupancy = self._occupancy
        if occupancy and not occupancy.process.ended.is_set() and occupancy.browser != browser:
            if not await occupancy.process.quit(QUIT_TIMEOUT):
                raise InUse(_(UNSETTLED))
            occupancy = None
        if occupancy is None or occupancy.process.ended.is_set():
            process = KioskProcess(self._kiosk_command, self._settings)
            await process.start(width, height)
            occupancy = self._occupancy = Occupancy(process, browser, window)
        previous, occupancy.window, occupancy.websocket = occupancy.websocket, window, websocket
        if previous:
            # The same window, reloaded before the server noticed that it was closed.
            await previous.close()
        await occupancy.process.set_terminal_size(width, height)
        await occupancy.process.attach(websocket.send_bytes)
        return occupancy

    async def _listen(self, websocket: web.WebSocketResponse, process: KioskProcess) -> None:
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                continue
            match message.json():
                case ["stdin", str(keys)]:
                    await process.send_bytes(keys.encode())
                case ["resize", {"width": int(width), "height": int(height)}]:
                    await process.set_terminal_size(_clamp_cells(width), _clamp_cells(height))
                case ["ping", str(at)]:
                    await websocket.send_json(["pong", at])

    async def _close_after_exit(self, occupancy: Occupancy, websocket: web.WebSocketResponse) -> None:
        """Close the web socket once the process has ended, with the reason."""
        await occupancy.process.ended.wait()
        if self._occupancy is occupancy:
            self._occupancy = None
        await self._close(websocket, ENDED, occupancy.process.exit_sentence)

    @staticmethod
    async def _close(websocket: web.WebSocketResponse, code: int, sentence: str) -> None:
        """Close with a sentence, sent as a message before: the reason of a close frame holds 123 bytes only."""
        try:
            await websocket.send_json(["said", sentence])
            await websocket.close(code=code)
        except ConnectionError:
            log.info("the browser went before it could be told: %s", sentence)


def _clamp_cells(size: int) -> int:
    """A browser's size, within bounds."""
    return min(max(size, 1), MAX_CELLS)


def run(listener: socket.socket, command: list[str], settings: dict[str, str]) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    host, port = listener.getsockname()[:2]
    print(
        _("终端已在浏览器里提供 http://{host}:{port}").format(host=host, port=port),
        flush=True,
    )
    application = KioskServer(command, settings).application()
    web.run_app(application, sock=listener, print=None, keepalive_timeout=WAITING_TIMEOUT)
