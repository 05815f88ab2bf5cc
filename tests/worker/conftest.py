"""A fake control plane, a fake engine, and a worker's hands between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.engine.fake import FakeEngine
from runtime.worker.attempt import Hands
from runtime.worker.control_plane import ControlPlane
from runtime.worker.masks import Masks
from runtime.worker.secret_files import SecretFolders
from tests.worker.fake_control_plane import FakeControlPlane


@pytest.fixture(scope="session")
def served() -> Iterator[FakeControlPlane]:
    """One server for all tests, since starting it takes longer than most of them."""
    with FakeControlPlane() as fake:
        yield fake


@pytest.fixture
def control_plane(served: FakeControlPlane) -> Iterator[FakeControlPlane]:
    """It knows nothing yet."""
    served.forget()
    yield served
    served.break_links()


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.add_image(tag="base:1")
    return engine


@pytest.fixture
def hands(control_plane: FakeControlPlane, engine: FakeEngine, tmp_path: Path) -> Iterator[Hands]:
    client = ControlPlane(url=control_plane.url, credential=control_plane.credential)
    yield Hands(
        control_plane=client,
        engine=engine,
        jobs=tmp_path / "jobs",
        masks=Masks(tmp_path / "masks"),
        secret_files=SecretFolders(tmp_path / "secrets"),
    )
    client.close()
