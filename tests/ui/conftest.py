"""What the browser's tests share: one context, whose pages load from its cache, and one watch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def little(macaw, tmp_path_factory) -> Path:
    """The macaw at half its size: quicker, and still named."""
    path = tmp_path_factory.mktemp("little") / macaw.name
    Image.open(macaw).resize((96, 94)).save(path)
    return path


@pytest.fixture(scope="session")
def desktop(browser) -> Iterator:
    """A browser's context of a desktop's size, for readers of English."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000}, locale="en-US", accept_downloads=True
    )
    yield context
    context.close()


@contextmanager
def watched(context, url: str) -> Iterator:
    """A new page at `url`; afterwards: no console error, nothing asked of another host."""
    page = context.new_page()
    errors, requests = [], []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url)
    try:
        yield page
    finally:
        page.close()
    assert not [u for u in requests if not u.startswith((url, "data:", "blob:"))]
    assert not errors
