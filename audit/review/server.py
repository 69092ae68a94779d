"""The page's server: on 127.0.0.1 only, for who knows the token only, and it opens no connection itself.

Every address begins with the token, which is compared in constant time. `Host` must be this server's own, so that no
other name can be pointed at it; what changes anything must be JSON posted by the page itself (`Origin`). Nothing is
read from the disk by an address: there is one page, one stylesheet, one script.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.errors import AssayError, InputError, OutputError
from audit.review.pages import PAGES, page
from audit.review.session import Session

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
LONGEST = 64 * 1024
"""Bytes of a request's body."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


@dataclass(frozen=True)
class Door:
    """Who may come in."""

    token: str
    port: int

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def refuses(self, method: str, path: str, headers: dict[str, str]) -> str:
        """Why a request is refused; '' if it is not. `headers` have lower-case names."""
        said = path.removeprefix("/").partition("/")[0]
        if not secrets.compare_digest(said.encode("utf-8", "surrogatepass"), self.token.encode()):
            return "the address lacks this session's token"
        if headers.get("host") not in (f"{HOST}:{self.port}", f"localhost:{self.port}"):
            return "this server has another name"
        own = f"http://{headers['host']}"
        if headers.get("origin", own) != own or headers.get("sec-fetch-site") == "cross-site":
            return "another site asks"
        if method == "POST" and headers.get("origin") != own:
            return "only this server's own page may post"
        if method == "POST" and headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return "JSON is expected"
        return ""


def application(session: Session, door: Door) -> App:
    """The server as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, PlainTextResponse, Response
    from starlette.routing import Route

    async def static(request: Request) -> Response:
        name = request.path_params.get("name", "")
        if name not in PAGES:
            return PlainTextResponse("there is no such page\n", status_code=404, headers=HEADERS)
        return Response(page(name, session.desk.data.name), headers={**HEADERS, "Content-Type": PAGES[name]})

    def answering(act: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                # in the one thread there is, on purpose: what is asked for next sees what was decided before
                return JSONResponse(act(await _body(request)), headers=HEADERS)
            except OutputError as refused:
                return JSONResponse({"error": str(refused)}, status_code=507, headers=HEADERS)
            except AssayError as wrong:
                return JSONResponse({"error": str(wrong)}, status_code=400, headers=HEADERS)

        return answer

    base = f"/{door.token}"
    routes = [
        Route(f"{base}/state", answering(lambda _: session.state()), methods=["GET"]),
        Route(f"{base}/decide", answering(session.decide), methods=["POST"]),
        Route(f"{base}/undo", answering(session.undo), methods=["POST"]),
        Route(f"{base}/", static, methods=["GET"]),
        Route(f"{base}/{{name}}", static, methods=["GET"]),
    ]
    return _guarded(Starlette(routes=routes), door, PlainTextResponse)


def _guarded(inner: App, door: Door, refusal: Any) -> App:
    """Ask the door before anything else looks at a request."""

    async def guarded(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        names = [k for k, _ in scope["headers"]]
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        doubled = any(names.count(name) > 1 for name in (b"host", b"origin", b"content-type"))
        why = "a header is there twice" if doubled else door.refuses(scope["method"], scope["path"], headers)
        if why:
            await refusal(f"refused: {why}\n", status_code=403, headers=HEADERS)(scope, receive, send)
            return
        await inner(scope, receive, send)

    return guarded


async def _body(request: Request) -> dict[str, Any]:
    if request.method != "POST":
        return {}
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise InputError(f"a request has at most {LONGEST:,} bytes")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):  # a number too long for an int is a ValueError
        raise InputError("the request is not JSON") from None
    if not isinstance(values, dict):
        raise InputError("a JSON object is expected")
    return values


def opened(port: int = 0) -> tuple[socket.socket, Door]:
    """A socket on this machine's own address and the door in front of it; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as refused:
        listener.close()
        raise OutputError(f"port {port}: cannot be served on: {refused.strerror}") from None
    return listener, Door(secrets.token_urlsafe(32), listener.getsockname()[1])


def serve(session: Session, listener: socket.socket, door: Door, *, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is told the address once it answers."""
    try:
        import starlette  # noqa: F401  used by `application`
        import uvicorn
    except ImportError:
        raise InputError("assay review needs starlette and uvicorn: pip install 'assay[review]'") from None

    config = uvicorn.Config(
        application(session, door), http="h11", ws="none", loop="asyncio", lifespan="off", log_level="warning",
        access_log=False, proxy_headers=False, server_header=False, date_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    listener.listen()  # from now on a browser is answered, if only when the loop below runs
    ready(door.address)
    uvicorn.Server(config).run(sockets=[listener])
