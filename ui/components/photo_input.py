"""An image input that hands over the uploaded file as it came."""

from urllib.parse import unquote

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal
from gradio_client.utils import is_http_url_like

from ui.serving.fetch import fetched


def photo_input(**options) -> gr.Image:
    """An image input that hands over the uploaded file as it came.

    `gr.Image` opens the file itself first, and a file that is no photo ends
    in an error that says nothing; `sr.open` says what is wrong. (A subclass
    would do, but Gradio writes a stub file beside the source of each.)
    """
    image = gr.Image(type="filepath", image_mode=None, format="png", **options)
    image.preprocess = lambda payload: payload and payload.path
    moved = image.async_move_resource_to_block_cache

    async def fetch(address):
        """An uploaded file by the address this app gave it, which is on its own machine.

        MCP clients name a file they have uploaded so.  All others of this network are refused.
        """
        path = unquote(str(address).partition("/gradio_api/file=")[2])
        if path and is_in_or_equal(path, get_upload_folder()):
            return await moved(path)
        return await (fetched if is_http_url_like(address) else moved)(address)

    image.async_move_resource_to_block_cache = fetch
    return image
