# SPDX-License-Identifier: GPL-2.0-or-later
"""A node for tests of picket-agent: the real agent, a controller without a mind, real heartbeats,
in namespaces of their own. Waits for conditions, never for time."""
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("PICKET_BUILD", f"{ROOT}/.build/gcc")
SYSTEMD = "/lib/systemd/systemd"
LEASE_MS, INTERVAL_US = 1500, 50000


def enter():
    """Into network, mount and PID namespaces of our own, below a PID 1 that reaps."""
    if os.environ.get("PICKET_TEST_INSIDE"):
        return
    if os.geteuid() != 0:
        print("ok 1 - agent # SKIP needs root: namespaces, BPF\n1..1")
        sys.exit(0)
    os.environ["PICKET_TEST_INSIDE"] = "1"
    inner = 'python3 "$0" "$@"; exit $?'
    os.execvp("unshare", ["unshare", "-n", "-m", "-p", "-f", "--mount-proc", "bash", "-c", inner,
                          os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def enter_systemd(units):
    """Into namespaces whose PID 1 is systemd, as a unit of it. units: name -> text."""
    if os.environ.get("PICKET_TEST_INSIDE"):
        return
    skip = None if os.geteuid() == 0 else "needs root: namespaces"
    skip = skip or (None if os.path.exists(SYSTEMD) else "systemd is not installed")
    skip = skip or (None if cgroup2() else "no cgroup v2")
    if skip:
        print(f"ok 1 - systemd # SKIP {skip}\n1..1")
        sys.exit(0)
    where = tempfile.mkdtemp(prefix="picket-systemd-")
    out = f"{where}/out"
    command = " ".join([sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])
    quiet = "[Unit]\nDefaultDependencies=no\n"
    units = {**units, **{f"{t}.target": quiet for t in ("sysinit", "basic", "shutdown", "umount")},
             "default.target": "[Unit]\nWants=test.service\n",
             "test.service": f"[Service]\nType=oneshot\nExecStart={command}\nStandardOutput=file:{out}\n"
             f"StandardError=file:{out}\nEnvironment=PICKET_TEST_INSIDE=systemd PICKET_BUILD={BUILD}\n"
             "[Unit]\nDefaultDependencies=no\nSuccessAction=exit-force\nFailureAction=exit-force\n"
             "FailureActionExitStatus=1\n"}
    for name, text in units.items():
        with open(f"{where}/{name}", "w") as f:
            f.write(text)
    group = f"{cgroup2()}/{os.path.basename(where)}"
    os.mkdir(group)
    boot = ("mount --make-rprivate / && mount -t proc proc /proc && mount -t tmpfs tmpfs /run && "
            "umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
            f"exec env -i container=test PATH=$PATH SYSTEMD_UNIT_PATH=/run/systemd/system:{where} "
            f"{SYSTEMD} --log-target=console --log-level=err --unit=default.target")
    p = subprocess.Popen(["bash", "-c", f"echo $$ >{group}/cgroup.procs && exec unshare --cgroup -m -n -p -u "
                          "-i -f bash -c \"$0\"", boot], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        status = p.wait(300)
    except subprocess.TimeoutExpired:
        status = 1
        open(f"{group}/cgroup.kill", "w").write("1")
        p.wait()
    print(open(out).read() if os.path.exists(out) else "not ok 1 - systemd did not come up", end="")
    open(f"{group}/cgroup.kill", "w").write("1")
    until("cgroup empty", lambda: "populated 0" in open(f"{group}/cgroup.events").read())
    for path, _, _ in os.walk(group, topdown=False):
        os.rmdir(path)
    shutil.rmtree(where, ignore_errors=True)
    sys.exit(1 if status else 0)


def cgroup2():
    for line in open("/proc/self/mountinfo"):
        if " - cgroup2 " in line:
            return line.split()[4]
    return None


class Failed(Exception):
    pass


def until(what, probe, seconds=20):
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"never: {what}")
        time.sleep(0.01)


class Node:
    """One agent and its controller."""

    def __init__(self, name="n1", **config):
        self.dir = tempfile.mkdtemp(prefix="picket-agent-")
        self.name = name
        self.prefix = f"t{os.path.basename(self.dir)[-8:]}"
        self.index = 0
        self.term, self.incarnation = 3, 41
        self.agent = self.controller = None
        self.seen, self.mark = [], 0
        self.lock = threading.Condition()
        self.agent_log = f"{self.dir}/agent.log"
        self.work = f"{self.dir}/work"
        os.mkdir(self.work)
        os.mkdir(f"{self.dir}/sock")
        root = f"{self.dir}/ocf"
        os.makedirs(f"{root}/resource.d")
        os.symlink("/usr/lib/ocf/lib", f"{root}/lib")
        for provider in ("heartbeat", "pacemaker"):
            if os.path.isdir(f"/usr/lib/ocf/resource.d/{provider}"):
                os.symlink(f"/usr/lib/ocf/resource.d/{provider}", f"{root}/resource.d/{provider}")
        os.symlink(f"{HERE}/ocf", f"{root}/resource.d/picket")
        for who, role in ((name, "node"), ("c1", "controller")):
            if not os.path.exists(f"{self.dir}/ca"):
                self.run("picket", "pki", "ca", f"{self.dir}/ca")
            self.pki(who, role)
        self.cgroup = f"{cgroup2()}/picket-{self.prefix}" if cgroup2() else None
        self.config = {"node": name, "state_dir": f"{self.dir}/state", "pki": f"{self.dir}/pki-{name}",
                       "socket": f"{self.dir}/sock/agent.sock", "interfaces": ["hb0"],
                       "data_interfaces": ["data0"], "pin_prefix": self.prefix, "ocf_root": root,
                       "helpers": f"{self.dir}/helpers", "cgroup": self.cgroup or "none", **config}
        os.mkdir(f"{self.dir}/helpers")

    def pki(self, who, role):
        self.run("picket", "pki", "issue", f"{self.dir}/ca", who, "--role", role, "--out",
                 f"{self.dir}/pki-{who}")

    def run(self, program, *args):
        p = subprocess.run([f"{BUILD}/bin/{program}", *args], capture_output=True, text=True)
        if p.returncode:
            raise Failed(f"{program} {args}: {p.stderr}")

    # ---- the controller
    def controller_start(self):
        self.controller = subprocess.Popen(
            [f"{BUILD}/tools/agent/controller", f"{self.dir}/pki-c1", "127.0.0.1:0", self.prefix, "hb0",
             "7", str(LEASE_MS), str(INTERVAL_US)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        threading.Thread(target=self.listen, args=(self.controller,), daemon=True).start()
        self.port = self.wait("the controller's port", lambda m: "port" in m)["port"]
        self.welcome()
        self.config["controllers"] = [
            {"name": "c1", "link": f"127.0.0.1:{self.port}", "addresses": ["10.99.0.1"]}]
        with open(f"{self.dir}/agent.yaml", "w") as f:
            json.dump(self.config, f)

    def listen(self, process):
        for line in process.stdout:
            with self.lock:
                self.seen.append(json.loads(line))
                self.lock.notify_all()

    def tell(self, **command):
        self.controller.stdin.write(json.dumps(command) + "\n")
        self.controller.stdin.flush()

    def welcome(self):
        self.tell(welcome={"controller": "c1", "term": self.term, "incarnation": self.incarnation})

    def wait(self, what, match, seconds=20):
        """The first message not looked at yet that matches; later ones stay."""
        end = time.monotonic() + seconds
        with self.lock:
            i = self.mark
            while True:
                for i in range(i, len(self.seen)):
                    if match(self.seen[i]):
                        return self.seen.pop(i)
                i = len(self.seen)
                left = end - time.monotonic()
                if left <= 0 or (self.agent and self.agent.poll() is not None and left < 0.1):
                    raise Failed(f"never: {what}; seen: {json.dumps(self.seen)[-1500:]}; "
                                 f"log: {open(self.agent_log).read()[-1500:]}")
                self.lock.wait(min(left, 0.2))

    def none(self, match):
        with self.lock:
            return not any(match(m) for m in self.seen)

    # ---- the agent
    def agent_start(self, ready=True):
        log = open(self.agent_log, "a")
        self.agent = subprocess.Popen(
            [f"{BUILD}/bin/picket-agent", "--config", f"{self.dir}/agent.yaml"], stdout=log, stderr=log)
        if ready:
            self.wait("hello", lambda m: m.get("event") == "up")
            self.history = self.wait("history", lambda m: m.get("type") == "history")
        return self

    def up(self):
        self.controller_start()
        self.agent_start()
        self.wait_log(r"this node holds a lease", 10)
        return self

    def logged(self, pattern):
        return re.search(pattern, open(self.agent_log).read())

    def wait_log(self, pattern, seconds=20):
        try:
            return until(f"log: {pattern}", lambda: self.logged(pattern), seconds)
        except Failed as e:
            raise Failed(f"{e}; log: {open(self.agent_log).read()[-2000:]}") from e

    def agent_end(self, sig=signal.SIGTERM):
        self.agent.send_signal(sig)
        status = self.agent.wait(20)
        self.agent = None
        return status

    # ---- orders
    def order(self, op, resource="r", agent="odd", provider="picket", cls="ocf", params=None, meta=None,
              interval=0, timeout=10000, id=None, term=None, index=None, incarnation=None, **more):
        self.index += 1
        id = id or f"{self.term}:{self.index}"
        params = dict(params or {})
        if provider == "picket":
            params.setdefault("dir", self.work)
        self.tell(send={"type": "order", "term": term or self.term, "index": index or self.index,
                        "incarnation": incarnation or self.incarnation, "id": id,
                        "action": {"op": op, "resource": resource, "class": cls, "provider": provider,
                                   "agent": agent, "interval_ms": interval, "timeout_ms": timeout,
                                   "params": params, "meta": meta or {}, **more}})
        return id

    def result(self, id, seconds=30, **match):
        return self.wait(f"result of {id}", lambda m: m.get("type") == "result" and m.get("id") == id and
                         all(m.get(k) == v for k, v in match.items()), seconds)

    def do(self, op, **args):
        return self.result(self.order(op, **args))

    def ok(self, op, rc=0, **args):
        r = self.do(op, **args)
        if r["rc"] != rc or r["status"] != "done":
            raise Failed(f"{op}: {r}")
        return r

    # ---- what is there
    def calls(self, pattern=""):
        try:
            return [c for c in open(f"{self.work}/calls") if re.search(pattern, c)]
        except FileNotFoundError:
            return []

    def down(self):
        if self.agent:
            self.agent.kill()
            self.agent.wait()
        if self.controller:
            self.controller.stdin.close()
            self.controller.wait()
        if self.cgroup and os.path.isdir(self.cgroup):
            open(f"{self.cgroup}/cgroup.kill", "w").write("1")
            until("cgroup empty", lambda: "populated 0" in open(f"{self.cgroup}/cgroup.events").read())
            for path, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(path)
        shutil.rmtree(f"/sys/fs/bpf/picket/{self.prefix}", ignore_errors=True)
        shutil.rmtree(self.dir, ignore_errors=True)


class Leader(threading.Thread):
    """Takes what the agent says about attributes, keeps it, and tells it back."""

    def __init__(self, node, nodes, resources, planned=("Stop vip ( n1 )",), failures=()):
        super().__init__(daemon=True)
        self.node, self.serial, self.requests, self.attributes, self.deaf = node, 1, [], {}, False
        self.tell(full=True, attributes=[], nodes=nodes, resources=resources, quorate=True, planned=list(planned),
                  failures=list(failures))
        self.start()

    def tell(self, **what):
        self.node.tell(send={"type": "replica", "serial": self.serial, **what})

    def run(self):
        while True:
            try:
                m = self.node.wait("an errand", lambda m: not self.deaf and
                                   m.get("type") in ("attribute", "request"), 3600)
            except Failed:
                return
            self.requests.append(m)
            self.serial += 1
            if m["type"] == "request" and m["what"] == "fence":
                self.node.tell(send={"type": "denied", "id": m["id"], "reason": "no device"})
                continue
            a = {k: m[k] for k in ("store", "node", "name", "value", "set") if k in m}
            self.node.tell(send={"type": "accepted", "id": m["id"], "serial": self.serial})
            self.tell(attributes=[a] if m["type"] == "attribute" else [])


def peer(seconds=3):
    """Does the far end of the data network answer? Refusing is an answer."""
    with socket.socket() as s:
        s.settimeout(seconds)
        try:
            s.connect(("10.98.0.2", 9))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return True


def links():
    """hb0 ends here; at the far end of data0 is somebody to talk to."""
    for name, address in (("hb0", "10.99.0.1/24"), ("data0", "10.98.0.1/24")):
        for command in (f"link add {name} type veth peer name {name}-peer", f"addr add {address} dev {name}",
                        f"link set {name} up", f"link set {name}-peer up"):
            subprocess.run(["ip", *command.split()], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    far = subprocess.Popen(["unshare", "-n", "bash", "-c", "read x; ip addr add 10.98.0.2/24 dev data0-peer && "
                            "ip link set data0-peer up && echo up && read x"], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)
    own = os.readlink("/proc/self/ns/net")
    until("a network of its own", lambda: os.readlink(f"/proc/{far.pid}/ns/net") != own)
    subprocess.run(["ip", "link", "set", "data0-peer", "netns", str(far.pid)], check=True)
    far.stdin.write("go\n")
    far.stdin.flush()
    if far.stdout.readline() != "up\n":
        raise Failed("the far end of data0")
    if os.environ["PICKET_TEST_INSIDE"] != "systemd":
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    if not os.path.ismount("/sys/fs/bpf"):
        subprocess.run(["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"], check=True)


def main(tests):
    """Runs functions; each that returns has passed. Arguments choose by name."""
    enter()
    links()
    chosen = [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    failed = 0
    for i, test in enumerate(chosen, 1):
        node = []
        t0 = time.monotonic()
        try:
            skip = test(lambda **c: node.append(Node(**c)) or node[-1])
            print(f"ok {i} - {test.__doc__}" + (f" # SKIP {skip}" if skip else
                                                f" ({time.monotonic() - t0:.1f} s)"))
        except (Failed, AssertionError, KeyError, subprocess.SubprocessError, OSError) as e:
            failed += 1
            import traceback
            where = traceback.extract_tb(e.__traceback__)
            line = next((f.lineno for f in reversed(where) if "test-" in f.filename), 0)
            print(f"not ok {i} - {test.__doc__}\n# line {line}: {type(e).__name__}: {e}".replace("\n", "\n# ")
                  .replace("\n# # ", "\n# "))
        finally:
            for n in node:
                n.down()
        sys.stdout.flush()
    print(f"1..{len(chosen)}")
    sys.exit(1 if failed else 0)
