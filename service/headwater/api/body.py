"""A request's body: bounded while it is read and again while it is decompressed."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator

from starlette.requests import ClientDisconnect, Request

from headwater.errors import Invalid, Unavailable

_CHUNK = 1 << 20


class BodyFault(Invalid):
    """Of a body as a whole."""

    def __init__(self, message: str) -> None:
        super().__init__(message, [{"path": "$", "message": message}])


class TooLarge(BodyFault):
    """413."""


class UnsupportedEncoding(BodyFault):
    """415."""


class UnsupportedMedia(BodyFault):
    """415: not what its Content-Type should say."""


class Garbled(BodyFault):
    """400: not what its Content-Encoding says."""


class Admission:
    """Bytes of bodies in memory over all requests; past the budget a request is told to come back."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._held = 0

    def take(self, size: int) -> None:
        """Raises Unavailable."""
        if self._held + size > self._budget:
            raise Unavailable("Too many large requests at once.", retry_after=1)
        self._held += size

    def give_back(self, size: int) -> None:
        self._held -= size


async def read(request: Request, limit: int) -> bytes:
    """The whole body, decompressed. Raises TooLarge, UnsupportedEncoding, Garbled or Unavailable.

    Without a generator, which would take five times as long over the body of an event.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise TooLarge(f"The body has {int(length):,} bytes; the limit is {limit:,}.")
    admission: Admission = request.app.state.admission
    inflate = _inflater(request)
    pieces: list[bytes] = []
    held, more = 0, True
    try:
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            for piece in inflate.pieces(message.get("body", b"")):
                if held + len(piece) > limit:
                    raise TooLarge(f"The body has more than {limit:,} bytes.")
                admission.take(len(piece))
                held += len(piece)
                pieces.append(piece)
            more = message.get("more_body", False)
        return b"".join([*pieces, inflate.finish()])
    finally:
        admission.give_back(held)


async def stream(request: Request) -> AsyncIterator[bytes]:
    """The body in decompressed pieces of at most 1 MiB, however long it is. Raises UnsupportedEncoding or Garbled."""
    inflate = _inflater(request)
    async for received in request.stream():
        for piece in inflate.pieces(received):
            yield piece
    if rest := inflate.finish():
        yield rest


class _Identity:
    def pieces(self, received: bytes) -> list[bytes]:
        return [received] if received else []

    def finish(self) -> bytes:
        return b""


class _Inflate:
    """gzip (one or more members), or deflate with or without zlib's header."""

    def __init__(self, *, gzip: bool) -> None:
        self._z = zlib.decompressobj(31) if gzip else zlib.decompressobj()
        self._head = b""  # of deflate: two bytes tell whether zlib's header is there
        self._started = gzip

    def pieces(self, received: bytes) -> Iterator[bytes]:
        """One at a time, so that a small body which unpacks to a huge one is stopped at the limit."""
        if not self._started:
            self._head += received
            if len(self._head) < 2:
                return
            received, self._head = self._head, b""
        while received:
            if self._z.eof:
                self._z = zlib.decompressobj(31)
            piece = self._piece(received)
            received = self._z.unconsumed_tail or self._z.unused_data
            if piece:
                yield piece

    def _piece(self, received: bytes) -> bytes:
        if not self._started:
            self._started = True
            if received[0] & 0x0F != 8 or int.from_bytes(received[:2], "big") % 31:
                self._z = zlib.decompressobj(-15)  # some senders leave zlib's header out
        try:
            return self._z.decompress(received, _CHUNK)
        except zlib.error:
            raise Garbled("The body is not compressed as its Content-Encoding says.") from None

    def finish(self) -> bytes:
        """What the decompressor still holds: at most its window of 32 KiB."""
        rest = self._z.flush()
        if not self._z.eof:
            raise Garbled("The compressed body ends too early.")
        return rest


def _inflater(request: Request) -> _Identity | _Inflate:
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Inflate(gzip=True)
        case "deflate":
            return _Inflate(gzip=False)
        case _:
            raise UnsupportedEncoding("Content-Encoding must be gzip, deflate or identity.")
