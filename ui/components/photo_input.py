"""An image input that hands over the uploaded file as it came."""

from urllib.parse import unquote

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal


def photo_input(**options) -> gr.Image:
    """An image input that hands over the uploaded file as it came.

    `gr.Image` opens the file itself first, and a file that is no photo ends
    in an error that says nothing; `sr.open` says what is wrong. (A subclass
    would do, but Gradio writes a stub file beside the source of each.)
    """
    image = gr.Image(type="filepath", image_mode=None, format="png", **options)
    opened = image.preprocess
    image.preprocess = lambda payload: payload.path if payload and payload.path else opened(payload)
    fetched = image.async_move_resource_to_block_cache

    async def fetch(address):
        """An uploaded file by the address this app gave it, which Gradio would not ask itself for.

        MCP clients name a file they have uploaded by its address, and Gradio
        refuses addresses of its own machine, as it should for all others.
        """
        path = unquote(str(address).partition("/gradio_api/file=")[2])
        ours = path and is_in_or_equal(path, get_upload_folder())
        return await fetched(path if ours else address)

    image.async_move_resource_to_block_cache = fetch
    return image
