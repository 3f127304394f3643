"""Who may ask: whoever holds the token of the address that was printed, from a page of our own.

Any page that a browser shows can send requests to 127.0.0.1, and any program of the machine can.
So every request needs a cookie, which the token in the first address is exchanged for; a page of
another origin never gets it sent along (SameSite=Strict), and a name that was bent to 127.0.0.1
(DNS rebinding) is no host that is answered.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
READING: Final = frozenset({"GET", "HEAD"})
LARGEST_BODY: Final = 32 * 2**20  # bytes: an upload
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
NO_TOKEN: Final = (
    "open the address that the command printed, with its token; it is another one each time"
)


@dataclass(frozen=True)
class Pass:
    """What lets a browser in.

    Attributes:
        token: stands in the address that is opened first.
        cookie: what it is exchanged for.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


class Access:
    """Lets requests through to an application, or refuses them with 403 or 413.

    Args:
        app: what answers those that may ask.
        entry: the token and the cookie.
        largest_body: bytes that a request may bring along.
    """

    def __init__(self, app: ASGIApp, *, entry: Pass, largest_body: int = LARGEST_BODY) -> None:
        self._app, self._entry, self._largest = app, entry, largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        enters = self._has_token(scope)
        refusal = _refuse_origin(scope, headers)
        if not refusal and not enters and not self._has_cookie(scope, headers):
            refusal = NO_TOKEN
        if refusal:
            await _refuse(refusal, 403, scope, receive, send)
            return
        if _length(headers) > self._largest:
            most = f"{self._largest // 2**20} MB"
            await _refuse(f"too large; at most {most} are taken", 413, scope, receive, send)
            return
        name, value = _cookie_name(scope), self._entry.cookie

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = MutableHeaders(raw=message.setdefault("headers", []))
                own.update(HEADERS)
                if enters:
                    own.append("set-cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Strict")
            await send(message)

        await self._app(scope, _limited(receive, self._largest), tell)

    def _has_token(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
        return _same(given[0], self._entry.token)

    def _has_cookie(self, scope: Scope, headers: Headers) -> bool:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(_cookie_name(scope))
        except CookieError:
            return False
        return found is not None and _same(found.value, self._entry.cookie)


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())


def _cookie_name(scope: Scope) -> str:
    """Return a name of its own for each port, as cookies are shared by all ports of a host."""
    server = scope.get("server") or ("", 0)
    return f"striate-{server[1]}"


def _refuse_origin(scope: Scope, headers: Headers) -> str:
    """Say why a request is not from a page of our own; "" where it is."""
    host = headers.get("host", "")
    if _name_of(host) not in LOCAL:
        return f"the host '{host[:80]}' is not answered; expected 127.0.0.1 or localhost"
    origin = headers.get("origin")
    reads = scope["type"] == "http" and scope["method"] in READING
    if origin is None:
        return "" if reads else "a request that changes something must come from the page itself"
    if urlsplit(origin).netloc != host:
        return f"the page {origin[:80]} may not ask here"
    return ""


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _length(headers: Headers) -> int:
    told = headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() else 0


def _limited(receive: Receive, largest: int) -> Receive:
    """Take no more of a body that does not say its length; the rest counts as broken off."""
    taken = 0

    async def take() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > largest:
                return {"type": "http.disconnect"}
        return message

    return take


async def _refuse(why: str, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why[:100]})
        return
    await PlainTextResponse(why + "\n", status, HEADERS)(scope, receive, send)
