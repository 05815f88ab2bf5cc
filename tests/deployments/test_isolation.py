"""A service picks a profile; what that does not allow cannot be asked for, on any path, also when it got stricter."""

import json
from typing import Any

import pytest
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.contract.isolation import ADDABLE, ENGINES_OWN, Isolation, Tmpfs
from runtime.contract.link import Effective
from tests.deployments.rig import Harbour, facts
from tests.isolation.test_rules import ASKED
from webapp.deployments import services
from webapp.deployments.isolated import users
from webapp.deployments.models import Release
from webapp.deployments.planning.abilities import complaint_of
from webapp.deployments.planning.plans import Content
from webapp.deployments.rollout import observe
from webapp.deployments.rollout.ordering import spec_of
from webapp.deployments.settings.aspects import effective
from webapp.deployments.settings.judging import frozen
from webapp.deployments.settings.validation import clean_service
from webapp.environments.services import set_secret
from webapp.isolation.first import STANDARD
from webapp.isolation.models import Profile
from webapp.isolation.services import change_profile
from webapp.problems import Invalid, Unplannable

pytestmark = pytest.mark.thorough

CONTENT = Content(build="b", build_number=1, digest="d", config_digest="d", settings={})


def change(harbour: Harbour, **more: Any) -> None:
    harbour.service = services.change_service(actor=harbour.cast.actor("owner"), service=harbour.service, **more)


def stricter(harbour: Harbour, slug: str = "standard") -> None:
    """From now on the profile gives and allows no capability."""
    profile = Profile.objects.get(slug=slug)
    change_profile(
        actor=harbour.cast.actor("admin"),
        profile=profile,
        sets={**profile.sets, "capabilities": []},
        allows={**profile.allows, "capabilities": []},
    )


def release(harbour: Harbour) -> Release:
    return harbour.deployed().release


def where(harbour: Harbour) -> dict[str, Any]:
    return {"actor": harbour.cast.actor("owner"), "service": harbour.service, "environment": harbour.cast.dev}


def test_a_release_freezes_what_the_default_profile_sets(harbour: Harbour) -> None:
    made = release(harbour)
    assert made.settings["isolation"] == {"profile": "standard", **STANDARD["sets"]}
    assert made.settings["limits"]["nofile"] == 16384
    spec = spec_of(made)
    assert spec.isolation == Isolation(capabilities=tuple(STANDARD["sets"]["capabilities"]))
    assert spec.limits.nofile == 16384


def test_what_a_service_says_comes_before_what_its_profile_sets(harbour: Harbour) -> None:
    asked = {"capabilities": ["NET_RAW"], "read_only": True, "tmpfs": [{"path": "/data", "size": 4096}], "user": "7:8"}
    change(harbour, settings={"isolation": {**asked, "runtime": "runc"}, "limits": {"nofile": 100, "write_bps": 5000}})
    spec = spec_of(release_of_a_host_that_bounds(harbour))
    assert spec.isolation == Isolation(
        capabilities=("NET_RAW",), read_only=True, tmpfs=(Tmpfs(path="/data", size=4096),), user="7:8", runtime="runc"
    )
    assert (spec.limits.nofile, spec.limits.write_bps) == (100, 5000)


