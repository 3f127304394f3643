"""A port of this machine alone, and what to do where it is taken."""

from __future__ import annotations

import errno
import os
import socket

from striate.errors import SettingError

HOST = "127.0.0.1"


def check_port(port: int) -> None:
    """Make sure that a number can be a port.

    Raises:
        SettingError: it cannot.
    """
    if not 0 <= port <= 65535:
        raise SettingError(f"--port is {port}; expected 0 (any that is free) to 65535")


def listen(port: int) -> socket.socket:
    """Return a socket that listens on a port of 127.0.0.1.

    Args:
        port: 0 takes any that is free.

    Raises:
        SettingError: the port is taken, or may not be used.

    >>> with listen(0) as found:
    ...     found.getsockname()[0]
    '127.0.0.1'
    """
    check_port(port)
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere this lets two programs share the port
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen(128)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingError(
                f"port {port} is taken by another program, perhaps a studio that runs already: "
                "go to that one, or leave --port out and any free one is taken"
            ) from error
        if error.errno == errno.EACCES:
            raise SettingError(
                f"port {port} may not be used by this account; take one above 1023, or leave "
                "--port out"
            ) from error
        raise
    return found


def find_ssh_tunnel(port: int) -> str | None:
    """Return the command that brings the port to the machine one sits at; None without ssh.

    It is run there, not here: whoever logged in by ssh has the browser on the other machine.
    """
    told = os.environ.get("SSH_CONNECTION", "").split()
    if len(told) != 4:
        return None
    account = os.environ.get("USER") or "USER"
    return f"ssh -N -L {port}:{HOST}:{port} {account}@{told[2]}"
