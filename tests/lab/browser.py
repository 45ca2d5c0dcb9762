# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Chromium, driven through chromedriver by plain HTTP."""
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c"}


class Browser:
    def __init__(self, width=1360, height=900):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.home = tempfile.mkdtemp(prefix="picket-browser-")
        self.process = subprocess.Popen(
            [shutil.which("chromedriver"), f"--port={port}"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "HOME": self.home, "TMPDIR": self.home})
        self.base = f"http://127.0.0.1:{port}"
        self.wait(lambda: self.call("GET", "/status")["ready"], 30, "chromedriver")
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                            "--ignore-certificate-errors", f"--user-data-dir={self.home}/profile",
                            f"--window-size={width},{height}", "--lang=en-GB"]}
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "acceptInsecureCerts": True,
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = f"/session/{session['sessionId']}"
        self.size(width, height)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError(json.load(e)["value"]["message"]) from None

    @staticmethod
    def wait(what, seconds, name):
        """Until what() is true; an error counts as false."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = what()
                if value:
                    return value
            except (RuntimeError, OSError, subprocess.SubprocessError):
                pass
            if time.monotonic() > end:
                raise TimeoutError(f"gave up waiting for {name}")
            time.sleep(0.05)

    def go(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def run(self, script, *args):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(args)})

    def cdp(self, cmd, **params):
        return self.call("POST", self.session + "/goog/cdp/execute", {"cmd": cmd, "params": params})

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def colours(self, scheme):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                         {"name": "prefers-reduced-motion", "value": "reduce"}])

    def find(self, css):
        element = self.call("POST", self.session + "/element", {"using": "css selector", "value": css})
        return next(iter(element.values()))

    def click(self, css, seconds=20):
        """A real click with the pointer, when there is something to click on."""
        self.wait(lambda: self.call("POST", f"{self.session}/element/{self.find(css)}/click", {}) is None, seconds, css)

    def type(self, css, text):
        self.call("POST", f"{self.session}/element/{self.find(css)}/value", {"text": KEYS.get(text, text)})

    def key(self, text):
        text = KEYS.get(text, text)
        self.call("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": "keyDown", "value": text}, {"type": "keyUp", "value": text}]}]})

    def text(self, css="main"):
        return self.run("return document.querySelector(arguments[0])?.innerText || ''", css)

    def wait_text(self, text, css="main", seconds=60):
        return self.wait(lambda: text in self.text(css), seconds, f"'{text}' in {css}")

    def log(self):
        return self.call("POST", self.session + "/se/log", {"type": "browser"})

    def shot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("GET", self.session + "/screenshot")))

    def close(self):
        try:
            self.call("DELETE", self.session)
        except (RuntimeError, OSError, AttributeError):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
