"""What every engine promises about how far a container reaches; on the real one its effect is looked at from inside."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.container import Limits
from runtime.contract.isolation import Isolation, Tmpfs
from runtime.contract.link import Effective
from runtime.engine.errors import BadRequest, EngineError
from runtime.engine.values import Container
from runtime.procedures.ports import FileOwner
from runtime.redaction import Secret
from runtime.worker.secret_files import SecretFolders
from tests.engine.bench import Bench
from tests.engine.secret_folder import memory_folder
from webapp.isolation.first import STANDARD

MEGABYTE = 1024 * 1024
NOTHING = Isolation()


def effective(bench: Bench, container_id: str) -> Effective:
    found = bench.engine.container(container_id).effective
    assert found is not None
    return found


def said(docker: Bench, seen: Container) -> list[str]:
    return [entry.text for entry in docker.engine.tail(seen.container_id, lines=50)]


def inside(docker: Bench, script: str, isolation: Isolation = NOTHING, **changes: Any) -> list[str]:
    """The lines that the script prints in a container of that isolation, as one output: two have no order."""
    return said(docker, docker.run_to_end(f"exec 2>&1; {script}", isolation=isolation, **changes))


def test_every_capability_is_dropped_and_the_named_ones_added(bench: Bench) -> None:
    found = effective(bench, bench.run(isolation=Isolation(capabilities=("SETUID", "CHOWN"))))
    assert found.capabilities == ("CHOWN", "SETUID")
    assert found.no_new_privileges
    assert not found.privileged
    assert effective(bench, bench.run(isolation=NOTHING)).capabilities == ()


def test_of_what_nothing_is_said_has_the_engines_own_capabilities(bench: Bench) -> None:
    found = effective(bench, bench.run())
    assert len(found.capabilities) == 14
    assert "SYS_ADMIN" not in found.capabilities


def test_no_container_is_given_a_capability_beyond_the_list(bench: Bench) -> None:
    for name in ("SYS_ADMIN", "ALL", "NET_ADMIN", "CAP_CHOWN", "chown"):
        with pytest.raises(BadRequest):
            bench.engine.create(bench.plan(isolation=Isolation(capabilities=(name,))))


def test_new_privileges_are_the_exception_that_is_asked_for(bench: Bench) -> None:
    assert not effective(bench, bench.run(isolation=Isolation(no_new_privileges=False))).no_new_privileges


def test_a_root_for_reading_and_folders_in_memory(bench: Bench) -> None:
    asked = Isolation(read_only=True, tmpfs=(Tmpfs(path="/data", size=MEGABYTE),))
    found = effective(bench, bench.run(isolation=asked))
    assert found.read_only
    assert list(found.tmpfs) == ["/data"]
    assert f"size={MEGABYTE}" in found.tmpfs["/data"]


def test_a_user_and_the_limits_are_told(bench: Bench) -> None:
    asked = Limits(memory=32 * MEGABYTE, cpus=0.5, pids=40, nofile=512)
    found = effective(bench, bench.run(limits=asked, isolation=Isolation(user="1000:1001")))
    assert (found.memory, found.swap, found.cpus, found.pids, found.nofile) == (32 * MEGABYTE, 0, 0.5, 40, 512)
    assert found.user == "1000:1001"
    assert found.runtime == "runc"


def test_a_runtime_that_the_engine_lacks_is_refused(bench: Bench) -> None:
    assert "runc" in bench.engine.facts().runtimes
    assert bench.engine.facts().default_runtime == "runc"
    bench.run(isolation=Isolation(runtime="runc"))
    with pytest.raises(BadRequest, match="no-such-runtime"):
        bench.engine.create(bench.plan(isolation=Isolation(runtime="no-such-runtime")))


def test_system_calls_are_filtered(bench: Bench) -> None:
    assert bench.engine.facts().seccomp
    assert effective(bench, bench.run(isolation=NOTHING)).seccomp == ""


@pytest.mark.engine
def test_inside_there_are_just_these_capabilities_and_a_filter(docker: Bench) -> None:
    words = "grep -E 'Cap(Eff|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status"
    none = dict(line.split() for line in inside(docker, words))
    assert none == {"CapEff:": "0" * 16, "CapBnd:": "0" * 16, "NoNewPrivs:": "1", "Seccomp:": "2"}
    two = dict(line.split() for line in inside(docker, words, Isolation(capabilities=("CHOWN", "SETUID"))))
    assert int(two["CapBnd:"], 16) == 1 << 0 | 1 << 7


@pytest.mark.engine
def test_inside_what_is_not_given_cannot_be_done(docker: Bench) -> None:
    script = "touch /f; chown 5 /f && echo chowned; true"
    lines = inside(docker, script)
    assert "chowned" not in lines
    assert "chowned" in inside(docker, script, Isolation(capabilities=("CHOWN",)))


@pytest.mark.engine
def test_the_standard_profile_lets_an_image_begin_as_root_and_go_on_as_somebody_else(docker: Bench) -> None:
    """The way of web servers and databases: a folder given away and read there, another user ended, a low port."""
    script = (
        "set -e; mkdir /srv; chown 999:999 /srv; chmod 700 /srv; touch /srv/made; ls /srv; "
        "echo 'web:x:999:999::/srv:/bin/sh' > /etc/passwd; "
        "su web -c 'id -u; touch /srv/own; sleep 60' & sleep 0.5; "
        "kill $!; (nc -l -p 80 </dev/null >/dev/null 2>&1 & sleep 0.3; netstat -ltn)"
    )
    given = Isolation(capabilities=tuple(STANDARD["sets"]["capabilities"]))
    lines = inside(docker, f"mkdir -p /etc; {script}", given)
    assert lines[:2] == ["made", "999"]
    assert any(":80 " in line for line in lines)
    assert "999" not in inside(docker, f"mkdir -p /etc; {script}")


@pytest.mark.engine
def test_inside_the_root_refuses_and_the_folder_in_memory_is_bounded(docker: Bench) -> None:
    asked = Isolation(read_only=True, tmpfs=(Tmpfs(path="/data", size=MEGABYTE),))
    script = (
        "echo x > /file || echo refused; dd if=/dev/zero of=/data/f bs=64k count=100 2>/dev/null || echo full; "
        "wc -c < /data/f; cp /bin/busybox /data/sh; /data/sh true || echo not run; grep /data /proc/mounts"
    )
    lines = inside(docker, script, asked)
    assert "refused" in lines
    assert "full" in lines
    assert str(MEGABYTE) in lines
    assert "not run" in lines
    assert "nosuid,nodev,noexec" in lines[-1]


@pytest.mark.engine
def test_inside_the_user_is_the_one_asked_for(docker: Bench) -> None:
    assert inside(docker, "id -u; id -g", Isolation(user="1000:1001")) == ["1000", "1001"]
    assert "touch: /f: Permission denied" in inside(docker, "touch /f 2>&1; true", Isolation(user="1000:1001"))


@pytest.mark.engine
def test_inside_files_are_bounded(docker: Bench) -> None:
    lines = inside(docker, "ulimit -n; ulimit -Hn; ulimit -n 4096", limits=Limits(nofile=512))
    assert lines[:2] == ["512", "512"]
    assert "Operation not permitted" in lines[-1]


@pytest.mark.engine
def test_inside_reading_and_writing_are_bounded(docker: Bench) -> None:
    """Direct writes of 3 MB at 2 MB a second take a second and a half; without the bound they take none."""
    assert "bps" in docker.engine.facts().io
    script = "dd if=/dev/zero of=/f bs=256k count=12 oflag=direct 2>/dev/null; cat /proc/uptime"
    seen = docker.run_to_end(script, limits=Limits(read_bps=2 * MEGABYTE, write_bps=2 * MEGABYTE))
    assert seen.started_ns is not None
    assert seen.finished_ns is not None
    assert seen.finished_ns - seen.started_ns > 1_000_000_000
    told = seen.effective
    assert told is not None
    assert (told.read_bps, told.write_bps) == (2 * MEGABYTE, 2 * MEGABYTE)


@pytest.mark.engine
def test_inside_a_secret_is_a_file_that_only_its_user_reads(docker: Bench) -> None:
    with memory_folder() as folder:
        secret = _secret(folder, owner=1000)
        script = "cat /run/secrets/word; echo; (echo x > /run/secrets/word) || true; ls -ln /run/secrets"
        mine = _over(docker, secret, "sh", "-c", script, isolation=Isolation(user="1000"))
        lines = said(docker, mine)
        assert "hunter2222" in lines
        assert any("Read-only file system" in line for line in lines)
        assert any(line.startswith("-r--------") and " 1000 " in line for line in lines)
        other = _over(docker, secret, "cat", "/run/secrets/word", isolation=Isolation(user="1001"))
        assert other.exit_code == 1
        rooted = _over(docker, secret, "cat", "/run/secrets/word", isolation=NOTHING)
        assert rooted.exit_code == 1


@pytest.mark.engine
def test_a_container_does_not_start_without_its_secrets(docker: Bench) -> None:
    with memory_folder() as folder:
        secret = _secret(folder, owner=0)
        container_id = docker.engine.create(replace(docker.plan("true"), secrets=secret))
        away = secret.rename(folder / "away")
        with pytest.raises(EngineError):
            docker.engine.start(container_id)
        away.rename(secret)
        docker.engine.start(container_id)
        assert docker.wait_over(container_id).exit_code == 0


def _secret(folder: Path, *, owner: int) -> Path:
    return SecretFolders(folder / "root").write(
        service="0" * 26,
        environment="1" * 26,
        container="one",
        files={"word": Secret("hunter2222")},
        owner=FileOwner(owner, owner),
    )


def _over(docker: Bench, secret: Path, *command: str, **changes: Any) -> Container:
    """A container that has this folder of secrets, and is over."""
    container_id = docker.engine.create(replace(docker.plan(*command, **changes), secrets=secret))
    docker.engine.start(container_id)
    return docker.wait_over(container_id)
