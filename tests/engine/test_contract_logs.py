"""What every engine promises about logs and events."""

import random
import threading
import time
from dataclasses import replace

import pytest

from runtime.contract.names import LABEL_INSTANCE
from runtime.contract.reports import LINE_CONTINUES
from runtime.engine.base import Engine
from runtime.engine.values import LogEntry
from tests.engine.bench import Bench

CLOSES_WITHIN = 3.0


def read(engine: Engine, container_id: str, *, since_ns: int = 0, follow: bool = False) -> list[LogEntry]:
    stream = engine.logs(container_id, since_ns=since_ns, follow=follow)
    return [entry for batch in stream for entry in batch]


def test_both_streams_are_read_line_by_line(bench: Bench) -> None:
    seen = bench.run_to_end("echo one; echo two >&2; echo; echo three")
    entries = read(bench.engine, seen.container_id)
    assert sorted((entry.stream, entry.text) for entry in entries) == [
        ("e", "two"),
        ("o", ""),
        ("o", "one"),
        ("o", "three"),
    ]
    times = [entry.ns for entry in entries]
    assert times == sorted(set(times))


def test_reading_on_from_any_line_loses_and_repeats_none(bench: Bench) -> None:
    seen = bench.run_to_end("; ".join(f"echo {number}" for number in range(60)))
    entries = read(bench.engine, seen.container_id)
    assert [entry.text for entry in entries] == [str(number) for number in range(60)]
    for position, entry in enumerate(entries):
        assert read(bench.engine, seen.container_id, since_ns=entry.ns) == entries[position + 1 :]


def test_following_ends_with_the_container(bench: Bench) -> None:
    container_id = bench.run("sh", "-c", "echo begin; sleep 0.3; echo end")
    assert [entry.text for entry in read(bench.engine, container_id, follow=True)] == ["begin", "end"]


def test_a_silent_log_is_closed_from_another_thread(bench: Bench) -> None:
    stream = bench.engine.logs(bench.run("sh", "-c", "echo hello; sleep 300"), follow=True)
    got: list[str] = []
    arrived = threading.Event()

    def follow() -> None:
        for batch in stream:
            got.extend(entry.text for entry in batch)
            arrived.set()

    reader = threading.Thread(target=follow)
    reader.start()
    assert arrived.wait(20)
    since = time.monotonic()
    stream.close()
    stream.close()
    reader.join(CLOSES_WITHIN)
    assert not reader.is_alive()
    assert time.monotonic() - since < CLOSES_WITHIN
    assert got == ["hello"]


def test_the_tail_is_the_last_lines(bench: Bench) -> None:
    seen = bench.run_to_end("echo one; echo two; echo three")
    assert [entry.text for entry in bench.engine.tail(seen.container_id, lines=2)] == ["two", "three"]


def test_events_tell_of_our_containers_as_it_happens(bench: Bench) -> None:
    stream = bench.engine.events(instance=bench.instance)
    foreign = replace(bench.plan("sh", "-c", "exit 0"), labels={LABEL_INSTANCE: "somebody-else"})
    told: list[tuple[str, str]] = []
    dead = threading.Event()

    def listen() -> None:
        for event in stream:
            told.append((event.container_id, event.action))
            if event.action == "die":
                dead.set()

    listener = threading.Thread(target=listen)
    listener.start()
    other = bench.engine.create(foreign)
    bench.engine.remove(other)
    container_id = bench.run("sh", "-c", "exit 3")
    assert dead.wait(20)
    stream.close()
    listener.join(CLOSES_WITHIN)
    assert not listener.is_alive()
    assert [action for _, action in told][:3] == ["create", "start", "die"]
    assert {one for one, _ in told} == {container_id}


@pytest.mark.engine
def test_a_flood_is_read_in_batches_and_resumed_anywhere(docker: Bench) -> None:
    seen = docker.run_to_end("seq 1 20000")
    batches = list(docker.engine.logs(seen.container_id))
    entries = [entry for batch in batches for entry in batch]
    assert [entry.text for entry in entries] == [str(number) for number in range(1, 20001)]
    assert len(batches) < 2000
    chance = random.Random(2)
    for position in chance.sample(range(20000), 5):
        rest = read(docker.engine, seen.container_id, since_ns=entries[position].ns)
        assert rest == entries[position + 1 :]


@pytest.mark.engine
def test_long_and_broken_lines_are_kept(docker: Bench) -> None:
    script = r"head -c 40000 /dev/zero | tr '\0' x; echo; printf 'caf\303\251 \377\n'; printf 'no end'"
    texts = [entry.text for entry in read(docker.engine, docker.run_to_end(script).container_id)]
    *parts, cafe, last = texts
    assert "".join(part.removesuffix(LINE_CONTINUES) for part in parts) == "x" * 40000
    assert all(part.endswith(LINE_CONTINUES) for part in parts[:-1])
    assert cafe == "café \ufffd"
    assert last == "no end"


@pytest.mark.engine
@pytest.mark.parametrize("after", ["", "; sleep 2; echo end"])
@pytest.mark.parametrize("before", ["", "sleep 1; "])
def test_a_log_that_outgrows_its_file_is_followed_whole(docker: Bench, before: str, after: str) -> None:
    """60 MiB of the engine's JSON and three files: an engine of Debian 12 leaves one out, and tells one twice."""
    container_id = docker.run("sh", "-c", f"{before}seq 1 700000{after}")
    texts = [entry.text for entry in read(docker.engine, container_id, follow=True)]
    assert texts == [str(number) for number in range(1, 700001)] + (["end"] if after else [])
