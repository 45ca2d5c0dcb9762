# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests in QEMU: Debian's kernels with an init of our own, seen from outside. The caller's network
namespace is the wire: a bridge, a tap per guest, and controllers that are sockets in Python.
Times are the host's CLOCK_REALTIME in seconds: QMP events and packets are stamped with it."""
import atexit
import ctypes
import functools
import glob
import json
import lzma
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, ".build")
PORT = 7406
BOOT_S = 120  # a guest on a machine that is busy with other things
MODULES = ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
           "failover", "net_failover", "virtio_net", "watchdog", "i6300esb"]
# What a node and controller needs besides, and what a whole system would load by itself: a disk, and
# filters on loopback, where a controller hears the node that it shares a kernel with.
CLUSTER_MODULES = ["crc16", "crc32c_generic", "libcrc32c", "mbcache", "jbd2", "ext4", "virtio_blk",
                   "sch_ingress", "cls_bpf"]


class Tap:
    """Test Anything Protocol."""
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, name, good, why=""):
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)
        if why and not good:
            lines = str(why).splitlines()
            for line in oops(str(why)) + lines[:-40][:1] + lines[-40:]:   # the first says what
                print(f"#   {line}", flush=True)
        return good

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}", flush=True)

    def note(self, text):
        print(f"# {text}", flush=True)

    def done(self):
        print(f"1..{self.n}", flush=True)
        sys.exit(1 if self.failed else 0)


def oops(text):
    """What a guest's kernel said of a fault of its own: where it was and how it came there first,
    for a summary shows no more; then all of it."""
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if re.search(
        r"\] (Oops|BUG|WARNING|general protection|kernel BUG|int3|stack segment)|Kernel panic",
        line)), None)
    if first is None:
        return []
    said = lines[first:first + 160]
    where = [x for x in said if re.search(r"Oops|BUG|CPU:|RIP: 0010|Modules linked|Kernel panic", x)]
    way = [x for x in said if re.search(r"\]  (\? )?\w[\w.]*\+0x", x)]
    return where[:4] + way[:20] + ["whole:"] + said


def broke_by_itself(why):
    """Whether a check failed in a guest whose kernel had a fault of its own before our module was put
    in: an emulated CPU that stands still for long makes RCU stumble. A module from outside taints."""
    good, text = why
    named = [x for x in oops(text) if re.search("CPU:.*ainted", x)] if not good else []
    return bool(named) and "Not tainted" in named[0]


def sh(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


def own_namespace():
    """Go on in a network namespace of our own, which nobody else can see. What comes from package
    sources is fetched before."""
    if os.environ.get("PICKET_QEMU_NS") != "1":
        subprocess.run([os.path.join(HERE, "kernels.sh"), "6.1", "6.12"], stdout=subprocess.DEVNULL)
        subprocess.run(["make", "-s", "-C", TOP, "guest"], stdout=subprocess.DEVNULL)
        os.environ["PICKET_QEMU_NS"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])
    sh("ip", "link", "set", "lo", "up")


