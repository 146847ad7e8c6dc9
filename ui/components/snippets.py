"""The code that repeats what was just done on the page: Python, JavaScript, curl."""

import json
import shlex


def snippets(url: str, file: str, **options: str | bool | None) -> dict[str, str]:
    """language -> a call of `/upscale` on the app at `url` with a file of the photo's name.

    options: all that the endpoint takes beside the photo, in its order.
    """
    languages = {"python": _python, "javascript": _javascript, "shell": _curl}
    return {name: write(url.rstrip("/"), file, options) for name, write in languages.items()}


def _python(url: str, file: str, options: dict) -> str:
    arguments = "".join(f"    {name}={value!r},\n" for name, value in options.items())
    return f"""from gradio_client import Client, handle_file

client = Client({url!r})
pair, label, png, facts, birds, bird = client.predict(
    handle_file({file!r}),
{arguments}    api_name="/upscale",
)
print(png, facts, birds)
"""


def _javascript(url: str, file: str, options: dict) -> str:
    arguments = ", ".join(f"{name}: {json.dumps(value)}" for name, value in options.items())
    return f"""import {{ readFile, writeFile }} from "node:fs/promises";
import {{ Client }} from "@gradio/client";

const app = await Client.connect({json.dumps(url)});
const image = new Blob([await readFile({json.dumps(file)})]);
const answer = await app.predict("/upscale", {{ image, {arguments} }});
const [pair, label, png, facts, birds, bird] = answer.data;
await writeFile("enlarged.png", (await fetch(png.url)).body);
console.log(facts, birds);
"""


def _curl(url: str, file: str, options: dict) -> str:
    # In a form's argument curl wants a name with odd characters in double quotes.
    quoted = file.replace("\\", "\\\\").replace('"', '\\"')
    rest = ", ".join(map(json.dumps, options.values()))
    return f"""api={shlex.quote(f"{url}/gradio_api")}
photo=$(curl -sF {shlex.quote(f'files=@"{quoted}"')} $api/upload | cut -d '"' -f 2)
event=$(curl -s $api/call/upscale -H "Content-Type: application/json" -d '{{"data": [
  {{"path": "'"$photo"'", "meta": {{"_type": "gradio.FileData"}}}}, {rest}
]}}' | cut -d '"' -f 4)
address=$(curl -sN $api/call/upscale/$event | grep -o 'http[^"]*_x4.png' | tail -n 1)
curl -so enlarged.png "$address"
"""
