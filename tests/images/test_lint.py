"""The mistakes people make in a Dockerfile are told while they type, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.images.lint import check, read

GOOD = """\
# what the builder reads
ARG VERSION=3.11
FROM python:${VERSION}-slim AS build
WORKDIR /app
COPY requirements.txt .
RUN apt-get update \\
    # what the wheels need
    && apt-get install -y --no-install-recommends gcc \\
    && rm -rf /var/lib/apt/lists/*
RUN pip install -r requirements.txt
COPY . .

FROM python:3.11-slim
COPY --from=build /app /app
COPY <<EOF /etc/motd
FROM here on this is text
EOF
USER nobody
EXPOSE 8080 9000-9005/tcp
HEALTHCHECK CMD ["true"]
CMD ["python", "-m", "app"]
"""


def test_a_good_dockerfile_gets_no_word() -> None:
    assert check(GOOD) == []


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", 1),
        ("RUN true\nFROM a:1", "from-first", 1),
        ("ARG A=1", "from-first", 1),
        ("FROM a:1\nRUM true", "unknown", 2),
        ("FROM a:1\nRUN", "bare", 2),
        ("FROM debian", "moving-base", 1),
        ("FROM host:5000/team/app", "moving-base", 1),
        ("FROM --platform=linux/amd64 debian:latest AS x", "moving-base", 1),
        ("FROM a:1\nADD x.txt /", "add-copies", 2),
        ("FROM a:1\nADD https://example.org/x.tar /", "add-unchecked", 2),
        ("FROM a:1\nRUN apt-get update && apt-get install gcc && rm -rf /var/lib/apt/lists/*", "apt-asks", 2),
        ("FROM a:1\nRUN apt-get install -y gcc && rm -rf /var/lib/apt/lists/*", "apt-old-list", 2),
        ("FROM a:1\nRUN apt-get update && apt-get install -y gcc", "apt-lists", 2),
        ("FROM a:1\nRUN cd /app", "lost-cd", 2),
        ("FROM a:1\nRUN a && sudo b", "sudo", 2),
        ("FROM a:1\nRUN curl -sf https://example.org/x | sh", "pipe-to-shell", 2),
        ("FROM a:1\nENV A=1 DB_PASSWORD=x", "secret-in-image", 2),
        ("FROM a:1\nARG API_KEY", "secret-in-image", 2),
        ("FROM a:1\nCOPY . /app\nRUN npm ci", "cache-order", 2),
        ("FROM a:1\nUSER x\nCMD serve --port 80", "shell-form", 3),
        ("FROM a:1\nUSER x\nCMD ['serve']", "not-a-list", 3),
        ('FROM a:1\nUSER x\nCMD ["a"]\nCMD ["b"]', "overruled", 3),
        ("FROM a:1\nWORKDIR app", "relative-workdir", 2),
        ("FROM a:1\nCOPY a.txt", "copy-where", 2),
        ("FROM a:1\nCOPY a.txt b.txt /x", "copy-many", 2),
        ("FROM a:1\nCOPY --from=0 /a /b", "no-such-stage", 2),
        ("FROM a:1\nEXPOSE 80 70000", "no-port", 2),
        ("FROM a:1\nMAINTAINER me", "maintainer", 2),
        ('FROM a:1\nCMD ["a"]', "root", 2),
    ],
)
def test_each_mistake_is_found_where_it_stands(text: str, code: str, line: int) -> None:
    found = check(text)
    assert [(one.code, one.line) for one in found] == [(code, line)], found
    assert found[0].text.endswith(".") and found[0].level in ("error", "warning", "hint")


@pytest.mark.parametrize(
    "text",
    [
        "FROM scratch",
        "FROM a:1 AS build\nFROM build",
        "ARG BASE\nFROM $BASE",
        "FROM a@sha256:" + "0" * 64,
        "FROM host:5000/team/app:2",
        "FROM a:1\nADD app.tar.gz /",
        "FROM a:1\nADD --checksum=sha256:00 https://example.org/x /",
        'FROM a:1\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN curl -sf https://example.org/x | sh',
        "FROM a:1\nRUN --mount=type=secret,id=token cat /run/secrets/token",
        "FROM a:1\nENV TOKENIZER=fast MONKEY=1",
        "FROM a:1\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .",
        'FROM a:1\nUSER x\nCMD ["a"]\nFROM b:1\nUSER x\nCMD ["b"]',
        "FROM a:1\nCOPY a.txt b.txt ./",
        "# escape=`\nFROM a:1\nRUN a `\n  && b",
        "FROM a:1\nRUN <<END\ncd /app\nsudo nothing\nEND",
        "FROM a:1\nRUN apt-get update && apt-get install -qqy gcc && rm -rf /var/lib/apt/lists/*",
    ],
)
def test_what_only_looks_like_a_mistake_is_left_alone(text: str) -> None:
    assert check(text) == []


def test_a_file_that_is_not_there_is_told_where_the_files_are_known() -> None:
    text = "FROM a:1\nCOPY index.html conf/ *.css /www/\nCOPY . /all/\nCOPY missing.js gone/ /www/"
    files = ["index.html", "conf/site.conf", "main.css"]
    assert [(one.code, one.line) for one in check(text, files=files)] == [("missing-file", 4)] * 2
    assert check(text) == []


def test_continued_lines_know_where_they_begin_and_end() -> None:
    run = next(one for one in read(GOOD) if "apt-get" in one.rest)
    assert (run.line, run.last) == (6, 9) and "what the wheels" not in run.rest


@given(st.text(alphabet=st.sampled_from('FROMRUNCOPYADD <<EOF\n\\#[]"=-:/. a1'), max_size=300))
def test_whatever_is_typed_is_answered(text: str) -> None:
    lines = text.count("\n") + 1
    assert all(1 <= one.line <= one.last <= lines for one in check(text, files=[]))
