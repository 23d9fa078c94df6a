"""User names and passwords, which are told to their own host alone and shown to nobody."""

import os
from base64 import b64encode
from dataclasses import dataclass, field
from importlib import import_module

import httpx

from clumpscope.errors import DownloadError, expected_got
from clumpscope.net.loopback import is_loopback


@dataclass(frozen=True)
class Credentials:
    """Who asks one host; neither name nor password is in its text.

    Attributes
    ----------
    origin
        Scheme, host and port that may be told.
    """

    origin: tuple[str, str, int | None]
    user: str = field(repr=False)
    password: str = field(repr=False)

    def header(self, url: httpx.URL) -> httpx.Headers:
        """The header for a request; none for any other host."""
        if origin_of(url) != self.origin:
            return httpx.Headers()
        token = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return httpx.Headers({"Authorization": f"Basic {token}"})  # hides it in its text


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address."""
    return url.scheme, url.host, url.port


def credentials_for(address: str, name: str, home: str) -> Credentials:
    """Credentials from ``$CLUMPSCOPE_NAME_USER`` and ``_PASSWORD``, else from the keyring.

    The keyring is that of the package of this name, if it is installed, under the service
    ``clumpscope-name``; the user is still told by the environment.

    Parameters
    ----------
    address
        Whom they are for, as a recipe may say: it must be ``home``, this machine, or what the user
        alone says: an address at the host ``$CLUMPSCOPE_NAME_HOST``. Others' recipes get nothing.
    home
        Address of the service that the account is of.

    Raises
    ------
    DownloadError
        If there are none, or the address is none that may be told.
    """
    origin = origin_of(httpx.URL(address))
    trusted = f"CLUMPSCOPE_{name.upper()}_HOST"
    if not _may_know(origin, home, os.environ.get(trusted, "")):
        raise DownloadError(
            expected_got(
                f"address of {name.upper()}, which gets your password",
                f"{home}, or https and the host in {trusted}",
                address,
            )
        )
    variables = [f"CLUMPSCOPE_{name.upper()}_{what}" for what in ("USER", "PASSWORD")]
    user, password = (os.environ.get(variable, "") for variable in variables)
    if user and not password:
        password = _from_keyring(f"clumpscope-{name}", user)
    if not user or not password:
        absent = variables[0] if not user else variables[1]
        raise DownloadError(
            expected_got(
                f"account at {name.upper()}",
                f"user and password in {' and '.join(variables)}",
                f"no {absent}",
                "registration is free of charge; or keep the password in the keyring of your "
                f"system: keyring set clumpscope-{name} USER",
            )
        )
    return Credentials(origin, user, password)


def _may_know(origin: tuple[str, str, int | None], home: str, trusted: str) -> bool:
    scheme, host, _ = origin
    if is_loopback(host) or origin == origin_of(httpx.URL(home)):
        return True
    return scheme == "https" and bool(trusted) and host == trusted.lower()


def _from_keyring(service: str, user: str) -> str:
    try:
        return str(import_module("keyring").get_password(service, user) or "")
    except Exception:  # not installed, locked or absent: it holds no password
        return ""
