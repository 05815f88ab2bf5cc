"""What builders print, recorded from real ones, read into events."""

import base64
import json

from runtime.engine.progress import ClassicProgress, PlainProgress, Progress, RawJsonProgress
from runtime.engine.values import BuildLine, StepFinished, StepStarted

PLAIN = """\
#1 [internal] load build definition from Dockerfile
#1 sha256:e03cbb7d71d1df0ec8dcafaebe289b05bad908f42f038ef09e3a3a55bbb60f70
#1 transferring dockerfile: 217B done
#1 DONE 0.0s

#4 [1/3] FROM slipway-test/base:1
#4 CACHED

#5 [2/3] RUN echo hello; echo '#4 DONE 9s'
#5 0.359 hello
#5 0.361 #4 DONE 9s
#5 0.362
#5 DONE 1.4s

#6 [3/3] RUN false
#5 ...

#6 [3/3] RUN false
#6 0.300 last words
#6 ERROR: executor failed running [/bin/sh -c false]: exit code: 1
------
 > [3/3] RUN false:
#6 0.300 last words
------
executor failed running [/bin/sh -c false]: exit code: 1
"""


def feed(progress: Progress, lines: list[str]) -> list[object]:
    return [event for line in lines for event in progress.feed(line)]


def test_plain_progress_is_read_into_steps_and_lines() -> None:
    progress = PlainProgress()
    events = feed(progress, PLAIN.splitlines())
    assert [event.name for event in events if isinstance(event, StepStarted)] == [
        "[internal] load build definition from Dockerfile",
        "[1/3] FROM slipway-test/base:1",
        "[2/3] RUN echo hello; echo '#4 DONE 9s'",
        "[3/3] RUN false",
    ]
    ended = {event.key: event for event in events if isinstance(event, StepFinished)}
    assert ended["4"].cached
    assert not ended["5"].cached
    assert ended["6"].error == "executor failed running [/bin/sh -c false]: exit code: 1"
    assert [event.text for event in events if isinstance(event, BuildLine) and event.key == "5"] == [
        "hello",
        "#4 DONE 9s",
        "",
    ]
    assert (progress.failed_step, progress.evidence()) == ("[3/3] RUN false", ["last words"])


def test_a_last_line_without_an_end_does_not_swallow_the_steps_end() -> None:
    progress = PlainProgress()
    events = feed(progress, ["#5 [2/3] RUN cat key", "#5 0.204 first", "#5 0.205 last#5 DONE 0.3s"])
    assert [event.text for event in events if isinstance(event, BuildLine)] == ["first", "last"]
    assert events[-1] == StepFinished(key="5")
    progress = PlainProgress()
    events = feed(progress, ["#5 [2/3] RUN cat key", "#5 0.205 last#5 ERROR: exit code: 1"])
    assert events[-1] == StepFinished(key="5", error="exit code: 1")
    assert (progress.error, progress.failed_step) == ("exit code: 1", "[2/3] RUN cat key")


def test_a_step_that_says_it_is_done_cannot_hide_that_it_failed() -> None:
    progress = PlainProgress()
    events = feed(progress, ["#5 [2/3] RUN sly", "#5 0.2 x#5 DONE 0.1s", "#5 0.3 y", "#5 ERROR: exit code: 1"])
    assert [event.text for event in events if isinstance(event, BuildLine)] == ["x", "y"]
    assert (progress.error, progress.failed_step) == ("exit code: 1", "[2/3] RUN sly")
    assert progress.evidence() == ["x", "y"]


def test_a_failure_before_any_step_keeps_what_was_said() -> None:
    progress = PlainProgress()
    feed(progress, ["Cannot connect to the Docker daemon"])
    assert progress.evidence() == ["Cannot connect to the Docker daemon"]


def raw(**status: object) -> str:
    return json.dumps(status)


def log(data: str, stream: int = 1) -> dict[str, object]:
    return {"vertex": "sha256:a", "stream": stream, "data": base64.b64encode(data.encode()).decode()}


def test_raw_progress_joins_pieces_of_lines_and_tells_the_streams_apart() -> None:
    vertex = {"digest": "sha256:a", "name": "[1/1] RUN x", "started": "2026-01-01T00:00:00Z"}
    done = vertex | {"completed": "2026-01-01T00:00:01Z", "cached": False, "error": "exit code: 1"}
    progress = RawJsonProgress()
    events = feed(
        progress,
        [
            raw(vertexes=[vertex]),
            raw(logs=[log("hel")]),
            raw(logs=[log("oops\n", 2), log("lo\nrest")]),
            raw(vertexes=[done]),
            raw(vertexes=[done]),
            "ERROR: failed to solve",
        ],
    )
    assert events == [
        StepStarted(key="sha256:a", name="[1/1] RUN x"),
        BuildLine(stream="e", text="oops", key="sha256:a"),
        BuildLine(stream="o", text="hello", key="sha256:a"),
        BuildLine(stream="o", text="rest", key="sha256:a"),
        StepFinished(key="sha256:a", error="exit code: 1"),
        BuildLine(stream="e", text="ERROR: failed to solve"),
    ]
    assert progress.evidence() == ["oops", "hello", "rest"]


def stream(text: str) -> str:
    return json.dumps({"stream": text})


def test_classic_progress_marks_the_cache_and_standard_error() -> None:
    progress = ClassicProgress()
    events = feed(
        progress,
        [
            stream("Step 1/2 : FROM base"),
            stream("\n"),
            stream(" ---> Using cache\n"),
            stream(" ---> 90727ee2d050\n"),
            stream("Step 2/2 : RUN x\n"),
            stream(" ---> Running in f1cfa1953459\n"),
            stream("\x1b[91mbad\n\x1b[0m"),
            stream("Step 9/9 : not a step\n"),
            json.dumps({"aux": {"ID": "sha256:f"}}),
            "not json",
        ],
    )
    assert events + progress.end() == [
        StepStarted(key="1", name="[1/2] FROM base"),
        StepFinished(key="1", cached=True),
        StepStarted(key="2", name="[2/2] RUN x"),
        BuildLine(stream="e", text="bad", key="2"),
        BuildLine(stream="o", text="Step 9/9 : not a step", key="2"),
        StepFinished(key="2"),
    ]
    assert progress.image_id == "sha256:f"


def test_classic_failure_belongs_to_the_step_under_way() -> None:
    progress = ClassicProgress()
    feed(progress, [stream("Step 1/1 : RUN x\n"), stream("why\n"), json.dumps({"error": "code: 3"})])
    assert (progress.error, progress.failed_step, progress.evidence()) == ("code: 3", "[1/1] RUN x", ["why"])
