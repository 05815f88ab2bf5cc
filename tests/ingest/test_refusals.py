"""What a host, or somebody who is none, is refused: nothing changes, and the trail says so."""

from collections.abc import Callable

import msgspec
import pytest

from runtime.contract import names, wire
from runtime.contract.reports import MAX_BATCH_LINES, MAX_LINE_BYTES, Finish, Lines, Progress, Step
from tests.ingest.conftest import Caller, Harbour
from tests.jobs.given import later
from webapp.audit.models import Entry
from webapp.hosts.models import Host
from webapp.hosts.services import revoke
from webapp.images.models import Build
from webapp.ingest import guard
from webapp.jobs import services as jobs
from webapp.jobs.models import Job, JobStep
from webapp.logs import store
from webapp.teams.policy import SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.ingest.urls"), pytest.mark.thorough]

Say = Callable[[Caller, Harbour], int]


def everything() -> object:
    """All that a host could have changed."""
    rows = [list(model.objects.order_by("pk").values()) for model in (Job, JobStep, Build, Host)]
    return rows, sorted(store.call("KEYS", "*"))


def heartbeat(caller: Caller, harbour: Harbour) -> int:
    return int(caller.post(wire.job_path(harbour.job.id, "heartbeat"), wire.Heartbeat(clock_ns=1)).status_code)


def progress(caller: Caller, harbour: Harbour) -> int:
    said = Progress(state="running", steps=[Step(number=1, name="x", state="running", started_ns=1)])
    return int(caller.post(wire.job_path(harbour.job.id, "progress"), said).status_code)


def lines(caller: Caller, harbour: Harbour) -> int:
    said = Lines(log=harbour.job.log_id, first=1, lines=[(1, "o", "x")])
    return int(caller.post(wire.job_path(harbour.job.id, "lines"), said).status_code)


def finish(caller: Caller, harbour: Harbour) -> int:
    return int(caller.post(wire.job_path(harbour.job.id, "finish"), Finish(state="failed", last_line=0)).status_code)


CALLS: list[Say] = [heartbeat, progress, lines, finish]
about_a_job = pytest.mark.parametrize("say", CALLS, ids=lambda say: say.__name__)


@about_a_job
def test_a_host_without_a_good_credential_is_unknown(harbour: Harbour, say: Say) -> None:
    harbour.host.claim(harbour.job.id)
    before = everything()
    for credential in ("", "slh_x", harbour.host.credential[:-1], "x" * 5000):
        assert say(Caller(credential, token=harbour.host.token), harbour) == 401
    assert everything() == before
    assert Entry.objects.filter(action="host.unknown", outcome="refused").exists()


@about_a_job
def test_another_hosts_job_is_not_yours_even_with_its_token(harbour: Harbour, say: Say) -> None:
    harbour.host.claim(harbour.job.id)
    before = everything()
    harbour.other.token = harbour.host.token
    assert say(harbour.other, harbour) == 409
    assert everything() == before
    entry = Entry.objects.get(action="event.refused")
    assert (entry.target_id, entry.reason) == (harbour.other_host.id, "host other: job.not_yours")


@about_a_job
def test_without_the_attempts_token_nothing_is_believed(harbour: Harbour, say: Say) -> None:
    harbour.host.claim(harbour.job.id)
    before = everything()
    for token in ("", "x" * 43, harbour.host.credential):
        assert say(Caller(harbour.host.credential, token=token), harbour) == 409
    assert everything() == before


@about_a_job
def test_an_older_attempt_is_fenced_off(harbour: Harbour, say: Say) -> None:
    harbour.host.claim(harbour.job.id)
    old = Caller(harbour.host.credential, token=harbour.host.token)
    Job.objects.update(lease_expires_at=later(-60))
    jobs.expire_leases(now=later(0), on_change=lambda job: None)
    before = everything()
    assert say(old, harbour) == 409  # nobody has it now
    assert everything() == before
    harbour.host.claim(harbour.job.id)
    before = everything()
    assert say(old, harbour) == 409  # another attempt has it
    assert everything() == before


@about_a_job
def test_a_finished_job_hears_nothing_more(harbour: Harbour, say: Say) -> None:
    harbour.host.claim(harbour.job.id)
    assert (
        harbour.host.post(wire.job_path(harbour.job.id, "finish"), Finish(state="cancelled", last_line=0)).status_code
        == 204
    )
    before = everything()
    assert say(harbour.host, harbour) == 409
    assert everything() == before
    assert not Entry.objects.filter(action="event.refused").exists(), "it crossed the last word: nobody's wrong-doing"


