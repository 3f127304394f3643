"""A port that is taken, or none: each says what to do."""

from __future__ import annotations

import pytest

from striate.errors import SettingError
from striate.serving.listening import find_ssh_tunnel, listen


def test_a_port_that_is_taken_says_what_to_do() -> None:
    with listen(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(SettingError, match=f"port {port} is taken .* leave --port out"):
            listen(port)


def test_only_this_machine_is_listened_to() -> None:
    with listen(0) as found:
        assert found.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(SettingError, match="expected 0"):
        listen(port)


def test_who_came_by_ssh_is_told_the_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    assert find_ssh_tunnel(8000) is None
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.7 50000 10.0.0.9 22")
    monkeypatch.setenv("USER", "ada")
    assert find_ssh_tunnel(8000) == "ssh -N -L 8000:127.0.0.1:8000 ada@10.0.0.9"
