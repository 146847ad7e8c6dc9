"""The name card's HTML."""

import numpy as np
import pytest

from classify import Answer, Group, Species
from ui.components.species import card, page
from ui.words import ENGLISH, KOREAN

MACAW = Species("macaw", None, 0.75, None)
OWL = Species("Great <Gray> Owl", "Strix nebulosa", 0.25, "https://ebird.org/species/grgowl")
LOOK = np.zeros((24, 36, 3), np.uint8)


def answer(*species: Species, **more) -> Answer:
    facts = {"bird": 0.9, "tier": "likely", "family": None, "group": None, "box": None}
    facts |= {"kinds": 59, "enlarged": False, "weights": "w"}
    return Answer(species=species, **{**facts, **more})


@pytest.mark.parametrize(
    ("tier", "said"),
    [("likely", "Likely"), ("possibly", "Possibly"), ("not sure", "Not sure; closest")],
)
def test_how_sure_comes_first_then_the_name_and_what_is_similar(tier, said):
    html = card(answer(MACAW, OWL, tier=tier), None, ENGLISH)
    assert f'<p class="tier">{said}</p><h3><a' in html
    assert 'aria-label="macaw: 75%"' in html and '<span class="share">75%</span>' in html
    assert "<h4>Similar</h4>" in html and html.count("<li>") == 1
    assert "Great &lt;Gray&gt; Owl" in html and "<i>Strix nebulosa</i>" in html


def test_a_group_that_is_surer_is_named_with_the_closest_kind():
    owls = Group("an owl", "Strigidae", 0.9, "likely")
    html = card(answer(OWL, tier="not sure", group=owls), None, ENGLISH)
    assert '<p class="tier">Likely</p><h3>an owl <span class="share">90%</span>' in html
    assert "Closest: <a" in html and 'aria-label="an owl: 90%"' in html


def test_no_bird_is_said():
    html = card(answer(bird=0.03, tier="no bird"), LOOK, ENGLISH)
    assert "No bird found (probability of one: 3%)" in html and "crop the photo closer" in html
    assert "<li" not in html and "<img" not in html


def test_the_part_that_was_looked_at_is_drawn_and_can_be_changed():
    html = card(answer(MACAW, box=(0.1, 0.2, 0.6, 0.9), enlarged=True), LOOK, ENGLISH)
    assert "left:10.0%;top:20.0%;width:50.0%;height:70.0%" in html
    assert 'src="data:image/jpeg;base64,' in html and "this part of the photo, enlarged" in html
    assert 'data-crop="0.1000,0.2000,0.6000,0.9000"' in html
    assert "<img" not in card(answer(MACAW), LOOK, ENGLISH)


def test_what_the_list_lacks_and_left_out_is_said():
    html = card(
        answer(
            MACAW,
            note="A note & more.",
            lacks=("a gull or tern",),
            outside=0.125,
            list_note="No species is called “<b>”.",
        ),
        None,
        ENGLISH,
    )
    assert "Offline list: 59 kinds" in html and "a gull or tern" in html
    assert "A note &amp; more." in html and "“&lt;b&gt;”" in html
    assert "12% of the birds" in html


def test_it_speaks_korean():
    assert "아마도" in card(answer(MACAW, OWL), LOOK, KOREAN)


def test_every_kind_has_a_page():
    assert page(OWL) == "https://ebird.org/species/grgowl"
    assert page(MACAW).endswith("Special:Search?search=macaw+bird")
