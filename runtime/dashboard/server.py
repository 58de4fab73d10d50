"""The web server: a page, its files, and the stream."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from runtime.dashboard import library
from runtime.dashboard.access import Access
from runtime.dashboard.hub import Hub
from runtime.sinks.incoming import parsed

_LOG = logging.getLogger(__name__)
_STATIC = Path(__file__).parent / "static"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self' ws: wss:; img-src 'self' data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# Policy violation, and try again later: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
_REFUSED, _SLOW = 1008, 1013


def application(
    hub: Hub, access: Access, hear: Callable[[dict[str, Any]], None], *, pages: bool
) -> Starlette:
    """Return the application.

    Parameters
    ----------
    hub : Hub
        Where clients join.
    access : Access
        Who may.
    hear : callable
        Takes a message of a client, see `runtime.dashboard.sink`.
    pages : bool
        Whether the page is served, or the stream alone.
    """

    async def page(request: Request) -> Response:
        refusal = access.refusal(request.headers, request.query_params)
        if refusal is not None:
            return PlainTextResponse(refusal, 403)
        return FileResponse(_STATIC / "index.html", headers=_HEADERS)

    async def stream(websocket: WebSocket) -> None:
        refusal = access.refusal(websocket.headers, websocket.query_params)
        if refusal is not None:
            await websocket.close(_REFUSED, refusal)
            return
        await websocket.accept()
        client = hub.join()
        tasks = [
            asyncio.create_task(_send(websocket, client)),
            asyncio.create_task(_listen(websocket, hear)),
        ]
        # Either ends where the browser goes away or is sent away: then the other has nothing to do.
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hub.leave(client)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close()  # where that has not been done

    routes: list[BaseRoute] = [WebSocketRoute("/ws", stream)]
    if pages:
        charts = library.script()

        async def charts_script(request: Request) -> Response:
            return FileResponse(charts, headers=_HEADERS, media_type="text/javascript")

        routes += [
            Route("/", page),
            Route("/library.js", charts_script),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]
    return Starlette(routes=routes)


async def _listen(websocket: WebSocket, hear: Callable[[dict[str, Any]], None]) -> None:
    try:
        while True:
            message = parsed(await websocket.receive_text())
            if message is not None:
                hear(message)
    except (WebSocketDisconnect, RuntimeError, KeyError):
        return  # the browser went away, or sends bytes


async def _send(websocket: WebSocket, client: asyncio.Queue[str | None]) -> None:
    try:
        while (text := await client.get()) is not None:
            await websocket.send_text(text)
        await websocket.close(_SLOW)
    except (WebSocketDisconnect, RuntimeError):
        return  # the browser went away


class Server(threading.Thread):
    """Serve an application in a thread, on a socket that is bound already.

    Parameters
    ----------
    app : Starlette
        What to serve.
    bound : socket
        Where.

    Attributes
    ----------
    trouble : str or None
        Why it ended, where it ended by itself.
    """

    def __init__(self, app: Starlette, bound: socket.socket) -> None:
        super().__init__(name="rtcan-web", daemon=True)
        self._socket = bound
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=65536,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.trouble: str | None = None

    def run(self) -> None:
        """Serve until told to stop; called by `start`."""
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - told to who asks; uvicorn exits where it fails
            _LOG.debug("the web server failed", exc_info=True)
            self.trouble = f"the server ended: {type(error).__name__}: {error}"
        else:
            if not self._server.should_exit:
                self.trouble = "the server ended"
        finally:
            self._ready.set()

    def do(self, job: Callable[..., None], *arguments: Any) -> None:
        """Call a function in the server's event loop, once it runs."""
        self._ready.wait()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended, which is its trouble
                self._loop.call_soon_threadsafe(job, *arguments)

    def stop(self, patience_s: float) -> None:
        """End it."""
        self._server.should_exit = True
        self.join(patience_s)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
