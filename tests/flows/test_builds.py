"""Builds under hard conditions: taken back at any moment, and at work beside each other."""

import random
import time

import httpx
import pytest

from tests.flows.house import House
from tests.flows.story import Json, all_lines, assert_dense, build, get, make_image, make_project, post
from tests.flows.waiting import wait_for

pytestmark = pytest.mark.flow

CANCELS = 8
STEPS = "FROM slipway/busybox:1\n" + "".join(f"RUN echo {letter} && sleep 0.4\n" for letter in "abcde")
MEET = """FROM slipway/busybox:1
RUN echo {name} begun; sleep 4; echo {name} done
"""


def test_cancelled_at_any_moment_a_build_ends_soon_and_leaves_nothing_behind(house: House) -> None:
    seed = random.randrange(1_000_000)
    moments = random.Random(seed)
    with house.api() as api:
        place = make_project(api, slug="whim")
        image = make_image(api, place["project"], slug="whim", dockerfile=STEPS)
        build(api, image)  # the base image is made once
        for _ in range(CANCELS):
            made = post(api, f"images/{image['id']}/builds/", {"no_cache": True}, status=202)
            time.sleep(moments.uniform(0, 3.5))
            over = cancelled(api, made)
            assert over["state"] in {"cancelled", "succeeded"}, (seed, over)
            assert (over["state"] == "succeeded") == bool(over["digest"]), (seed, over)
            assert not [step for step in over["steps"] if step["state"] == "running"], (seed, over["steps"])
            assert_dense(all_lines(api, made["log"]))
        again = build(api, image, no_cache=True)
        assert again["state"] == "succeeded", (seed, again)
    assert not list((house.home / "worker").rglob("build-*")), seed


def cancelled(api: httpx.Client, made: Json) -> Json:
    """The build once it is over: taken back, unless it had ended already."""
    answer = api.post(f"builds/{made['id']}/cancellation/", json={})
    assert answer.status_code in (202, 409), answer.text
    return get(api, f"builds/{made['id']}/", wait=5)


def test_two_builds_work_at_the_same_time_and_each_keeps_its_own_lines(house: House) -> None:
    with house.api() as api:
        place = make_project(api, slug="pair")
        images = [
            make_image(api, place["project"], slug=name, dockerfile=MEET.format(name=name))
            for name in ("left", "right")
        ]
        made = [post(api, f"images/{image['id']}/builds/", {"no_cache": True}, status=202) for image in images]
        wait_for("both to be at work", lambda: all("begun" in said(api, one) for one in made))
        over = [get(api, f"builds/{one['id']}/", wait=60) for one in made]
        assert [one["state"] for one in over] == ["succeeded", "succeeded"]
        assert over[0]["started_at"] < over[1]["finished_at"] and over[1]["started_at"] < over[0]["finished_at"]
        for one, own, other in zip(made, ("left", "right"), ("right", "left"), strict=True):
            assert f"{own} done" in said(api, one) and f"{other} begun" not in said(api, one)
            assert_dense(all_lines(api, one["log"]))


def said(api: httpx.Client, made: Json) -> str:
    return "\n".join(line[3] for line in all_lines(api, made["log"]))
