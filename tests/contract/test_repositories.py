"""Addresses of repositories: two schemes, one canonical form, nothing hidden in them."""

import pytest

from runtime.contract.repositories import BadRepository, Repository


@pytest.mark.parametrize(
    ("text", "canonical", "port"),
    [
        ("https://git.example.org/team/shop.git", "https://git.example.org/team/shop.git", 443),
        ("https://Git.Example.org:8443/a", "https://git.example.org:8443/a", 8443),
        ("ssh://git@git.example.org/team/shop.git", "ssh://git@git.example.org/team/shop.git", 22),
        ("ssh://git@git.example.org:2222/~/shop", "ssh://git@git.example.org:2222/~/shop", 2222),
        ("ssh://git@[2001:db8::1]:2222/x", "ssh://git@[2001:db8::1]:2222/x", 2222),
        ("git@git.example.org:team/shop.git", "ssh://git@git.example.org/team/shop.git", 22),
        ("git@git.example.org:/srv/shop.git", "ssh://git@git.example.org/srv/shop.git", 22),
        ("git@git.example.org:2222/shop.git", "ssh://git@git.example.org/2222/shop.git", 22),
    ],
)
def test_an_address_is_kept_in_one_form_that_is_read_as_the_same(text: str, canonical: str, port: int) -> None:
    found = Repository.parse(text)
    assert (str(found), found.reached_at) == (canonical, port)
    assert Repository.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "/etc", "-oProxyCommand=x", "-u./x", "ext::sh -c x", "fd::17", "file:///etc", "git://h.example/x",
        "http://h.example/x", "HTTPS://h.example/x", "ftp://h.example/x", "git+ssh://git@h.example/x", "h.example:x",
        "https://user:pass@h.example/x", "https://user@h.example/x", "https://h.example", "https://h.example/",
        "https:///x", "https://h.example/x?y", "https://h.example/x#y", "https://h.example/x?", "https://h.example/x#",
        "https://h.example/a/../b", "https://h.example/a b", "https://h.example/\tx", "https://h.example/x\n",
        "https://h.example:0/x", "https://h.example:99999/x", "https://[::1/x", "https://h.example/$(id)",
        "https://h.example\\@evil.example/x", "https://-h.example/x", "https://h.example/" + "x" * 500,
        "ssh://h.example/x", "ssh://git:pw@h.example/x", "ssh://git:@h.example/x", "ssh://-oX@h.example/x",
        "ssh://-oProxyCommand=x/y", "ssh://git@-oProxyCommand=x/y", "ssh://@h.example/x", "ssh://a b@h.example/x",
        "ssh://$(id)@h.example/x", "ssh://a@b@h.example/x", "ssh://git@h.example/x'y", "ssh://git@h.example/`id`",
        "ssh://git@h.example/x;id", "-oX@h.example:x", "git@-oX:y", "git@h.example:", "git@h.example://x",
        "git@h.example:../x", "git@h.example:a'b", "a@b@c:d", "git@h.example\n:x",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_none_at_all(text: str) -> None:
    with pytest.raises(BadRepository):
        Repository.parse(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("../lib.git", "https://h.example/team/lib.git"),
        ("../../other/lib.git", "https://h.example/other/lib.git"),
        ("./part", "https://h.example/team/shop.git/part"),
        ("git@other.example:lib.git", "ssh://git@other.example/lib.git"),
    ],
)
def test_an_address_may_be_said_from_where_another_is(text: str, found: str) -> None:
    assert str(Repository.parse("https://h.example/team/shop.git").beside(text)) == found


@pytest.mark.parametrize("text", ["../../../x", "../..", "../../../../../../x", "../a'b", "../a?b", "..", "x"])
def test_what_is_said_so_does_not_lead_above_the_host_or_past_the_rule(text: str) -> None:
    with pytest.raises(BadRepository):
        Repository.parse("https://h.example/team/shop.git").beside(text)
