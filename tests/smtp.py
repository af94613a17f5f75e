"""A real mail server on this machine, in a thread: it speaks SMTP, keeps what it is given, and can misbehave."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """``refuse``: answer 550 to every recipient; ``silent``: take the connection and say nothing, for ever."""

    host: str = "127.0.0.1"
    port: int = 0
    refuse: bool = False
    silent: bool = False
    password: str = ""
    got: list[EmailMessage] = field(default_factory=list)
    connections: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.silent:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
            return writer.close()
        await self._say(writer, "220 test server")
        while line := await reader.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "DATA":
                await self._say(writer, "354 go on")
                self.got.append(self._read(await reader.readuntil(b"\r\n.\r\n")))
            if word.upper() == "QUIT":
                await self._say(writer, "221 bye")
                break
            await self._say(writer, self._answer(word.upper(), rest))
        writer.close()

    def _answer(self, word: str, rest: str) -> str:
        if word == "EHLO":
            return "250-test server\r\n250 AUTH PLAIN" if self.password else "250 test server"
        if word == "RCPT" and self.refuse:
            return "550 nobody here"
        if word == "AUTH":
            return "235 welcome" if self._known(rest) else "535 who are you"
        return "250 well"

    def _known(self, rest: str) -> bool:
        import base64

        return base64.b64decode(rest.split()[1]).decode().split("\0")[2] == self.password

    @staticmethod
    def _read(data: bytes) -> EmailMessage:
        return message_from_bytes(data.removesuffix(b".\r\n"), policy=policy.default)  # type: ignore[return-value]

    @staticmethod
    async def _say(writer: asyncio.StreamWriter, line: str) -> None:
        writer.write(f"{line}\r\n".encode())
        await writer.drain()


@contextmanager
def serving(server: MailServer, tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """Run it on a free port until the block ends."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def begin() -> None:
        listening = await asyncio.start_server(server.talk, server.host, 0, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(begin())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield server
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
