# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab from Python: brings it up, plays faults, reads its logs, judges. All times are CLOCK_BOOTTIME."""
import atexit
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "picket-lab")
BUILD = os.environ.get("PICKET_BUILD", os.path.join(HERE, "../../.build/gcc"))
PULL = os.path.join(BUILD, "tools/lab/lab_pull")
NAME = os.environ.setdefault("PICKET_LAB", "ptest")
DIR = f"/run/picket-{NAME}"


def lines_of(path):
    """None of a log that is not there, or whose disk fails."""
    try:
        return open(path, errors="replace").read().splitlines()
    except OSError:
        return []


def now():
    """Seconds."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, name, good, why=""):
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)
        if why and not good:
            for line in str(why).splitlines()[:30]:
                print(f"#   {line}", flush=True)
        return good

    def note(self, text):
        print(f"# {text}", flush=True)

    def done(self):
        print(f"1..{self.n}", flush=True)
        sys.exit(1 if self.failed else 0)


def spread(values):
    v = sorted(values)
    return f"median {statistics.median(v):.3f} s, min {v[0]:.3f}, max {v[-1]:.3f}, n={len(v)}"


class Lab:
    def __init__(self, nodes=3, **env):
        self.env = {**os.environ, "CLIENT_MS": "5", **{k: str(v) for k, v in env.items()}}
        self.nodes = [f"n{i}" for i in range(1, nodes + 1)]
        atexit.register(self.down)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.down()
        p = subprocess.run([TOOL, "up", str(nodes)], env=self.env, capture_output=True, text=True)
        if p.returncode:
            print(f"not ok - the lab comes up\n# {p.stdout}{p.stderr}\n{self.logs()}")
            sys.exit(1)

    def __call__(self, *args, check=True):
        p = subprocess.run([TOOL, *map(str, args)], env=self.env, capture_output=True, text=True)
        if check and p.returncode:
            raise RuntimeError(f"picket-lab {' '.join(map(str, args))}: {p.stdout}{p.stderr}")
        return p.stdout

    def pull(self, node, *what):
        """crash, or cables: as quickly as a fault is, for those who measure what comes after it."""
        subprocess.run([PULL, NAME, node, *what], check=True)

    def down(self):
        subprocess.run([TOOL, "down"], env=self.env, capture_output=True)

    def logs(self, lines=15):
        """The end of every machine's log, as TAP comments."""
        out = []
        for m in sorted(os.listdir(DIR)) if os.path.isdir(DIR) else []:
            for f in (f"{DIR}/{m}/disk/{m}.log", f"{DIR}/{m}/console.log"):
                if os.path.exists(f):
                    out += [f"# == {f}"] + [f"# {x}" for x in lines_of(f)[-lines:]]
        return "\n".join(out)

    def losses(self, lines=12):
        """Who was lost and why, who led, whose lease ran out: the last lines that say so."""
        out = []
        for m in sorted(os.listdir(DIR)) if os.path.isdir(DIR) else []:
            path = f"{DIR}/{m}/disk/{m}.log"
            said = lines_of(path)
            told = [x[:160] for x in said if re.search(r" is lost: | leads in term |lease has run out|was blocked", x)]
            out += [f"{m}: {x}" for x in told[-lines // 3:]]
        return "\n".join(out)

    # ---- what picket says
    def picket(self, *args, check=True):
        return self("picket", *args, check=check)

    def status(self):
        try:
            return json.loads(self("picket", "status", "--output", "json"))
        except (RuntimeError, ValueError):
            return {}

    def node(self, name):
        for n in self.status().get("nodes", []):
            if n.get("name") == name:
                return n
        return {}

    def online(self, *names):
        nodes = {n.get("name"): n.get("state") for n in self.status().get("nodes", [])}
        return all(nodes.get(n) == "online" for n in (names or self.nodes))

    def wait(self, what, condition, timeout=60):
        end = now() + timeout
        while now() < end:
            r = condition()
            if r:
                return r
            time.sleep(0.05)
        raise TimeoutError(f"waited {timeout} s for {what}")

    # ---- what the world says
    def pages(self, since=0.0):
        """(start, end, node or None) of every fetch that started after `since`."""
        out = []
        with open(f"{DIR}/client.log") as f:
            if since:  # a line is ~50 bytes; look at the tail only
                f.seek(0, 2)
                f.seek(max(0, f.tell() - 4_000_000))
                f.readline()
            for line in f:
                w = line.split()
                if len(w) == 4 and int(w[0]) / 1e9 >= since:
                    out.append((int(w[0]) / 1e9, int(w[1]) / 1e9, w[3] if w[2] == "ok" else None))
        return out

    def served_by(self, window=1.0):
        recent = [p for p in self.pages(now() - window) if p[2]]
        return recent[-1][2] if recent else None

    def recovery(self, t0, loser):
        """Seconds from the fault to the end of the first good page of another node; None if none yet."""
        for _, end, who in self.pages(t0):
            if who and who != loser:
                return end - t0
        return None

    def deaths(self, node):
        with open(f"{DIR}/{node}/power.log") as f:
            return [int(w[1]) / 1e9 for w in map(str.split, f) if w[0] == "dead"]

    def holds(self, node):
        """[(from, to or None)]: when the node had the address. Without a drop it ends at the next known death."""
        path, out = f"{DIR}/{node}/disk/watch.log", []
        if not os.path.exists(path):
            return out
        deaths = self.deaths(node)
        start = None
        for kind, t in (line.split() for line in open(path)):
            t = int(t) / 1e9
            if kind == "hold":
                if start is not None:
                    out.append((start, next((d for d in deaths if d > start), None)))
                start = t
            elif start is not None:
                out.append((start, t))
                start = None
        if start is not None:
            out.append((start, next((d for d in deaths if d > start), None)))
        return out

    def overlaps(self):
        """S1: pairs of holds by two nodes that overlap. Must be empty."""
        far = float("inf")
        spans = sorted((a, b or far, n) for n in self.nodes for a, b in self.holds(n))
        return [(x, y) for i, x in enumerate(spans) for y in spans[i + 1:] if y[0] < x[1] and x[2] != y[2]]

    def voices(self):
        """[(from, to or None, node)]: when a node was heard speaking from the address, at the switch's end of its cable."""
        out, since = [], {}
        path = f"{DIR}/ear.log"
        for kind, node, t in (line.split() for line in (open(path) if os.path.exists(path) else [])):
            t = int(t) / 1e9
            if kind == "voice":
                since[node] = t
            elif node in since:
                out.append((since.pop(node), t, node))
        return sorted(out + [(t, None, n) for n, t in since.items()], key=lambda s: s[0])

    def duets(self):
        """S1 on the wire: pairs of voices of two nodes that overlap. Must be empty."""
        far = float("inf")
        spans = [(a, b or far, n) for a, b, n in self.voices()]
        return [(x, y) for i, x in enumerate(spans) for y in spans[i + 1:] if y[0] < x[1] and x[2] != y[2]]

    def quiet_first(self, tap, what, victim, t0):
        """By one clock, at the switch: the old holder's last word is earlier than anybody else's first; the time between."""
        def told():
            last = [b for a, b, n in self.voices() if n == victim and a < t0]
            first = [a for a, b, n in self.voices() if n != victim and a >= t0]
            return (last[-1], first[0]) if last and first and last[-1] is not None else None
        try:
            last, first = self.wait("the ear to tell of the end", told, 5)
        except TimeoutError:
            tap.ok(f"{what}: {victim} fell silent, and another spoke", False, (t0, self.voices()[-6:]))
            return None
        if last < first:
            return first - last
        tap.ok(f"{what}: {victim} was silent before another spoke", False, (t0, self.voices()[-6:]))
        return None

    # ---- controllers, one by one
    def pid_inside(self, machine, program):
        """PIDs of a machine's processes of that name, as seen from outside."""
        out = []
        for d, _, files in os.walk(f"{DIR}/cgroup/{machine}"):
            for p in open(f"{d}/cgroup.procs").read().split() if "cgroup.procs" in files else []:
                try:
                    if open(f"/proc/{p}/comm").read().strip() == program[:15]:
                        out.append(int(p))
                except OSError:
                    pass
        return sorted(out)

    def ask(self, machine, method, path, body=None, timeout=1.0):
        """(status, answer) of one controller's own socket, without a process in between; (0, why) without an answer."""
        try:
            pid = open(f"{DIR}/{machine}/pid").read().strip()
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(timeout)
                s.connect(f"/proc/{pid}/root/run/picket/api.sock")
                text = json.dumps(body).encode() if body is not None else b""
                s.sendall(f"{method} {path} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Type: "
                          f"application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
                answer = http.client.HTTPResponse(s)
                answer.begin()
                return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as e:
            return 0, str(e)

    def leader(self, among):
        """Who says of itself that it leads."""
        for m in among:
            status, text = self.ask(m, "GET", "/readyz")
            if status == 200 and json.loads(text).get("ready"):
                return m
        return None

    def whole(self, controllers):
        """Every node is online, and every controller there and part of everybody's lease, as each of them sees it: of
        one that is gone the others know after 3 s, and a machine of the lab boots in less."""
        def told(machine, path):
            status, text = self.ask(machine, "GET", path) if machine else (0, "")
            return json.loads(text) if status == 200 else {}
        status = told(self.leader(controllers), "/v1/status")
        return bool(status) and not status.get("faults") and all(n["state"] == "online" for n in status["nodes"]) and \
            all(c["granting"] for m in controllers for c in told(m, "/v1/controllers").get("controllers", [{"granting": False}]))

    def bmc_log(self, node, since=0.0):
        out = []
        path = f"{DIR}/bmc-{node}/log"
        if os.path.exists(path):
            for line in open(path):
                try:
                    r = json.loads(line)
                except ValueError:
                    continue
                if r.get("t_ns", 0) / 1e9 >= since:
                    out.append(r)
        return out


def main(tests, **env):
    """Runs test functions that take (lab, tap); the whole lab's log is shown when one raises."""
    tap = Tap()
    lab = Lab(**env)
    for t in tests:
        try:
            t(lab, tap)
        except Exception as e:  # noqa: BLE001 - a broken test must not hide the others
            tap.ok(t.__name__, False, f"{type(e).__name__}: {e}\n{lab.status()}")
            print(lab.logs())
    tap.ok("S1: never two holders of the address", not lab.overlaps(), lab.overlaps())
    tap.done()
