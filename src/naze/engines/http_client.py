"""A path and a JSON body go in; the server's JSON object comes out, or an error that says what was found.

Connection errors, 408, 429, 5xx and replies that are no JSON are asked again a few times, as long as the
server wishes (`Retry-After`) but not for ever. Redirects are never followed: a prompt goes to the address
that the person allowed, and nowhere else.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import stamina

from naze.engines.chat_template import well_formed
from naze.engines.http_address import Address
from naze.errors import EngineReplyError, EngineUnavailableError, NazeError

__all__ = ["HttpClient", "Reply"]

CONNECT_SECONDS = 10.0
PROBE_SECONDS = 30.0
"""For asking a server what it is; a model may be loading meanwhile."""
MOST_ATTEMPTS = 4
LONGEST_WAIT_SECONDS = 60.0
"""A server that asks for more patience than this is reported instead."""
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
REFUSED_STATUSES = frozenset({401, 403, 404})
QUOTED_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON object, and after how many attempts it came."""

    body: Mapping[str, Any]
    attempts: int = 1


class _RetryError(Exception):
    """An attempt failed in a way that may pass; holds the error to raise if it does not."""

    def __init__(self, error: NazeError, wait_seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_seconds = wait_seconds


Hear = Callable[[Mapping[str, Any]], None]
"""Is given every object of a reply that comes in pieces."""
Listen = Callable[[], Hear]
"""Begins to listen to an attempt."""


class HttpClient:
    """Speaks JSON with one server. Its coroutines run in one event loop.

    Args:
        address: the server; prompts go to no other.
        api_key: sent as a bearer token; never in a message.
        timeout_seconds: for one attempt, from request to whole reply.
        watch: called after a transport failed, before trying again; raises when trying again is of no use.
    """

    def __init__(
        self,
        address: Address,
        *,
        api_key: str | None = None,
        timeout_seconds: float = 600.0,
        watch: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.address = address
        self._timeout_seconds = timeout_seconds
        self._watch = watch
        # Else Python prints each of stamina's notes where nobody has set up logging.
        logging.getLogger("stamina").addHandler(logging.NullHandler())
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._client = httpx2.AsyncClient(
            base_url=address.origin,
            headers=headers,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64),
            trust_env=not address.loopback,  # a proxy of the environment has no business on this machine
            follow_redirects=False,
        )

    async def get(self, path: str) -> Reply:
        """Ask for what lies at a path."""
        return await self._request("GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Send an object to a path.

        Raises:
            EngineUnavailableError: no connection, or the server refuses (401, 403, 404).
            EngineReplyError: another error status, no JSON object, a connection closed midway, a timeout.
        """
        return await self._request("POST", path, encode(body))

    async def stream(self, path: str, body: Mapping[str, Any], listen: Listen) -> Reply:
        """Send an object to a path, and hear every object of the reply as it comes: lines of JSON, or server-sent events.

        Args:
            path: on the server.
            body: that is sent.
            listen: is called anew for every attempt, and returns what hears each object.

        Returns:
            The last object.

        Raises:
            EngineUnavailableError: as `post`.
            EngineReplyError: as `post`; or the server sent an error midway.
        """
        return await self._request("POST", path, encode(body), listen)

    async def find(self, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
        """Ask once for something that not every server has; None where it has not, or gives no object."""
        content = None if body is None else encode(body)
        try:
            method = "GET" if body is None else "POST"
            seconds = min(PROBE_SECONDS, self._timeout_seconds)
            return (await self._attempt(method, path, content, seconds=seconds)).body
        except _RetryError as retry:
            if isinstance(retry.error, EngineReplyError) and retry.error.status is not None:
                return None
            raise retry.error from retry
        except (EngineReplyError, EngineUnavailableError) as error:
            if error.status in (None, 401, 403):
                raise
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _request(
        self,
        method: str,
        path: str,
        content: bytes | None,
        listen: Listen | None = None,
    ) -> Reply:
        attempts = 0
        try:
            async for attempt in stamina.retry_context(
                on=_backoff,
                attempts=MOST_ATTEMPTS,
                timeout=None,
                wait_initial=0.2,
                wait_max=5.0,
                wait_jitter=0.3,
            ):
                with attempt:
                    attempts += 1
                    return await self._attempt(method, path, content, attempts, listen=listen)
        except _RetryError as retry:
            error = retry.error
            if isinstance(error, EngineReplyError):
                error.attempts = attempts
            if attempts > 1:
                error.args = (f"{error} Tried {attempts} times.",)
            raise error from retry
        raise AssertionError("a retry ends with a reply or an error")

    async def _attempt(
        self,
        method: str,
        path: str,
        content: bytes | None,
        attempts: int = 1,
        seconds: float | None = None,
        listen: Listen | None = None,
    ) -> Reply:
        url = self.address.origin + path
        seconds = self._timeout_seconds if seconds is None else seconds
        try:
            async with asyncio.timeout(seconds):
                if listen is not None:
                    return Reply(await self._hear(path, content, listen()), attempts)
                response = await self._client.request(method, path, content=content)
        except TimeoutError as error:
            raise EngineReplyError(
                f"{url}: no whole reply within {seconds:g} seconds. Ask for fewer tokens, run "
                "fewer prompts at once (--concurrency), or allow more time (timeout_seconds).",
                attempts=attempts,
            ) from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            await self._look()
            raise _RetryError(
                EngineUnavailableError(
                    f"{url}: cannot be reached ({_reason(error)}). Start the server, or check the address."
                )
            ) from error
        except httpx2.TransportError as error:
            await self._look()
            raise _RetryError(
                EngineReplyError(f"{url}: the connection was closed midway ({_reason(error)}).")
            ) from error
        except httpx2.HTTPError as error:  # a body that cannot be decoded
            raise _RetryError(
                EngineReplyError(f"{url}: the reply cannot be read ({_reason(error)}).")
            ) from error
        return Reply(_check(url, response), attempts)

    async def _hear(self, path: str, content: bytes | None, hear: Hear) -> Mapping[str, Any]:
        url = self.address.origin + path
        last: Mapping[str, Any] | None = None
        async with self._client.stream("POST", path, content=content) as response:
            if response.status_code >= 300:
                await response.aread()
                return _check(url, response)
            async for line in response.aiter_lines():
                said = _event(url, line)
                if said is not None:
                    last = said
                    hear(said)
        if last is None:
            raise _RetryError(EngineReplyError(f"{url}: expected JSON in pieces; got nothing."))
        return last

    async def _look(self) -> None:
        if self._watch is not None:
            await self._watch()


def encode(body: Mapping[str, Any]) -> bytes:
    """Write JSON in UTF-8."""
    return well_formed(json.dumps(body, ensure_ascii=False)).encode()


def _backoff(error: Exception) -> bool | float:
    """Say whether to try again, and after how many seconds where the server said so."""
    if not isinstance(error, _RetryError):
        return False
    if error.wait_seconds is None:
        return True
    return False if error.wait_seconds > LONGEST_WAIT_SECONDS else error.wait_seconds


def _check(url: str, response: httpx2.Response) -> Mapping[str, Any]:
    """Return the reply's JSON object, or raise what it means that there is none."""
    status = response.status_code
    if status in REFUSED_STATUSES:
        raise _refused(url, response)
    if 300 <= status < 400:
        raise EngineReplyError(
            f"{url}: points to {response.headers.get('location', 'nowhere')!r} (status {status}); prompts go "
            "only to the address that was named. Name that one if you trust it.",
            status=status,
        )
    if status >= 400:
        error = EngineReplyError(f"{url}: status {status}, {_quote(response)}.", status=status)
        if status in RETRIED_STATUSES:
            raise _RetryError(error, _retry_after(response))
        raise error
    try:
        body = response.json()
    except ValueError as error:
        raise _RetryError(
            EngineReplyError(f"{url}: expected JSON; got {_quote(response)}.", status=status)
        ) from error
    if not isinstance(body, dict):
        raise _RetryError(
            EngineReplyError(f"{url}: expected a JSON object; got {_quote(response)}.", status=status)
        )
    return body


def _event(url: str, line: str) -> Mapping[str, Any] | None:
    """Read one line of a reply in pieces; None where it holds no object."""
    text = line.removeprefix("data:").removeprefix("error:").strip()
    if not text or text == "[DONE]":
        return None
    try:
        said = json.loads(text)
    except ValueError as error:
        raise EngineReplyError(
            f"{url}: expected JSON in pieces; got {text[:QUOTED_CHARACTERS]!r}."
        ) from error
    if not isinstance(said, dict) or "error" in said or line.startswith("error:"):
        raise EngineReplyError(f"{url}: the server ended its answer with {text[:QUOTED_CHARACTERS]!r}.")
    return said


def _refused(url: str, response: httpx2.Response) -> NazeError:
    status = response.status_code
    remedy = (
        "Check the address and the model's name."
        if status == 404
        else "Give the server's key: NAZE_API_KEY, or api_key in naze.toml."
    )
    return EngineUnavailableError(f"{url}: status {status}, {_quote(response)}. {remedy}", status=status)


def _retry_after(response: httpx2.Response) -> float | None:
    """Read `Retry-After` in seconds; its other form, a date, is left to our own patience."""
    try:
        seconds = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, seconds) if seconds == seconds else None


def _quote(response: httpx2.Response) -> str:
    text = " ".join(response.text.split())
    return repr(text[:QUOTED_CHARACTERS] + ("…" if len(text) > QUOTED_CHARACTERS else ""))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
