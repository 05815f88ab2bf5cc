"""A step that ended says with what, and what that means where it means something."""

import pytest

from webapp.images.insight.ending import how_it_ended


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "executor failed running [/bin/sh -c crane --lift]: exit code: 127",
            "Exit code 127: a command was not found.",
        ),
        ('process "/bin/sh -c make" did not complete successfully: exit code: 2', "Exit code 2."),
        ("The command '/bin/sh -c x' returned a non-zero code: 1", "Exit code 1."),
        ("pull access denied", "pull access denied"),
        ("exit code: 1 is what it printed first", "exit code: 1 is what it printed first"),
    ],
)
def test_it_is_said_in_few_words(message: str, said: str) -> None:
    assert how_it_ended(message) == said
