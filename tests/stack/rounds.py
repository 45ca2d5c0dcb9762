# SPDX-License-Identifier: GPL-2.0-or-later
"""Rounds of faults on the full stack: a fault, what clients saw of it, everything mended, the judge.

Two managers run the same stack: picket, and Pacemaker to compare with."""
import itertools
import json
import os
import random
import time

import judge
import stack as S

VIPS = {"db": "10.77.2.90", "identity": "10.77.2.91", "redis": "10.77.2.92", "mq": "10.77.2.93"}
ASK = ("--mysql", VIPS["db"], "--redis", VIPS["redis"], "--keystone", f"http://{VIPS['identity']}:5000", "--period", "100")
# What a client calls a service, and which of its questions show that it serves.
SERVICES = {"database": ("set", ("add",)), "redis": ("redis", ("add",)), "keystone": ("token", ("issue", "check"))}
PROCESSES = ("mariadbd", "haproxy", "redis-server", "uwsgi", "memcached", "beam.smp")
WHOLE_S = 300


class Picket:
    """picket's way to be asked and told."""
    name = "picket"
    controllers = ["c1"]

    def __init__(self, nodes=3, **env):
        self.stack = S.Stack("openstack", nodes, **env)

    def at_rest(self):
        """Everybody is there, and nothing is under way."""
        try:
            status = json.loads(self.stack("picket", "status", "--output", "json"))
        except (RuntimeError, ValueError):
            return False
        return all(n["state"] == "online" for n in status["nodes"]) and not status["actions"]

    def helper(self, command):
        """A command as agents call it."""
        return [f"{os.environ.get('PICKET_BUILD', os.path.join(S.HERE, '../../.build/gcc'))}/ocf/{command}"]

    def standby(self, node, on):
        self.stack("picket", "node", "standby" if on else "online", node)

    def leader_kill(self):
        self.stack("exec", "c1", "pkill", "-KILL", "-x", "picketd")


class Pacemaker:
    """The same of Pacemaker and Corosync."""
    name = "pacemaker"
    controllers = []

    def __init__(self, nodes=3, kind="default", **env):
        self.stack = S.Stack("openstack_pacemaker", nodes, PACEMAKER=kind, **env)

    def any(self, *command):
        """On the first machine that is on."""
        for n in self.stack.nodes:
            try:
                return self.stack("exec", n, *command)
            except RuntimeError:
                continue
        raise RuntimeError(f"nobody does {command}")

    def at_rest(self):
        for n in self.stack.nodes:  # at its best it switches nodes off for good: switched on by hand
            if open(f"{S.DIR}/{n}/power").read().strip() == "off":
                self.stack("power", n, "on")
        try:
            self.stack("pacemaker_at_rest")
            return True
        except RuntimeError:
            return False

    def helper(self, command):
        return [command]

    def standby(self, node, on):
        self.any("crm_attribute", "-N", node, "-n", "standby", "-v", "on" if on else "off")

    def leader_kill(self):
        dc = self.any("crmadmin", "-D", "-q").split()[-1]
        self.stack("exec", dc, "pkill", "-KILL", "-f", "pacemaker-controld")


# ---- faults: name → (what is done, what mends it), each with a manager, a victim and a source of chance ------
def fill(m, n, rng):
    try:
        with open(f"{S.DIR}/{n}/disk/filler", "wb", buffering=0) as f:
            while True:
                f.write(b"\0" * 1048576)
    except OSError:
        pass


def process_kill(m, n, rng):
    m.stack("exec", n, "pkill", "-KILL", "-x", rng.choice(PROCESSES))


def two_off(m, n, rng):
    for x in m.stack.nodes:
        if x != n:
            m.stack("power", x, "off")


def two_on(m, n, rng):
    for x in m.stack.nodes:
        m.stack("power", x, "on")


def told(*words):
    return lambda m, n, rng: m.stack(words[0], n, *words[1:])


FAULTS = {
    "node killed": (told("kill"), None),
    "node cut off": (told("cut"), told("uncut")),
    "one link cut": (told("cut", "hb0"), told("uncut")),
    "one-way cut": (told("cut-oneway", "hb0", "from"), told("uncut")),
    "node hung": (told("hang"), told("resume")),
    "process killed": (process_kill, None),
    "BMC away": (told("bmc", "down"), told("bmc", "up")),
    "leader killed": (lambda m, n, rng: m.leader_kill(), None),
    "two of three off": (two_off, two_on),
    "disk full": (fill, lambda m, n, rng: os.unlink(f"{S.DIR}/{n}/disk/filler")),
    "standby and online": (lambda m, n, rng: m.standby(n, True), lambda m, n, rng: m.standby(n, False)),
}


