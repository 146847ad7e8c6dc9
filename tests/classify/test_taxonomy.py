"""eBird's names, families and orders."""

import pytest

from classify import loaders, taxonomy


def test_a_species_is_found_by_its_names_and_its_code():
    assert taxonomy.find(["Alcedo atthis"]).english == "Common Kingfisher"
    assert taxonomy.find(["nothing", "HOUSE FINCH"]).scientific == "Haemorhous mexicanus"
    assert taxonomy.find(["grgowl"]).english == "Great Gray Owl"
    assert taxonomy.find(["macaw"]) is None


def test_british_spelling_is_understood():
    assert taxonomy.find(["Great Grey Owl"]) == taxonomy.find(["Strix nebulosa"])


def test_a_species_has_its_family_and_order():
    owl = taxonomy.find(["Great Gray Owl"])
    assert (owl.family, owl.order) == ("Strigidae", "Strigiformes")
    assert owl.url == "https://ebird.org/species/grgowl"


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("Strigidae", "an owl"),
        ("Alcedinidae", "a kingfisher"),
        ("Turdidae", "a thrush"),  # by the species' names, as most
        ("Sittidae", "a nuthatch"),
        ("Meropidae", "a bee-eater"),  # no eater
        ("Zosteropidae", "one of the white-eye and babbler family"),
        ("Coraciiformes", "one of the kingfisher and bee-eater order"),
        ("Passeriformes", "a songbird"),
    ],
)
def test_what_people_call_a_group(group, name):
    assert taxonomy.called(group) == name


def test_every_family_and_order_has_a_name():
    groups = {g for t in taxonomy.species() for g in (t.family, t.order)}
    assert len(groups) == 254 + 46
    for group in groups:
        article, _, rest = taxonomy.called(group).partition(" ")
        assert article in ("a", "an", "one") and rest


@pytest.mark.parametrize(
    ("name", "endings", "family"),
    [
        ("macaw", ["macaw"], "Psittacidae"),
        ("water ouzel", ["water ouzel", "dipper"], "Cinclidae"),
        ("quail", ["quail"], "Odontophoridae"),  # of most quails
        ("phoenix", ["phoenix"], None),
    ],
)
def test_a_wider_kind_has_the_family_of_most_species_called_so(name, endings, family):
    taxon = taxonomy.wider(name, endings)
    assert (taxon.english, taxon.scientific, taxon.family) == (name, None, family)


def test_every_bird_of_imagenet_has_a_family():
    birds = loaders.imagenet_birds()
    assert len(birds) == len({taxon.english for taxon in birds.values()}) == 59
    assert all(taxon.family and taxon.order for taxon in birds.values())
    assert (birds[8].english, birds[8].family) == ("hen", "Phasianidae")
    assert (birds[97].english, birds[97].family) == ("drake", "Anatidae")
    assert (birds[88].english, birds[88].scientific, birds[88].url) == ("macaw", None, None)
    assert birds[9].url == "https://ebird.org/species/ostric2"
    assert birds[145].scientific == "Aptenodytes patagonicus"  # ImageNet says patagonica


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
