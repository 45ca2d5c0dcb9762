#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A door into the lab: listens on the machine's loopback, connects inside a network namespace.
usage: lab_door.py NETNS-FILE ADDRESS PORT WISHED-PORT PORT-FILE"""
import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000


def listen(wished):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind(("127.0.0.1", wished))
    except OSError:
        s.bind(("127.0.0.1", 0))
    s.listen(256)
    return s


def enter(path):
    """The socket that listens stays where it was made; what is made from now on is inside."""
    with open(path, encoding="ascii") as f:
        if ctypes.CDLL(None, use_errno=True).setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def serve(address, port):
    async def one(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
    return one


async def main():
    netns, address, port, wished, port_file = sys.argv[1:]
    s = listen(int(wished))
    enter(netns)
    server = await asyncio.start_server(serve(address, int(port)), sock=s)
    with open(port_file + ".new", "w", encoding="ascii") as f:
        f.write(f"{s.getsockname()[1]}\n")
    os.rename(port_file + ".new", port_file)
    await server.serve_forever()

asyncio.run(main())
