# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""A headless Chromium for tests, spoken to in the DevTools protocol over a pair of pipes."""

import base64
import collections
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # tests run as root; it opens only what they wrote
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
)
PATIENCE_S = 120


class Browser:
    """One page of a Chromium.

    errors, requests: what it complained of and asked for since open(), data in the page left out.
    """

    def __init__(self):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if not program:
            raise AssertionError("no Chromium; Debian: apt install chromium (./mdi test does it)")
        self.profile = tempfile.mkdtemp(prefix="mdi-browser-")
        self.errors, self.requests = [], []
        self._events = collections.Counter()
        self._answers, self._buffer, self._number = {}, b"", 0
        ours, theirs = os.pipe(), os.pipe()  # to it, from it
        # It reads from 3 and writes to 4; the shell puts the pipes there.
        command = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        flags = [*FLAGS, f"--user-data-dir={self.profile}", "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", command, "bash", program, *flags],
            pass_fds=(ours[0], theirs[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = ours[1], theirs[0]
        self.session = None
        pages = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in pages if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
            self.process.wait(30)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, **parameters):
        """A command's result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        number = self._number
        self._read_until(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _read_until(self, done, what):
        end = time.monotonic() + PATIENCE_S
        while not done():
            ready, _, _ = select.select([self._from], [], [], max(0, end - time.monotonic()))
            piece = os.read(self._from, 1 << 20) if ready else b""
            if not piece:
                raise AssertionError(f"Chromium does not answer ({what})")
            *messages, self._buffer = (self._buffer + piece).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message):
        if "id" in message:
            self._answers[message["id"]] = message
            return
        method, about = message["method"], message["params"]
        self._events[method] += 1
        if method == "Runtime.exceptionThrown":
            self.errors.append(about["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.errors.append(f"{about['type']}: {about['args']}")
        elif method == "Log.entryAdded":
            self.errors.append(about["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            if not about["request"]["url"].startswith("data:"):
                self.requests.append(about["request"]["url"])

    def open(self, path, width=1280, height=900, dark=False):
        """Show a file and wait until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.errors, self.requests = [], []
        before = self._events["Page.loadEventFired"]
        result = self.call("Page.navigate", url="file://" + os.path.abspath(path))
        if "errorText" in result:
            raise AssertionError(f"{path}: {result['errorText']}")
        self._read_until(lambda: self._events["Page.loadEventFired"] > before, "loading")

    def run(self, script):
        """The value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in found:
            raise AssertionError(f"{script}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def click(self, selector):
        """With the mouse, where the element is."""
        place = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', inline: 'center'});"
            "const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def press(self, selector, key):
        """A key on an element that has the focus: "Enter" or "Tab"."""
        code, character = {"Enter": (13, "\r"), "Tab": (9, "\t")}[key]
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        parts = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=character, **parts)
        self.call("Input.dispatchKeyEvent", type="keyUp", **parts)

    def screenshot(self, path, whole=False):
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(found["data"]))

    def pdf(self, path):
        found = self.call("Page.printToPDF", printBackground=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(found["data"]))
