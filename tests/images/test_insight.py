"""What a build shows against the one before it: layers, times, sizes; on its page in words too."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from runtime.contract.reports import Finish, ImageResult, Layer, Progress, Step
from tests.deployments.rig import Harbour, digest
from webapp.images.insight.showing import insight
from webapp.images.insight.trend import Sized, trend
from webapp.images.models import Build
from webapp.images.services import request_build
from webapp.jobs import services as jobs

SECOND = 1_000_000_000


def built(
    harbour: Harbour, *, seconds: float, size: int, layers: dict[str, int], cached: bool = False, packages: str = ""
) -> Build:
    """A build with one step that took so long, and these layers by the last letters of their digest."""
    build = request_build(actor=harbour.cast.actor("developer"), image=harbour.image)
    claimed = harbour.claim(build.job)
    end = int(seconds * SECOND)
    step = Step(number=1, name="RUN make", state="succeeded", started_ns=0, finished_ns=end, cached=cached)
    jobs.progress(job=claimed, progress=Progress(state="running", phase="building", steps=[step]), now=now())
    harbour.made += 1
    result = ImageResult(
        image_id=digest(harbour.made),
        digest=None,
        size=size,
        layers=[
            Layer(instruction=f"RUN {name}", size=held, digest=f"sha256:{name:0>64}") for name, held in layers.items()
        ],
        builder="buildx",
        packages=packages,
    )
    harbour.finish(claimed, Finish(state="succeeded", last_line=0, result=result))
    moment = now()
    times = {"created_at": moment, "started_at": moment, "finished_at": moment + timedelta(seconds=seconds)}
    Build.objects.filter(id=build.id).update(**times)
    return Build.objects.select_related("image__project", "job").get(id=build.id)


def test_the_first_build_has_nothing_to_be_compared_with(harbour: Harbour) -> None:
    found = insight(built(harbour, seconds=2, size=10, layers={"a": 10}))
    assert found is not None
    assert (found.before, found.later, found.trend, found.causes) == (None, None, None, [])
    assert found.picture.parts[0].shared is None


def test_what_is_slower_shared_and_larger_is_said(harbour: Harbour) -> None:
    first = built(harbour, seconds=2, size=10, layers={"a": 10}, cached=True)
    second = built(harbour, seconds=9, size=30, layers={"a": 10, "b": 20})
    found = insight(second)
    assert found is not None and found.before == first and found.slower
    assert [(cause.kind, round(cause.seconds)) for cause in found.causes] == [("not cached", 7)]
    assert [part.shared for part in found.picture.parts] == [True, False]
    assert found.trend is not None
    assert [(bar.change, bar.here) for bar in found.trend.bars] == [(None, False), (20, True)]
    again = insight(built(harbour, seconds=2, size=30, layers={"a": 10, "b": 20}))
    assert again is not None and not again.slower and round(again.faster_by or 0) == 7


def test_a_build_that_made_nothing_shows_nothing_of_it(harbour: Harbour) -> None:
    assert insight(request_build(actor=harbour.cast.actor("developer"), image=harbour.image)) is None


@pytest.mark.thorough
def test_the_page_tells_it_in_words_too(harbour: Harbour, django_assert_max_num_queries: Any) -> None:
    built(harbour, seconds=2, size=10, layers={"a": 10})
    second = built(harbour, seconds=9, size=30, layers={"a": 10, "b": 20})
    client = harbour.cast.client("viewer")
    with django_assert_max_num_queries(40):
        html = client.get(f"/builds/{second.id}/").content.decode()
    assert "7.0 s slower than build 1" in html and "10 B of it shared with build 1" in html
    assert 'aria-label="2 layers; the largest is 67% of the whole: RUN b"' in html
    assert "Size over the last 2 builds" in html and "+20 B" in html
    assert 'id="build-made" hx-swap-oob="true"' in client.get(f"/builds/{second.id}/now/").content.decode()


def test_a_trend_is_to_scale() -> None:
    found = trend([Sized(id="a", number=1, size=50), Sized(id="b", number=2, size=100)], here="b")
    assert found is not None
    assert [(bar.y, bar.height) for bar in found.bars] == [("24.0", "24.0"), ("0.0", "48.0")]
    assert trend([Sized(id="a", number=1, size=50)], here="a") is None