def wire_of_its_own():
    """One more, for a process of a test that has several wires at once."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):   # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "unshare")
    sh("ip", "link", "set", "lo", "up")


def accelerator():
    """Before 8.1, QEMU translates code for one CPU while another writes to it, and may keep what it
    read half-way. Kernels write to their code whenever a static key turns, and then run what is no
    longer there, or never was: an int3, half of a jump. Guests of two CPUs crashed of it with our
    module and without: within 5 s where a loop turned /proc/sys/kernel/sched_schedstats. One thread
    for all CPUs never does both at once."""
    version = re.search(r"version (\d+)\.(\d+)", sh("qemu-system-x86_64", "--version"))
    return "tcg" if tuple(int(v) for v in version.groups()) >= (8, 1) else "tcg,thread=single"


@functools.cache
def tsc_khz():
    """A guest sees the host's cycle counter, and measures it at boot against a timer. On a busy host
    it is off the processor meanwhile: one was seen whose clock ran five times too fast. Told how
    fast it is, it need not measure."""
    return int(sh(os.path.join(BUILD, "qemu", "hand"), "tsc"))


# ---- what a guest boots from ----------------------------------------------------------------------

def cpio(files):
    """An initramfs: {path: (mode, bytes)}; folders come by themselves."""
    out, made, number = bytearray(), set(), 1

    def entry(path, mode, data):
        nonlocal number
        name = path.encode() + b"\0"
        head = "070701" + "".join(f"{v:08x}" for v in (
            number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0))
        number += 1
        out.extend(head.encode() + name)
        out.extend(b"\0" * (-len(out) % 4))
        out.extend(data)
        out.extend(b"\0" * (-len(out) % 4))

    for path, (mode, data) in files.items():
        folder = ""
        for part in path.split("/")[:-1]:
            folder = f"{folder}/{part}" if folder else part
            if folder not in made:
                made.add(folder)
                entry(folder, 0o040755, b"")
        entry(path, mode, data)
    entry("TRAILER!!!", 0, b"")
    return bytes(out)


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Kernel:
    """One of Debian's, and our module built for it."""
    def __init__(self, series):
        self.series = series
        self.dir = os.path.join(BUILD, "kernels", series)
        sh(os.path.join(HERE, "kernels.sh"), series)
        self.release = read(os.path.join(self.dir, "release")).decode().strip()
        self.headers = os.path.join(self.dir, "headers")
        sh("make", "-C", TOP, "kmod", f"KDIR={self.headers}", "KFLAGS=W=1")
        self.build = os.path.join(BUILD, "kmod", self.release)
        stuck = os.path.join(self.build, "stuck")
        os.makedirs(stuck, exist_ok=True)
        for name in ("Kbuild", "stuck.c"):
            shutil.copy2(os.path.join(HERE, "stuck", name), stuck)
        self.kbuild(stuck)
        self.lacks = "not asked for"   # what it takes to have picket_renew()

    def kbuild(self, folder, *flags):
        sh("make", "-s", "-C", self.headers, f"M={folder}", "CONFIG_DEBUG_INFO_BTF_MODULES=", *flags,
           "modules")

    def vmlinux(self):
        """The kernel as it was linked: beside the headers, or out of what boots."""
        path = os.path.join(self.headers, "vmlinux")
        if os.path.exists(path):
            return path
        path = os.path.join(self.build, "vmlinux")
        image = read(os.path.join(self.dir, "vmlinuz"))
        start = (image[0x1f1] + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
        packed = image[start:start + struct.unpack_from("<I", image, 0x24c)[0]]
        if packed[:6] != b"\xfd7zXZ\0":
            return None
        with open(path, "wb") as f:
            f.write(lzma.LZMADecompressor().decompress(packed))
        return path

    def kfunc(self):
        """The same module with PICKET_KFUNC=1, as lib/picket-kfunc.ko: it carries its types."""
        folder = os.path.join(self.build, "kfunc")
        vmlinux, ids = self.vmlinux(), glob.glob(os.path.join(
            BUILD, "kernels", "*", "usr", "lib", "linux-kbuild-*", "tools", "bpf", "resolve_btfids",
            "resolve_btfids"))
        self.lacks = "no pahole (package dwarves)" if not shutil.which("pahole") else \
            "its image is not packed with xz, and no vmlinux is beside its headers" if not vmlinux \
            else "no resolve_btfids in any linux-kbuild package" if not ids else None
        if self.lacks:
            return
        os.makedirs(folder, exist_ok=True)
        sh("cp", "-rsuf", *(os.path.join(TOP, part) for part in ("Kbuild", "kmod", "include")), folder)
        self.kbuild(folder, "PICKET_KFUNC=1")
        ko = os.path.join(folder, "picket.ko")
        sh("pahole", "-J", "--btf_base", vmlinux, ko)
        sh(ids[0], "-b", vmlinux, ko)

    def module(self, name):
        for root, _, names in os.walk(os.path.realpath(os.path.join(self.dir, "modules"))):
            if f"{name}.ko" in names:
                return read(os.path.join(root, f"{name}.ko"))
            if f"{name}.ko.xz" in names:
                return lzma.decompress(read(os.path.join(root, f"{name}.ko.xz")))
        return None

    def initramfs(self, extra=None, cluster=False):
        loads, files = [], {}
        for name in MODULES + (CLUSTER_MODULES if cluster else []):
            data = self.module(name)
            if data:
                files[f"lib/{name}.ko"] = (0o100644, data)
                loads.append(f"{name}.ko")
        for name, path in (("picket", "picket.ko"), ("stuck", "stuck/stuck.ko"),
                           *([] if self.lacks else [("picket-kfunc", "kfunc/picket.ko")])):
            path = os.path.join(self.build, path)
            small = path + ".small"
            sh("strip", "--strip-debug", "-o", small, path)
            files[f"lib/{name}.ko"] = (0o100644, read(small))
        files["init"] = (0o100755, read(os.path.join(BUILD, "qemu", "init")))
        for name in ("hand", "kfunc"):
            files[f"bin/{name}"] = (0o100755, read(os.path.join(BUILD, "qemu", name)))
        files["modules"] = (0o100644, ("\n".join(loads) + "\n").encode())
        files.update(extra or {})
        return cpio(files)


# ---- controllers ----------------------------------------------------------------------------------

M64 = (1 << 64) - 1


def siphash(key, data):
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
         k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def turn(n):
        a, b, c, d = v
        for _ in range(n):
            a = (a + b) & M64
            b = ((b << 13 | b >> 51) & M64) ^ a
            a = (a << 32 | a >> 32) & M64
            c = (c + d) & M64
            d = ((d << 16 | d >> 48) & M64) ^ c
            a = (a + d) & M64
            d = ((d << 21 | d >> 43) & M64) ^ a
            c = (c + b) & M64
            b = ((b << 17 | b >> 47) & M64) ^ c
            c = (c << 32 | c >> 32) & M64
        v[:] = a, b, c, d

    end = len(data) // 8 * 8
    for (m,) in struct.iter_unpack("<Q", data[:end]):
        v[3] ^= m
        turn(2)
        v[0] ^= m
    m = int.from_bytes(data[end:], "little") | (len(data) & 255) << 56
    v[3] ^= m
    turn(2)
    v[0] ^= m
    v[2] ^= 255
    turn(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


class Probe:
    FORMAT = "<IBBBBQIIQQQIIQ"

    def __init__(self, data):
        (self.magic, self.version, self.type, self.controller, self.link, self.cluster, self.node,
         self.epoch, self.incarnation, self.seq, self.t_send, self.interval_us, self.age_ms,
         self.mac) = struct.unpack(self.FORMAT, data)


class Controllers(threading.Thread):
    """All controllers of the wire: hear probes, check MACs, grant as long as they may."""
    def __init__(self, keys):
        super().__init__(daemon=True)
        self.keys = keys
        self.granting = set(range(len(keys)))
        self.probes, self.bad = [], 0   # (time, Probe)
        self.granted_at = 0.0
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(("::", PORT))
        self.start()

    def run(self):
        while True:
            data, source = self.socket.recvfrom(2048)
            if len(data) != 64:
                continue
            p = Probe(data)
            if p.controller >= len(self.keys) or \
                    siphash(self.keys[p.controller], data[:56]) != p.mac:
                self.bad += 1
                continue
            self.probes.append((time.time(), p))
            kind = 2 if p.controller in self.granting else 3
            answer = data[:5] + bytes([kind]) + data[6:56]
            answer += struct.pack("<Q", siphash(self.keys[p.controller], answer))
            try:
                self.socket.sendto(answer, source)
            except OSError:
                continue
            if kind == 2:
                self.granted_at = time.time()


# ---- the wire -------------------------------------------------------------------------------------

class Wire(threading.Thread):
    """Every frame that a tap brings from its guest, with the kernel's time stamp."""
    def __init__(self, tap):
        super().__init__(daemon=True)
        self.frames = []   # (time, the first 256 bytes)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, 35, 1)   # SO_TIMESTAMPNS
        self.socket.bind((tap, 0))
        self.start()

    def run(self):
        while True:
            try:
                data, control, _, address = self.socket.recvmsg(256, 64)
            except OSError:
                return
            if address[2] == socket.PACKET_OUTGOING or data[12:14] == b"\x80\x35":
                continue   # RARP: QEMU itself tells of a guest that goes on from a snapshot
            at = time.time()
            for level, kind, value in control:
                if level == socket.SOL_SOCKET and kind == 35:
                    s, ns = struct.unpack("qq", value[:16])
                    at = s + ns / 1e9
            self.frames.append((at, data))

    def probes(self, first=0):
        """The probes among the frames from that one on."""
        return [Probe(d[-64:]) for _, d in self.frames[first:] if d[-64:-60] == b"PCKT"]

    def last(self):
        return self.frames[-1][0] if self.frames else 0.0


def bridge():
    sh("ip", "link", "add", "br0", "type", "bridge")
    sh("ip", "addr", "add", "10.9.0.1/24", "dev", "br0")
    for i in (2, 3):
        sh("ip", "addr", "add", f"10.9.0.{i}/24", "dev", "br0")
    sh("ip", "-6", "addr", "add", "fd09::1/64", "dev", "br0", "nodad")
    sh("ip", "link", "set", "br0", "up")


def wait_for(what, seconds=60, step=0.01):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(step)
    return None


# ---- a guest --------------------------------------------------------------------------------------

class Dead(Exception):
    pass


class Guest:
    count, living = 0, set()

    def __init__(self, kernel, image, ip="10.9.0.11", ip6="fd09::11", tap="tap0", memory=256,
                 cpus=2, append="", watchdog=True, action="reboot=shutdown,panic=none",
                 incoming=None, number=0, devices=(), disk=None):
        """incoming: the snapshot of a guest like this one, which then goes on from there.
        disk: a file that outlives the guest; "become" mounts it."""
        Guest.count += 1
        self.dir = tempfile.mkdtemp(prefix="picket-qemu-")
        self.tap, self.events, self.returns, self.buffer = tap, [], [], b""
        sh("ip", "tuntap", "add", tap, "mode", "tap")
        sh("ip", "link", "set", tap, "master", "br0", "up")
        self.wire = Wire(tap)
        initrd = os.path.join(self.dir, "initrd")
        with open(initrd, "wb") as f:
            f.write(image)
        if disk:
            devices = [*devices, "-drive", f"file={disk},format=raw,if=virtio"]
        mac = f"52:54:00:00:00:{(number or Guest.count) % 250:02x}"
        words = ["qemu-system-x86_64", "-machine", "q35", "-accel", accelerator(), "-cpu", "max",
                 "-smp", str(cpus), "-m", str(memory), "-display", "none", "-no-user-config", "-nodefaults",
                 "-kernel", os.path.join(kernel.dir, "vmlinuz"), "-initrd", initrd, "-append",
                 f"console=ttyS0 quiet loglevel=6 rdinit=/init net.ifnames=0 mitigations=off "
                 f"nokaslr tsc=reliable tsc_early_khz={tsc_khz()} picket.ip={ip} picket.ip6={ip6} {append}",
                 "-serial", f"file:{self.dir}/console",
                 "-chardev", f"socket,id=c,path={self.dir}/command,server=on,wait=off",
                 "-serial", "chardev:c",
                 "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off",
                 "-netdev", f"tap,id=n,ifname={tap},script=no,downscript=no",
                 "-device", "pcie-root-port,id=slot1,slot=1",   # what sits there can be taken out
                 "-device", f"virtio-net-pci,bus=slot1,id=nic,netdev=n,mac={mac},romfile=",
                 "-device", "pvpanic-pci", "-action", action]
        if watchdog:
            words += ["-device", "i6300esb"]
        words += devices
        if incoming:
            words += ["-incoming", f"exec:cat {incoming}"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                        stderr=open(f"{self.dir}/stderr", "w"),
                                        preexec_fn=die_with_parent)
        Guest.living.add(self)
        self.started = time.time()
        self.qmp = self.connect("qmp")
        self.command = self.connect("command")
        threading.Thread(target=self.qmp_read, daemon=True).start()
        self.qmp.sendall(b'{"execute":"qmp_capabilities"}\n')

    def connect(self, name):
        path = f"{self.dir}/{name}"

        def attempt():
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(path)
                return s
            except OSError:
                s.close()
                return None
        s = wait_for(attempt)
        if not s:
            raise Dead(f"no {name}: " + read(f"{self.dir}/stderr").decode())
        return s

    def qmp_read(self):
        try:
            for line in self.qmp.makefile():
                self.qmp_take(json.loads(line))
        except OSError:
            pass   # it has ended

    def qmp_take(self, message):
        if "event" in message:
            t = message["timestamp"]
            message["time"] = t["seconds"] + t["microseconds"] / 1e6
            self.events.append(message)
        else:
            self.returns.append(message)

    def qmp_do(self, command, **arguments):
        self.qmp.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")

    def line(self, seconds):
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.command], [], [], left)[0]:
                raise Dead(f"no answer in {seconds} s\n" + self.console())
            try:
                more = self.command.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Dead(f"the guest is gone: {read(self.dir + '/stderr').decode()}\n" +
                           self.console())
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")

    def ready(self):
        while self.line(BOOT_S) != "ready":
            pass
        return self

    def snapshot(self, path):
        """Writes the guest's whole state to a file and ends it."""
        self.qmp_do("migrate", uri=f"exec:cat >{path}")
        if not wait_for(lambda: self.event("STOP"), 60):
            raise Dead("no snapshot")

        def written():
            self.qmp_do("query-migrate")
            return any(r.get("return", {}).get("status") == "completed" for r in self.returns)
        if not wait_for(written, 60, 0.05):
            raise Dead("no snapshot")
        self.close()

    def become(self, ip, mac):
        self.do(f"become {ip} {mac} {int(time.time())} {os.urandom(32).hex()}")

    def resumed(self):
        if not wait_for(lambda: self.event("RESUME"), BOOT_S):
            raise Dead("did not resume: " + read(f"{self.dir}/stderr").decode())
        return self

    def send(self, text):
        try:
            self.command.sendall(text.encode() + b"\n")
        except OSError as e:
            raise Dead(f"the guest is gone before '{text}': {self.events[-1:]}\n" +
                       self.console()) from e

    def run(self, text, seconds=60):
        """(status, output); for a line that begins with &: (pid, '')."""
        self.send(text)
        out = []
        while True:
            line = self.line(seconds)
            if line.startswith("= "):
                status, pid = (int(w) for w in line.split()[1:])
                return (pid if text.startswith("&") else status), "\n".join(out)
            out.append(line)

    def do(self, text, seconds=60):
        status, out = self.run(text, seconds)
        if status and not text.startswith("&"):
            raise Dead(f"{text}: {status}: {out}\n{self.console()}")
        return out

    def state(self):
        return {k: int(v) for k, v in
                (line.split("=") for line in self.do("hand state").splitlines())}

    def event(self, *names):
        for e in self.events:
            if e["event"] in names:
                return e
        return None

    def death(self, seconds=60):
        """Waits for the guest's end: (time, how)."""
        def look():
            return self.event("SHUTDOWN", "RESET", "WATCHDOG", "GUEST_PANICKED", "EXIT") \
                or (self.process.poll() is not None and {"event": "EXIT", "time": time.time()})
        e = wait_for(look, seconds)
        if not e:
            return None, "alive"
        reason = e.get("data", {}).get("reason", "")
        return e["time"], f"{e['event']} {reason}".strip()

    def console(self):
        return read(f"{self.dir}/console").decode(errors="replace")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.wire.socket.close()
        subprocess.run(["ip", "link", "del", self.tap], capture_output=True, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)
        Guest.living.discard(self)

    @staticmethod
    def close_all():
        for guest in list(Guest.living):
            guest.close()


atexit.register(Guest.close_all)


def disk_new(path, files, megabytes=64):
    """{path: (mode, bytes)}, on a disk for a guest."""
    with tempfile.TemporaryDirectory(prefix="picket-disk-") as folder:
        for name, (mode, data) in files.items():
            os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
            with open(f"{folder}/{name}", "wb") as f:
                os.fchmod(f.fileno(), mode & 0o7777)
                f.write(data)
        with open(path, "wb") as f:
            f.truncate(megabytes << 20)
        sh("mkfs.ext4", "-q", "-d", folder, path)
    return path


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)   # PR_SET_PDEATHSIG
