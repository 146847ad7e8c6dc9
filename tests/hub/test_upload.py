"""hub.publish and the real client against the double's uploads; `me` is logged in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hub
from tests.conftest import ROOT
from tests.hub.conftest import BIG, OTHER, SMALL, content
from tests.hub.double import Fault

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


# A model card, weights that come from the other origin, and a picture in a folder.
CONTENTS = {
    "README.md": b"---\nlicense: mit\n---\nFirst",
    "model.safetensors": BIG,
    "samples/a.png": b"\x89PNG\0" + SMALL,
}


@pytest.fixture
def files(tmp_path) -> dict[str, str]:
    files = {name: tmp_path / "here" / name for name in CONTENTS}
    for name, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS[name])
    return {name: str(path) for name, path in files.items()}


@pytest.fixture
def publish(double, tmp_path, files):
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


def test_one_commit_that_can_be_fetched(double, publish, run, files):
    result = publish()
    assert result["url"] == f"{double.url}/me/birds/commit/{result['commit']}"
    assert double.messages == {"me/birds": ["A version"]}
    assert double.tokens == {("Bearer hf_me", "hub")}  # not the other origin
    sources = [["me/birds", name, result["commit"]] for name in files]
    for source, found in zip(sources, run(*sources), strict=True):
        assert content(found) == Path(files[source[1]]).read_bytes()


def test_versions(double, publish, run, files):
    first = publish()["commit"]
    Path(files["model.safetensors"]).write_bytes(OTHER)
    second = publish()["commit"]
    assert double.requests["PUT", "cdn"] == 3  # the picture did not change
    at = [["me/birds", "model.safetensors", at] for at in (first, second, "main")]
    assert [content(found) for found in run(*at)] == [BIG, OTHER, OTHER]


def test_nothing_new_is_no_version(double, publish):
    first = publish()
    assert publish() == first
    assert double.messages == {"me/birds": ["A version"]}


def test_a_file_is_taken_away_and_others_are_left(double, publish, files):
    double.add("me/birds", ".gitattributes", b"the Hub's own")
    publish()
    publish(files={**files, "samples/a.png": None, "never/there.txt": None})
    left = [".gitattributes", "README.md", "model.safetensors"]
    assert sorted(double.version("me/birds", "main")) == left


def test_passing_faults_are_waited_out(double, publish):
    double.faults["me/birds"] = Fault(commit_errors=1, dropped_uploads=1)
    commit = publish()["commit"]
    assert double.head("me/birds") == commit
    assert double.messages == {"me/birds": ["A version"]}


def test_a_lost_answer_and_the_same_call_again(double, publish):
    double.faults["me/birds"] = Fault(lost_answers=1)
    assert "the upload broke off" in publish()["sentence"]
    assert publish()["commit"] == double.head("me/birds")
    assert double.messages == {"me/birds": ["A version"]}


def test_a_private_repository(double, publish, run):
    publish(private=True)
    hidden = ["me/birds", "README.md"]
    assert "or it is private" in run(hidden)[0]["sentence"]
    assert content(run(hidden, HF_TOKEN="hf_me")[0])
    assert "commit" in publish(private=True)


def test_private_is_not_written_to_where_all_can_see(double, publish, files):
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
def test_a_failure_is_a_sentence_and_leaves_what_was_there(double, publish, files, how, sentence):
    double.writers["hf_you"] = "you"
    double.commit("me/birds", "A version", CONTENTS)
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
    assert double.version("me/birds", "main") == CONTENTS


def test_no_answer_is_a_sentence(publish, silent):
    soon = "from hub import upload; upload.PROBE_SECONDS = 1\n"
    assert "can't be reached" in publish(before=soon, HF_ENDPOINT=silent)["sentence"]


@pytest.mark.parametrize("name", ["me/birds", "An-Org/b.c_d-2"])
def test_a_repository_s_name(name):
    hub.check_name(name)


@pytest.mark.parametrize("name", ["birds", "/birds", "me/", "a/b/c", "me/b--c", "me/b@v1", "a b/c"])
def test_another_text_is_no_repository_s_name(name):
    with pytest.raises(hub.NotPublished, match="can't be a repository's name: write owner/name"):
        hub.check_name(name)
