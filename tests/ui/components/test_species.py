"""The name card's HTML."""

import pytest

from classify import Answer, Group, Species
from ui.components.species import card, page
from ui.words import ENGLISH, KOREAN

MACAW = Species("macaw", None, 0.75, None)
OWL = Species("Great <Gray> Owl", "Strix nebulosa", 0.25, "https://ebird.org/species/grgowl")


def answer(*species: Species, **more) -> Answer:
    facts = {"bird": 0.9, "tier": "likely", "family": None, "group": None, "box": None}
    facts |= {"kinds": 59, "enlarged": False, "weights": "w"}
    return Answer(species=species, **{**facts, **more})


@pytest.mark.parametrize(
    ("tier", "said"),
    [("likely", "Likely"), ("possibly", "Possibly"), ("not sure", "Not sure; closest")],
)
def test_how_sure_comes_first_then_the_name_and_what_is_similar(tier, said):
    html = card(answer(MACAW, OWL, tier=tier), ENGLISH)
    assert f'<p class="tier">{said}</p><h3><a' in html
    assert 'aria-label="macaw: 75%"' in html and '<span class="share">75%</span>' in html
    assert "<h4>Similar</h4>" in html and html.count("<li>") == 1
    assert "Great &lt;Gray&gt; Owl" in html and "<i>Strix nebulosa</i>" in html


def test_a_group_that_is_surer_is_named_with_the_closest_kind():
    owls = Group("an owl", "Strigidae", 0.9, "likely")
    html = card(answer(OWL, tier="not sure", group=owls), ENGLISH)
    assert '<p class="tier">Likely</p><h3>an owl <span class="share">90%</span>' in html
    assert "Closest: <a" in html and 'aria-label="an owl: 90%"' in html


def test_no_bird_is_said():
    html = card(answer(bird=0.03, tier="no bird"), ENGLISH)
    assert "No bird found (probability of one: 3%)" in html
    assert 'data-crop="">Crop closer</button>' in html and "<li" not in html


def test_the_part_that_was_looked_at_can_be_cropped_to():
    html = card(answer(MACAW, box=(0.1, 0.2, 0.6, 0.9), enlarged=True), ENGLISH)
    assert "this part of the photo, enlarged" in html
    assert 'data-crop="0.1000,0.2000,0.6000,0.9000">Crop to the bird</button>' in html


def test_what_the_list_lacks_and_left_out_is_said():
    html = card(
        answer(
            MACAW,
            note="A note & more.",
            lacks=("a gull or tern",),
            outside=0.125,
            list_note="No species is called “<b>”.",
        ),
        ENGLISH,
    )
    assert "Offline list: 59 kinds" in html and "a gull or tern" in html
    assert "A note &amp; more." in html and "“&lt;b&gt;”" in html
    assert "12% of the birds" in html


def test_it_speaks_korean():
    owls = Group("an owl", "Strigidae", 0.9, "likely")
    grey = Species("Great Gray Owl", "Strix nebulosa", 0.2, None)
    fallback = "This is the fallback: the weights of inat21 could not be had."
    html = card(answer(MACAW, grey, lacks=("a gull or tern",), note=fallback), KOREAN)
    assert "아마도" in html and "마코앵무" in html and "큰회색올빼미" in html
    assert "Search?search=macaw+bird" in html  # the page is found by the English name
    assert "gull" not in html and "fallback" not in html
    assert "올빼미" in card(answer(grey, group=owls), KOREAN)


def test_every_kind_has_a_page():
    assert page(OWL) == "https://ebird.org/species/grgowl"
    assert page(MACAW).endswith("Special:Search?search=macaw+bird")
