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


def shown(classifier: Classifier, photo: torch.Tensor, squash: bool) -> torch.Tensor:
    return classifier.preprocessing(squash)(photo)


@pytest.mark.parametrize("shape", [(211, 300), (300, 211), (40, 30), (700, 500)])
def test_unless_squashed_the_photo_is_shown_as_published(classifier, landscape, shape):
    photo = tensor(np.asarray(Image.fromarray(landscape).resize(shape[::-1])))
    published = create_transform(**classifier.data_config)
    torch.testing.assert_close(shown(classifier, photo, False), published(photo), rtol=0, atol=0)
    middle = transforms.Compose(
        [
            transforms.Resize(292, transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(260),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    torch.testing.assert_close(shown(classifier, photo, False), middle(photo), rtol=0, atol=0)


def test_a_classifier_that_is_shown_squashed_photos_is_shown_them(landscape):
    """Those of the birder project have no crop."""
    data_config = {
        "input_size": (3, 96, 96),
        "mean": (0.4,) * 3,
        "std": (0.2,) * 3,
        "interpolation": "bicubic",
        "crop_mode": "squash",
        "crop_pct": 1.0,
    }
    squashing = Classifier(None, data_config, {})
    bicubic = transforms.InterpolationMode.BICUBIC
    transform = transforms.Compose(
        [
            transforms.Resize((96, 96), interpolation=bicubic, antialias=True),
            transforms.Normalize([0.4] * 3, [0.2] * 3),
        ]
    )
    photo = tensor(landscape)
    for squash in (False, True):
        seen = shown(squashing, photo, squash)
        assert seen.shape == (3, squashing.input_size, squashing.input_size)
        torch.testing.assert_close(seen, transform(photo), rtol=0, atol=0)


@pytest.mark.parametrize("crop_mode", ["center", "border", "squash"])
@pytest.mark.parametrize("crop_pct", [0.875, 1.0])
def test_any_published_preprocessing_can_be_squashed(crop_mode, crop_pct):
    data_config = {"input_size": (3, 64, 64), "crop_mode": crop_mode, "crop_pct": crop_pct}
    seen = Classifier(None, data_config, {}).preprocessing(squash=True)(marked())
    assert seen.shape == (3, 64, 64)
    assert seen[0, 32, 2] > seen[2, 32, 2] and seen[0, 32, -2] < seen[2, 32, -2]


def marked() -> torch.Tensor:
    """A grey photo twice as wide as high with a red left and a blue right end."""
    photo = torch.full((3, 100, 200), 0.5)
    photo[:, :, :20] = torch.tensor([1.0, 0, 0])[:, None, None]
    photo[:, :, -20:] = torch.tensor([0, 0, 1.0])[:, None, None]
    return photo


def test_framings_show_all_of_the_photo_or_its_middle(classifier):
    squashed = shown(classifier, marked(), True)
    assert squashed.shape == (3, 260, 260)
    torch.testing.assert_close(squashed[:, 130, 5], torch.tensor([1.0, -1, -1]))  # mean, std 0.5
    torch.testing.assert_close(squashed[:, 130, -5], torch.tensor([-1.0, -1, 1]))
    assert shown(classifier, marked(), False).abs().max() < 1e-6


def test_squashing_is_pillows_bicubic(classifier, landscape):
    photo = landscape // 2 + 60  # Pillow cuts off at black and white after each of two passes
    levels = ((shown(classifier, tensor(photo), True) / 2 + 0.5) * 255).round()
    theirs = Image.fromarray(photo).resize((260, 260), Image.Resampling.BICUBIC)
    assert np.abs(levels.permute(1, 2, 0).numpy() - np.asarray(theirs, int)).max() <= 1


def test_probabilities_are_the_softmax_of_the_logits(classifier, landscape):
    classes = classifier.probabilities(landscape, squash=False)
    with torch.inference_mode():
        logits = classifier.model(shown(classifier, tensor(landscape), False)[None])[0].numpy()
    powers = np.exp(logits.astype(float) - logits.max())
    np.testing.assert_allclose(classes, powers / powers.sum(), rtol=1e-6)
    assert classes.shape == (1000,) and classes.dtype == np.float64
    assert 0 < classifier.of_birds(classes).sum() < classes.sum() == pytest.approx(1)
