"""Bytes are fetched in parts if need be, and are what the order says or nothing."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.sources.context import SourceError
from runtime.worker import blobs
from runtime.worker.attempt import Held
from runtime.worker.blobs import JobBlobs
from runtime.worker.control_plane import Refused, Unreachable

DATA = bytes(range(256)) * 40
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@dataclass
class Sender:
    """Sends the bytes and breaks off after `most` of them, each time anew; or says no."""

    data: bytes = DATA
    most: int = 1 << 30
    refuses: bool = False
    asked: list[int] = field(default_factory=list)

    @contextmanager
    def blob(self, digest: str, *, start: int) -> Iterator[Iterator[bytes]]:
        self.asked.append(start)
        if self.refuses:
            raise Refused(status=404, detail="blob.gone")
        yield self._pieces(start)

    def _pieces(self, start: int) -> Iterator[bytes]:
        sent = self.data[start : start + self.most]
        for at in range(0, len(sent), 1000):
            yield sent[at : at + 1000]
        if start + self.most < len(self.data):
            raise Unreachable("reset")


def fetch(sender: Sender, into: Path, meanwhile: Any = lambda: None) -> None:
    JobBlobs(cast(Held, sender)).fetch(DIGEST, size=len(DATA), into=into, meanwhile=meanwhile)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(blobs, "LONGEST_PAUSE_SECONDS", 0.001)


def test_what_breaks_off_goes_on_where_it_was(tmp_path: Path) -> None:
    sender = Sender(most=4000)
    fetch(sender, tmp_path / "archive")
    assert (tmp_path / "archive").read_bytes() == DATA and sender.asked == [0, 4000, 8000]


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA + b"x", DATA[:100]])
def test_other_bytes_than_the_order_names_are_not_taken(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        fetch(Sender(data=data), tmp_path / "archive")
    assert caught.value.problem.code == "archive_missing" and caught.value.problem.whose == "us"


def test_a_no_is_final_and_silence_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    refusing, silent = Sender(refuses=True), Sender(most=0)
    with pytest.raises(SourceError):
        fetch(refusing, tmp_path / "a")
    with pytest.raises(SourceError) as caught:
        fetch(silent, tmp_path / "b")
    assert len(refusing.asked) == 1 and len(silent.asked) == blobs.TRIES and caught.value.problem.retry_helps


def test_who_cancels_is_heard_between_two_pieces(tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        fetch(Sender(), tmp_path / "archive", stop)
