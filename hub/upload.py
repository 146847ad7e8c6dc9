"""Publishing: files of this machine become one commit on the Hub."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hub.connection import answers, retried

PROBE_SECONDS = 20.0  # longer than a download's: an upload has no fallback


class NotPublished(RuntimeError):
    """A version was not published; the message says why and what to do."""


class Commit(NamedTuple):
    """A version of a repository: its hash, 40 hex digits, and its page on the Hub."""

    hash: str
    url: str


def publish(
    files: Mapping[str, Path | None], repo: str, message: str, *, private: bool = False
) -> Commit:
    """One commit that makes `repo`'s `files`, name there -> file here, be those given.

    A file that is None is taken away. The repository is made where there is none.
    `private`: a new repository is hidden, and one that can be seen by all is not written to.
    A commit is one step, and none is made where nothing would change, so after any failure the
    same call may be made again. Raises `NotPublished`.
    """
    from huggingface_hub import HfApi, get_token

    check_name(repo)
    api = HfApi()
    try:
        _check_ready(get_token())
        retried(partial(api.create_repo, repo, private=private or None, exist_ok=True))
        if private and not retried(partial(api.model_info, repo)).private:
            raise NotPublished(
                f"{repo} is there already and can be seen by all: make it private in its settings "
                "on the Hub, or choose another name."
            )
        # Not `upload_folder`: that may make several commits.
        made = retried(
            lambda: api.create_commit(repo, _changes(files, repo), commit_message=message)
        )
    except NotPublished:
        raise
    except Exception as error:
        raise NotPublished(f"{repo}: {_why_not_published(error)}") from None
    return Commit(made.oid, made.commit_url)


def check_name(repo: str) -> None:
    """That `repo` can name a repository on the Hub. Raises `NotPublished`."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo)
        if "/" not in repo:
            raise HFValidationError
    except HFValidationError:
        raise NotPublished(
            f"“{repo}” can't be a repository's name: write owner/name, where owner is you or your "
            "organisation on the Hub, with letters, digits and single “-”, “_” or “.” between them."
        ) from None


def _check_ready(token: str | None) -> None:
    """That somebody is logged in and the Hub answers. Raises `NotPublished`."""
    if token is None:
        raise NotPublished(
            "You are not logged in to the Hugging Face Hub: run hf auth login, or set HF_TOKEN to "
            "a token that may write (https://huggingface.co/settings/tokens)."
        )
    if not answers(PROBE_SECONDS):
        raise NotPublished(
            "The Hugging Face Hub can't be reached: check the connection, and that HF_HUB_OFFLINE "
            "is not set, and run the same command again."
        )


def _changes(files: Mapping[str, Path | None], repo: str) -> list:
    """The commit's operations, made anew for each try: the client keeps its progress in them."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, file_exists

    added = [CommitOperationAdd(name, path) for name, path in files.items() if path]
    gone = [name for name, path in files.items() if not path and file_exists(repo, name)]
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
    if status and status < 500:
        said = getattr(error, "server_message", None) or "it doesn't say why"
        return f"the Hub refused it with error {status}: {said}."
    if status:
        return f"the Hub answered with error {status}. {again}"
    if isinstance(error, ValueError) and "in README.md" in str(error):
        reasons = " ".join(str(error).splitlines()[1:]).strip("- .")
        return f"the Hub does not accept the model card: {reasons}."
    cause = error.__cause__ if type(error) is RuntimeError and error.__cause__ else error
    return f"the upload broke off ({type(cause).__name__}). {again}"
