"""A photo given by its address on the web, or as the address itself (`data:`)."""

import asyncio
import base64
import binascii
import mimetypes
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import httpx
from safehttpx import AsyncSecureTransport, async_validate_url

from sr import settings
from sr.image import PhotoError
from ui.results import request_folder

SECONDS = 30  # for a photo to come, with all its redirects
REDIRECTS = 5


async def fetched(address: str) -> str:
    """The file of a photo that lies at a public address; this machine's network is none.

    As Gradio does it, but for a bound of bytes and of seconds: that one reads the whole answer into
    memory.  Raises `PhotoError`.
    """
    try:
        return await asyncio.wait_for(_followed(address), SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError, asyncio.TimeoutError):
        raise PhotoError(
            "No photo could be had from that address: give one that everybody can open, of a file "
            f"of at most {settings.MAX_BYTES / 2**20:g} MB."
        ) from None


async def _followed(address: str) -> str:
    for _ in range(REDIRECTS):
        # Each host is looked up once, and asked by the number that was found to be public.
        number = await async_validate_url(httpx.URL(address).host)
        async with (
            httpx.AsyncClient(transport=AsyncSecureTransport(number)) as client,
            client.stream("GET", address) as answer,
        ):
            if answer.has_redirect_location:
                address = urljoin(address, answer.headers["Location"])
                continue
            answer.raise_for_status()
            name = PurePosixPath(unquote(urlsplit(address).path)).name
            return written(await _body(answer), name)
    raise ValueError("too many redirects")


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_bytes(1 << 16):
        body += chunk
        if len(body) > settings.MAX_BYTES:
            raise ValueError("too long")
    return bytes(body)


def decoded(address: str) -> str:
    """The file of the photo that a `data:` address holds. Raises `PhotoError`.

    Its bytes are written as they are: whether they are a photo, and how large, is for `sr.open`.
    """
    head, _, text = address.partition(",")
    try:
        data = base64.b64decode(text) if head.endswith(";base64") else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise PhotoError(
            "The photo's data: address can't be read: it begins like data:image/png;base64, and "
            "the photo's bytes in base64 follow."
        )
    ending = mimetypes.guess_extension(head[len("data:") :].split(";")[0])
    return written(data, f"photo{ending or ''}")


def written(data: bytes, name: str) -> str:
    """A photo's bytes in a file of that name; none where the disk is full. Raises `OSError`."""
    with request_folder() as folder:
        path = folder / (Path(name).name[-60:] or "photo")
        path.write_bytes(data)
    return str(path)
