"""Nobody is answered who has not come by the printed address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_studio import Live, live_studio
from websockets.exceptions import ConnectionClosed, InvalidStatus

PATHS = ("/", "/page/main.js", "/api/offer", "/openapi.json", "/api/thumbnail", "/nowhere")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_studio(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture(scope="module")
def cookie(live: Live) -> dict[str, str]:
    return live.enter()


@pytest.mark.parametrize("path", PATHS)
def test_every_path_without_the_token_is_403(live: Live, path: str) -> None:
    reply = live.ask(path)
    assert reply.status == 403
    assert reply.text.count("\n") == 1 and "with its token" in reply.text


@pytest.mark.parametrize("query", ["?token=", "?token=guess", "?cookie=guess", "?token=a&token=b"])
def test_a_wrong_token_is_403_and_gives_no_cookie(live: Live, query: str) -> None:
    reply = live.ask(f"/{query}")
    assert reply.status == 403
    assert "set-cookie" not in reply.headers


def test_the_token_opens_the_first_page_alone(live: Live) -> None:
    query = live.address.partition("?")[2]
    assert live.ask(f"/api/offer?{query}").status == 403
    assert live.ask(f"/?{query}", method="POST").status == 403


def test_the_token_becomes_a_cookie_that_no_script_reads_and_no_other_site_sends(
    live: Live, cookie: dict[str, str]
) -> None:
    reply = live.ask("/?" + live.address.partition("?")[2])
    said = reply.headers["set-cookie"]
    assert reply.status == 200
    assert "HttpOnly" in said and "SameSite=Strict" in said
    assert live.address.partition("token=")[2] not in said
    assert all(live.ask(path, cookie).status == 200 for path in PATHS[:4])


def test_answers_forbid_other_hosts_frames_and_guessing(live: Live, cookie: dict[str, str]) -> None:
    headers = live.ask("/", cookie).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[", "10.0.0.1"])
def test_a_name_that_was_bent_to_this_machine_is_not_answered(
    live: Live, cookie: dict[str, str], host: str
) -> None:
    assert live.ask("/api/offer", {**cookie, "Host": host}).status == 403


def test_the_other_names_of_this_machine_are(live: Live, cookie: dict[str, str]) -> None:
    assert live.ask("/api/offer", {**cookie, "Host": "localhost:9"}).status == 200


def test_a_page_of_another_origin_is_refused(live: Live, cookie: dict[str, str]) -> None:
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert live.ask("/api/offer", {**cookie, "Origin": origin}).status == 403
    assert live.ask("/api/images", cookie, method="POST", body=b"x").status == 403


def test_a_conversation_needs_cookie_and_origin(live: Live, cookie: dict[str, str]) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)), live.talk({}) as socket:
        socket.recv(timeout=10)
    with live.talk(cookie) as socket:
        socket.send("{}")
        assert isinstance(socket.recv(timeout=30), bytes)


def test_a_body_is_limited_whether_it_says_its_length_or_not(
    live: Live, cookie: dict[str, str]
) -> None:
    headers = {**cookie, "Origin": f"http://{live.host}"}
    told = live.ask("/api/images", {**headers, "Content-Length": str(2**30)}, method="POST")
    assert told.status == 413

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"\0" * 2**20

    try:
        untold = live.ask("/api/images", headers, method="POST", body=endless())
    except OSError:
        return  # the connection was closed in the middle
    assert untold.status >= 400


def test_a_mistake_is_one_line(live: Live, cookie: dict[str, str]) -> None:
    missing = live.ask("/api/thumbnail?address=here/none.png", cookie)
    assert missing.status == 422
    assert missing.text == (
        '{"error":"there is no \'here/none.png\' below the folders that are read here (here)"}'
    )
    assert "address" in live.ask("/api/thumbnail", cookie).text


def test_the_port_and_the_folder_are_in_no_answer_to_strangers(live: Live, tmp_path: Path) -> None:
    assert str(tmp_path.parent) not in live.ask("/").text
