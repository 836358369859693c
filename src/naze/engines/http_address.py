"""A server's address goes in; whether it may be spoken to, and where its interfaces begin, comes out."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from naze.errors import ConfigurationError, RemoteRefusedError

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is reached."""

    origin: str
    """Scheme, host and port: `http://127.0.0.1:1234`."""
    path: str
    """Where its OpenAI-compatible interface begins, without a slash at the end: `/v1`; "" when not given."""
    loopback: bool
    """Whether it is this machine itself."""

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Take an address apart.

        Raises:
            ConfigurationError: not an http or https address.
        """
        address = text.partition("#")[0].strip().rstrip("/")
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _no_address(text, str(error)) from error
        if parts.scheme not in ("http", "https") or not host:
            raise _no_address(text, "no scheme or no host")
        if parts.username or parts.password or parts.query:
            raise _no_address("an address", "a user, password or query in it; give a key with NAZE_API_KEY")
        name = f"[{host}]" if ":" in host else host
        origin = f"{parts.scheme}://{name}" + (f":{port}" if port is not None else "")
        return cls(origin, parts.path, _is_loopback(host))

    @property
    def text(self) -> str:
        """The whole address, as it goes into manifests."""
        return self.origin + self.path

    def check_allowed(self, *, allow_remote: bool) -> None:
        """Refuse an address that is not this machine's own.

        Raises:
            RemoteRefusedError: not loopback and not allowed.
        """
        if self.loopback or allow_remote:
            return
        raise RemoteRefusedError(
            f"{self.text}: this is not your own machine, and every prompt (your votes) would be sent there. "
            f'If you want that: --allow-remote, or allow_remote = ["{self.origin}"] in naze.toml.'
        )


def _is_loopback(host: str) -> bool:
    """Names are not looked up: what a name means can change between the look-up and the request."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _no_address(text: str, found: str) -> ConfigurationError:
    return ConfigurationError(
        f"{text!r}: {found}; expected an address such as http://127.0.0.1:1234/v1 or https://host/v1."
    )
