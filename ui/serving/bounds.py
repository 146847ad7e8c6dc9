"""What a request may bring: how much, where there is room for it, and from whose page.

Middleware (ASGI) before all of Gradio's routes; docs/security.md has why each bound is there.
"""

import ipaddress
import logging
import re
import shutil
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sr import settings
from ui.serving.files import folder

SLACK = 1 << 20  # bytes, of what stands around a photo
MOST_UPLOADED = settings.MAX_BYTES + SLACK  # with one upload, of however many files
MOST_SENT = settings.MAX_BYTES * 4 // 3 + SLACK  # with any other request: a photo in base64
RESERVE = 2 * settings.MAX_BYTES  # bytes of the disk that uploads leave to results
# What Gradio offers besides and no page of this app uses: an icon of any size that is asked for, a
# video's cutting, editing by a language model, a session's state as a file.
CLOSED = re.compile(
    r"/(pwa_icon/(?!(192|512)$)[^/]*|process_recording|(undo-)?vibe-[^/]*|deep_link)/?$"
)
TOO_LONG = "This is more than the maximum allowed size of {megabytes} MB: send one photo at a time."
NO_ROOM = "There is no room for your photo here just now: try again in an hour."
FOREIGN = "This app runs on somebody's own machine: other sites' pages may not use it."
NOT_UNDERSTOOD = "This request can't be read: “Use via API” at the page's foot has examples."
BROKEN_OFF = "The upload broke off: send the photo again."


class Bounds:
    """Refuses what is too long, what there is no room for, what another site's page sends, and
    routes that nobody needs.

    A body that gives no length is counted as it comes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif CLOSED.search(scope["path"]):
            await PlainTextResponse("There is no such page.", 404)(scope, receive, send)
        elif scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
        else:
            await self._let_in(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request with a body, or why not."""
        headers, upload = Headers(scope=scope), scope["path"].rstrip("/").endswith("/upload")
        most = MOST_UPLOADED if upload else MOST_SENT
        length = headers.get("content-length", "")
        refusal = refused(headers, int(length) if length.isdecimal() else 0, most, upload)
        if refusal:
            status, sentence = refusal
            await PlainTextResponse(sentence, status)(scope, receive, send)
        else:
            body = Upload(receive, most) if upload else Body(receive, most)
            await self._answer(scope, body.receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What Gradio answers, or that it couldn't read the request, in words and without a trace.

        Calls are worked on in its queue, so that their errors don't come here.
        """
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except HTTPException:
            raise
        except Exception as error:
            logging.getLogger(__name__).warning("A request was not understood: %r", error)
            if not started:
                await PlainTextResponse(NOT_UNDERSTOOD, 400)(scope, receive, send)


def refused(headers: Headers, length: int, most: int, upload: bool) -> tuple[int, str] | None:
    """The status and the sentence that answer a request which isn't let in; None if it is.

    length: bytes of its body, or 0 where it doesn't say.  most: how many are allowed.
    """
    if headers.get("sec-fetch-site") == "cross-site" and is_local(headers.get("host", "")):
        return 403, FOREIGN
    if length > most:
        return 413, too_long(most)
    if upload and not room_for(length):
        return 507, NO_ROOM
    return None


def is_local(host: str) -> bool:
    """Whether a Host header names this machine or one of a private network."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return name == "localhost" or name.endswith((".localhost", ".local"))


def too_long(most: int) -> str:
    """The sentence for a body of more than `most` bytes."""
    return TOO_LONG.format(megabytes=most >> 20)


def room_for(length: int) -> bool:
    """Whether the disk holds so many bytes more, and results besides."""
    try:
        return shutil.disk_usage(folder()).free >= length + RESERVE
    except OSError:  # not made yet
        return True


class Body:
    """The messages of a request's body, of at most `most` bytes. Raises `HTTPException`."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self.left, self.most = receive, most, most
        self.ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if not self.ended:
            self.left -= len(message.get("body", b""))
            self.check(message)
            self.ended = not message.get("more_body", False)
        return message

    def check(self, message: Message) -> None:
        if self.left < 0:
            raise HTTPException(413, too_long(self.most))


class Upload(Body):
    """The same for files; Gradio deletes its part of one after this kind of exception alone."""

    def check(self, message: Message) -> None:
        if self.left < 0:
            raise MultiPartException(too_long(self.most))
        if message["type"] == "http.disconnect":
            raise MultiPartException(BROKEN_OFF)
        if not room_for(len(message.get("body", b""))):
            raise MultiPartException(NO_ROOM)
