"""Where the bird is: by maps made by hand, in a wide photo, and with every kind of network."""

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import resolve_model_data_config

from classify import catalog, finding
from classify.classifier import Classifier
from classify.finding import cut, find
from classify.taxonomy import Taxon


class Seeing:
    """Stands in for a classifier that sees a bird at given places of a 12 x 8 map, by scale."""

    def __init__(self, *places: tuple[int, int], sure: float = 1.0, **by_scale: torch.Tensor):
        self.looks: list[int] = []
        self.map = torch.zeros(8, 12)
        for row, column in places:
            self.map[row, column] = sure
        self.by_scale = by_scale

    def bird_map(self, pixels: np.ndarray, long_side: int) -> torch.Tensor | None:
        self.looks.append(long_side)
        return self.by_scale.get(f"at_{long_side}", self.map)


PHOTO = np.zeros((800, 1200, 3), np.uint8)


def test_the_box_is_around_the_places_that_touch_with_a_margin():
    seeing = Seeing((2, 4), (3, 5), (7, 11), sure=0.95)  # the last is another bird
    seeing.map[2, 4] = 1
    assert find(PHOTO, seeing) == pytest.approx((3.8 / 12, 1.8 / 8, 6.2 / 12, 4.2 / 8))


def test_the_margin_ends_with_the_photo():
    assert find(PHOTO, Seeing((0, 0)))[:2] == (0, 0)
    assert find(PHOTO, Seeing((7, 11)))[2:] == (1, 1)


def test_the_largest_scale_tells_where_and_the_smallest_that_agrees_how_large():
    elsewhere, wide = torch.zeros(2, 3), torch.zeros(4, 6)
    elsewhere[0, 0] = wide[1, 2] = 1
    seeing = Seeing((3, 5), at_256=elsewhere, at_512=wide)
    box = find(PHOTO, seeing)
    assert box == pytest.approx((1.9 / 6, 0.9 / 4, 3.1 / 6, 2.1 / 4))
    assert seeing.looks == [256, 1024, 512]


def test_where_nothing_is_sure_to_be_a_bird_the_smaller_scales_are_not_looked_at():
    none = Seeing((4, 4), sure=finding.LEAST - 0.01)
    assert find(PHOTO, none) is None and none.looks == [256, 1024]


@pytest.mark.parametrize(
    ("side", "looks"), [(100, [256]), (256, [256, 512]), (512, [256, 1024, 512])]
)
def test_a_small_photo_is_blown_up_no_further_than_helps(side, looks):
    seeing = Seeing((4, 4))
    assert find(np.zeros((side, side // 2, 3), np.uint8), seeing) and seeing.looks == looks


def test_a_bird_that_fills_the_photo_is_not_cut_out():
    filling = Seeing(*((row, column) for row in range(8) for column in range(9)))
    assert find(PHOTO, filling) is None and filling.looks == [256]


def test_parts_are_whole_pixels_inside_the_photo():
    photo = np.arange(10 * 20 * 3, dtype=np.uint8).reshape(10, 20, 3)
    np.testing.assert_array_equal(cut(photo, (0.5, 0.2, 1.0, 0.5)), photo[2:5, 10:])
    assert cut(photo, None) is photo
    assert cut(photo, (0.999, 0.999, 1.0, 1.0)).shape == (1, 1, 3)


@pytest.fixture(scope="module")
def wide(macaw) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """A macaw, 120 pixels high, at the right of a plain green photo of 1,200 x 800; its box."""
    photo = np.full((800, 1200, 3), (90, 130, 80), np.uint8)
    bird = np.asarray(Image.open(macaw).convert("RGB").resize((123, 120)))
    photo[500:620, 900:1023] = bird
    return photo, (900 / 1200, 500 / 800, 1023 / 1200, 620 / 800)


def test_a_small_bird_is_found_in_a_wide_photo(wide):
    photo, truth = wide
    box = find(photo, catalog.load("imagenet-birds", "cpu"))
    middle = (truth[0] + truth[2]) / 2, (truth[1] + truth[3]) / 2
    assert box[0] < middle[0] < box[2] and box[1] < middle[1] < box[3]
    assert (box[2] - box[0]) * (box[3] - box[1]) < 0.15


def test_no_bird_is_found_where_there_is_none():
    sky = np.linspace(120, 250, 400 * 600 * 3).reshape(400, 600, 3).astype(np.uint8)
    assert find(sky, catalog.load("imagenet-birds", "cpu")) is None


@pytest.mark.parametrize("architecture", ["resnetv2_50", "regnety_016", "convnext_atto"])
def test_other_convolutional_networks_give_a_map(architecture):
    model = timm.create_model(architecture, num_classes=5).eval()
    classifier = Classifier(model, resolve_model_data_config(model), {0: Taxon("a"), 3: Taxon("b")})
    seen = classifier.bird_map(np.zeros((300, 450, 3), np.uint8), 192)
    assert seen.shape == (4, 6) and 0 < seen.min() <= seen.max() < 1


def test_a_network_for_one_size_finds_nothing():
    model = timm.create_model("vit_tiny_patch16_224", num_classes=5).eval()
    classifier = Classifier(model, resolve_model_data_config(model), {0: Taxon("a")})
    assert classifier.bird_map(PHOTO, 384) is None and find(PHOTO, classifier) is None


def test_a_network_that_knows_only_birds_sees_one_where_it_is_sure_of_its_kind():
    model = timm.create_model("regnety_016", num_classes=3).eval()
    only = Classifier(model, resolve_model_data_config(model), dict.fromkeys(range(3), Taxon("a")))
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    assert 1 / 3 <= only.bird_map(noise, 192).min() <= only.bird_map(noise, 192).max() < 1
