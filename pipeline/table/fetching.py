"""Fetches a file over https, within limits of time and size, and from the host that was named."""

import ipaddress
import threading
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage, IncompleteRead
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

IDLE = 20  # seconds without a byte
LONGEST = 3600  # seconds for the whole answer: a server may send a byte now and then for good
LARGEST = 8 * 2**30  # bytes
CHUNK = 2**20  # bytes
Result = TypeVar("Result")


def fetch(request: urllib.request.Request, into: IO[bytes], *, elsewhere: bool) -> None:
    """Write what a server answers to `into`.

    Parameters
    ----------
    request
        Of an address with https, or with http on this machine.
    into
        A file that is open for writing.
    elsewhere
        Whether the server may redirect to another host, over https: only where the file's SHA-256 is known.

    Raises
    ------
    ValueError
        The address, or one that the server redirects to, isn't allowed; or the answer is too large.
    OSError
        The server fails, or takes too long.
    """
    refuse_scheme(request.full_url)
    opener = urllib.request.OpenerDirector()  # the usual one opens files, too
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        Redirects(elsewhere=elsewhere),
    ):
        opener.add_handler(handler)
    _within(LONGEST, lambda: _copy(opener, request, into))


def refuse_scheme(url: str) -> None:
    """Raise ValueError unless an address has https, or http on this machine."""
    address = urlsplit(url)
    if address.scheme == "https" or (address.scheme == "http" and _on_this_machine(address.hostname or "")):
        return
    named = f"{address.scheme}:" if address.scheme else "no scheme"
    raise ValueError(f"expected an address with https:, or with http: on this machine, found {named}")


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects that `fetch` allows."""

    def __init__(self, *, elsewhere: bool) -> None:
        self._elsewhere = elsewhere

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """The next request; the login is no part of it. Raises ValueError if the new address isn't allowed."""
        try:
            self._refuse(urlsplit(req.full_url).hostname, newurl)
        except ValueError:
            fp.close()  # which urllib leaves open
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def _refuse(self, host: str | None, url: str) -> None:
        refuse_scheme(url)
        new = urlsplit(url)
        if new.hostname != host and new.scheme != "https":
            raise ValueError(f"the server redirects to {new.hostname} without https")
        if new.hostname != host and not self._elsewhere:
            raise ValueError(f"the server redirects to {new.hostname}, which needs the file's data.sha256")


def _copy(opener: urllib.request.OpenerDirector, request: urllib.request.Request, into: IO[bytes]) -> None:
    begun, size = time.monotonic(), 0
    with opener.open(request, timeout=IDLE) as answer:
        while chunk := answer.read1(CHUNK):
            size += len(chunk)
            if size > LARGEST:
                raise ValueError(f"the answer is larger than {LARGEST:,} bytes")
            if time.monotonic() - begun > LONGEST:  # which ends a thread for which nobody waits any more
                raise _late()
            into.write(chunk)
        if answer.length:
            raise IncompleteRead(b"", answer.length)


def _late() -> TimeoutError:
    return TimeoutError(f"the server took longer than {LONGEST:,} seconds")


def _within(seconds: float, work: Callable[[], Result]) -> Result:
    """What `work` returns, or TimeoutError: a server can keep it waiting at each line of its header, too."""
    ended: list[Any] = []

    def run() -> None:
        try:
            ended.append((work(), None))
        except BaseException as error:  # for the thread that waits
            ended.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        raise _late()
    result, error = ended[0]
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
