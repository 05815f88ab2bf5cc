"""The page for what is not there: like the rest for who is signed in, a door for everybody else."""

from django.test import Client

from tests.cast import Cast


def test_who_is_signed_in_keeps_the_sidebar_and_learns_nothing(cast: Cast) -> None:
    stranger = cast.client("stranger")
    theirs = stranger.get(f"/projects/{cast.project.id}/")
    nothing = stranger.get("/projects/nobody/")
    for answer in (theirs, nothing):
        assert answer.status_code == 404
        assert b'aria-label="Main"' in answer.content and b"<h1>" in answer.content
        assert cast.project.slug.encode() not in answer.content.replace(b"/projects/", b"")


def test_an_address_that_is_none_shows_nobody_the_sidebar_who_is_not_signed_in(db: None) -> None:
    answer = Client().get("/no-such-page/")
    assert answer.status_code == 404
    assert b'aria-label="Main"' not in answer.content


def test_a_person_keeps_it_where_no_page_is(cast: Cast) -> None:
    answer = cast.client("viewer").get("/no-such-page/")
    assert answer.status_code == 404 and b'aria-label="Main"' in answer.content
