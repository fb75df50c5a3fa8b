"""The network between services and servers, which we can break: TCP proxies in one process, told what to do on stdin.

    proxy.py NAME=LISTEN:TARGET...      ports on loopback
    NAME open|cut|stall|deaf|slow MS    a line of stdin; answered with the same line once it holds

open   everything passes          cut    connections are reset, new ones too
stall  nothing passes, nothing is lost: what was held back arrives late, when the link opens again
deaf   requests pass, answers are held back, and lost when the link opens: the connections are reset then
slow   every piece waits MS first
"""

import asyncio
import socket
import struct
import sys

PIECE = 65536
RESET = struct.pack("ii", 1, 0)


def reset(writer):
    """Ends as a dead machine does: no goodbye."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        try:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        except OSError:
            pass
    writer.transport.abort()


class Link:
    def __init__(self, target):
        self.target = target
        self.mode, self.delay_s = "open", 0.0
        self.changed = asyncio.Condition()
        self.connections = {}  # writers of both ends, by task

    async def set(self, mode, delay_ms=0):
        lost = mode == "cut" or self.mode == "deaf"
        self.mode, self.delay_s = mode, delay_ms / 1000
        if lost:
            for ends in list(self.connections.values()):
                for end in ends:
                    reset(end)
        async with self.changed:
            self.changed.notify_all()

    def holds(self, is_answer):
        return self.mode == "stall" or self.mode == "deaf" and is_answer

    async def pump(self, reader, writer, is_answer):
        while data := await reader.read(PIECE):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            async with self.changed:
                await self.changed.wait_for(lambda: not self.holds(is_answer))
            writer.write(data)
            await writer.drain()

    async def connect(self, reader, writer):
        ends = self.connections[asyncio.current_task()] = [writer]
        pumps = []
        try:
            if self.mode == "cut":
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            ends.append(far_writer)
            pumps = [
                asyncio.ensure_future(self.pump(reader, far_writer, False)),
                asyncio.ensure_future(self.pump(far_reader, writer, True)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in ends:
                reset(end)
            del self.connections[asyncio.current_task()]


async def obey(links):
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():  # whoever started us is gone: so are we
        name, mode, *delay = line.split()
        await links[name.decode()].set(mode.decode(), *map(int, delay))
        print(line.decode().strip(), flush=True)


async def main(arguments):
    links = {}
    for argument in arguments:
        name, ports = argument.split("=")
        listen, target = map(int, ports.split(":"))
        links[name] = Link(target)
        await asyncio.start_server(links[name].connect, "127.0.0.1", listen, limit=PIECE)
    print("ready", flush=True)
    await obey(links)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
