"""Inline sources stay inside their directory."""

import os
import stat
from pathlib import Path

import pytest

from runtime.contract.source import InlineSource
from runtime.sources.context import SourceError, open_context
from runtime.sources.inline import MAX_FILE_BYTES, MAX_FILES, write_inline


def inline(directory: Path, files: dict[str, str], dockerfile: str = "FROM a\n") -> dict[str, str]:
    context = write_inline(InlineSource(dockerfile=dockerfile, files=files), directory=directory)
    assert context.dockerfile == "Dockerfile"
    found = (path for path in context.directory.rglob("*") if path.is_file())
    return {str(path.relative_to(context.directory)): path.read_text() for path in found}


def test_files_are_written_as_given(tmp_path: Path) -> None:
    files = {"app/main.py": "print(1)\n", "run.sh": "#!/bin/sh\n", ".dockerignore": "x\n", "café/ü": "é"}
    assert inline(tmp_path, files) == {"Dockerfile": "FROM a\n", **files}
    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "app/main.py").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "files",
    [
        {"../x": ""},
        {"a/../../x": ""},
        {"/etc/x": ""},
        {"": ""},
        {"a//b": ""},
        {"./a": ""},
        {"a/": ""},
        {"a\x00b": ""},
        {"a\nb": ""},
        {"a\\b": ""},
        {"evil\u202etxt": ""},
        {"x" * 300: ""},
        {"/".join("a" * 60): ""},
        {"Dockerfile": ""},
        {"Dockerfile/x": ""},
        {"a": "", "a/b": ""},
        {"big": "x" * (MAX_FILE_BYTES + 1)},
        {f"f{number}": "x" * MAX_FILE_BYTES for number in range(9)},
        {f"f{number}": "" for number in range(MAX_FILES + 1)},
    ],
)
def test_what_could_lead_elsewhere_is_refused_and_nothing_is_written(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        inline(tmp_path, files)
    assert caught.value.problem.whose == "user"
    assert list(tmp_path.iterdir()) == []


def test_a_dockerfile_that_asks_for_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="network"):
        inline(tmp_path, {}, dockerfile="FROM a\nRUN --network=host x\n")


@pytest.mark.parametrize("name", ["../Dockerfile", "/etc/passwd", "link", "dangling", "pipe", "folder", "missing"])
def test_a_dockerfile_outside_or_no_file_is_refused(name: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "folder").mkdir(parents=True)
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    (tree / "link").symlink_to(tmp_path / "Dockerfile")
    (tree / "dangling").symlink_to("/nonexistent/x")
    os.mkfifo(tree / "pipe")
    with pytest.raises(SourceError):
        open_context(tree, dockerfile=name)


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("FROM a\n")
    (tmp_path / "Dockerfile").symlink_to("real")
    assert open_context(tmp_path, dockerfile="Dockerfile").dockerfile == "real"


def test_a_directory_that_leads_outside_is_refused(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    (tree / "out").symlink_to(tmp_path)
    with pytest.raises(SourceError):
        open_context(tree / "out", dockerfile="Dockerfile", root=tree)


def test_an_ignore_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    (tmp_path / ".dockerignore").symlink_to("/etc/shadow")
    with pytest.raises(SourceError):
        open_context(tmp_path, dockerfile="Dockerfile")
