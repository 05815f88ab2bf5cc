"""Secrets as files: there before a container starts, gone with it, there again when it is started again."""

import pytest

from runtime.contract.isolation import Isolation
from runtime.engine.errors import PortTaken
from runtime.engine.fake_calls import Trouble
from runtime.procedures.container_user import find_owner
from runtime.procedures.ports import FileOwner, ProcedureError
from tests.procedures.rig import Harbour, order, with_spec

FILES = {"secret_files": {"WORD": "word"}}
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnonsense\npostgres:x:999:998:,,,:/var:/bin/sh\n"
GROUP = "root:x:0:\npostgres:x:998:\nssl:x:101:postgres\n"


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


def held(harbour: Harbour) -> list[dict[str, str]]:
    return [files for files, _ in harbour.files.held.values()]


def test_the_folder_is_written_before_the_container_is_made_and_is_no_variable(harbour: Harbour) -> None:
    harbour.engine.trouble.append(Trouble(call="create", error=PortTaken("stop here"), times=1))
    with pytest.raises(ProcedureError):
        harbour.converge(with_spec(order(harbour.image()), **FILES), word="hunter2222")
    assert len(harbour.files.written) == 1
    harbour.converge(with_spec(order(harbour.image()), **FILES), word="hunter2222")
    (container,) = harbour.engine.containers.values()
    assert container.plan.variables == {}
    assert "hunter2222" not in repr(container.plan)
    assert container.plan.secrets is not None
    assert str(container.plan.secrets).endswith(next(iter(harbour.files.held)))
    assert held(harbour) == [{"WORD": "hunter2222"}]


def test_what_could_not_be_made_leaves_no_folder(harbour: Harbour) -> None:
    harbour.engine.trouble.append(Trouble(call="start", error=PortTaken("taken"), times=1))
    with pytest.raises(ProcedureError):
        harbour.converge(with_spec(order(harbour.image()), **FILES), word="hunter2222")
    assert harbour.files.held == {}


def test_a_new_release_has_a_folder_of_its_own_and_the_former_one_goes(harbour: Harbour) -> None:
    harbour.converge(with_spec(order(harbour.image()), **FILES), word="first")
    harbour.converge(with_spec(order(harbour.image(), generation=2), **FILES), job="job0000002", word="second")
    assert len(set(harbour.files.written)) == 2
    assert held(harbour) == [{"WORD": "second"}]


def test_a_release_that_fails_leaves_the_former_ones_folder(harbour: Harbour) -> None:
    harbour.converge(with_spec(order(harbour.image()), **FILES), word="first")
    broken = with_spec(order(harbour.image(), generation=2), **FILES, command=("sh", "-c", "exit 1"))
    with pytest.raises(ProcedureError):
        harbour.converge(broken, job="job0000002", word="second")
    assert held(harbour) == [{"WORD": "first"}]
    assert harbour.running() == ["r1"]


def test_after_the_host_was_without_power_the_folder_is_written_again_before_the_start(harbour: Harbour) -> None:
    wanted = with_spec(order(harbour.image()), **FILES)
    harbour.converge(wanted, word="hunter2222")
    before = dict(harbour.files.held)
    (container,) = harbour.here()
    harbour.engine.stop(container.container_id, timeout=0)
    harbour.files.held.clear()
    harbour.converge(wanted, job="job0000002", word="hunter2222")
    assert harbour.files.held == before
    assert harbour.running() == ["r1"]


def test_what_shall_run_nowhere_leaves_nothing(harbour: Harbour) -> None:
    harbour.converge(with_spec(order(harbour.image()), **FILES), word="hunter2222")
    harbour.converge(with_spec(order(harbour.image(), generation=2, replicas=0), **FILES), job="job0000002")
    assert harbour.files.held == {}
    assert harbour.here() == []


def test_a_file_whose_secret_did_not_come_fails_before_anything_is_touched(harbour: Harbour) -> None:
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(with_spec(order(harbour.image()), **FILES))
    assert caught.value.problem.code == "secret_missing"
    assert harbour.files.written == []


def test_the_files_belong_to_the_user_that_is_asked_for(harbour: Harbour) -> None:
    harbour.engine.inside = {"/etc/passwd": PASSWD.encode(), "/etc/group": GROUP.encode()}
    wanted = with_spec(order(harbour.image()), **FILES, isolation=Isolation(user="postgres"))
    harbour.converge(wanted, word="hunter2222")
    assert [owner for _, owner in harbour.files.held.values()] == [FileOwner(999, 998)]


def test_a_user_whom_the_image_does_not_know_is_the_users_fault(harbour: Harbour) -> None:
    wanted = with_spec(order(harbour.image()), **FILES, isolation=Isolation(user="nobody-here"))
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(wanted, word="hunter2222")
    assert caught.value.problem.code == "user_unknown"
    assert harbour.here() == []


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("0", (0, 0)),
        ("postgres", (999, 998)),
        ("999", (999, 998)),
        ("1234", (1234, 0)),
        ("postgres:ssl", (999, 101)),
        ("postgres:0", (999, 0)),
        ("1234:4321", (1234, 4321)),
        ("999:ssl", (999, 101)),
    ],
)
def test_a_user_is_read_as_the_engine_reads_it(user: str, owner: tuple[int, int]) -> None:
    assert find_owner(user, passwd=PASSWD, group=GROUP) == owner


@pytest.mark.parametrize("user", ["redis", "postgres:redis", "redis:0"])
def test_a_name_that_nobody_has_is_nobody(user: str) -> None:
    with pytest.raises(ProcedureError):
        find_owner(user, passwd=PASSWD, group=GROUP)
