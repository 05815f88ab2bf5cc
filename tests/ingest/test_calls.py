"""What a host says over HTTP and what comes of it, for a whole build."""

import msgspec
import pytest
from cryptography.fernet import Fernet
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from runtime.contract import wire
from runtime.contract.reports import Finish, ImageResult, Lines, Progress, Step
from tests.ingest.conftest import Harbour
from webapp.environments.models import Secret
from webapp.environments.services import set_secret
from webapp.images.models import Build
from webapp.images.services import cancel_build
from webapp.jobs.models import Job
from webapp.logs import reader

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.ingest.urls")]
NS = 1_764_000_000_000_000_000
RESULT = ImageResult(image_id="sha256:" + "a" * 64, digest=None, size=5, layers=[])


def lines(harbour: Harbour, first: int, last: int) -> Lines:
    return Lines(
        log=harbour.job.log_id, first=first, lines=[(NS + n, "o", f"line {n}") for n in range(first, last + 1)]
    )


def test_a_build_from_claim_to_finish(
    harbour: Harbour, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    host, job = harbour.host, harbour.job
    claim = host.claim(job.id)
    assert (claim.job, claim.log.log, harbour.state()) == (job.id, job.log_id, "claimed")
    step = Step(number=1, name="FROM scratch", state="running", started_ns=NS)
    said = Progress(state="running", phase="building", steps=[step], facts={"builder": "buildx"})
    assert host.post(wire.job_path(job.id, "progress"), said).status_code == 204
    assert harbour.state() == "building"
    answer = host.post(wire.job_path(job.id, "lines"), lines(harbour, 1, 5))
    assert wire.lines_answer_decoder.decode(answer.content).last == 5
    answer = host.post(wire.job_path(job.id, "heartbeat"), wire.Heartbeat(clock_ns=NS))
    assert not wire.heartbeat_answer_decoder.decode(answer.content).cancel
    with django_capture_on_commit_callbacks(execute=True):
        finish = Finish(state="succeeded", last_line=5, result=RESULT)
        assert host.post(wire.job_path(job.id, "finish"), finish).status_code == 204
    build = Build.objects.get(id=harbour.build.id)
    assert (build.state, build.config_digest) == ("succeeded", RESULT.image_id)
    page = reader.read(log=build.log, after=0, limit=10)
    assert ([row[3] for row in page.rows][-1], page.end) == ("line 5", {"state": "succeeded", "lines": 5})
    assert host.post(wire.job_path(job.id, "finish"), finish).status_code == 204  # the answer had been lost


def test_lines_sent_twice_or_too_far_are_answered_with_where_to_go_on(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    path = wire.job_path(harbour.job.id, "lines")
    for batch in (lines(harbour, 1, 5), lines(harbour, 1, 5), lines(harbour, 9, 12)):
        answer = harbour.host.post(path, batch)
        assert wire.lines_answer_decoder.decode(answer.content).last == 5


def test_a_finish_without_its_lines_is_told_how_far_they_are_held(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    harbour.host.post(wire.job_path(harbour.job.id, "lines"), lines(harbour, 1, 2))
    answer = harbour.host.post(wire.job_path(harbour.job.id, "finish"), Finish(state="failed", last_line=3))
    assert answer.status_code == 409
    assert wire.missing_lines_decoder.decode(answer.content).last == 2
    assert harbour.job.state == "claimed"


def test_a_wish_to_cancel_rides_on_the_heartbeat(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    cancel_build(actor=harbour.cast.actor("developer"), build=harbour.build)
    answer = harbour.host.post(wire.job_path(harbour.job.id, "heartbeat"), wire.Heartbeat(clock_ns=NS))
    assert wire.heartbeat_answer_decoder.decode(answer.content).cancel
    assert (
        harbour.host.post(wire.job_path(harbour.job.id, "finish"), Finish(state="cancelled", last_line=0)).status_code
        == 204
    )
    assert harbour.state() == "cancelled"


def test_a_job_that_nobody_may_claim_now_is_no_content(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    again = harbour.host.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=harbour.job.id))
    assert (again.status_code, again.content) == (204, b"")


def test_the_claim_alone_reveals_the_secrets(harbour: Harbour) -> None:
    secret = set_secret(
        actor=harbour.cast.actor("operator"),
        project=harbour.cast.project,
        environment=None,
        name="TOKEN",
        value="hunter22",
    )
    Job.objects.filter(id=harbour.job.id).update(secrets={"git": secret.id})
    assert harbour.host.claim(harbour.job.id).secrets == {"git": "hunter22"}
    assert "hunter22" not in repr(Job.objects.values().get(id=harbour.job.id))


def test_a_job_that_lacks_a_secret_fails_instead_of_waiting_for_ever(harbour: Harbour) -> None:
    Job.objects.filter(id=harbour.job.id).update(secrets={"git": "0" * 26})
    assert harbour.host.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=harbour.job.id)).status_code == 404
    assert (harbour.job.state, harbour.state()) == ("failed", "failed")
    problem = harbour.job.problem
    assert problem is not None
    assert problem["code"] == "secret.missing"


def test_a_job_whose_secret_no_key_opens_fails_and_says_what_to_do(harbour: Harbour) -> None:
    actor, project = harbour.cast.actor("operator"), harbour.cast.project
    secret = set_secret(actor=actor, project=project, environment=None, name="TOKEN", value="hunter22")
    Secret.objects.filter(id=secret.id).update(ciphertext=Fernet(Fernet.generate_key()).encrypt(b"hunter22"))
    Job.objects.filter(id=harbour.job.id).update(secrets={"git": secret.id})
    assert harbour.host.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=harbour.job.id)).status_code == 404
    assert (harbour.job.state, harbour.state()) == ("failed", "failed")
    problem = harbour.job.problem
    assert problem is not None
    assert (problem["code"], problem["whose"], problem["retry_helps"]) == ("secret.unreadable", "us", False)
    assert "Set the secret again" in problem["advice"]


def test_a_nul_in_a_report_does_not_reach_the_database(harbour: Harbour) -> None:
    harbour.host.claim(harbour.job.id)
    step = Step(number=1, name="RUN printf '\0'", state="running", started_ns=NS)
    harbour.host.post(wire.job_path(harbour.job.id, "progress"), Progress(state="running", steps=[step]))
    (kept,) = harbour.job.steps.all()
    assert kept.name == "RUN printf '\ufffd'"


def test_redis_away_is_503_and_the_job_stays(harbour: Harbour, settings: Settings) -> None:
    harbour.host.claim(harbour.job.id)
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    for call, body in (("lines", lines(harbour, 1, 1)), ("finish", Finish(state="failed", last_line=0))):
        answer = harbour.host.post(wire.job_path(harbour.job.id, call), body)
        assert answer.status_code == 503
        assert msgspec.json.decode(answer.content)["code"] == "redis.unavailable"
    assert harbour.job.state == "claimed"
