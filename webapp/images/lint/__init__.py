"""Mistakes that people make in Dockerfiles, told while they type. Pure: text in, findings out."""

from webapp.images.lint.checking import Finding, check
from webapp.images.lint.reading import Instruction, read

__all__ = ["Finding", "Instruction", "check", "read"]
