"""A headless Chromium, told what to do through its DevTools protocol over two pipes."""

import fcntl
import json
import os
import select
import shutil
import signal

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
PATIENCE = 60  # seconds for an answer


class Chromium:
    """One page in one browser."""

    def __init__(self, profile):
        # The browser reads commands from descriptor 3 and answers on 4; duplicates from 10 on keep clear of both.
        ends = [*os.pipe(), *os.pipe(), os.open(os.devnull, os.O_RDWR)]
        hears, self._tells, self._hears, tells, nothing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
        for end in ends:
            os.close(end)
        command = ["chromium", *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        moved = [(os.POSIX_SPAWN_DUP2, *pair) for pair in ((hears, 3), (tells, 4), (nothing, 1), (nothing, 2))]
        self._process = os.posix_spawn(shutil.which("chromium"), command, os.environ, file_actions=moved, setpgroup=0)
        for end in (hears, tells, nothing):
            os.close(end)
        self._number, self._rest, self._session, self.events = 0, b"", {}, []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        """What the browser answers."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._tells, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            assert select.select([self._hears], [], [], PATIENCE)[0], "Chromium does not answer"
            read = os.read(self._hears, 1 << 20)
            assert read, "Chromium has ended"
            self._rest += read
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def show(self, address, *, width=1280, height=900, scheme="light", media="screen"):
        """Loads a page; `events` then has what happened."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)
        self.events = []
        self.ask("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, script):
        """What JavaScript makes of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key):
        """Presses a key and lets it go."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=9)

    def close(self):
        """Ends it, with its helpers."""
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._tells)
        os.close(self._hears)
