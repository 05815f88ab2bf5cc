"""What the browser is allowed on a page."""

from tests.cast import Cast


def test_only_the_pages_with_an_editor_let_elements_have_styles(cast: Cast) -> None:
    client = cast.client("developer")
    policies = {
        path: client.get(path)["Content-Security-Policy"]
        for path in (f"/projects/{cast.project.id}/images/new/", f"/projects/{cast.project.id}/")
    }
    editing, plain = policies.values()
    assert "style-src-attr 'unsafe-inline'" in editing and "'nonce-" in editing
    assert "unsafe-inline" not in plain and "nonce" not in plain
    assert "script-src 'self';" in editing + ";" and "script-src 'self';" in plain + ";"
