"""The species panel's HTML."""

from classify import Answer, Species
from ui.components.species import page, panel

MACAW = Species("macaw", None, 0.75, None)
OWL = Species("Great <Gray> Owl", "Strix nebulosa", 0.25, "https://ebird.org/species/grgowl")


def test_both_answers_are_shown_and_the_apps_own_is_marked():
    uploaded = Answer(0.9, (MACAW, OWL), 59, False, "w")
    enlarged = Answer(0.95, (OWL, MACAW), 59, True, "w", "A note & more.")
    html = panel(uploaded, enlarged, enlarged)
    assert html.count("<section") == 2 and html.count("chosen") == 1
    assert "enlarged chosen" in html and "A note &amp; more." in html
    assert "Great &lt;Gray&gt; Owl" in html and "<i>Strix nebulosa</i>" in html
    assert 'aria-label="macaw: 75.0%"' in html


def test_no_bird_is_said():
    nothing = Answer(0.03, (), 59, False, "w")
    html = panel(nothing, None, nothing)
    assert "No bird recognised (probability of a bird: 3%)." in html
    assert html.count("<section") == 1 and "<li" not in html


def test_every_kind_has_a_page():
    assert page(OWL) == "https://ebird.org/species/grgowl"
    assert page(MACAW).endswith("Special:Search?search=macaw+bird")
