"""What a profile makes of what is asked for, and what it does not allow. Values in, values out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.isolation import ADDABLE
from webapp.findings import Findings
from webapp.isolation import words
from webapp.isolation.cleaning import settable
from webapp.isolation.definition import clean_allows, clean_ceilings, clean_sets
from webapp.isolation.first import FIRST, HARDENED, STANDARD
from webapp.isolation.rules import BEFORE, Rules, complaints, in_force, limits_in_force

LIMITS: dict[str, Any] = {"memory": 2**29, "cpus": 1.0, "pids": 256}


def rules(values: dict[str, Any], **more: Any) -> Rules:
    said = {name: values[name] for name in ("slug", "sets", "allows", "ceilings")}
    return Rules(**{**said, **more})


STRICT, USUAL = rules(HARDENED), rules(STANDARD)


def refused(profile: Rules, **asked: Any) -> list[str]:
    """The members that are complained of."""
    limits = limits_in_force(profile, {**LIMITS, **asked.pop("limits", {})})
    return [member for member, _ in complaints(profile, in_force(profile, asked), limits)]


@pytest.mark.parametrize("profile", [STRICT, USUAL])
def test_what_a_profile_sets_it_allows(profile: Rules) -> None:
    assert refused(profile) == []


@pytest.mark.parametrize("values", FIRST)
def test_the_first_profiles_are_such_as_can_be_defined(values: dict[str, Any]) -> None:
    findings = Findings()
    assert clean_sets(findings, values["sets"]) == values["sets"]
    assert clean_allows(findings, values["allows"]) == values["allows"]
    assert clean_ceilings(findings, values["ceilings"]) == values["ceilings"]
    findings.settle()


@pytest.mark.parametrize(
    ("asked", "members"),
    [
        ({"capabilities": ["NET_BIND_SERVICE"]}, []),
        ({"capabilities": ["CHOWN"]}, ["capabilities"]),
        ({"no_new_privileges": False}, ["no_new_privileges"]),
        ({"read_only": False}, ["read_only"]),
        ({"user": ""}, ["user"]),
        ({"user": "0"}, ["user"]),
        ({"user": "0:1000"}, ["user"]),
        ({"user": "00"}, ["user"]),
        ({"user": "nginx"}, ["user"]),
        ({"user": "1000:0"}, []),
        ({"runtime": "runsc"}, []),
        ({"runtime": "kata"}, ["runtime"]),
        ({"tmpfs": [{"path": "/data", "size": 512 * 1024**2}]}, []),
        ({"tmpfs": [{"path": "/data", "size": 513 * 1024**2}]}, ["tmpfs"]),
        ({"limits": {"nofile": 4096}}, []),
        ({"limits": {"nofile": 4097}}, ["limits.nofile"]),
    ],
)
def test_what_goes_beyond_is_told_by_its_member(asked: dict[str, Any], members: list[str]) -> None:
    assert refused(STRICT, **asked) == members


def test_a_runtime_that_a_profile_sets_cannot_be_left() -> None:
    sandboxed = rules(
        STANDARD, sets={**STANDARD["sets"], "runtime": "runsc"}, allows=STANDARD["allows"] | {"runtimes": []}
    )
    assert refused(sandboxed) == []
    assert refused(sandboxed, runtime="") == ["runtime"]
    assert refused(sandboxed, runtime="runc") == ["runtime"]


def test_ceilings_hold_for_what_is_asked_and_stand_in_for_what_is_not() -> None:
    bounded = rules(STANDARD, ceilings={"memory": 2**28, "read_bps": 5000})
    assert limits_in_force(bounded, LIMITS) == {**LIMITS, "read_bps": 5000}
    assert limits_in_force(bounded, {**LIMITS, "read_bps": 10})["read_bps"] == 10
    assert refused(bounded) == ["limits.memory"]
    assert refused(bounded, limits={"memory": 2**28}) == []


def test_what_ran_before_there_were_profiles_fits_the_standard_one() -> None:
    assert [*complaints(USUAL, BEFORE, limits_in_force(USUAL, LIMITS))] == []
    assert [member for member, _ in complaints(STRICT, BEFORE, limits_in_force(STRICT, LIMITS))] == [
        "capabilities", "read_only", "user"
    ]  # fmt: skip


junk = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=12), max_size=3)
likely = st.sampled_from(["ALL", "SYS_ADMIN", "NET_ADMIN", "CAP_CHOWN", "chown", *sorted(ADDABLE)])
mounts = st.lists(
    st.dictionaries(st.sampled_from(["path", "size", "mode"]), junk | st.sampled_from(["/proc", "/data", "/a,exec"])),
    max_size=3,
)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "capabilities": junk | st.lists(likely, max_size=4),
        "no_new_privileges": junk,
        "read_only": junk,
        "tmpfs": junk | mounts,
        "user": junk | st.sampled_from(["root", "0", "1000:1000", "a b", "-1", "99999999999"]),
        "runtime": junk | st.sampled_from(["runsc", "../runc", "a b"]),
    },
)


@given(ASKED)
def test_whatever_is_asked_nothing_beyond_a_profile_comes_of_it(asked: dict[str, Any]) -> None:
    findings = Findings()
    clean = settable(findings, asked, "isolation")
    assert set(clean.get("capabilities", ())) <= ADDABLE
    for profile in (STRICT, USUAL):
        frozen = in_force(profile, clean)
        if not findings.errors and not [*complaints(profile, frozen, limits_in_force(profile, LIMITS))]:
            allowed = {*profile.sets["capabilities"], *profile.allows["capabilities"]}
            assert set(frozen["capabilities"]) <= allowed
            assert frozen["no_new_privileges"] is True
            assert frozen["runtime"] in ("", "crun", "runc", "runsc")


@pytest.mark.parametrize("path", ["/proc", "/proc/x", "/sys", "/dev/shm", "/run/secrets", "data", "/", "/a/../b"])
def test_a_folder_in_memory_is_never_where_the_engine_has_its_own(path: str) -> None:
    findings = Findings()
    settable(findings, {"tmpfs": [{"path": path, "size": 4096}]}, "isolation")
    assert list(findings.errors) == ["isolation.tmpfs.0.path"]


def test_what_is_typed_comes_back_as_typed() -> None:
    text = "capabilities CHOWN KILL\nread_only yes\ntmpfs /tmp 64m\ntmpfs /cache 1g\nuser 1000:1000\nruntime runsc"
    asked = words.asked(text)
    assert asked == {
        "capabilities": ["CHOWN", "KILL"],
        "read_only": True,
        "tmpfs": [{"path": "/tmp", "size": 2**26}, {"path": "/cache", "size": 2**30}],
        "user": "1000:1000",
        "runtime": "runsc",
    }
    assert words.asked_text(asked) == text
    assert words.asked("capabilities none\ntmpfs none") == {"capabilities": [], "tmpfs": []}
    assert words.asked_text({"capabilities": [], "tmpfs": []}) == "capabilities none\ntmpfs none"
    numbers = "memory 2g\ncpus 1.5\nnofile 4096"
    assert words.numbers_text(words.numbers(numbers)) == numbers


def test_what_is_not_understood_is_left_for_the_verb_to_refuse() -> None:
    assert words.asked("privileged yes\nread_only maybe\ntmpfs /tmp lots") == {
        "privileged": "yes", "read_only": "maybe", "tmpfs": [{"path": "/tmp", "size": "lots"}]
    }  # fmt: skip
