#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree of outlets of a simulated power distribution unit, for snmpd's pass_persist.

    pdu_tree.py FAMILY FOLDER [OUTLETS]

FOLDER/N holds "on" or "off" for outlet N; FOLDER/name-N its name (default "outlet N"); FOLDER/quirks
has lines: stuck, delay_ms=N (for families that show transitions), text (states are strings),
value=N (every state is N), gone=N (outlet N disappears).
    pdu_tree.py --root FAMILY     prints the subtree to hand over
"""
import os
import sys
import time

E = (1, 3, 6, 1, 4, 1)


def oid(text):
    return E + tuple(int(x) for x in text.split("."))


# state column, {on, off, going off, going on}, index of outlet n, commands {(column, value): what}, names
FAMILIES = {
    "apc_rpdu2": ("318.1.1.26.9.2.3.1.5", (2, 1), lambda n: (n,),
                  {("318.1.1.26.9.2.4.1.5", 1): "on", ("318.1.1.26.9.2.4.1.5", 2): "off"}, "318.1.1.26.9.2.3.1.3"),
    "apc_rpdu": ("318.1.1.12.3.5.1.1.4", (1, 2), lambda n: (n,),
                 {("318.1.1.12.3.3.1.1.4", 1): "on", ("318.1.1.12.3.3.1.1.4", 2): "off"}, "318.1.1.12.3.5.1.1.2"),
    "apc_msp": ("318.1.1.6.7.1.1.5", (1, 2), lambda n: (1, 1, n),
                {("318.1.1.6.5.1.1.5", 1): "on", ("318.1.1.6.5.1.1.5", 3): "off"}, "318.1.1.6.7.1.1.4"),
    "apc_ms": ("318.1.1.4.4.2.1.3", (1, 2), lambda n: (n,),
               {("318.1.1.4.4.2.1.3", 1): "on", ("318.1.1.4.4.2.1.3", 2): "off"}, "318.1.1.4.4.2.1.4"),
    "eaton_epdu": ("534.6.6.7.6.6.1.2", (1, 0, 2, 3), lambda n: (0, n),
                   {("534.6.6.7.6.6.1.4", 0): "on", ("534.6.6.7.6.6.1.3", 0): "off"}, "534.6.6.7.6.1.1.3"),
    "eaton_managed": ("534.6.6.6.1.2.2.1.3", (1, 0), lambda n: (n - 1,),
                      {("534.6.6.6.1.2.2.1.3", 1): "on", ("534.6.6.6.1.2.2.1.3", 0): "off"}, "534.6.6.6.1.2.2.1.1"),
    "raritan_px2": ("13742.6.4.1.2.1.3", (7, 8), lambda n: (1, n),
                    {("13742.6.4.1.2.1.2", 1): "on", ("13742.6.4.1.2.1.2", 0): "off"}, "13742.6.3.5.3.1.3"),
    "raritan_px1": ("13742.1.2.2.1.3", (1, 0), lambda n: (n,),
                    {("13742.1.2.2.1.3", 1): "on", ("13742.1.2.2.1.3", 0): "off"}, "13742.1.2.2.1.2"),
    "sentry4": ("1718.4.1.8.3.1.1", (1, 0), lambda n: (1, 1, n),
                {("1718.4.1.8.5.1.2", 1): "on", ("1718.4.1.8.5.1.2", 2): "off"}, "1718.4.1.8.2.1.3"),
    "sentry3": ("1718.3.2.3.1.5", (1, 0), lambda n: (1, 1, n),
                {("1718.3.2.3.1.11", 1): "on", ("1718.3.2.3.1.11", 2): "off"}, "1718.3.2.3.1.3"),
    "cyberpower": ("3808.1.1.3.3.5.1.1.4", (1, 2), lambda n: (n,),
                   {("3808.1.1.3.3.3.1.1.4", 1): "on", ("3808.1.1.3.3.3.1.1.4", 2): "off"}, "3808.1.1.3.3.3.1.1.2"),
    "vertiv_geist": ("21239.5.2.3.5.1.4", (1, 2, 4, 3), lambda n: (n,),
                     {("21239.5.2.3.5.1.6", 2): "on", ("21239.5.2.3.5.1.6", 4): "off"}, "21239.5.2.3.5.1.3"),
    "liebert_mpx": ("476.1.42.3.8.50.20.1.95", (2, 1), lambda n: (1, 1, n),
                    {("476.1.42.3.8.50.20.1.100", 1): "on", ("476.1.42.3.8.50.20.1.100", 0): "off"},
                    "476.1.42.3.8.50.20.1.10"),
    "avocent": ("10418.17.2.5.5.1.5", (2, 1), lambda n: (1, 1, n),
                {("10418.17.2.5.5.1.6", 2): "on", ("10418.17.2.5.5.1.6", 3): "off"}, "10418.17.2.5.5.1.4"),
    "tripplite": ("850.10.2.3.5.1.2", (2, 1), lambda n: (1, n),
                  {("850.10.2.3.5.1.4", 2): "on", ("850.10.2.3.5.1.4", 1): "off"}, "850.10.2.3.5.1.5"),
    "tripplite_lx": ("850.1.1.3.2.3.3.1.1.4", (2, 1), lambda n: (1, n),
                     {("850.1.1.3.2.3.3.1.1.6", 2): "on", ("850.1.1.3.2.3.3.1.1.6", 1): "off"},
                     "850.1.1.3.2.3.3.1.1.2"),
    "hpe_g2": ("232.165.7.5.2.1.1", (2, 1, 3, 4), lambda n: (0, n),
               {("232.165.7.5.2.1.3", 0): "on", ("232.165.7.5.2.1.2", 0): "off"}, "232.165.7.5.1.1.2"),
    "ibm_ipdu": ("2.6.223.8.2.2.1.11", (1, 0), lambda n: (n,),
                 {("2.6.223.8.2.2.1.11", 1): "on", ("2.6.223.8.2.2.1.11", 0): "off"}, "2.6.223.8.2.2.1.2"),
    "lindy": ("17420.1.2.9", (1, 0), None, {}, "17420.1.2.9.1.14"),
    "other": ("99999.1.1", (5, 6), lambda n: (n,),
              {("99999.1.2", 7): "on", ("99999.1.2", 8): "off"}, "99999.1.3"),
}


def root(family):
    return (*E, int(FAMILIES[family][0].split(".")[0]))


def dotted(o):
    return "." + ".".join(map(str, o))


class Unit:
    def __init__(self, family, folder, outlets):
        self.state, self.values, self.index, self.commands, self.names = FAMILIES[family]
        self.folder, self.outlets = folder, outlets
        self.until = {}  # outlet: (time, what it then is)

    def read(self, name, default=""):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as f:
                return f.read().strip()
        except OSError:
            return default

    def quirk(self, name):
        for line in self.read("quirks").split("\n"):
            key, _, value = line.partition("=")
            if key == name:
                return value or "1"
        return None

    def shown(self, n):
        if self.quirk("value"):
            return self.quirk("value")
        at, what = self.until.get(n, (0, None))
        if what and time.monotonic() < at and len(self.values) == 4:
            return str(self.values[2 if what == "off" else 3])
        if what and time.monotonic() >= at:
            self.write(n, what)
            del self.until[n]
        return str(self.values[0 if self.read(str(n), "on") == "on" else 1])

    def write(self, n, what):
        with open(os.path.join(self.folder, str(n)), "w", encoding="utf-8") as f:
            f.write(what + "\n")

    def tree(self):
        """All objects: {oid: (type, value)}"""
        t = {}
        if self.index is None:  # all states in one text
            t[oid(self.state) + (1, 13, 0)] = ("string", self.joined())
            for n in range(1, self.outlets + 1):
                t[oid(self.names) + (n, 0)] = ("string", self.read(f"name-{n}", f"outlet {n}") + ",1,0")
            return t
        kind = "string" if self.quirk("text") else "integer"
        for n in range(1, self.outlets + 1):
            if self.quirk("gone") == str(n):
                continue
            index = self.index(n)
            t[oid(self.names) + index] = ("string", self.read(f"name-{n}", f"outlet {n}"))
            for column, _ in self.commands:
                t[oid(column) + index] = ("integer", "0")
            t[oid(self.state) + index] = (kind, self.shown(n))
        return t

    def joined(self):
        shown = [self.shown(n) for n in range(1, self.outlets + 1) if self.quirk("gone") != str(n)]
        return "none" if self.quirk("text") else ",".join(shown)

    def take_joined(self, text):
        wanted = text.strip('"').split(",")
        if len(wanted) != self.outlets or set(wanted) - {"0", "1"}:
            return "wrong-value"
        for n, value in enumerate(wanted, 1):
            if not self.quirk("stuck"):
                self.write(n, "on" if value == "1" else "off")
        return "DONE"

    def set(self, at, value):
        for n in range(1, self.outlets + 1):
            for (column, number), what in self.commands.items():
                if at == oid(column) + self.index(n) and value == number:
                    if not self.quirk("stuck"):
                        delay = int(self.quirk("delay_ms") or 0) / 1000
                        if delay:
                            self.until[n] = (time.monotonic() + delay, what)
                        else:
                            self.write(n, what)
                    return "DONE"
        return "wrong-value"


def main():
    if sys.argv[1] == "--root":
        print(dotted(root(sys.argv[2])))
        return
    unit = Unit(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 8)

    def say(*lines):
        print(*lines, sep="\n", flush=True)

    while True:
        line = sys.stdin.readline()
        if not line:
            return
        line = line.strip()
        if not line:  # snmpd ends what it sets with a line too many
            continue
        if line == "PING":
            say("PONG")
            continue
        at = tuple(int(x) for x in sys.stdin.readline().strip().strip(".").split("."))
        if line == "set":
            value = sys.stdin.readline().split()
            if unit.index is None:
                say(unit.take_joined(value[1]) if at == oid(unit.state) + (1, 13, 0) else "not-writable")
            else:
                say(unit.set(at, int(value[1])))
            continue
        tree = unit.tree()
        if line == "getnext":
            at = min((o for o in tree if o > at), default=None)
        if at not in tree:
            say("NONE")
        else:
            say(dotted(at), *tree[at])


main()
