"""The code panel's calls; tests/docs/test_api.py runs their like from docs/api.md."""

import ast

import pytest

from ui.components.snippets import snippets

OPTIONS = {"model": "srresnet-div2k", "identify": False, "keep_colours": True, "species": None}
NASTY = """it's a "b i r d"$(x)`y`.png"""


@pytest.mark.parametrize("file", ["macaw.png", NASTY])
def test_the_python_call_has_the_arguments_of_the_page(file):
    code = snippets("http://127.0.0.1:7860/", file, **OPTIONS)["python"]
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    predict = next(c for c in calls if getattr(c.func, "attr", "") == "predict")
    options = {k.arg: ast.literal_eval(k.value) for k in predict.keywords}
    assert options == OPTIONS | {"api_name": "/upscale"}
    assert ast.literal_eval(predict.args[0].args[0]) == file


def test_every_language_names_the_app_and_the_photo():
    for code in snippets("http://127.0.0.1:7860/", "macaw.png", **OPTIONS).values():
        assert "http://127.0.0.1:7860" in code and "macaw.png" in code
        assert "7860//" not in code
