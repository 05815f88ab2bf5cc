"""gVisor as the isolation runtime, on an engine of the test's own that offers it: the kernel inside is another one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.contract.isolation import Isolation, Tmpfs
from runtime.engine.docker import DockerEngine
from tests.engine.bench import Bench
from tests.flows.own_engine import OwnEngine

pytestmark = pytest.mark.engine

# As far as this needs it: the network of the container is joined, and its groups are the engine's own business.
SANDBOX = '#!/bin/sh\nexec {runsc} --platform=ptrace --network=host --ignore-cgroups "$@"\n'


@pytest.fixture
def sandboxed(tmp_path: Path) -> Iterator[Bench]:
    """A bench on an engine that offers `runsc` beside its usual runtime."""
    runsc = shutil.which("runsc")
    assert runsc is not None, "bin/test installs runsc"
    home = Path(tempfile.mkdtemp(prefix="slw-runsc-", dir="/tmp"))  # a socket's path is short
    script = home / "runsc"
    script.write_text(SANDBOX.format(runsc=runsc))
    script.chmod(0o755)
    engine = OwnEngine(home=home, name=home.name, words=("--add-runtime", f"runsc={script}"))
    engine.make()
    try:
        engine.start()
        bench = Bench(DockerEngine(address=engine.address, clis=[]), tmp_path).set_up()
        yield bench
        bench.clean_up()
    finally:
        engine.drop()


def test_a_container_in_the_sandbox_sees_another_kernel_and_is_held_as_asked(sandboxed: Bench) -> None:
    facts = sandboxed.engine.facts()
    assert {"runc", "runsc"} <= set(facts.runtimes)
    assert facts.default_runtime == "runc"
    asked = Isolation(
        runtime="runsc",
        capabilities=("CHOWN",),
        read_only=True,
        tmpfs=(Tmpfs(path="/data", size=2**20),),
        user="1000:1000",
    )
    script = "exec 2>&1; dmesg; grep CapBnd /proc/self/status; echo x > /file || echo refused; id -u"
    seen = sandboxed.run_to_end(script, isolation=asked)
    lines = [entry.text for entry in sandboxed.engine.tail(seen.container_id, lines=100)]
    assert any("Starting gVisor" in line for line in lines)
    assert lines[-1] == "1000"
    assert "refused" in lines
    assert next(line.split()[1] for line in lines if line.startswith("CapBnd")) == f"{1:016x}"
    assert seen.effective is not None
    assert (seen.effective.runtime, seen.effective.read_only) == ("runsc", True)
