"""A real headless Chromium, driven over its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return a browser's path, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page of one browser.

    Parameters
    ----------
    profile : Path
        An empty folder.
    """

    def __init__(self, profile: Path) -> None:
        program = find()
        assert program is not None
        self.errors: list[str] = []
        self._log = (profile / "log").open("wb")
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            [program, "--headless=new", *root, "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--remote-debugging-port=0", "--hide-scrollbars",
             f"--user-data-dir={profile / 'profile'}", "about:blank"],
            stdout=self._log, stderr=self._log,
        )  # fmt: skip
        try:
            self._connect(profile)
        except BaseException:
            # A browser that nobody can talk to would run on for ever.
            self._process.kill()
            self._process.wait(timeout=20)
            self._log.close()
            raise

    def _connect(self, profile: Path) -> None:
        port = self._port(profile / "profile" / "DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
            pages = [item for item in json.load(answer) if item["type"] == "page"]
        self._open = contextlib.ExitStack()
        self._socket: ClientConnection = self._open.enter_context(
            connect(pages[0]["webSocketDebuggerUrl"], max_size=None, proxy=None)
        )
        self._count = 0
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == self._count:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def open(self, address: str) -> None:
        """Load a page."""
        self.call("Page.navigate", url=address)

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Set the size of the screen."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)

    def scheme(self, name: str) -> None:
        """Prefer "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def run(self, expression: str) -> Any:
        """Return what an expression gives."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, expression: str, timeout_s: float = 30) -> Any:
        """Wait until an expression gives something true; return it."""
        return self.until_true(lambda: self.run(expression), expression, timeout_s)

    @staticmethod
    def until_true(ask: Callable[[], Any], what: str, timeout_s: float = 30) -> Any:
        """Wait until a function returns something true; return it."""
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            if found := ask():
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {timeout_s} s: {what}")

    def press(self, key: str) -> None:
        """Press and release a key that types one character."""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag with the left button."""
        for kind, (x, y), buttons in (
            ("mousePressed", start, 1),
            ("mouseMoved", end, 1),
            ("mouseReleased", end, 0),
        ):
            button = "left"
            self.call(
                "Input.dispatchMouseEvent",
                type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=1,
            )  # fmt: skip

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Take a picture of the page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """End the browser."""
        self._open.close()
        self._process.terminate()
        self._process.wait(timeout=20)
        self._log.close()

    def _note(self, message: dict[str, Any]) -> None:
        """Remember what went wrong on the page."""
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(message["params"]["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] == "error":
                self.errors.append(f"{entry['text']} {entry.get('url', '')}")

    def _port(self, file: Path) -> int:
        def read() -> int:
            lines = file.read_text().splitlines() if file.is_file() else []
            return int(lines[0]) if len(lines) == 2 else 0

        return int(self.until_true(read, "the browser's port", 60))
