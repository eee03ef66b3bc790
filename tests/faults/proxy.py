"""A TCP proxy that delays, throttles, cuts and refuses: the network between two processes.

    client ──▶ 127.0.0.1:port ──▶ (what the test says) ──▶ target

Owns the bytes in flight. Must never look into them.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK_BYTES = 1 << 14


class Proxy:
    """The network to one address; said from any thread, it holds from the next bytes on."""

    def __init__(self, target: tuple[str, int], *, port: int = 0) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._links: set[asyncio.Task[None]] = set()
        self._open = threading.Event()
        self._open.set()
        self.delay_seconds = 0.0
        self.bytes_per_second: float | None = None
        self.connections = 0
        self._bytes_until_cut: int | None = None
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End every connection now, and refuse new ones until `mend`."""
        self._open.clear()
        self._loop.call_soon_threadsafe(self._drop)

    def mend(self) -> None:
        """Let connections through again."""
        self._open.set()

    def reset(self) -> None:
        """End every connection now; new ones are let through."""
        self._loop.call_soon_threadsafe(self._drop)

    def cut_after(self, count: int) -> None:
        """End every connection once so many bytes more of clients went through; later ones pass."""
        self._bytes_until_cut = count

    @property
    def waits_to_cut(self) -> bool:
        """Whether fewer bytes than `cut_after` was told have come."""
        return self._bytes_until_cut is not None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Cut for as long as the block runs."""
        self.cut()
        try:
            yield
        finally:
            self.mend()

    def close(self) -> None:
        """End everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, sock=self._socket)
        )
        try:
            self._loop.run_forever()
        finally:
            self._drop()
            server.close()
            self._loop.run_until_complete(asyncio.gather(*self._links, return_exceptions=True))
            self._loop.close()

    def _drop(self) -> None:
        for link in self._links:
            link.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        if not self._open.is_set():
            writer.transport.abort()
            return
        self._links.add(link)
        self.connections += 1
        try:
            await self._pipe(reader, writer)
        except asyncio.CancelledError:
            pass  # cut
        finally:
            self._links.discard(link)
            writer.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._target)
        except OSError:
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, there_writer, counted=True))
                both.create_task(self._pump(there_reader, writer))
        except* OSError:
            pass  # one side has gone
        finally:
            there_writer.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counted: bool = False
    ) -> None:
        while data := await source.read(_CHUNK_BYTES):
            if counted and self._bytes_until_cut is not None:
                data, is_the_last = self._counted(data)
                if is_the_last:
                    sink.write(data)
                    await sink.drain()
                    self._drop()
                    return
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            if self.bytes_per_second:
                await asyncio.sleep(len(data) / self.bytes_per_second)
            sink.write(data)
            await sink.drain()
        with suppress(OSError):
            sink.write_eof()

    def _counted(self, data: bytes) -> tuple[bytes, bool]:
        """Return what of `data` still goes through, and whether nothing more does."""
        left = self._bytes_until_cut
        assert left is not None
        self._bytes_until_cut = left - len(data) if len(data) < left else None
        return data[:left], self._bytes_until_cut is None


@contextmanager
def proxied(address: str) -> Iterator[Proxy]:
    """Yield a proxy to `address` (``host:port``)."""
    host, _, port = address.rpartition(":")
    proxy = Proxy((host, int(port)))
    try:
        yield proxy
    finally:
        proxy.close()
