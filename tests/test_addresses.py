"""Where a user's URL may lead."""

import pytest

from runtime.contract.addresses import is_public_address, is_within, may_be_public


@pytest.mark.parametrize("text", ["1.1.1.1", "185.199.108.133", "2606:4700::1111"])
def test_a_public_address_is_public(text: str) -> None:
    assert is_public_address(text) and may_be_public(text)


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:1.1.1.1", "2002:7f00:1::", "64:ff9b::7f00:1", "",
     "1.1.1", "0x7f.1", "2130706433", "1.1.1.1 ", "1.1.1.1\n"],
)  # fmt: skip
def test_no_other_address_is(text: str) -> None:
    assert not is_public_address(text) and not may_be_public(text)


@pytest.mark.parametrize(
    ("host", "public"),
    [("git.example.org", True), ("GIT.example.org", True), ("a.b.c.dev", True), ("localhost", False),
     ("git.localhost", False), ("printer.local", False), ("db.internal", False), ("git", False), ("git.corp", False),
     ("example.org.", False), ("-x.example.org", False), ("a..org", False), ("example.org\n", False),
     ("x" * 64 + ".org", False)],
)  # fmt: skip
def test_a_name_is_judged_by_its_look_alone(host: str, public: bool) -> None:
    assert may_be_public(host) is public


def test_what_is_allowed_is_an_address_or_a_network_that_holds_it() -> None:
    allowed = ["git.corp", "10.1.0.0/16", "192.168.0.7", "fd00::/8"]
    assert all(is_within(address, allowed) for address in ("10.1.2.3", "192.168.0.7", "fd12::1"))
    assert not any(is_within(address, allowed) for address in ("10.2.0.1", "192.168.0.8", "git.corp", "", "::1"))