# ---- what clients see -------------------------------------------------------------------------------------
def serving(stack, since, clients=("client", "rack")):
    """Each client was served by each service, with a question asked after `since`."""
    recent = itertools.takewhile(lambda o: o["t0"] > since, reversed(stack.history()))
    seen = {(o["client"], o["work"]) for o in recent if o["result"] == "ok" and
            any(o["work"] == w and o["op"] in ops for w, ops in SERVICES.values())}
    return all((c, w) in seen for c in clients for w, _ in SERVICES.values())


def silence(history, service, t0, t1, client="client"):
    """The longest time between t0 and t1 in which the client was not served: (seconds, from, to)."""
    work, ops = SERVICES[service]
    return judge.silence([o for o in history if o["client"] == client and o["work"] == work and o["op"] in ops], t0, t1)


def whole(m):
    """Everything runs everywhere, everybody is back, and nobody is still at it."""
    if not m.at_rest():
        return False
    try:
        m.stack("openstack_whole")
    except RuntimeError:
        return False
    return True


def clean(m, tag):
    """Empty tables and diaries: a round is judged by itself."""
    for f in os.listdir(S.DIR):
        if f.startswith("history."):
            os.unlink(f"{S.DIR}/{f}")
    m.stack.read, m.stack.told = {}, []
    m.stack("empty")
    return ("--tag", tag)


def overlaps(stack):
    """S1: for each address, times at which two machines had it."""
    return {name: o for name in VIPS if (o := judge.overlaps(stack.holds(f"watch-{name}.log")))}


class Round:
    """One fault: its times, and what the judge found."""

    def __init__(self, m, fault, victim, rng, tag, hold=3):
        do, mend = FAULTS[fault]
        tagged = clean(m, tag)
        m.stack.clients_start(*ASK, *tagged)
        t = S.now()
        m.stack.wait("clients to be served", lambda: serving(m.stack, t), 60, 0.2)
        self.fault, self.victim, self.t0 = fault, victim, S.now()
        do(m, victim, rng)
        time.sleep(hold)
        if fault != "two of three off":  # nobody can serve then
            m.stack.wait(f"service after: {fault} {victim}", lambda: serving(m.stack, S.now() - 3), WHOLE_S, 0.2)
        self.t1 = S.now()
        if mend:
            mend(m, victim, rng)
        m.stack.wait(f"everything back after: {fault} {victim}", lambda: whole(m), WHOLE_S, 1)
        self.t2 = S.now()
        m.stack.wait(f"service at the end of: {fault} {victim}", lambda: serving(m.stack, self.t2), 60, 0.2)
        m.stack.clients_stop()
        m.stack.clients_final(*ASK[:4], *tagged)
        self.history = list(m.stack.history())
        self.problems = judge.judge(self.history)
        self.silence = {s: silence(self.history, s, self.t0, self.t2)[0] for s in SERVICES}

    def line(self):
        return (f"{self.fault} {self.victim}: " + ", ".join(f"{s} silent {v:.1f} s" for s, v in self.silence.items()) +
                f"; whole after {self.t2 - self.t0:.0f} s; {len(self.problems)} problems")


def table(rounds):
    """Markdown: per fault the median and the worst silence of each service, and until all was whole."""
    out = ["| fault | rounds | " + " | ".join(SERVICES) + " | whole again |", "|---|---|" + "---|" * (len(SERVICES) + 1)]
    for fault in FAULTS:
        mine = [r for r in rounds if r.fault == fault]
        if mine:
            cells = [spread([r.silence[s] for r in mine]) for s in SERVICES] + [spread([r.t2 - r.t0 for r in mine])]
            out.append(f"| {fault} | {len(mine)} | " + " | ".join(cells) + " |")
    return "\n".join(out)


def spread(values):
    v = sorted(values)
    return f"{v[len(v) // 2]:.1f} s ({v[-1]:.1f})"


def seed():
    s = int(os.environ.get("SEED", time.time_ns() % 100000))
    return s, random.Random(s)
