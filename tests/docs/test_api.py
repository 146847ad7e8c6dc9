"""The calls in the README and docs/api.md run as they stand: Python, JavaScript, curl and MCP."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

import sr
from tests.conftest import EXAMPLES, ROOT, do_without
from tests.docs.pages import API, README, block, blocks, printed, without_seconds
from ui.components.snippets import snippets

URL = "http://127.0.0.1:7860"  # where the pages say that the app is


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader would stand: the examples are there, and files may be written."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_enlarged(file: Path | io.BytesIO, example: str) -> None:
    options = {"device": "cpu", "keep_colours": True}
    expected = sr.upscale(sr.open(EXAMPLES / example), sr.load("srgan-div2k"), **options)
    np.testing.assert_array_equal(np.asarray(Image.open(file).convert("RGB")), expected.pixels)


@pytest.mark.parametrize("page", [README, API], ids=["readme", "api"])
def test_python(app_url, monkeypatch, page):
    monkeypatch.chdir(ROOT)
    scope: dict = {}
    assert len(printed(page, "python")) == len(blocks(page, "python")) > 0
    for code, expected in printed(page, "python"):
        said = io.StringIO()
        with redirect_stdout(said):
            exec(code.replace(URL, app_url), scope)
        assert without_seconds(said.getvalue()) == without_seconds(expected)


def test_javascript(app_url, node_modules, folder):
    script = node_modules.parent / "page.mjs"  # imports are looked up from where a script is
    ((code, expected),) = printed(API, "js")
    script.write_text(code.replace(URL, app_url))
    assert without_seconds(run(["node", str(script)], folder)) == without_seconds(expected)
    is_enlarged(folder / "enlarged.png", "scarlet_macaw.png")


def test_curl(app_url, folder):
    if shutil.which("curl") is None:
        do_without("no curl on the PATH")
    script = block(API, "bash").replace(URL, app_url)
    run(["bash", "-euo", "pipefail", "-c", script], folder)
    is_enlarged(folder / "enlarged.png", "owl.png")


@pytest.mark.parametrize("language", ["python", "javascript", "shell"])
def test_the_code_panel_s_calls_work(app_url, node_modules, folder, language):
    file = """it's a "b i r d".png"""
    shutil.copy(EXAMPLES / "owl.png", folder / file)
    options = {"model": "srgan-div2k", "identify": False, "keep_colours": True, "species": None}
    code = snippets(app_url, file, **options)[language]
    if language == "python":
        code += "import shutil; shutil.copy(png, 'enlarged.png')"
    script = node_modules.parent / "panel.mjs"
    script.write_text(code)
    commands = {
        "python": [sys.executable, "-c", code],
        "javascript": ["node", str(script)],
        "shell": ["bash", "-euo", "pipefail", "-c", code],
    }
    run(commands[language], folder)
    is_enlarged(folder / "enlarged.png", "owl.png")


SERVERS = json.loads(block(API, "json"))["mcpServers"]


@asynccontextmanager
async def connected(name: str, url: str):
    """A session with a server of the page's configuration."""
    server = json.loads(json.dumps(SERVERS[name]).replace(URL, url))
    if "url" in server:
        transport = streamable_http_client(server["url"])
    else:
        command = str(Path(sys.executable).parent / server["command"])
        transport = stdio_client(
            StdioServerParameters(command=command, args=server["args"], cwd=ROOT)
        )
    async with transport as (read, write, *_), ClientSession(read, write) as session:
        await session.initialize()
        yield session


def in_a_thread(conversation: Callable[[], Awaitable[Any]]) -> Any:
    """The browser's tests have an event loop in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(conversation())).result(120)


def texts(result) -> str:
    return " ".join(part.text for part in result.content if part.type == "text")


def picture(result) -> io.BytesIO:
    (image,) = (part for part in result.content if part.type == "image")
    return io.BytesIO(base64.b64decode(image.data))


def test_mcp_tools_and_their_parameters_are_described(app_url):
    async def conversation():
        async with connected("birds", app_url) as session:
            return (await session.list_tools()).tools

    tools = {tool.name: tool for tool in in_a_thread(conversation)}
    assert {"upscale", "upscale_image", "identify"} <= set(tools)
    for name, tool in tools.items():
        assert not name.startswith(("page", "_", "lambda", "load", "tick")), "the page's own"
        assert re.search("photo|bird", tool.description), name
        for parameter, schema in tool.inputSchema["properties"].items():
            assert len(schema.get("description", "")) > 15, f"{name}: {parameter}"
        assert "progress" not in tool.inputSchema["properties"], name
    assert tools["identify"].inputSchema["required"] == ["image"]


def test_mcp_takes_a_photo_as_data(app_url):
    data = base64.b64encode((EXAMPLES / "owl.png").read_bytes()).decode()
    image = {"image": f"data:image/png;base64,{data}"}

    async def conversation():
        async with connected("birds", app_url) as session:
            named = await session.call_tool("identify", image)
            model = {"model": "srgan-div2k"}
            return named, await session.call_tool("upscale_image", {**image, **model})

    named, enlarged = in_a_thread(conversation)
    assert not named.isError and "Great Gray Owl" in texts(named)
    is_enlarged(picture(enlarged), "owl.png")


def test_mcp_takes_a_photo_that_the_upload_tool_uploaded(app_url):
    async def conversation():
        async with connected("birds", app_url) as birds, connected("files", app_url) as files:
            file = {"file": str(EXAMPLES / "owl.png")}
            uploaded = await files.call_tool("upload_file_to_gradio", file)
            image = {"image": texts(uploaded)}
            named = await birds.call_tool("identify", image)
            model = {"model": "srgan-div2k"}
            return named, await birds.call_tool("upscale_image", {**image, **model})

    named, enlarged = in_a_thread(conversation)
    assert not named.isError and "Great Gray Owl" in texts(named), texts(named)
    is_enlarged(picture(enlarged), "owl.png")


def test_mcp_takes_a_list_of_species(app_url):
    data = base64.b64encode((EXAMPLES / "scarlet_macaw.png").read_bytes()).decode()
    mine = "Gray Parrot\nHouse Finch\nSnallygaster"

    async def conversation():
        async with connected("birds", app_url) as session:
            image = f"data:image/png;base64,{data}"
            return await session.call_tool("identify", {"image": image, "species": mine})

    said = texts(in_a_thread(conversation))
    assert "Gray Parrot" in said and "No species is called “Snallygaster”." in said
    assert "macaw" not in said


def test_mcp_fetches_nothing_else_from_this_machine(app_url):
    async def conversation():
        async with connected("birds", app_url) as session:
            for image in (f"{app_url}/config", f"{app_url}/gradio_api/file=/etc/passwd"):
                result = await session.call_tool("identify", {"image": image})
                assert result.isError and "root:" not in texts(result)

    in_a_thread(conversation)
