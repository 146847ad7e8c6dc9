"""What the Hub's double does with what is sent.

As create_repo and create_commit speak without Xet: the repository is made; the model card's head
is judged; "preupload" says which files are large and what the others' git hashes are; the large
ones' hashes are announced (LFS batch, "basic" transfer), their bytes are put to the other origin
and confirmed; and one POST of lines of JSON is the commit.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from tests.hub.double import HubDouble


class Uploads:
    """The half of a request handler that answers POST and PUT.

    hub: the double whose handler it is.
    origin: "hub", or "cdn" for that of large files.
    """

    hub: HubDouble
    origin: str

    def do_POST(self) -> None:
        self.hub.requests["POST", self.path] += 1
        if token := self.headers.get("Authorization"):
            self.hub.tokens.add((token, self.origin))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for pattern, answer in (
            (r"/api/repos/create", self._create),
            (r"/api/validate-yaml", self._judge_card),
            (r"/api/models/([^/]+/[^/]+)/preupload/main", self._preupload),
            (r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", self._announce),
            (r"/([^/]+/[^/]+)\.git/info/lfs/objects/verify", self._confirm),
            (r"/api/models/([^/]+/[^/]+)/commit/main", self._commit),
        ):
            if match := re.fullmatch(pattern, self.path):
                return answer(*match.groups(), body)
        return self._empty(404)

    def _create(self, body: bytes) -> None:
        wanted = json.loads(body)
        repo = f"{wanted['organization']}/{wanted['name']}"
        if not self._may_write(repo):
            return None
        facts = {"url": f"{self.hub.url}/{repo}", "name": repo}
        if self.hub.exists(repo):
            return self._json(409, {"error": "You already created this model repo", **facts})
        self.hub.heads[repo] = hashlib.sha1(repo.encode()).hexdigest()
        if wanted.get("visibility") == "private":
            self.hub.private.add(repo)
        return self._json(200, facts)

    def _judge_card(self, body: bytes) -> None:
        """The Hub knows which licences and library names there are; here a few."""
        wrong = []
        try:
            card = yaml.safe_load(json.loads(body)["content"].split("---\n")[1])
        except (yaml.YAMLError, IndexError) as error:
            card, wrong = {}, [f"not YAML: {error}"]
        if card.get("license", "other") not in ("apache-2.0", "cc-by-4.0", "mit", "other"):
            wrong.append('"license" must be one of apache-2.0, mit, ...')
        if not all(isinstance(card.get(key, ""), str) for key in ("library_name", "base_model")):
            wrong.append("must be a string")
        reasons = [{"message": reason} for reason in wrong]
        return self._json(400 if wrong else 200, {"errors": reasons, "warnings": []})

    def _preupload(self, repo: str, body: bytes) -> None:
        if not self._may_write(repo):
            return None
        there = self.hub.version(repo, "main")
        answers = []
        for file in json.loads(body)["files"]:
            name, sample = file["path"], base64.b64decode(file["sample"])
            large = name.endswith(".safetensors") or b"\0" in sample
            answer = {"path": name, "uploadMode": "lfs" if large else "regular"}
            if name in there:
                answer["oid"] = _hash(there[name], large)
            answers.append({**answer, "shouldIgnore": False})
        return self._json(200, {"files": answers})

    def _announce(self, repo: str, body: bytes) -> None:
        if not self._may_write(repo):
            return None
        wanted = json.loads(body)
        assert wanted["operation"] == "upload" and "basic" in wanted["transfers"]
        for item in wanted["objects"]:
            if item["oid"] in self.hub.stored:
                continue
            upload = {"href": f"{self.hub.cdn}/upload/{repo}/{item['oid']}"}
            verify = {"href": f"{self.hub.url}/{repo}.git/info/lfs/objects/verify"}
            item["actions"] = {"upload": upload, "verify": verify}
        return self._json(200, {"transfer": "basic", "objects": wanted["objects"]})

    def do_PUT(self) -> None:
        self.hub.requests["PUT", self.origin] += 1
        if token := self.headers.get("Authorization"):
            self.hub.tokens.add((token, self.origin))
        repo, oid = re.fullmatch(r"/upload/([^/]+/[^/]+)/(\w+)", self.path).groups()
        length, fault = int(self.headers["Content-Length"]), self.hub.fault(repo)
        if fault.dropped_uploads:
            fault.dropped_uploads -= 1
            self.rfile.read(length // 2)
            return self._hang_up()
        content = self.rfile.read(length)
        if hashlib.sha256(content).hexdigest() != oid:
            return self._empty(400)
        self.hub.stored[oid] = content
        return self._empty(200)

    def _confirm(self, repo: str, body: bytes) -> None:
        item = json.loads(body)
        there = len(self.hub.stored.get(item["oid"], b"")) == item["size"]
        return self._json(200 if there else 404, {})

    def _commit(self, repo: str, body: bytes) -> None:
        fault = self.hub.fault(repo)
        if fault.commit_errors:
            fault.commit_errors -= 1
            return self._empty(503)
        if not self._may_write(repo):
            return None
        message, new = "", {}
        for line in map(json.loads, body.splitlines()):
            kind, value = line["key"], line["value"]
            if kind == "header":
                message = value["summary"]
            elif kind == "file":
                new[value["path"]] = base64.b64decode(value["content"])
            elif kind == "lfsFile" and len(self.hub.stored[value["oid"]]) == value["size"]:
                new[value["path"]] = self.hub.stored[value["oid"]]
            elif kind == "deletedFile" and (repo, value["path"]) in self.hub.files:
                new[value["path"]] = None
            else:
                return self._json(400, {"error": f"cannot do {kind}"})
        commit = self.hub.commit(repo, message, new)
        if fault.lost_answers:
            fault.lost_answers -= 1
            return self._hang_up()
        url = f"{self.hub.url}/{repo}/commit/{commit}"
        return self._json(200, {"success": True, "commitOid": commit, "commitUrl": url})

    def owns(self, repo: str) -> bool:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        return self.hub.writers.get(token) == repo.split("/")[0]

    def _may_write(self, repo: str) -> bool:
        """Whether the token may; if not, the answer has been sent."""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.hub.writers:
            reason = "Invalid credentials in Authorization header"
            self._json(401, {"error": reason}, {"X-Error-Message": reason})
        elif not self.owns(repo):
            self._json(403, {"error": f"You don't have the rights to write to {repo}"})
        elif self.path.startswith("/api/models/") and not self.hub.exists(repo):
            self._json(404, {}, {"X-Error-Code": "RepoNotFound"})
        else:
            return True
        return False

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _hash(content: bytes, large: bool) -> str:
    """What the Hub knows a file by: SHA-256 of a large one, git's blob hash of another."""
    if large:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
