"""What builders print, read into build events. Pure: one line in, events out.

Step names and marks are taken only from where a program inside the build cannot write: BuildKit
prefixes each of its lines, and raw JSON carries them apart. The classic builder mixes both in one
text, so there a step must be the next in number; what a program can fake is a name, never a result.
"""

import base64
import binascii
import json
import re
from collections import deque
from typing import Any, Protocol

from runtime.contract.names import DIGEST
from runtime.engine.values import BuildEvent, BuildLine, StepFinished, StepStarted
from runtime.redaction import decode

MAX_STEP_NAME = 500
MAX_KEPT_LINES = 40
MAX_OPEN_LINE = 64 * 1024

_PLAIN_LINE = re.compile(r"#(\d+) (.*)")
_PLAIN_DONE = re.compile(r"DONE \d+\.\d+s")
_PLAIN_OUTPUT = re.compile(r"\d+\.\d+(?: (.*))?")
_CLASSIC_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
_CLASSIC_NOISE = re.compile(r" ---> (?:[0-9a-f]{12}|Running in [0-9a-f]{12})?")
_CLASSIC_REMOVED = re.compile(r"Removing intermediate container [0-9a-f]{12}")
_CLASSIC_ERROR = ("\x1b[91m", "\x1b[0m")  # how the classic builder marks standard error


class Progress(Protocol):
    """Reads a builder's output and remembers what a failure has to say."""

    image_id: str | None
    failed_step: str
    error: str

    def feed(self, line: str) -> list[BuildEvent]:
        """The events that this line of output means."""

    def evidence(self) -> list[str]:
        """The last lines of the step that failed, else of the whole."""


class _Steps:
    """Names, ends and last lines of the steps seen."""

    def __init__(self) -> None:
        self.image_id: str | None = None
        self.failed_step = ""
        self.error = ""
        self._names: dict[str, str] = {}
        self._ended: set[str] = set()
        self._last: dict[str | None, deque[str]] = {}
        self._failed_key: str | None = None

    def evidence(self) -> list[str]:
        return list(self._last.get(self._failed_key, ()))

    def _started(self, key: str, name: str) -> list[BuildEvent]:
        if key in self._names:
            return []
        self._names[key] = name[:MAX_STEP_NAME]
        return [StepStarted(key=key, name=self._names[key])]

    def _finished(self, key: str, *, cached: bool = False, error: str = "") -> list[BuildEvent]:
        if error and not self.error and key in self._names:
            self.error, self.failed_step, self._failed_key = error, self._names[key], key
        if key in self._ended or key not in self._names:
            return []
        self._ended.add(key)
        return [StepFinished(key=key, cached=cached, error=error)]

    def _line(self, key: str | None, text: str, *, stderr: bool = False) -> list[BuildEvent]:
        for owner in {key, None}:
            self._last.setdefault(owner, deque(maxlen=MAX_KEPT_LINES)).append(text)
        return [BuildLine(stream="e" if stderr else "o", text=text, key=key)]


class PlainProgress(_Steps):
    """BuildKit's `--progress=plain`. Standard error of a step cannot be told from its output."""

    def __init__(self) -> None:
        super().__init__()
        self._over = False

    def feed(self, line: str) -> list[BuildEvent]:
        found = _PLAIN_LINE.fullmatch(line)
        if self._over or found is None:
            return self._own_words(line)
        key, text = found[1], found[2]
        if key not in self._names:
            return self._started(key, text)
        if text == "CACHED":
            return self._finished(key, cached=True)
        if _PLAIN_DONE.fullmatch(text):
            return self._finished(key)
        if text.startswith("ERROR: ") or text == "CANCELED":
            return self._finished(key, error=text.removeprefix("ERROR: "))
        if text in ("...", self._names[key]) or DIGEST.fullmatch(text):
            return []
        output = _PLAIN_OUTPUT.fullmatch(text)
        return self._output(key, (output[1] or "") if output else text)

    def _output(self, key: str, text: str) -> list[BuildEvent]:
        """A line that the step printed. BuildKit writes the step's end behind a last one that has none of its own.

        A step may print such words itself: then it looks ended too early, and still cannot look well if it fails.
        """
        printed, mark, rest = text.rpartition(f"#{key} ")
        if mark and _PLAIN_DONE.fullmatch(rest):
            return [*self._line(key, printed), *self._finished(key)]
        if mark and rest.startswith("ERROR: "):
            return [*self._line(key, printed), *self._finished(key, error=rest.removeprefix("ERROR: "))]
        return self._line(key, text)

    def _own_words(self, line: str) -> list[BuildEvent]:
        # The excerpt after the dashes repeats what the failing step printed.
        if line.startswith("------"):
            self._over = True
        if not line.strip() or self._over:
            return []
        return self._line(None, line, stderr=True)


