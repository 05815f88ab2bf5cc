"""Steps of a build that is over: those that only came from the cache are folded."""

from itertools import pairwise
from typing import Any

import pytest
from django.utils.timezone import now
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.reports import Finish, ImageResult, Progress, Step
from tests.deployments.rig import Harbour, digest
from webapp.images.folding import FEWEST, stretches
from webapp.images.services import request_build
from webapp.jobs import services as jobs
from webapp.jobs.models import JobStep

STEPS = st.lists(
    st.builds(
        lambda cached, state: JobStep(name="RUN x", cached=cached, state=state),
        st.booleans(),
        st.sampled_from(["succeeded", "failed"]),
    ),
    max_size=20,
)


@settings(deadline=None)
@given(STEPS)
def test_every_step_is_there_once_in_order_and_only_cached_ones_are_folded(steps: list[JobStep]) -> None:
    found = stretches(steps)
    assert [step for stretch in found for step in stretch.steps] == steps
    for stretch in found:
        assert steps[stretch.start - 1] is stretch.steps[0]
        if stretch.folded:
            assert len(stretch.steps) >= FEWEST
            assert all(step.cached and step.state == "succeeded" for step in stretch.steps)
    assert all(one.folded or other.folded for one, other in pairwise(found))


@pytest.mark.thorough
def test_a_build_folds_them_when_it_is_over_and_not_before(harbour: Harbour) -> None:
    build = request_build(actor=harbour.cast.actor("developer"), image=harbour.image)
    claimed = harbour.claim(build.job)
    steps = [
        Step(number=at, name=f"RUN {at}", state="succeeded", started_ns=0, finished_ns=1, cached=at in (2, 3, 4))
        for at in range(1, 6)
    ]
    jobs.progress(job=claimed, progress=Progress(state="running", phase="building", steps=steps), now=now())
    client: Any = harbour.cast.client("viewer")
    assert "cached steps" not in client.get(f"/builds/{build.id}/").content.decode()
    result = ImageResult(image_id=digest(1), digest=None, size=1, layers=[], builder="buildx")
    harbour.finish(claimed, Finish(state="succeeded", last_line=0, result=result))
    html = client.get(f"/builds/{build.id}/").content.decode()
    assert "3 cached steps" in html and html.count("RUN ") >= 5 and 'start="5"' in html
