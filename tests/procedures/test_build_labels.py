"""What a built image says of itself, and whose word counts."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from runtime.contract.names import OCI_CREATED, OCI_REVISION, OCI_SOURCE, OCI_TITLE, OCI_VERSION
from runtime.contract.orders import BuildImage
from runtime.contract.source import InlineSource
from runtime.engine.fake import FakeEngine
from runtime.procedures.build_image import build_image
from runtime.procedures.build_labels import labels_of, written_labels
from tests.procedures.rig import INSTANCE, Told

GIVEN = {OCI_TITLE: "web", OCI_VERSION: "7", OCI_SOURCE: "https://git.example.org/a", OCI_REVISION: "3", "x": "y"}
NOW = datetime(2026, 11, 24, 20, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
THEIRS = 'LABEL org.opencontainers.image.title="Theirs" org.opencontainers.image.version=2.1'


def said(dockerfile: str, *, target: str | None = None, commit: str | None = None) -> dict[str, str]:
    return labels_of(GIVEN, dockerfile=dockerfile, target=target, commit=commit, now=NOW)


def test_the_host_adds_the_commit_and_the_time() -> None:
    labels = said("FROM a", commit="c" * 40)
    assert labels == {**GIVEN, OCI_REVISION: "c" * 40, OCI_CREATED: "2026-11-24T19:00:00Z"}
    assert said("FROM a")[OCI_REVISION] == "3"


def test_title_and_version_are_the_dockerfiles_where_it_says_them() -> None:
    labels = said(f"FROM a\n{THEIRS}\nLABEL org.opencontainers.image.source=theirs")
    assert OCI_TITLE not in labels and OCI_VERSION not in labels
    assert labels[OCI_SOURCE] == GIVEN[OCI_SOURCE]  # a fact


@pytest.mark.parametrize(
    ("dockerfile", "target", "own"),
    [
        (f"FROM a AS one\n{THEIRS}\nFROM b", None, False),
        (f"FROM a AS one\n{THEIRS}\nFROM one", None, True),
        (f"FROM a AS one\n{THEIRS}\nFROM b", "one", True),
        (f"FROM a AS One\n{THEIRS}\nFROM b", "0", True),
        (f"FROM a\nFROM b AS last\n{THEIRS}", "0", False),
        (f"FROM one AS one\n{THEIRS}\nFROM one AS two\nFROM two", "TWO", True),
        ("FROM a\nLABEL a=b \\\n# a comment\n  'org.opencontainers.image.title'=x", None, True),
        ("FROM a\nLABEL org.opencontainers.image.title my title", None, True),
        ("FROM a\nRUN echo LABEL org.opencontainers.image.title=x", None, False),
        ("", None, False),
    ],
)
def test_only_the_stages_that_are_built_count(dockerfile: str, target: str | None, own: bool) -> None:
    assert (OCI_TITLE in written_labels(dockerfile, target=target)) == own


def test_they_stand_on_the_image(tmp_path: Path) -> None:
    engine = FakeEngine()
    source = InlineSource(dockerfile="FROM scratch\nLABEL org.opencontainers.image.title=theirs\n")
    order = BuildImage(build="01build0000000000000000007", number=7, tag="t:1", source=source, labels=GIVEN)
    build_image(order, engine=engine, reporter=Told(), secrets={}, workdir=tmp_path, instance=INSTANCE)
    labels = engine.image("t:1").labels
    assert labels[OCI_VERSION] == "7" and OCI_TITLE not in labels
    created = datetime.strptime(labels[OCI_CREATED], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - created).total_seconds()) < 60
