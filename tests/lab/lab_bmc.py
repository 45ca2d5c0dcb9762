#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine's BMC: Redfish over HTTPS (DSP0266) whose power button is a command.

usage: lab_bmc.py --listen ADDR:PORT --cert FILE --key FILE --password-file FILE --name NODE
                  --on 'COMMAND' --off 'COMMAND' --state FILE --log FILE [--quirks FILE]

The commands are the power button; each prints the state that is so afterwards. FILE says on or
off, and is written by the button itself once nothing of the machine is left. The log gets one JSON object a request: t_ns (CLOCK_BOOTTIME, when it was answered), method, path, reset,
power, code. Password and quirks are read anew at every request, so that a test can change them:
  lie-off     says Off, and does nothing
  mute        takes the request and never answers
  slow MS     answers late
"""
import argparse
import base64
import json
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SYSTEM = "/redfish/v1/Systems/1"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("listen", "cert", "key", "password-file", "name", "on", "off", "log"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--state", required=True)
    p.add_argument("--quirks", default="/dev/null")
    return p.parse_args()


class Bmc:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()

    def quirks(self):
        try:
            return open(self.args.quirks).read().split()
        except OSError:
            return []

    def button(self, what):
        """The machine's power, asked from or given to the machine itself."""
        with self.lock:
            out = subprocess.run(what.split(), capture_output=True, text=True).stdout
        return {"on": "On", "off": "Off"}.get(out.strip())

    def state(self):
        """What the machine's power is, as the button left it."""
        try:
            return {"on": "On", "off": "Off"}.get(open(self.args.state).read().strip())
        except OSError:
            return None

    def power(self):
        return "Off" if "lie-off" in self.quirks() else self.state()

    def reset(self, kind):
        """HTTP status of a ComputerSystem.Reset."""
        if "lie-off" in self.quirks():
            return 204
        state = self.state()
        if kind == "ForceOff":
            return 204 if self.button(self.args.off) == "Off" else 500
        if kind in ("On", "ForceOn"):
            return 204 if self.button(self.args.on) == "On" else 500
        if kind == "ForceRestart" and state == "On":
            return 204 if self.button(self.args.off) == "Off" and self.button(self.args.on) == "On" else 500
        return 400

    def note(self, **what):
        with self.lock, open(self.args.log, "a") as f:
            f.write(json.dumps({"t_ns": time.clock_gettime_ns(time.CLOCK_BOOTTIME), **what}) + "\n")


def handler(bmc):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body go at once, not after a delayed ACK
        wbufsize = 65536

        def log_message(self, *_):
            pass

        def answer(self, code, body=None, **note):
            data = json.dumps(body).encode() if body is not None else b""
            bmc.note(method=self.command, path=self.path, code=code, **note)
            self.send_response(code)
            if code == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="bmc"')
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

        def refused(self):
            quirks = bmc.quirks()
            if "mute" in quirks:
                time.sleep(3600)
            if "slow" in quirks:
                time.sleep(int(quirks[quirks.index("slow") + 1]) / 1000)
            want = "admin:" + open(bmc.args.password_file).read().strip()
            got = self.headers.get("Authorization", "")
            if self.path.rstrip("/") in ("/redfish", "/redfish/v1"):
                return False
            if got == "Basic " + base64.b64encode(want.encode()).decode():
                return False
            self.answer(401, {"error": {"code": "Base.1.8.InsufficientPrivilege", "message": "wrong user or password"}})
            return True

        def do_GET(self):
            if self.refused():
                return
            path = self.path.rstrip("/")
            if path == "/redfish/v1":
                self.answer(200, {"@odata.id": "/redfish/v1", "RedfishVersion": "1.8.0",
                                  "Systems": {"@odata.id": "/redfish/v1/Systems"}})
            elif path == "/redfish/v1/Systems":
                self.answer(200, {"Members@odata.count": 1, "Members": [{"@odata.id": SYSTEM}]})
            elif path == SYSTEM:
                power = bmc.power()
                self.answer(200, {
                    "@odata.id": SYSTEM, "Id": "1", "Name": bmc.args.name, "HostName": bmc.args.name,
                    "SystemType": "Physical", "PowerState": power,
                    "Actions": {"#ComputerSystem.Reset": {
                        "target": SYSTEM + "/Actions/ComputerSystem.Reset",
                        "ResetType@Redfish.AllowableValues": ["On", "ForceOff", "ForceRestart"]}}}, power=power)
            else:
                self.answer(404, {"error": {"code": "Base.1.8.ResourceMissingAtURI", "message": "no such resource"}})

        def do_POST(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, 65536))
            if self.refused():
                return
            if self.path.rstrip("/") != SYSTEM + "/Actions/ComputerSystem.Reset":
                self.answer(404, {"error": {"code": "Base.1.8.ResourceMissingAtURI", "message": "no such action"}})
                return
            try:
                kind = json.loads(body)["ResetType"]
            except (ValueError, KeyError, TypeError):
                self.answer(400, {"error": {"code": "Base.1.8.MalformedJSON", "message": "ResetType is missing"}})
                return
            code = bmc.reset(kind)
            error = {"error": {"code": "Base.1.8.ActionNotSupported", "message": f"{kind} is not possible now"}}
            self.answer(code, None if code == 204 else error, reset=kind)

    return Handler


def main():
    args = arguments()
    address, port = args.listen.rsplit(":", 1)
    server = ThreadingHTTPServer((address, int(port)), handler(Bmc(args)), bind_and_activate=False)
    server.daemon_threads = True
    # A BMC whose network is down for a while keeps listening: bind to an address that may come later.
    server.socket.setsockopt(0, 15, 1)  # SOL_IP, IP_FREEBIND
    server.allow_reuse_address = True
    server.server_bind()
    server.server_activate()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(args.cert, args.key)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


main()
