"""What callers of the API get wrong, answered in words."""

import asyncio
from typing import Any

import gradio as gr

from ui.errors import sentence
from ui.serving.fetch import decoded


def tell_mistakes(page: gr.Blocks) -> None:
    """Have inputs that can't be used answered by a sentence, and not told to the log.

    Gradio's own check of them ends in a traceback there, and in an error without words here.
    """
    check = page.preprocess_data

    async def checked(function: Any, inputs: list[Any], *more: Any, **named: Any) -> list[Any]:
        try:
            inputs = [await asyncio.to_thread(with_file, given) for given in inputs]
            return await check(function, inputs, *more, **named)
        except gr.Error as error:  # such as that of a choice that isn't one
            raise gr.Error(error.message, print_exception=False) from None
        except Exception as error:
            # Gradio puts its own error around that of an input component.
            told = sentence(error) or sentence(error.__cause__) or wrong(function)
            raise gr.Error(told, print_exception=False) from None

    page.preprocess_data = checked


def with_file(given: Any) -> Any:
    """An input, but for a photo in a `data:` address, which becomes a file.

    Gradio would decode it, and keep the address with the caller's session.  Raises `PhotoError`.
    """
    address = given.get("url") if isinstance(given, dict) and not given.get("path") else None
    if not isinstance(address, str) or not address.startswith("data:"):
        return given
    return {"path": decoded(address), "meta": {"_type": "gradio.FileData"}}


def wrong(function: Any) -> str:
    """The sentence for inputs that don't fit what is called, which are named."""
    wanted = ", ".join(str(one.label) for one in function.inputs)
    return (
        f"These inputs of /{function.api_name} can't be used. It takes: {wanted}. "
        "“Use via API” at the page's foot says what each may be."
    )
