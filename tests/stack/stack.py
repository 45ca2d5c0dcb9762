# SPDX-License-Identifier: GPL-2.0-or-later
"""The stack from Python: brings it up, lets clients work, plays faults, asks the judge, draws."""
import atexit
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))
sys.path.insert(0, HERE)
import judge  # noqa: E402

TOOL = os.path.join(HERE, "../lab/picket-lab")
NAME = os.environ.setdefault("PICKET_LAB", "pstack")
DIR = f"/run/picket-{NAME}"
ATTACH = bool(os.environ.get("ATTACH"))  # to a lab that stands already, and is left standing
PACKAGES = ("/usr/sbin/mariadbd", "/usr/lib/galera/libgalera_smm.so", "/usr/sbin/haproxy", "/usr/sbin/keepalived")
FULL = (*PACKAGES, "/usr/bin/redis-server", "/usr/sbin/rabbitmq-server", "/usr/bin/memcached", "/usr/bin/keystone-manage",
        "/usr/bin/uwsgi")


def now():
    """Seconds, CLOCK_BOOTTIME."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Stack:
    """A lab with STACK=kind."""

    def __init__(self, kind, nodes=3, **env):
        self.env = {**os.environ, "STACK": kind, **{k: str(v) for k, v in env.items()}}
        self.kind, self.nodes, self.clients = kind, [f"n{i}" for i in range(1, nodes + 1)], {}
        self.read, self.told = {}, []  # how far each client's diary was read, and what was in it
        self.up_s = 0
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        if ATTACH:
            atexit.register(self.clients_kill)
            self.nodes = open(f"{DIR}/nodes").read().split()
            return
        atexit.register(self.down)
        self.down()
        t0 = now()
        p = subprocess.run([TOOL, "up", str(nodes)], env=self.env, capture_output=True, text=True)
        if p.returncode:
            raise RuntimeError(f"the lab does not come up: {p.stdout}{p.stderr}\n{self.logs()}")
        self.up_s = now() - t0

    def __call__(self, *args, check=True):
        p = subprocess.run([TOOL, *map(str, args)], env=self.env, capture_output=True, text=True)
        if check and p.returncode:
            raise RuntimeError(f"picket-lab {' '.join(map(str, args))}: {p.stdout}{p.stderr}")
        return p.stdout

    def clients_kill(self):
        for p in self.clients.values():
            p.kill()
        self.clients = {}

    def down(self):
        self.clients_kill()
        if ATTACH:
            return
        subprocess.run([TOOL, "down"], env=self.env, capture_output=True)

    def logs(self, lines=12):
        out = []
        for m in sorted(os.listdir(DIR)) if os.path.isdir(DIR) else []:
            for f in (f"{DIR}/{m}/disk/{m}.log", f"{DIR}/{m}/console.log"):
                if os.path.exists(f):
                    out += [f"# == {f}"] + [f"# {x}" for x in open(f, errors="replace").read().splitlines()[-lines:]]
        return "\n".join(out)

    def keep(self, name):
        """Puts what there is to look at when something failed into .build/stack-evidence/NAME; says where."""
        self.clients_stop()  # their diaries end together
        to = os.path.join(HERE, "../../.build/stack-evidence", name)
        shutil.rmtree(to, ignore_errors=True)
        os.makedirs(to)
        for f in os.listdir(DIR) if os.path.isdir(DIR) else []:
            if os.path.isfile(f"{DIR}/{f}"):
                shutil.copy(f"{DIR}/{f}", to)
                continue
            for path in (*glob.glob(f"{DIR}/{f}/*.log"), *glob.glob(f"{DIR}/{f}/log"), *glob.glob(f"{DIR}/{f}/etc/*.log"),
                         *glob.glob(f"{DIR}/{f}/disk/*.log"), *glob.glob(f"{DIR}/{f}/disk/log")):
                there = os.path.join(to, os.path.relpath(path, DIR))
                os.makedirs(os.path.dirname(there), exist_ok=True)
                subprocess.run(["cp", "-r", path, there], check=False)
        for what in ("status", "events", "audit", "show actions", "show failovers", "export"):
            with open(f"{to}/picket-{what.replace(' ', '-')}", "w") as f:
                f.write(self("picket", *what.split(), check=False))
        for n in self.nodes:
            with open(f"{to}/ps-{n}", "w") as f:
                f.write(self("exec", n, "ps", "-eo", "pid,ppid,stat,etimes,args", check=False))
        return f"what there is to look at: {os.path.realpath(to)}"

    def wait(self, what, condition, timeout=60, step=0.05):
        """step: longer for what costs much to find out, for it takes the processors from those who are waited for."""
        end = now() + timeout
        while now() < end:
            r = condition()
            if r:
                return r
            time.sleep(step)
        raise TimeoutError(f"waited {timeout} s for {what}")

    # ---- clients: one in the network's middle, one in n1's rack
    def client(self, place, *args):
        return subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{NAME}-{place}", "/usr/bin/python3", f"{HERE}/client.py", "--name", place,
             "--log", f"{DIR}/history.{place}", *map(str, args)], stdin=subprocess.DEVNULL,
            stdout=open(f"{DIR}/client-{place}.log", "a"), stderr=subprocess.STDOUT)

    def clients_start(self, *args, places=("client", "rack")):
        self.clients = {p: self.client(p, *args) for p in places}

    def clients_stop(self):
        for p in self.clients.values():
            p.send_signal(signal.SIGTERM)
        for p in self.clients.values():
            p.wait(10)
        self.clients = {}

    def clients_final(self, *args, place="client"):
        p = self.client(place, "--final", *args)
        if p.wait(120):
            raise RuntimeError(f"the last read failed: {open(f'{DIR}/client-{place}.log').read()[-800:]}")

    def history(self):
        """Everything that clients wrote down; only what is new is read."""
        before = len(self.told)
        for name in sorted(f for f in os.listdir(DIR) if f.startswith("history.")):
            with open(f"{DIR}/{name}") as f:
                f.seek(self.read.get(name, 0))
                while (line := f.readline()).endswith("\n"):
                    self.told.append(json.loads(line))
                    self.read[name] = f.tell()
        if len(self.told) > before:
            self.told.sort(key=lambda o: o["t0"])
        return self.told

    # ---- who had an address
    def deaths(self, node):
        path = f"{DIR}/{node}/power.log"
        return [int(w[1]) / 1e9 for w in map(str.split, open(path)) if w[0] == "dead"] if os.path.exists(path) else []

    def holds(self, log="watch.log"):
        """[(from, to or None, node)]; a hold without an end ends when the machine is known to be dead."""
        out = []
        for node in self.nodes:
            start, dead = None, self.deaths(node)
            path = next((p for p in (f"{DIR}/{node}/etc/{log}", f"{DIR}/{node}/disk/{log}") if os.path.exists(p)), "")
            lines = [x.split() for x in open(path)] if os.path.exists(path) else []
            for kind, t in [(k, int(t) / 1e9) for k, t in lines]:
                if start is not None:
                    end = t if kind == "drop" else next((d for d in dead if d > start), None)
                    out.append((start, end, node))
                start = t if kind == "hold" else None
            if start is not None:
                out.append((start, next((d for d in dead if d > start), None), node))
        return sorted(out, key=lambda s: s[0])

    def judge(self):
        return judge.judge(self.history())
