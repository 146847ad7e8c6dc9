"""A Hugging Face Hub on loopback, for the real clients: what its protocol does, and its faults.

Read from huggingface_hub's source: a file is at `/{repo}/resolve/{revision}/{file}`. A small one
is answered there; a large one is a 302 to another origin, with its hash and size in the headers.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


@dataclass
class HubDouble:
    """files: (repo, file) -> bytes.  renamed: old repo -> new repo."""

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    requests: Counter = field(default_factory=Counter)
    tokens: set = field(default_factory=set)
    url: str = ""
    cdn: str = ""

    def add(self, repo: str, file: str, content: bytes, fault: Fault | None = None) -> str:
        """Publish a file; gives its SHA-256."""
        self.files[repo, file] = content
        if fault:
            self.faults[repo] = fault
        return hashlib.sha256(content).hexdigest()

    def fault(self, repo: str) -> Fault:
        return self.faults.setdefault(repo, Fault())


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
    class Handler(BaseHTTPRequestHandler):
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
            if all(known != repo for known, _ in double.files):
                return self._empty(404, {"X-Error-Code": "RepoNotFound"})
            if fault.gated and not cdn and not self.headers.get("Authorization"):
                return self._empty(403, {"X-Error-Code": "GatedRepo"})
            if revision not in ("main", COMMIT):
                return self._empty(404, {"X-Error-Code": "RevisionNotFound"})
            if (repo, file) not in double.files:
                facts = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
                return self._empty(404, facts)
            return self._found(repo, revision, file, fault, body)

        def _found(self, repo, revision, file, fault: Fault, body: bool) -> None:
            content = double.files[repo, file]
            digest = hashlib.sha256(content).hexdigest()
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{digest}"'}
            if not cdn and len(content) > LARGE:
                headers |= {
                    "X-Linked-Etag": f'"{digest}"',
                    "X-Linked-Size": str(len(content)),
                    "Location": f"{double.cdn}/{repo}/resolve/{revision}/{file}",
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

        def _empty(self, status: int, headers: dict | None = None, length: int = 0) -> None:
            self._headers(status, headers or {}, length)

        def _headers(self, status: int, headers: dict, length: int) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": length}.items():
                self.send_header(name, str(value))
            self.end_headers()

    return Handler
