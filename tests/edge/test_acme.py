"""A certificate comes by itself: asked for by ACME, proved at port 80, shown to who trusts its authority alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.edge.acme_authority import NAME
from tests.edge.bench import ROOT

pytestmark = pytest.mark.engine  # for what else such tests need: a root of this machine's own


def test_a_name_whose_tls_is_automatic_gets_a_certificate_of_an_authority(tmp_path: Path) -> None:
    command = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.edge.acme_authority", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == [NAME]
