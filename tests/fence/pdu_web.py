#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A power distribution unit that speaks JSON over HTTP: Raritan's, NETIO's, Redfish's, a plain one's.

    pdu_web.py FOLDER PORT-FILE [CERT KEY]

FOLDER/N holds "on" or "off" for outlet N (1 to 8), FOLDER/name-N its name (default "outlet N");
FOLDER/log gets METHOD PATH STATUS of each request. FOLDER/quirks has lines: stuck, stuck_outlet=N, deny, status=N
(for everything), state=JSON (instead of every state), body=TEXT, slow=SECONDS, rpc_error,
available=false, missing, if_match=N, text (the plain one answers without JSON), huge.
"""
import base64
import json
import os
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = sys.argv[1]
AUTH = "Basic " + base64.b64encode(b"admin:secret").decode()
OUTLETS = "/redfish/v1/PowerEquipment/RackPDUs/1/Outlets"
COUNT = 8


def read(name, default=""):
    try:
        with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return default


def quirk(name):
    for line in read("quirks").split("\n"):
        key, _, value = line.partition("=")
        if key == name:
            return value or "1"
    return None


def is_on(n):
    return read(str(n), "on") == "on"


def turn(n, on):
    if not quirk("stuck") and quirk("stuck_outlet") != str(n):
        with open(os.path.join(FOLDER, str(n)), "w", encoding="utf-8") as f:
            f.write("on\n" if on else "off\n")


def state(value):
    return json.loads(quirk("state")) if quirk("state") else value


def name(n):
    return read(f"name-{n}", f"outlet {n}")


def outlets():
    return [n for n in range(1, COUNT + 1) if not (quirk("missing") and n == 3)]


class Unit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def say(self, status, body):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        if quirk("body") is not None:
            data = quirk("body").encode()
        with open(os.path.join(FOLDER, "log"), "a", encoding="utf-8") as f:
            f.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        self.send_header("ETag", '"e1"')
        if quirk("huge"):
            self.send_header("Content-Length", str(1 << 30))
            self.end_headers()
            for _ in range(1 << 14):
                self.wfile.write(b" " * 65536)
            return
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def rpc(self, body):
        method, at = body.get("method"), self.path
        if quirk("rpc_error"):
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}
        if at == "/model/pdu/0" and method == "getOutlets":
            result = [{"rid": f"/model/pdu/0/outlet/{n - 1}", "type": "pdumodel.Outlet:2.1.6"} for n in outlets()]
        else:
            n = int(at.rsplit("/", 1)[1]) + 1
            if method == "getState":
                result = {"available": quirk("available") is None, "powerState": state(int(is_on(n))),
                          "switchOnInProgress": False, "cycleInProgress": False}
            elif method == "getSettings":
                result = {"name": name(n)}
            elif method == "setPowerState":
                turn(n, body["params"]["pstate"] == 1)
                result = 0
            else:
                result = None
        return {"jsonrpc": "2.0", "id": 1, "result": {"_ret_": result}}

    def redfish(self):
        if self.path == "/redfish/v1":
            return {"PowerEquipment": {"@odata.id": "/redfish/v1/PowerEquipment"}}
        if self.path == "/redfish/v1/PowerEquipment":
            return {"RackPDUs": {"@odata.id": "/redfish/v1/PowerEquipment/RackPDUs"}}
        if self.path == "/redfish/v1/PowerEquipment/RackPDUs":
            return {"Members": [{"@odata.id": "/redfish/v1/PowerEquipment/RackPDUs/1"}]}
        if self.path == "/redfish/v1/PowerEquipment/RackPDUs/1":
            return {"Outlets": {"@odata.id": OUTLETS}}
        if self.path == OUTLETS:
            return {"Members": [{"@odata.id": f"{OUTLETS}/{n}"} for n in outlets()]}
        n = self.path[len(OUTLETS) + 1:]
        if not n.isdigit():
            return None
        return {"Id": n, "Name": name(n), "PowerState": state("On" if is_on(n) else "Off"),
                "Actions": {"#Outlet.PowerControl": {"target": f"{OUTLETS}/{n}/Actions/Outlet.PowerControl"}}}

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length).decode() if length else ""
        if quirk("slow"):
            time.sleep(float(quirk("slow")))
        if quirk("deny") or self.headers.get("Authorization") != AUTH:
            return self.say(401, {})
        if quirk("status"):
            return self.say(int(quirk("status")), {})
        if self.path.startswith("/model/"):
            return self.say(200, self.rpc(json.loads(text)))
        if self.path == "/netio.json":
            if self.command == "POST":
                for o in json.loads(text)["Outputs"]:
                    turn(o["ID"], o["Action"] == 1)
            return self.say(200, {"Outputs": [{"ID": n, "Name": name(n), "State": state(int(is_on(n)))}
                                              for n in outlets()]})
        if self.path.startswith("/redfish/"):
            if self.command == "POST" and self.path.endswith("/Actions/Outlet.PowerControl"):
                if quirk("if_match") and self.headers.get("If-Match") != '"e1"':
                    return self.say(int(quirk("if_match")), {})
                turn(self.path[len(OUTLETS) + 1:].split("/")[0], json.loads(text)["PowerState"] == "On")
                return self.say(204, "")
            found = self.redfish()
            return self.say(200 if found else 404, found or {})
        if self.path.startswith("/relay/"):
            n = self.path.split("/")[2]
            if self.command == "POST":
                turn(n, json.loads(text)["turn"] == "on")
            shown = {"relay": {"ison": state(is_on(n))}}
            return self.say(200, ("ON\n" if is_on(n) else "OFF\n") if quirk("text") else shown)
        return self.say(404, {})

    do_GET = do_POST = do_HEAD = answer


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that was killed hangs up in the middle


server = Server(("127.0.0.1", 0), Unit)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(sys.argv[2] + ".new", "w", encoding="utf-8") as out:
    out.write(str(server.server_address[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