def release_of_a_host_that_bounds(harbour: Harbour) -> Release:
    host = harbour.cast.host
    host.facts = {**(host.facts or {}), "io": ["bps"]}
    host.save()
    return release(harbour)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"isolation": {"privileged": True}}, "settings.isolation.privileged"),
        ({"isolation": {"capabilities": ["SYS_ADMIN"]}}, "settings.isolation.capabilities"),
        ({"isolation": {"seccomp": "unconfined"}}, "settings.isolation.seccomp"),
        ({"isolation": {"no_new_privileges": False}}, "settings.isolation.no_new_privileges"),
        ({"isolation": {"profile": "none-such"}}, "settings.isolation.profile"),
        ({"isolation": {"profile": "hardened", "user": "0"}}, "settings.isolation.user"),
        ({"isolation": {"runtime": "kata"}}, "settings.isolation.runtime"),
        ({"limits": {"nofile": 20000}}, "settings.limits.nofile"),
        ({"secret_files": "all"}, "settings.secret_files"),
        ({"secret_files": ["../x"]}, "settings.secret_files...?x"),
    ],
)
def test_what_no_profile_allows_cannot_be_defined(harbour: Harbour, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        change(harbour, settings=more)
    assert [name.partition("..")[0] for name in refused.value.errors] == [field.partition("..")[0]]


def test_an_environment_is_judged_as_what_would_run_there(harbour: Harbour) -> None:
    with pytest.raises(Invalid) as refused:
        change(harbour, overrides={"dev": {"isolation": {"profile": "hardened", "capabilities": ["CHOWN"]}}})
    assert list(refused.value.errors) == ["overrides.dev.isolation.capabilities"]
    with pytest.raises(Invalid) as refused:
        change(
            harbour,
            settings={"limits": {"nofile": 10000}},
            overrides={"dev": {"isolation": {"profile": "hardened"}}},
        )
    assert list(refused.value.errors) == ["overrides.dev.isolation"]


def test_a_folder_in_memory_is_no_volumes_place(harbour: Harbour) -> None:
    volumes = [{"name": "data", "path": "/data"}]
    with pytest.raises(Invalid) as refused:
        change(harbour, settings={"volumes": volumes, "isolation": {"tmpfs": [{"path": "/data", "size": 4096}]}})
    assert refused.value.errors == {"settings.isolation.tmpfs": ["/data is a volume already."]}
    with pytest.raises(Invalid) as refused:
        change(harbour, overrides={"dev": {"volumes": [{"name": "t", "path": "/tmp"}]}}, settings={
            "isolation": {"profile": "hardened"}
        })  # fmt: skip
    assert refused.value.errors == {"overrides.dev.volumes": ["/tmp is a volume already."]}


def test_a_profile_that_got_stricter_is_met_by_the_next_deployment_and_what_runs_goes_on(harbour: Harbour) -> None:
    change(harbour, settings={"isolation": {"capabilities": ["CHOWN"]}})
    first = harbour.deployed()
    stricter(harbour)
    with pytest.raises(Unplannable) as refused:
        services.deploy(**where(harbour), build=first.release.build)
    assert refused.value.reasons == ["Profile standard does not allow CHOWN: it allows none."]
    with pytest.raises(Unplannable):
        services.scale(**where(harbour), replicas=3)
    services.restart(**where(harbour))


def test_fewer_copies_and_none_can_always_be_asked_for(harbour: Harbour) -> None:
    change(harbour, settings={"isolation": {"capabilities": ["CHOWN"]}, "replicas": 3})
    harbour.deployed()
    stricter(harbour)
    harbour.carry_out(services.scale(**where(harbour), replicas=1))
    harbour.carry_out(services.stop(**where(harbour)))


def test_a_way_back_to_a_release_that_asks_for_more_than_is_allowed_now_is_refused(harbour: Harbour) -> None:
    harbour.deployed()
    stricter(harbour)
    second = harbour.deployed()
    assert second.release.settings["isolation"]["capabilities"] == []
    with pytest.raises(Unplannable) as refused:
        services.roll_back(actor=harbour.cast.actor("owner"), deployment=second)
    assert "Profile standard does not allow CHOWN" in refused.value.reasons[0]


def test_a_release_of_before_there_were_profiles_is_judged_as_what_its_containers_are(harbour: Harbour) -> None:
    old = harbour.deployed()
    said = {name: value for name, value in old.release.settings.items() if name != "isolation"}
    Release.objects.filter(id=old.release_id).update(
        settings={**said, "limits": {"memory": 2**29, "cpus": 1, "pids": 9}}
    )
    assert spec_of(Release.objects.get(id=old.release_id)).isolation is None
    second = harbour.deployed()
    harbour.carry_out(services.roll_back(actor=harbour.cast.actor("owner"), deployment=second))
    harbour.deployed()
    stricter(harbour)
    with pytest.raises(Unplannable) as refused:
        services.deploy(**where(harbour), release=Release.objects.get(id=old.release_id))
    assert all(name in refused.value.reasons[0] for name in ENGINES_OWN)


def test_a_release_whose_profile_is_gone_is_refused(harbour: Harbour) -> None:
    change(harbour, settings={"isolation": {"profile": "hardened"}})
    first = harbour.deployed()
    change(harbour, settings={"isolation": {}})
    harbour.deployed()
    assert users(Profile.objects.get(slug="hardened")) == []
    Profile.objects.filter(slug="hardened").delete()
    with pytest.raises(Unplannable) as refused:
        services.deploy(**where(harbour), release=first.release)
    assert refused.value.reasons == ["There is no isolation profile hardened any more: deploy with another one."]


def test_who_uses_a_profile_is_known_by_settings_overrides_and_what_runs(harbour: Harbour) -> None:
    hardened, named = Profile.objects.get(slug="hardened"), {"isolation": {"profile": "hardened"}}
    words = f"{harbour.service.project.slug}/{harbour.service.slug}"
    assert users(hardened) == []
    change(harbour, overrides={"staging": named})
    assert [use.words for use in users(hardened)] == [words]
    change(harbour, overrides={}, settings=named)
    assert [use.words for use in users(hardened)] == [words]
    harbour.deployed()
    change(harbour, settings={})
    assert [use.words for use in users(hardened)] == [words]
    assert [use.words for use in users(Profile.objects.get(slug="standard"))] == []


@pytest.mark.parametrize(("asked", "files"), [([], []), (["B", "NONE"], ["B"]), ("*", ["A", "B"])])
def test_secrets_are_files_or_variables_as_chosen(harbour: Harbour, asked: Any, files: list[str]) -> None:
    for name in ("A", "B"):
        set_secret(
            actor=harbour.cast.actor("owner"), project=harbour.service.project, environment=None, name=name, value="v"
        )
    change(harbour, settings={"secret_files": asked})
    spec = spec_of(release(harbour))
    assert sorted(spec.secret_files) == files
    assert sorted(spec.secrets) == sorted({"A", "B"} - set(files))


@pytest.mark.parametrize(
    ("said", "settings_", "word"),
    [
        ({"runtimes": ["runc"]}, {"isolation": {"runtime": "runsc"}}, "runsc"),
        ({"runtimes": ["runc", "runsc"]}, {"isolation": {"runtime": "runsc"}}, ""),
        ({}, {"isolation": {"runtime": "runsc"}}, ""),
        ({"seccomp": False}, {}, "seccomp"),
        ({"seccomp": True}, {}, ""),
        ({"io": ["weight"]}, {"limits": {"read_bps": 5}}, "disk"),
        ({"io": ["bps"]}, {"limits": {"io_weight": 5}}, "disk"),
        ({"io": ["bps"]}, {"limits": {"write_bps": 5}}, ""),
        ({"user_namespaces": True}, {"secret_files": "*"}, "files"),
        ({"user_namespaces": True}, {"secret_files": []}, ""),
    ],
)
def test_a_host_that_lacks_what_is_asked_says_what(said: dict[str, Any], settings_: dict[str, Any], word: str) -> None:
    content = Content(
        build="b", build_number=1, digest="d", config_digest="d", settings=settings_, secrets={"A": {"version": 1}}
    )
    found = complaint_of(said, content)
    assert word in found
    assert bool(found) == bool(word)


def test_a_host_without_the_runtime_is_no_place_for_the_service(harbour: Harbour) -> None:
    change(harbour, settings={"isolation": {"runtime": "runsc"}})
    build = harbour.built()
    with pytest.raises(Unplannable) as refused:
        services.deploy(**where(harbour), build=build)
    assert refused.value.reasons == ["Host local does not offer the isolation runtime runsc."]
    host = harbour.cast.host
    host.facts = {**(host.facts or {}), "runtimes": ["runc", "runsc"]}
    host.save()
    services.deploy(**where(harbour), build=build)


def test_what_a_container_is_comes_from_its_host_and_is_cut(harbour: Harbour) -> None:
    harbour.deployed()
    replica = harbour.replicas()[0]
    told = Effective(capabilities=("CHOWN",) * 99, user="x" * 999, tmpfs={"/a": "b\0c"}, memory=5, read_only=True)
    observe.changed(host=harbour.cast.host, facts=facts(replica, effective=told), now=now())
    replica.refresh_from_db()
    kept = replica.effective or {}
    assert (kept["memory"], kept["read_only"]) == (5, True)
    assert len(kept["capabilities"]) == 64
    assert (len(kept["user"]), kept["tmpfs"]) == (200, {"/a": "bc"})
    page = harbour.cast.client("viewer").get(f"/replicas/{replica.id}/").content.decode()
    assert "as its host says" in page
    assert "only read" in page
    observe.changed(host=harbour.cast.host, facts=facts(replica, restarts=1), now=now())
    replica.refresh_from_db()
    assert replica.effective == kept


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "isolation": ASKED | st.fixed_dictionaries({"profile": st.sampled_from(["standard", "hardened", "x"])}),
        "limits": st.dictionaries(
            st.sampled_from(["nofile", "read_bps", "privileged"]), st.integers(0, 10**6), max_size=2
        ),
        "privileged": st.booleans(),
        "volumes_from": st.text(max_size=3),
        "network": st.sampled_from(["host", "none"]),
    },
)


@given(said=SETTINGS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_settings_give_more_than_the_list(said: dict[str, Any], db: None) -> None:
    try:
        clean, _ = clean_service(slug=None, settings=said, overrides=None, environments=frozenset())
    except Invalid:
        return
    known = frozen(effective(clean or {}, {}, "dev"))
    spec = spec_of(Release(config_digest="d", settings=known, variables={}, secrets={}))
    assert spec.isolation is None or set(spec.isolation.capabilities) <= ADDABLE
    assert not {"host", "privileged", "unconfined"} & set(json.dumps(known).split('"'))
