"""Connections for downloads: made within seconds or given up, through proxies where these are set.

A firewall that drops packets answers nothing, a name server that cannot be reached neither, and a
server may have eight addresses, each of which would be waited for. So the whole of connecting
(the look-up of the name, the proxy, encryption) has one limit.
"""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Callable
from threading import Thread

CONNECT = 5.0  # seconds until a connection stands
SILENCE = 30.0  # seconds without a byte after which one that stood counts as broken
FAILURES = (OSError, http.client.HTTPException, ValueError)


def open_url(request: urllib.request.Request) -> http.client.HTTPResponse:
    """Open a URL as `urllib.request.urlopen` does, proxies of the environment included.

    Raises:
        urllib.error.URLError: there is no connection within `CONNECT` seconds.
        OSError: it broke.
    """
    opener = urllib.request.build_opener(_Http, _Https)
    response: http.client.HTTPResponse = opener.open(request, timeout=SILENCE)
    return response


def _connect(connect: Callable[[], None]) -> None:
    """Connect in a thread that is left alone once the time is over; nothing stops a look-up."""
    failed: list[Exception] = []

    def work() -> None:
        try:
            connect()
        except FAILURES as error:
            failed.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(CONNECT)
    if thread.is_alive():
        raise TimeoutError(f"no connection within {CONNECT:g} seconds")
    if failed:
        raise failed[0]


class _PlainConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        _connect(super().connect)


class _SafeConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        _connect(super().connect)


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PlainConnection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SafeConnection, req)
