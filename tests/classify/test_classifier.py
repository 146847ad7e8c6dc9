"""What the classifier is shown of a photo, and the probabilities it gives."""

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform
from torchvision import transforms

from classify import catalog
from classify.classifier import Classifier


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return catalog.load("imagenet-birds", "cpu")


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.tensor(pixels).permute(2, 0, 1).float() / 255


def squashed(classifier: Classifier, pixels: np.ndarray) -> torch.Tensor:
    return classifier.resized(pixels, (classifier.input_size,) * 2)[0]


@pytest.mark.parametrize("shape", [(211, 300), (300, 211), (40, 30), (700, 500)])
def test_the_photo_can_be_shown_as_published(classifier, landscape, shape):
    photo = tensor(np.asarray(Image.fromarray(landscape).resize(shape[::-1])))
    published = create_transform(**classifier.data_config)
    seen = classifier.preprocessing()(photo)
    torch.testing.assert_close(seen, published(photo), rtol=0, atol=0)
    middle = transforms.Compose(
        [
            transforms.Resize(292, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(260),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    torch.testing.assert_close(seen, middle(photo), rtol=0, atol=0)


def test_a_squashed_photo_is_what_a_squashing_classifier_publishes(landscape):
    """Those of the birder project have no crop."""
    data_config = {
        "input_size": (3, 96, 96),
        "mean": (0.4,) * 3,
        "std": (0.2,) * 3,
        "interpolation": "bicubic",
        "crop_mode": "squash",
        "crop_pct": 1.0,
    }
    squashing = Classifier(torch.nn.Linear(1, 1), data_config, {})
    seen, published = squashed(squashing, landscape), squashing.preprocessing()(tensor(landscape))
    assert seen.shape == published.shape == (3, 96, 96)
    # A level, but where bicubic overshoots black or white, which are the ends of whole levels.
    apart = (seen - published).abs() * 0.2 * 255
    assert apart.median() < 1 and (apart > 1.5).float().mean() < 0.01


def marked() -> np.ndarray:
    """A grey photo twice as wide as high with a red left and a blue right end."""
    photo = np.full((100, 200, 3), 128, np.uint8)
    photo[:, :20], photo[:, -20:] = (255, 0, 0), (0, 0, 255)
    return photo


def test_framings_show_all_of_the_photo_or_its_middle(classifier):
    seen = squashed(classifier, marked())
    assert seen.shape == (3, 260, 260)
    torch.testing.assert_close(seen[:, 130, 5], torch.tensor([1.0, -1, -1]))  # mean, std 0.5
    torch.testing.assert_close(seen[:, 130, -5], torch.tensor([-1.0, -1, 1]))
    assert classifier.preprocessing()(tensor(marked())).abs().max() < 0.01


def test_squashing_is_pillows_bicubic(classifier, landscape):
    levels = ((squashed(classifier, landscape) / 2 + 0.5) * 255).round()
    theirs = Image.fromarray(landscape).resize((260, 260), Image.Resampling.BICUBIC)
    assert np.abs(levels.permute(1, 2, 0).numpy() - np.asarray(theirs, int)).max() <= 2


def test_probabilities_are_the_softmax_of_the_logits(classifier, landscape):
    classes = classifier.probabilities(landscape, squash=False)
    with torch.inference_mode():
        logits = classifier.model(classifier.preprocessing()(tensor(landscape))[None])[0].numpy()
    powers = np.exp(logits.astype(float) - logits.max())
    np.testing.assert_allclose(classes, powers / powers.sum(), rtol=1e-6)
    assert classes.shape == (1000,) and classes.dtype == np.float64
    assert 0 < classifier.of_birds(classes).sum() < classes.sum() == pytest.approx(1)


@pytest.mark.parametrize(("side", "wanted"), [(100, True), (155, True), (156, False), (300, False)])
def test_what_is_small_for_the_classifier_wants_to_be_enlarged(classifier, side, wanted):
    assert classifier.wants_enlarged(np.zeros((400, side, 3), np.uint8)) == wanted
