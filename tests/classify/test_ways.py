"""Ways of naming: how they are written, what the classifier is shown, how answers are joined."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from classify import catalog, ways
from classify.catalog import Classifier
from classify.ways import View, Way, parse


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return catalog.load("imagenet-birds")


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.tensor(pixels).permute(2, 0, 1).float() / 255


def test_how_ways_are_written():
    squash = View("enlarged", frozenset({"squash"}))
    flipped = View("enlarged", frozenset({"flip", "squash"}))
    assert parse("enlarged:squash") == Way((squash,))
    assert parse("photo + enlarged:squash:flip") == Way((View("photo"), flipped))
    assert parse("enlarged:squash*enlarged:flip:squash") == Way((squash, flipped), logits=True)


@pytest.mark.parametrize("text", ["a+b*c", "enlarged:squish", "", "photo+", ":flip"])
def test_what_is_no_way_is_a_sentence(text):
    with pytest.raises(ways.UnknownWay, match=f"“{text.replace('+', '.').replace('*', '.')}”"):
        parse(text)


@pytest.mark.parametrize("shape", [(211, 300), (300, 211), (40, 30), (700, 500)])
def test_without_options_the_photo_is_shown_as_published(classifier, landscape, shape):
    photo = tensor(np.asarray(Image.fromarray(landscape).resize(shape[::-1])))
    shown = ways.framed(classifier, photo, frozenset())
    torch.testing.assert_close(shown, classifier.transform(photo), rtol=0, atol=0)


def test_a_classifier_that_is_shown_squashed_photos_is_shown_them(landscape):
    """Those of the birder project have no crop."""
    resize = transforms.Resize((96, 96), antialias=True)
    transform = transforms.Compose([resize, transforms.Normalize([0.4] * 3, [0.2] * 3)])
    squashing = Classifier("x", None, transform, [], [], 96, "w")
    photo = tensor(landscape)
    assert ways.framed(squashing, photo, frozenset()).shape == (3, 96, 96)
    bilinear = ways.framed(squashing, photo, frozenset({"bilinear"}))
    torch.testing.assert_close(bilinear, transform(photo), rtol=0, atol=0)


def marked() -> torch.Tensor:
    """A grey photo twice as wide as high with a red left and a blue right end."""
    photo = torch.full((3, 100, 200), 0.5)
    photo[:, :, :20] = torch.tensor([1.0, 0, 0])[:, None, None]
    photo[:, :, -20:] = torch.tensor([0, 0, 1.0])[:, None, None]
    return photo


def test_framings_show_all_of_the_photo_or_its_middle(classifier):
    squashed = ways.framed(classifier, marked(), frozenset({"squash"}))
    assert squashed.shape == (3, 260, 260)
    torch.testing.assert_close(squashed[:, 130, 5], torch.tensor([1.0, -1, -1]))  # mean, std 0.5
    torch.testing.assert_close(squashed[:, 130, -5], torch.tensor([-1.0, -1, 1]))
    flipped = ways.framed(classifier, marked(), frozenset({"squash", "flip"}))
    torch.testing.assert_close(flipped, squashed.flip(-1))
    for options in (frozenset(), frozenset({"whole"})):
        assert ways.framed(classifier, marked(), options).abs().max() < 1e-6


def test_whole_shows_more_than_the_published_margin(classifier):
    photo = torch.zeros(3, 100, 100)
    photo[:, :4] = 1
    assert ways.framed(classifier, photo, frozenset({"whole"}))[0, 3, 130] == pytest.approx(1)
    assert ways.framed(classifier, photo, frozenset())[0, 3, 130] == pytest.approx(-1)


@pytest.mark.parametrize(
    ("option", "filter"),
    [
        ("lanczos", Image.Resampling.LANCZOS),
        ("bilinear", Image.Resampling.BILINEAR),
        ("bicubic", Image.Resampling.BICUBIC),
    ],
)
@pytest.mark.parametrize("size", [(120, 90), (300, 500)])
def test_filters_are_pillows(landscape, option, filter, size):
    photo = landscape // 2 + 60  # Pillow cuts off at black and white after each of two passes
    shown = ways.resized(tensor(photo), size, frozenset({option}))
    levels = (shown * 255).round().permute(1, 2, 0).numpy()
    theirs = np.asarray(Image.fromarray(photo).resize(size[::-1], filter), int)
    assert np.abs(levels - theirs).max() <= 1


def test_the_short_side_is_what_one_number_means(landscape):
    for option in ("bicubic", "lanczos"):
        assert ways.resized(tensor(landscape), 64, frozenset({option})).shape == (3, 64, 90)


def test_answers_are_joined_by_probabilities_or_logits():
    seen = {"a": np.log([0.8, 0.1, 0.1]) + 3, "b": np.log([0.2, 0.7, 0.1])}

    def joined(text: str) -> np.ndarray:
        return ways.joined(parse(text), lambda view: seen[view.picture])

    np.testing.assert_allclose(joined("a"), [0.8, 0.1, 0.1])
    np.testing.assert_allclose(joined("a+b"), [0.5, 0.4, 0.1])
    roots = np.sqrt([0.16, 0.07, 0.01])
    np.testing.assert_allclose(joined("a*b"), roots / roots.sum())
    assert joined("a+b").sum() == pytest.approx(1) == joined("a*b").sum()


def test_probabilities_are_those_of_the_birds(classifier, landscape):
    look = ways.seeing(classifier, {"photo": landscape})
    kinds = ways.probabilities(classifier, parse("photo"), look)
    classes = ways.joined(parse("photo"), look)
    assert kinds.shape == (59,) and classes.shape == (1000,)
    np.testing.assert_array_equal(kinds, classes[classifier.indices])
    assert 0 < kinds.sum() < classes.sum() == pytest.approx(1)


def test_a_flipped_view_is_the_view_of_the_flipped_photo(classifier, landscape):
    ours = ways.logits(classifier, landscape, frozenset({"squash", "flip"}))
    theirs = ways.logits(classifier, landscape[:, ::-1].copy(), frozenset({"squash"}))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    assert np.abs(ours - ways.logits(classifier, landscape, frozenset({"squash"}))).max() > 0.01
