"""Looking at what a container changed, and keeping it as an image: of no container but the one that is meant."""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from runtime.contract.container import ContainerSpec
from runtime.contract.names import LABEL_BUILD, LABEL_INSTANCE, LABEL_REPLICA
from runtime.contract.orders import CommitContainer, DiffContainer
from runtime.contract.reports import FileChange, FilesResult, ImageResult
from runtime.engine.errors import BadRequest, DiskFull, EngineUnavailable
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.values import Change, ContainerPlan
from runtime.procedures import diff_container as diffing
from runtime.procedures.commit_container import commit_container
from runtime.procedures.diff_container import diff_container
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.procedures.rig import INSTANCE, Told

TAG = "slipway/shop/kept:1-00000001"
LABELS = {LABEL_REPLICA: "01replica00000000000000000"}
CANARY = "canary-5b1f0c7e"


@dataclass
class Hold:
    """A host on which one container runs, with a variable and a secret."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    told: Told = field(default_factory=Told)
    container: str = ""

    def __post_init__(self) -> None:
        self.engine.add_image(tag="app:1", labels={"kind": "app"}, variables={"PATH": "/bin", "MODE": "base"})
        self.engine.ensure_network("net", labels={LABEL_INSTANCE: INSTANCE})
        self.container = self.run()

    def run(self, **labels: str) -> str:
        plan = ContainerPlan(
            name=f"c{len(self.engine.containers)}",
            spec=ContainerSpec(image="app:1", command=("sh", "-c", "touch /data/new; rm /etc/old; sleep 300")),
            variables={"MODE": "mine", "PASSWORD": CANARY},
            labels={LABEL_INSTANCE: INSTANCE} | LABELS | labels,
            network="net",
            alias="web",
        )
        container = self.engine.create(plan)
        self.engine.start(container)
        return container

    def change(self, *changes: tuple[str, str]) -> None:
        found = {Change(kind=kind, path=path) for kind, path in changes}  # type: ignore[arg-type]
        self.engine.containers[self.container].changes = found

    def diff(self, **changes: Any) -> FilesResult:
        order = msgspec.structs.replace(DiffContainer(container=self.container, labels=LABELS), **changes)
        return diff_container(order, engine=self.engine, reporter=self.told, instance=INSTANCE)

    def commit(self, **changes: Any) -> ImageResult:
        order = CommitContainer(
            build="01build0000000000000000001",
            number=1,
            tag=TAG,
            container=self.container,
            expected=LABELS,
            author="ann",
            message="as it was",
            labels={"slipway.project": "p"},
        )
        order = msgspec.structs.replace(order, **changes)
        return commit_container(order, engine=self.engine, reporter=self.told, secrets={}, instance=INSTANCE)

    def tags(self) -> list[str]:
        return [tag for image in self.engine.list_images(labels={}) for tag in image.tags]


@pytest.fixture
def hold() -> Hold:
    return Hold()


def code(caught: pytest.ExceptionInfo[ProcedureError]) -> str:
    return caught.value.problem.code


def test_what_was_added_and_deleted_is_told_with_sizes(hold: Hold) -> None:
    assert hold.diff() == FilesResult(
        changes=[
            FileChange(kind="added", path="/data/new", size=len("/data/new")),
            FileChange(kind="deleted", path="/etc/old"),
        ],
        added=1,
        changed=0,
        deleted=1,
    )
    assert hold.told.ended("succeeded") == [
        "Find the container",
        "Compare its files with its image",
        "Ask for sizes",
    ]


def test_directories_that_only_hold_changes_are_not_told(hold: Hold) -> None:
    hold.change(("changed", "/"), ("changed", "/etc"), ("added", "/etc/a"), ("added", "/etc/a/b"))
    assert [change.path for change in hold.diff().changes] == ["/etc/a/b"]


def test_no_more_is_told_than_wanted_and_how_many_there_are(hold: Hold) -> None:
    hold.change(*(("added", f"/f{number:03d}") for number in range(50)))
    result = hold.diff(entries=20)
    assert (len(result.changes), result.added, result.counted) == (20, 50, True)
    assert result.changes[-1].path == "/f019"


def test_sizes_are_asked_of_so_many_and_for_so_long(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    hold.change(*(("added", f"/f{number:03d}") for number in range(50)))
    monkeypatch.setattr(diffing, "MAX_SIZED", 5)
    assert [change.path for change in hold.diff().changes if change.size is not None][-1] == "/f004"
    hold.engine.before_call = lambda verb: hold.told.wait(10.0) if verb == "stat" else None
    assert len([change for change in hold.diff().changes if change.size is not None]) == 2


def test_a_report_stays_small_however_long_the_paths_are(hold: Hold) -> None:
    hold.change(*(("added", f"/{number:04d}{'x' * 5000}") for number in range(1500)))
    result = hold.diff()
    assert result.added == 1500
    assert 0 < len(msgspec.json.encode(result)) < 1024 * 1024
    assert len(result.changes[0].path) == diffing.MAX_PATH


def test_a_path_never_writes_on_the_screen(hold: Hold) -> None:
    hold.change(("added", "/a\x1b[2J\nb"))
    assert hold.diff().changes[0].path == "/a␛[2J␊b"


def test_a_path_that_the_engine_does_not_show_has_no_size(hold: Hold) -> None:
    hold.engine.trouble.append(Trouble(call="stat", error=BadRequest("no")))
    assert hold.diff().changes[0].size is None
    hold.engine.trouble.append(Trouble(call="stat", error=EngineUnavailable("gone")))
    with pytest.raises(ProcedureError) as caught:
        hold.diff()
    assert code(caught) == "engine_unavailable"


def test_a_container_is_kept_with_its_base_images_settings(hold: Hold) -> None:
    result = hold.commit()
    image = hold.engine.image(TAG)
    assert (result.image_id, result.digest, len(result.layers)) == (image.image_id, None, 2)
    assert dict(image.variables) == {"PATH": "/bin", "MODE": "base"}
    assert dict(image.labels) == {
        "kind": "app",
        "slipway.project": "p",
        LABEL_BUILD: "01build0000000000000000001",
        LABEL_INSTANCE: INSTANCE,
    }
    assert hold.told.phases == ["building"]
    assert hold.told.ended("failed") == hold.told.ended("running") == []


def test_an_image_with_the_containers_variables_does_not_stay(hold: Hold) -> None:
    hold.engine.commit_leaks = True
    with pytest.raises(ProcedureError) as caught:
        hold.commit()
    assert code(caught) == "commit_leaks" and caught.value.problem.whose == "us"
    assert hold.tags() == ["app:1"]
    assert CANARY not in repr([hold.told.lines, hold.told.steps, caught.value.problem])


def test_a_lost_attempt_is_done_again(hold: Hold) -> None:
    hold.engine.trouble.append(Trouble(call="commit", error=EngineUnavailable("gone"), after=True))
    with pytest.raises(ProcedureError):
        hold.commit()
    assert hold.commit().image_id == hold.engine.image(TAG).image_id


def test_cancelled_nothing_is_kept(hold: Hold) -> None:
    hold.told.stop_at_step = "Keep its files"
    with pytest.raises(Cancelled):
        hold.commit()
    assert hold.told.ended("cancelled") == ["Keep its files as an image"]
    assert hold.tags() == ["app:1"]


def test_what_the_host_lacks_is_the_hosts_fault(hold: Hold) -> None:
    hold.engine.trouble.append(Trouble(call="commit", error=DiskFull("no space left on device")))
    with pytest.raises(ProcedureError) as caught:
        hold.commit()
    assert code(caught) == "disk_full"


@pytest.mark.parametrize("act", ["diff", "commit"])
def test_only_the_container_that_is_meant_is_touched(hold: Hold, act: str) -> None:
    """A shortened ID, a name, another team's container and another Slipway's are no such thing (refusals 41, 42)."""
    ours = hold.container
    other_team = hold.run(**{LABEL_REPLICA: "01another00000000000000000"})
    other_slipway = hold.run(**{LABEL_INSTANCE: "01other0000000000000000000"})
    no_label = hold.run()
    plain = hold.engine.containers[no_label]
    plain.plan = replace(plain.plan, labels={})
    for name in (hold.engine.containers[ours].name, ours[:12], other_team, other_slipway, no_label, "f" * 64):
        with pytest.raises(ProcedureError) as caught:
            getattr(hold, act)(container=name)
        assert code(caught) == "container_gone"
    assert hold.tags() == ["app:1"]
    assert not {"diff", "commit", "stat"}.intersection(verb for verb, _ in hold.engine.calls)