class RawJsonProgress(_Steps):
    """buildx's `--progress=rawjson`: one status a line, outputs in base64."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[tuple[str, bool], bytes] = {}

    def feed(self, line: str) -> list[BuildEvent]:
        status = _json_object(line)
        if status is None:
            return self._line(None, line, stderr=True) if line.strip() else []
        events: list[BuildEvent] = []
        for vertex in status.get("vertexes") or ():
            if vertex.get("started"):
                events += self._started(vertex["digest"], str(vertex.get("name", "")))
        for log in status.get("logs") or ():
            events += self._output(log)
        for vertex in status.get("vertexes") or ():
            if vertex.get("completed"):
                events += self._completed(vertex)
        return events

    def _output(self, log: dict[str, Any]) -> list[BuildEvent]:
        key, stderr = str(log.get("vertex", "")), log.get("stream") == 2
        try:
            data = base64.b64decode(log.get("data") or "")
        except binascii.Error:
            return []
        *whole, rest = (self._open.pop((key, stderr), b"") + data).split(b"\n")
        if len(rest) > MAX_OPEN_LINE:
            whole, rest = [*whole, rest], b""
        self._open[key, stderr] = rest
        owner = key if key in self._names else None
        return [event for text in whole for event in self._line(owner, decode(text), stderr=stderr)]

    def _completed(self, vertex: dict[str, Any]) -> list[BuildEvent]:
        key, events = str(vertex["digest"]), []
        for stderr in (False, True):
            if rest := self._open.pop((key, stderr), b""):
                events += self._line(key, decode(rest), stderr=stderr)
        started = self._started(key, str(vertex.get("name", "")))
        cached, error = bool(vertex.get("cached")), str(vertex.get("error") or "")
        return events + started + self._finished(key, cached=cached, error=error)


class ClassicProgress(_Steps):
    """The engine's own builder over its API: a stream of JSON messages, one a line."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ""
        self._now: int = 0
        self._cached = False

    def feed(self, line: str) -> list[BuildEvent]:
        message = _json_object(line)
        if message is None:
            return []
        if "error" in message:
            return self._flush() + self._fail(str(message["error"]))
        if isinstance(message.get("aux"), dict) and "ID" in message["aux"]:
            self.image_id = str(message["aux"]["ID"])
        if "status" in message and not message.get("progressDetail"):
            return self._line(self._key(), str(message["status"]))
        text = str(message.get("stream", ""))
        stderr = text.startswith(_CLASSIC_ERROR[0]) and text.endswith(_CLASSIC_ERROR[1])
        if stderr:
            text = text.removeprefix(_CLASSIC_ERROR[0]).removesuffix(_CLASSIC_ERROR[1])
        *whole, self._open = (self._open + text).split("\n")
        if len(self._open) > MAX_OPEN_LINE:
            whole, self._open = [*whole, self._open], ""
        return [event for line in whole for event in self._text(line, stderr=stderr)]

    def end(self) -> list[BuildEvent]:
        """The stream ended well: so did its last step."""
        return self._flush() + self._close_step()

    def _text(self, text: str, *, stderr: bool = False) -> list[BuildEvent]:
        step = _CLASSIC_STEP.fullmatch(text)
        if step and int(step[1]) == self._now + 1:
            ended = self._close_step()
            self._now = int(step[1])
            return ended + self._started(step[1], f"[{step[1]}/{step[2]}] {step[3]}")
        if text == " ---> Using cache":
            self._cached = True
            return []
        if not text or _CLASSIC_NOISE.fullmatch(text) or _CLASSIC_REMOVED.fullmatch(text):
            return []
        return self._line(self._key(), text, stderr=stderr)

    def _key(self) -> str | None:
        return str(self._now) if self._now else None

    def _close_step(self) -> list[BuildEvent]:
        cached, self._cached = self._cached, False
        return self._finished(str(self._now), cached=cached)

    def _fail(self, error: str) -> list[BuildEvent]:
        ended = self._finished(str(self._now), error=error)
        self.error = self.error or error
        return ended

    def _flush(self) -> list[BuildEvent]:
        rest, self._open = self._open, ""
        return self._text(rest) if rest else []


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
