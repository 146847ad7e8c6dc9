"""A Hugging Face Hub on loopback, for the real clients: what its protocol does, and its faults.

Read from huggingface_hub's source: a file is at `/{repo}/resolve/{revision}/{file}`. A small one
is answered there; a large one is a 302 to another origin, with its hash and size in the headers.
What is sent to it is in `tests.hub.uploads`.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.hub.uploads import Uploads

COMMIT = "c" * 40
LARGE = 100_000
CHUNK = 16_384


@dataclass
class Fault:
    """How a file's repository misbehaves."""

    gated: bool = False
    errors: int = 0  # that many answers are 503 first; -1 for ever
    drop_at: float | None = None  # share of the body after which the connection is dropped, once
    truncate: bool = False  # the body ends early, whole as far as the headers tell
    seconds_a_chunk: float = 0
    wrong_first: bytes | None = None  # other bytes of the same length, for the first download
    always_wrong: bool = False
    commit_errors: int = 0  # that many commits are refused with 503 first; -1 for ever
    lost_answers: int = 0  # that many commits are made, and the connection dropped unanswered
    dropped_uploads: int = 0  # that many uploads are dropped halfway; -1 for ever


@dataclass
class HubDouble:
    """The repositories of a Hub, and what was asked of it.

    files: (repo, file) -> bytes, as `main` has them.
    faults: repo -> how it misbehaves.
    renamed: old repo -> new repo.
    requests: (method, origin or path) -> how many there were.
    tokens: (Authorization header, origin) of all requests that had one.
    heads: repo -> the commit `main` is at, `COMMIT` where it was never written to.
    versions: (repo, earlier commit) -> its files.
    messages: repo -> those of its commits.
    writers: token -> the owner whose repositories it may write.
    private: the repositories that only their owner sees.
    stored: hash -> uploaded bytes, committed or not.
    """

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    requests: Counter = field(default_factory=Counter)
    tokens: set = field(default_factory=set)
    heads: dict[str, str] = field(default_factory=dict)
    versions: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    messages: dict[str, list[str]] = field(default_factory=dict)
    writers: dict[str, str] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    stored: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    cdn: str = ""

    def add(self, repo: str, file: str, content: bytes, fault: Fault | None = None) -> str:
        """Publish a file; gives its SHA-256."""
        self.files[repo, file] = content
        if fault:
            self.faults[repo] = fault
        return hashlib.sha256(content).hexdigest()

    def settings(self, home) -> dict[str, str]:
        """The variables of a process that sees this Hub, with its cache in the folder `home`."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_OFFLINE": "0",
        }

    def fault(self, repo: str) -> Fault:
        return self.faults.setdefault(repo, Fault())

    def exists(self, repo: str) -> bool:
        return repo in self.heads or any(known == repo for known, _ in self.files)

    def head(self, repo: str) -> str:
        return self.heads.get(repo, COMMIT)

    def version(self, repo: str, revision: str) -> dict[str, bytes] | None:
        """The files of a branch or commit."""
        if revision in ("main", self.head(repo)):
            return {file: content for (known, file), content in self.files.items() if known == repo}
        return self.versions.get((repo, revision))

    def commit(self, repo: str, message: str, new: dict[str, bytes | None]) -> str:
        """Make a version that differs in `new`, where None takes a file away; gives its hash."""
        self.versions[repo, self.head(repo)] = self.version(repo, "main")
        for file, content in new.items():
            self.files.pop((repo, file), None)
            if content is not None:
                self.files[repo, file] = content
        messages = self.messages.setdefault(repo, [])
        messages.append(message)
        self.heads[repo] = hashlib.sha1(f"{self.head(repo)} {len(messages)}".encode()).hexdigest()
        return self.heads[repo]


@contextmanager
def serve(double: HubDouble):
    """Run the double's two origins until the block ends."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(double, cdn)) for cdn in (0, 1)]
    double.url, double.cdn = (f"http://127.0.0.1:{s.server_address[1]}" for s in servers)
    for server in servers:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield double
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def _handler(double: HubDouble, cdn: int) -> type[BaseHTTPRequestHandler]:
    class Handler(Uploads, BaseHTTPRequestHandler):
        hub, origin = double, "cdn" if cdn else "hub"
        protocol_version = "HTTP/1.1"

        def log_message(self, *_) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            double.requests[self.command, "cdn" if cdn else "hub"] += 1
            if token := self.headers.get("Authorization"):
                double.tokens.add((token, "cdn" if cdn else "hub"))
            if self.path.startswith("/api/models/"):
                return self._info(self.path.split("/revision/")[0].removeprefix("/api/models/"))
            parts = self.path.lstrip("/").split("/", 4)
            if len(parts) < 5 or parts[2] != "resolve":
                return self._empty(200)
            repo, revision, file = "/".join(parts[:2]), parts[3], parts[4]
            if repo in double.renamed:
                new = f"/{double.renamed[repo]}/resolve/{revision}/{file}"
                return self._empty(307, {"Location": new})
            return self._file(repo, revision, file, body)

        def _file(self, repo: str, revision: str, file: str, body: bool) -> None:
            fault = double.fault(repo)
            if not cdn and fault.errors:
                fault.errors -= 1
                return self._empty(503)
            hidden = repo in double.private and not self.owns(repo)
            if not double.exists(repo) or (hidden and not cdn):
                return self._empty(404, {"X-Error-Code": "RepoNotFound"})
            if fault.gated and not cdn and not self.headers.get("Authorization"):
                return self._empty(403, {"X-Error-Code": "GatedRepo"})
            files = double.version(repo, revision)
            if files is None:
                return self._empty(404, {"X-Error-Code": "RevisionNotFound"})
            commit = double.head(repo) if revision == "main" else revision
            if file not in files:
                return self._empty(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            return self._found(repo, commit, file, files[file], fault, body)

        def _found(self, repo, commit, file, content, fault: Fault, body: bool) -> None:
            digest = hashlib.sha256(content).hexdigest()
            headers = {"X-Repo-Commit": commit, "ETag": f'"{digest}"'}
            if not cdn and len(content) > LARGE:
                headers |= {
                    "X-Linked-Etag": f'"{digest}"',
                    "X-Linked-Size": str(len(content)),
                    "Location": f"{double.cdn}/{repo}/resolve/{commit}/{file}",
                }
                return self._empty(302, headers)
            if not body:
                return self._empty(200, headers, len(content))
            return self._body(content, fault, headers)

        def _body(self, content: bytes, fault: Fault, headers: dict) -> None:
            if fault.wrong_first is not None:
                content = fault.wrong_first
                fault.wrong_first = content if fault.always_wrong else None
            start = int((self.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            stop = len(content)
            if fault.truncate:
                stop = len(content) // 2
            if fault.drop_at is not None:
                stop, fault.drop_at = int(len(content) * fault.drop_at), None
            length = stop if fault.truncate else len(content)
            self._headers(206 if start else 200, headers, length - start)
            for at in range(start, stop, CHUNK):
                self.wfile.write(content[at : min(at + CHUNK, stop)])
                time.sleep(fault.seconds_a_chunk)
            self.close_connection = stop < len(content)

        def _info(self, repo: str) -> None:
            if not double.exists(repo) or (repo in double.private and not self.owns(repo)):
                return self._json(404, {}, {"X-Error-Code": "RepoNotFound"})
            facts = {"id": repo, "sha": double.head(repo), "private": repo in double.private}
            return self._json(200, facts)

        def _json(self, status: int, answer: dict, headers: dict | None = None) -> None:
            body, kind = json.dumps(answer).encode(), {"Content-Type": "application/json"}
            self._headers(status, {**kind, **(headers or {})}, len(body))
            self.wfile.write(body)

        def _empty(self, status: int, headers: dict | None = None, length: int = 0) -> None:
            self._headers(status, headers or {}, length)

        def _headers(self, status: int, headers: dict, length: int) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": length}.items():
                self.send_header(name, str(value))
            self.end_headers()

    return Handler
