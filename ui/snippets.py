"""The code that repeats what was just done on the page: Python, JavaScript, curl."""

from __future__ import annotations

import json
import shlex


def snippets(url: str, file: str, model: str | None, identify: bool) -> dict[str, str]:
    """language -> a call of `/upscale` on the app at `url` with a file of the photo's name."""
    url = url.rstrip("/")
    return {
        "python": _python(url, file, model, identify),
        "javascript": _javascript(url, file, model, identify),
        "shell": _curl(url, file, model, identify),
    }


def _python(url: str, file: str, model: str | None, identify: bool) -> str:
    return f"""from gradio_client import Client, handle_file

client = Client({url!r})
pair, label, png, facts, birds = client.predict(
    handle_file({file!r}), model={model!r}, identify={identify!r}, api_name="/upscale"
)
print(png, facts, birds, sep="\\n")
"""


def _javascript(url: str, file: str, model: str | None, identify: bool) -> str:
    return f"""import {{ Client }} from "@gradio/client";
import {{ readFile }} from "node:fs/promises";

const client = await Client.connect({json.dumps(url)});
const image = new Blob([await readFile({json.dumps(file)})]);
const {{ data: [pair, label, png, facts, birds] }} = await client.predict("/upscale", {{
  image, model: {json.dumps(model)}, identify: {json.dumps(identify)},
}});
console.log(png.url, facts, birds);
"""


def _curl(url: str, file: str, model: str | None, identify: bool) -> str:
    rest = f"{json.dumps(model)}, {json.dumps(identify)}"
    return f"""url={shlex.quote(url)}
path=$(curl -s -F {shlex.quote(f"files=@{file}")} $url/gradio_api/upload | tr -d '[]"')
image='{{"path": "'$path'", "meta": {{"_type": "gradio.FileData"}}}}'
call=$(curl -s $url/gradio_api/call/upscale -H 'Content-Type: application/json' \\
  -d '{{"data": ['"$image"', {rest}]}}' | cut -d '"' -f 4)
curl -sN $url/gradio_api/call/upscale/$call
"""
