"""The create call is built from the model alone: what can ever be set by it, whatever a specification says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.container import ContainerSpec, Health, Limits, Port, Restart
from runtime.contract.isolation import ADDABLE, Isolation, Tmpfs
from runtime.engine.docker_containers import create_body
from runtime.engine.errors import BadRequest
from runtime.engine.values import ContainerPlan
from tests.engine.bench import Bench

pytestmark = pytest.mark.thorough

# Of all that an engine can be asked for in HostConfig, what Slipway ever sets.
EVER_SET = frozenset(
    {
        "BlkioDeviceReadBps",
        "BlkioDeviceWriteBps",
        "BlkioWeight",
        "CapAdd",
        "CapDrop",
        "LogConfig",
        "Memory",
        "MemorySwap",
        "Mounts",
        "NanoCpus",
        "NetworkMode",
        "PidsLimit",
        "PortBindings",
        "ReadonlyRootfs",
        "RestartPolicy",
        "Runtime",
        "SecurityOpt",
        "Tmpfs",
        "Ulimits",
    }
)
BODY = frozenset(
    {
        "Cmd",
        "Env",
        "ExposedPorts",
        "Healthcheck",
        "HostConfig",
        "Image",
        "Labels",
        "NetworkingConfig",
        "StopTimeout",
        "User",
    }
)
SECRETS = Path("/run/slipway-0-0/x/y")
NETWORK = "slipway-network"

anything = st.text(max_size=20) | st.sampled_from(["host", "ALL", "SYS_ADMIN", "seccomp=unconfined", "privileged", "/"])
capabilities = st.sampled_from(sorted(ADDABLE)) | anything
isolations = st.builds(
    Isolation,
    capabilities=st.lists(capabilities, max_size=4).map(tuple),
    no_new_privileges=st.booleans(),
    read_only=st.booleans(),
    tmpfs=st.lists(st.builds(Tmpfs, path=anything | st.just("/data"), size=st.integers()), max_size=2).map(tuple),
    user=anything,
    runtime=anything,
)
numbers = st.none() | st.integers(min_value=1)
specs = st.builds(
    ContainerSpec,
    image=anything,
    command=st.lists(anything, max_size=3).map(tuple),
    variables=st.dictionaries(anything, anything, max_size=2),
    secrets=st.dictionaries(anything, anything, max_size=2),
    ports=st.lists(st.builds(Port, container=st.integers(1, 65535), host=numbers), max_size=2).map(tuple),
    health=st.builds(Health, kind=st.sampled_from(["none", "image", "tcp", "command"]), path=anything),
    limits=st.builds(Limits, nofile=numbers, io_weight=numbers, read_bps=numbers, write_bps=numbers),
    restart=st.builds(Restart),
    isolation=st.none() | isolations,
    secret_files=st.dictionaries(anything, anything, max_size=2),
)


def plan_of(spec: ContainerSpec, secrets: Path | None = None) -> ContainerPlan:
    return ContainerPlan(
        name="c", spec=spec, variables=spec.variables, labels={}, network=NETWORK, alias="web", secrets=secrets
    )


@given(spec=specs, secrets=st.none() | st.just(SECRETS))
@settings(deadline=None, max_examples=300)
def test_no_specification_reaches_beyond_the_container(spec: ContainerSpec, secrets: Path | None) -> None:
    try:
        body = create_body(plan_of(spec, secrets), publish_address="127.0.0.1", disk="/dev/disk")
    except BadRequest:
        return
    assert body.keys() <= BODY
    host = body["HostConfig"]
    assert host.keys() <= EVER_SET
    assert set(host.get("CapAdd", ())) <= ADDABLE
    assert ("CapDrop" in host) == (spec.isolation is not None)
    assert host.get("CapDrop", ["ALL"]) == ["ALL"]
    assert host["SecurityOpt"] in ([], ["no-new-privileges"])
    assert host["NetworkMode"] == NETWORK
    assert [(one["Type"], one["Source"], one["ReadOnly"]) for one in host.get("Mounts", ())] == (
        [("bind", str(SECRETS), True)] if secrets else []
    )
    for options in host.get("Tmpfs", {}).values():
        assert options.startswith("rw,nosuid,nodev,noexec,mode=1777,size=")
    for name in ("BlkioDeviceReadBps", "BlkioDeviceWriteBps"):
        assert {one["Path"] for one in host.get(name, ())} <= {"/dev/disk"}
    assert {ulimit["Name"] for ulimit in host.get("Ulimits", ())} <= {"nofile"}
    assert host["MemorySwap"] == host["Memory"]
    assert json.dumps(body)


@pytest.mark.parametrize("path", ["data", "/a,exec", "/a:rw", "/a b", "/a\nb", ""])
def test_a_path_in_memory_cannot_carry_options(path: str) -> None:
    spec = ContainerSpec(image="i", isolation=Isolation(tmpfs=(Tmpfs(path=path, size=1),)))
    with pytest.raises(BadRequest):
        create_body(plan_of(spec), publish_address="127.0.0.1")


def test_without_a_disk_its_use_cannot_be_bounded() -> None:
    spec = ContainerSpec(image="i", limits=Limits(read_bps=1))
    with pytest.raises(BadRequest, match="cannot bound"):
        create_body(plan_of(spec), publish_address="127.0.0.1", disk=None)


@pytest.mark.engine
def test_of_all_that_the_engine_knows_only_this_differs_from_nothing_asked(docker: Bench, tmp_path: Path) -> None:
    """Every key that this engine's HostConfig has: of a container that asks for all, against one that asks nothing."""
    everything = docker.plan(
        "true",
        isolation=Isolation(
            capabilities=tuple(sorted(ADDABLE)),
            read_only=True,
            tmpfs=(Tmpfs(path="/data", size=4096),),
            user="1000",
            runtime="runc",
        ),
        limits=Limits(nofile=512, read_bps=10**6, write_bps=10**6),
        ports=(Port(container=80),),
    )
    client: Any = docker.engine._connection.calls()  # type: ignore[attr-defined]
    asked = client.inspect_container(docker.engine.create(replace(everything, secrets=tmp_path)))["HostConfig"]
    bare = docker.engine.create(docker.plan("true"))
    client.remove_container(bare)
    made = client.create_container_from_config({"Image": docker.image, "Cmd": ["true"]}, f"{docker.instance}-bare")
    try:
        nothing = client.inspect_container(made["Id"])["HostConfig"]
    finally:
        client.remove_container(made["Id"], force=True)
    differing = {key for key in asked.keys() | nothing.keys() if (asked.get(key) or None) != (nothing.get(key) or None)}
    assert differing - {"MaskedPaths", "ReadonlyPaths"} <= EVER_SET
    assert {"Privileged", "Devices", "Binds", "PidMode", "IpcMode", "UsernsMode", "UTSMode", "CgroupParent"} <= (
        asked.keys() - differing
    )
    assert asked["Binds"] is None
    assert asked["Privileged"] is False
    assert msgspec.to_builtins(asked["Mounts"])[0]["Source"] == str(tmp_path)
