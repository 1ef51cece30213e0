"""What holds for every test: where Django's settings are, and that nothing dials out."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import sys

if importlib.util.find_spec("django") is not None:
    # pytest 9 in strict mode refuses the same setting in pyproject.toml where pytest-django
    # is not installed, as in the environment that has neither framework.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_settings")


class DialledOutError(BaseException):
    """A test tried to reach a host other than this one."""


def _is_this_host(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_other_hosts(event: str, arguments: tuple[object, ...]) -> None:
    """Keep a telemetry suite from sending anything anywhere but to this host."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not _is_this_host(str(address[0])):
            raise DialledOutError(f"a test connects to {address[0]}")
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        if isinstance(host, bytes):
            host = host.decode()
        if isinstance(host, str) and not _is_this_host(host) and not _is_address(host):
            raise DialledOutError(f"a test looks up {host}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


sys.addaudithook(_refuse_other_hosts)
