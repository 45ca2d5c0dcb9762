#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Heartbeats as they lie on the wire, at the switch's end of every cable: taken down, and played back. Run in the switch's
namespace.

usage: lab_wire.py record FILE SECONDS PORT...    what comes in at these ports (MACHINE-LINK) for so long
       lab_wire.py play FILE SECONDS WHAT [FROM]  again and again, each to the port of its receiver, until the time is over or
                                                  a line comes in; WHAT: same, forged, foreign; FROM: only a machine's, or,
                                                  with a +, only to it
       lab_wire.py delay SECONDS LATE PORT...     forwards what comes in at ports that are unplugged, so much later
Prints the number of frames."""
import json
import select
import socket
import struct
import sys
import time

HEARTBEAT, WIRE = 7406, 14 + 20 + 8  # the port; where our 64 bytes begin in a frame of IPv4 without options


def listen(port):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))  # ETH_P_ALL
    s.bind((port, 0))
    return s


def ours(frame):
    return len(frame) >= WIRE + 64 and frame[12:14] == b"\x08\x00" and frame[23] == 17 and \
        HEARTBEAT in struct.unpack("!HH", frame[34:38])


def come_in(ports, seconds):
    """(when, port, frame) of every heartbeat."""
    sockets = {listen(p): p for p in ports}
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for s in select.select(list(sockets), [], [], left)[0]:
            frame, (_, _, kind, _, _) = s.recvfrom(2048)
            if kind != socket.PACKET_OUTGOING and ours(frame):
                yield time.monotonic(), sockets[s], frame


def record(path, seconds, ports):
    with open(path, "w", encoding="ascii") as f:
        n = 0
        for n, (t, port, frame) in enumerate(come_in(ports, float(seconds)), 1):
            f.write(json.dumps([t, port, frame.hex()]) + "\n")
    return n


def changed(frame, what):
    """The UDP checksum is none: what is refused is refused for what it says."""
    b = bytearray(frame)
    if what == "foreign":
        b[WIRE + 8] ^= 1  # of the cluster's id
    elif what == "forged":
        b[WIRE + 39] ^= 1  # a later sequence: of its highest byte
    if what != "same":
        b[40:42] = b"\0\0"
    return bytes(b)


def play(path, seconds, what, who=""):
    frames = [json.loads(line) for line in open(path, encoding="ascii")]
    homes = {bytes.fromhex(f)[6:12]: p for _, p, f in frames}  # who sends from a port is at home there
    out = {p: listen(p) for p in set(homes.values())}
    script = []
    for t, port, text in frames:
        frame = bytes.fromhex(text)
        to = homes.get(frame[:6])
        if to and (not who or (to if who[0] == "+" else port).startswith(who.lstrip("+") + "-")):
            script.append((t - frames[0][0], out[to], changed(frame, what)))
    n, end = 0, time.monotonic() + float(seconds)
    while script and time.monotonic() < end:
        begin = time.monotonic()
        for at, port, frame in script:
            if select.select([sys.stdin], [], [], max(0.0, min(begin + at, end) - time.monotonic()))[0] or time.monotonic() >= end:
                return n
            port.send(frame)
            n += 1
    return n


def delay(seconds, late, ports):
    link = {p: p.rsplit("-", 1)[1] for p in ports}
    others = {l: listen(l) for l in set(link.values())}  # the bridges: they know who is where
    n, held, end = 0, [], time.monotonic() + float(seconds)
    for t, port, frame in come_in(ports, float(seconds)):
        held.append((t + float(late), others[link[port]], frame))
        while held and held[0][0] <= time.monotonic() < end:
            _, to, frame = held.pop(0)
            to.send(frame)
            n += 1
    return n


if __name__ == "__main__":
    verb, *args = sys.argv[1:]
    if verb == "record":
        print(record(args[0], args[1], args[2:]))
    elif verb == "play":
        print(play(*args))
    else:
        print(delay(args[0], args[1], args[2:]))