@about_a_job
def test_a_revoked_host_is_unknown_at_once(harbour: Harbour, say: Say) -> None:
    harbour.host.claim(harbour.job.id)
    revoke(actor=SYSTEM, host=harbour.cast.host)
    before = everything()
    assert say(harbour.host, harbour) == 401
    assert everything() == before


def test_a_forged_doorbell_wins_nothing(harbour: Harbour) -> None:
    before = everything()
    for job_id in (harbour.job.id, "0" * 26, "x", "../../claims"):
        assert harbour.other.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=job_id)).status_code == 404
    assert everything() == before


def test_another_contract_is_told_so(harbour: Harbour) -> None:
    for version in ("0", "2", "x", ""):
        harbour.host.headers = {names.HEADER_CONTRACT: version}
        answer = harbour.host.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=harbour.job.id))
        assert answer.status_code == 426
    assert harbour.job.state == "queued"


def test_a_cookie_is_refused(harbour: Harbour) -> None:
    harbour.host.client.force_login(harbour.cast.users["owner"])
    answer = harbour.host.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=harbour.job.id))
    assert (answer.status_code, msgspec.json.decode(answer.content)["code"]) == (400, "host.cookie")


def test_only_post_is_heard(harbour: Harbour) -> None:
    assert harbour.host.client.get(wire.CLAIMS_PATH).status_code == 405


@pytest.mark.parametrize(
    "body", [b" ", b"[]", b"{", b'{"job": 1}', b'{"job": "x", "more": 1}', b'{"job": "' + b"\xff" + b'"}', b"[" * 900]
)
def test_a_body_that_is_not_the_contracts_is_malformed(harbour: Harbour, body: bytes) -> None:
    answer = harbour.host.post(wire.CLAIMS_PATH, body)
    assert (answer.status_code, msgspec.json.decode(answer.content)["code"]) == (400, "body.malformed")


def test_a_body_that_is_too_long_is_not_read(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    limits = {"heartbeat": guard.HEARTBEAT_BYTES, "progress": guard.PROGRESS_BYTES, "lines": guard.LINES_BYTES}
    for call, limit in limits.items():
        assert harbour.host.post(wire.job_path(harbour.job.id, call), b" " * (limit + 1)).status_code == 413
    assert harbour.host.post(wire.CLAIMS_PATH, b" " * (guard.CLAIM_BYTES + 1)).status_code == 413


def test_the_wrong_job_is_told_before_the_size(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    harbour.other.token = "x"
    path = wire.job_path(harbour.job.id, "heartbeat")
    assert harbour.other.post(path, b" " * (guard.HEARTBEAT_BYTES + 1)).status_code == 409


def test_lines_are_bounded_in_count_length_number_and_time(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    before = everything()
    log = harbour.job.log_id
    for batch, status in (
        (Lines(log=log, first=1, lines=[(1, "o", "x")] * (MAX_BATCH_LINES + 1)), 413),
        (Lines(log=log, first=1, lines=[(1, "o", "x" * (MAX_LINE_BYTES + 100))]), 413),
        (Lines(log=log, first=1, lines=[(1, "o", "x" * MAX_LINE_BYTES)] * 40), 413),
        (Lines(log=log, first=0, lines=[(1, "o", "x")]), 400),
        (Lines(log=log, first=2**60, lines=[(1, "o", "x")]), 400),
        (Lines(log=log, first=1, lines=[(-1, "o", "x")]), 400),
        (Lines(log="0" * 26, first=1, lines=[(1, "o", "x")]), 409),
    ):
        assert harbour.host.post(wire.job_path(harbour.job.id, "lines"), batch).status_code == status
    assert everything() == before


def test_facts_are_bounded(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    path = wire.job_path(harbour.job.id, "progress")
    for facts in ({str(number): "x" for number in range(99)}, {"commit": "x" * 9999}, {"x" * 9999: ""}):
        assert harbour.host.post(path, Progress(state="running", facts=facts)).status_code == 413
    assert harbour.job.state == "claimed"


def test_repeated_refusals_do_not_fill_the_trail(harbour: Harbour) -> None:
    before = Entry.objects.count()
    for number in range(20):
        harbour.other.post(wire.job_path(f"{number:026d}", "heartbeat"), wire.Heartbeat(clock_ns=1))
    assert Entry.objects.count() == before + 1
