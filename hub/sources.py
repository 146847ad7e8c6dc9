"""Where a weights file may be: in an installed package, on the Hub or in a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


class WeightsUnavailable(RuntimeError):
    """No source could give the weights; the message says what was tried and why it failed."""

    def __init__(self, reason: str, *tried: Source) -> None:
        super().__init__(f"{' and '.join(map(str, tried))}: {reason}" if tried else reason)
        self.reason = reason
        self.tried = tried


@dataclass(frozen=True)
class PackageFile:
    """A weights file in an installed Python package.

    package: import name; it is located, never imported.
    path: the file inside it, "/"-separated.
    sha256: 64 hex digits.
    """

    package: str
    path: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.package}/{self.path}"


@dataclass(frozen=True)
class HubFile:
    """A file in a model repository on the Hugging Face Hub.

    repo: owner/name.
    file: its path in the repository.
    revision: a branch, tag or commit.
    sha256: 64 hex digits, or None where none is known.
    size: bytes, or None; a download of another size is refused.
    """

    repo: str
    file: str
    revision: str = "main"
    sha256: str | None = None
    size: int | None = None

    def __str__(self) -> str:
        revision = "" if self.revision == "main" else f"@{self.revision[:12]}"
        return f"{self.repo}:{self.file}{revision}"

    @property
    def pinned(self) -> bool:
        """Whether the bytes are fixed, so that a cached copy needs no question to the Hub."""
        return self.sha256 is not None or re.fullmatch(r"[0-9a-f]{40}", self.revision) is not None


@dataclass(frozen=True)
class LocalFile:
    """A file in a folder of this machine, such as a run of `python -m sr.train`."""

    path: str

    def __str__(self) -> str:
        return self.path


Source = PackageFile | HubFile | LocalFile


def parse(text: str, default_file: str) -> HubFile | LocalFile:
    """A source written as `repo[:file][@revision]`, or a folder that is there.

    Raises `WeightsUnavailable`.
    """
    if text and _is_folder(text):
        return LocalFile(str(Path(text) / default_file))
    name = r"\w[\w.-]*/\w[\w.-]*"  # unlike ../name, which is a folder that isn't there
    match = re.fullmatch(rf"(?:hf-hub:)?({name})(?::([^@\s]+))?(?:@([\w./-]+))?", text)
    if match is None:
        raise WeightsUnavailable(
            f"“{text}” is not a place on the Hub, nor a folder here: write owner/name, "
            "owner/name:file or owner/name:file@revision."
        )
    repo, file, revision = match.groups()
    return HubFile(repo, file or default_file, revision or "main")


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except (OSError, ValueError):  # too long for a path, or not ours to look into
        return False


def beside(source: HubFile | LocalFile, file: str) -> HubFile | LocalFile:
    """Another file of the same repository and revision, or folder."""
    if isinstance(source, LocalFile):
        return LocalFile(str(Path(source.path).with_name(file)))
    return HubFile(source.repo, file, source.revision)
