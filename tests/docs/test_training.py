"""The path in docs/training.md from a folder of photos to a published model, command by command.

As it stands there but for the numbers of steps, which are one, and the owner's name; the Hub is a
double on loopback. The first command, pip's, is what made the environment these tests run in.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from gradio_client import Client, handle_file

from tests.conftest import EXAMPLES, ROOT, running_app
from tests.docs.pages import TRAINING
from tests.hub.double import HubDouble, serve

BLOCK = re.search(r"<!-- the newcomer's path -->\n```sh\n(.*?)```", TRAINING, re.DOTALL)[1]
SMALLER = {"--steps 2000 --every 200": "--steps 1 --every 1 --batch 1", "OWNER": "me"}


def test_from_photos_to_a_published_model(tmp_path, macaw):
    install, train, evaluate, publish, serve_it = _commands()
    assert install.startswith("pip install -r requirements.txt")
    _lay_out(tmp_path)
    with serve(HubDouble(writers={"hf_me": "me"})) as double:
        settings = {**double.settings(tmp_path / "home"), "HF_TOKEN": "hf_me"}
        assert "done" in _run(train, tmp_path, settings)
        table = _run(evaluate, tmp_path, settings)
        assert all(f"| {name}" in table for name in ("bicubic", "srgan-div2k", "own"))
        assert "me/mine" in _run(publish, tmp_path, settings)
        place, program = re.fullmatch(r"SR_WEIGHTS=(\S+) python (\S+)", serve_it).groups()
        assert program == "app.py"
        with running_app(tmp_path, SR_WEIGHTS=place, **settings) as app:
            answer = Client(app.url, verbose=False).predict(
                handle_file(macaw), identify=False, api_name="/upscale"
            )
    assert "own, weights me/mine:model.safetensors" in answer[3]


def _commands() -> list[str]:
    text = BLOCK
    for there, here in SMALLER.items():
        assert there in text
        text = text.replace(there, here)
    return text.splitlines()


def _lay_out(folder) -> None:
    """The two folders that the commands name, beside the project's code."""
    for name, photos in (("photos", "owl kingfisher scarlet_macaw"), ("held-out", "owl")):
        (folder / name).mkdir()
        for photo in photos.split():
            shutil.copy(EXAMPLES / f"{photo}.png", folder / name)


def _run(command: str, folder, settings: dict[str, str]) -> str:
    """What a line of shell prints, run in `folder`."""
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT), "PATH": here}
    done = subprocess.run(
        ["bash", "-euc", command], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
