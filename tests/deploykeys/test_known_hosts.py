"""Which servers a key signs in to: lines of a known_hosts file, read before they are kept."""

import pytest

from tests.cast import Cast
from tests.deploykeys.given import a_key, blob
from webapp.audit.models import Entry
from webapp.deploykeys.knownhosts import MAX_BYTES, MAX_LINES, described
from webapp.deploykeys.services import change_known_hosts
from webapp.problems import Forbidden, Invalid

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0S1CxPdE6jauKVdpSLydK+dq1MyRkq/XuNjXssx4y2"


@pytest.mark.parametrize(
    "line",
    [
        f"git.example.org {KEY}",
        f"git.example.org,192.0.2.7 {KEY}",
        f"[git.example.org]:2222 {KEY}",
        f"[2001:db8::1]:2222 {KEY}",
        f"*.example.org,!old.example.org {KEY}",
        f"|1|gMVbc4wqLEb3B2N1AAAAAAAAAAA=|k5BPqbYyTzOAAAAAAAAAAAAAAAA= {KEY}",
        f"@cert-authority *.example.org {KEY}",
        f"@revoked git.example.org {KEY}",
        f"git.example.org ssh-rsa {blob('ssh-rsa')}",
        f"git.example.org ecdsa-sha2-nistp256 {blob('ecdsa-sha2-nistp256')}",
    ],
)
def test_what_ssh_reads_is_kept(cast: Cast, line: str) -> None:
    key = a_key(cast, known_hosts=f"# what ssh-keyscan says\r\n\r\n  {line}   with a remark\r\n")
    assert key.known_hosts == f"{line} with a remark\n"
    (known,) = described(key.known_hosts)
    assert known.fingerprint.startswith("SHA256:") and known.kind in line


@pytest.mark.parametrize(
    "line",
    [
        "git.example.org",
        "git.example.org ssh-ed25519",
        "git.example.org ssh-ed25519 AAAA",
        "git.example.org ssh-ed25519 not*base64",
        f"git.example.org ssh-rsa {KEY.split()[1]}",
        f"git.example.org ssh-dss {blob('ssh-dss')}",
        f"@trusted git.example.org {KEY}",
        f"git.example.org;id {KEY}",
        f"$(id) {KEY}",
        KEY,
        f"git.example.org {KEY} \u202eremark",
    ],
)
def test_what_ssh_would_not_read_is_refused_by_its_line(cast: Cast, line: str) -> None:
    key = a_key(cast)
    with pytest.raises(Invalid) as refused:
        change_known_hosts(actor=cast.actor("developer"), key=key, known_hosts=f"git.example.org {KEY}\n{line}\n")
    (text,) = refused.value.errors["known_hosts"]
    assert "Line 2" in text


@pytest.mark.parametrize("text", [f"h {KEY}\n" * (MAX_LINES + 1), "#" * (MAX_BYTES + 1), "a\x00b"])
def test_there_is_an_end_of_lines_and_bytes(cast: Cast, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_key(cast, known_hosts=text)
    assert list(refused.value.errors) == ["known_hosts"]


def test_a_change_is_in_the_trail_with_fingerprints_and_the_same_again_is_not(cast: Cast) -> None:
    key = a_key(cast)
    for _ in range(2):
        change_known_hosts(actor=cast.actor("developer"), key=key, known_hosts=f"git.example.org {KEY}")
    entry = Entry.objects.get(action="deploy_key.changed")
    (known,) = described(f"git.example.org {KEY}")
    assert entry.before is not None and entry.before["known_hosts"] == []
    assert entry.after is not None and entry.after["known_hosts"] == [
        f"git.example.org ssh-ed25519 {known.fingerprint}"
    ]


def test_a_viewer_changes_nothing(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        change_known_hosts(actor=cast.actor("viewer"), key=a_key(cast), known_hosts="")


@pytest.mark.thorough
def test_the_page_keeps_what_was_typed_and_says_which_line_is_wrong(cast: Cast) -> None:
    key = a_key(cast)
    page = f"/deploy-keys/{key.id}/"
    answer = cast.client("developer").post(page, {"known_hosts": f"git.example.org {KEY}\nnonsense"})
    assert answer.status_code == 400 and "Line 2 is not" in answer.content.decode()
    assert cast.client("developer").post(page, {"known_hosts": f"git.example.org {KEY}"}).status_code == 302
    (known,) = described(f"git.example.org {KEY}")
    assert known.fingerprint in cast.client("viewer").get(page).content.decode()
