"""Each test has a folder of blobs to itself."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def blobs_folder(tmp_path: Path, settings: Any) -> None:
    settings.BLOBS_DIR = tmp_path / "blobs"
