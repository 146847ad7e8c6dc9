"""The page for people who use a keyboard, a screen reader, a phone or dark colours.

axe-core's rules, of which none may be broken seriously, and what it can't tell: that all that can
be clicked is reached by the Tab key and has a name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ui.test_page import CHOOSER, enlarge


class Theirs(NamedTuple):
    """A fault of Gradio's own elements, which an app has no means to label."""

    rule: str
    selector: str
    reason: str


THEIRS = [
    Theirs(
        "aria-prohibited-attr",
        ".empty[aria-label]",
        "the sign of a component without a value is a labelled div without a role",
    ),
    Theirs(
        "label-content-name-mismatch",
        ".upload-container[aria-label]",
        "the upload area's name is not the text that it shows",
    ),
]


class View(NamedTuple):
    """A way to look at the page, and what is done first: nothing, enlarging, cropping, failing."""

    query: str = ""
    width: int = 1280
    state: str = ""


VIEWS = {
    "light": View(),
    "phone, result": View(width=390, state="result"),
    "result": View(state="result"),
    "dark, result": View("?__theme=dark", state="result"),
    "dark, crop": View("?__theme=dark", state="crop"),
    "error": View(state="error"),
}

AXE = """
theirs => axe.run(document, {resultTypes: ['violations']}).then(({violations}) =>
  violations.filter(v => ['serious', 'critical'].includes(v.impact)).flatMap(v =>
    v.nodes.map(node => {
      const element = document.querySelector(node.target.at(-1));
      const excuse = theirs.findIndex(([rule, selector]) =>
        rule === v.id && element.matches(selector));
      const why = node.failureSummary.replace(/\\s+/g, ' ');
      return [excuse, `${v.impact} ${v.id}: ${node.target} ${node.html.slice(0, 150)} ${why}`];
    })))
"""

# What can be clicked or typed into and isn't hidden. Of radio buttons and tabs only one is
# reached by Tab, the others by the arrow keys.
CONTROLS = """
() => {
  window.reached = new Set();
  document.addEventListener('focusin', event => reached.add(event.target));
  document.activeElement.blur();
  const kinds = 'button, a[href], input:not([type=file]), select, textarea, summary, '
    + '[role=button], [role=slider], [role=checkbox], [role=link], [role=combobox]';
  const seen = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && element.getClientRects().length && !element.closest('[aria-hidden=true], [inert]')
    && !element.disabled && element.type !== 'radio' && element.role !== 'tab';
  window.controls = [...document.querySelectorAll(kinds)].filter(seen);
  return controls.length;
}
"""
NOT_REACHED = """
() => controls.filter(c => c.isConnected && !reached.has(c)).map(c => c.outerHTML.slice(0, 200))
"""


@pytest.fixture(scope="module", params=VIEWS)
def page(request, browser, app_url, little):
    """The page in each of the views, opened once for all tests."""
    view = VIEWS[request.param]
    page = browser.new_page(viewport={"width": view.width, "height": 1000})
    page.goto(f"{app_url}/{view.query}")
    page.wait_for_selector(".viewer .drop button")
    if view.state == "error":
        page.set_input_files(CHOOSER, __file__)
        page.wait_for_selector(".viewer[data-phase=error]")
    elif view.state:
        enlarge(page, little)
        page.get_by_text("Faithful", exact=True).click()
        page.wait_for_selector(".viewer .tiles button", timeout=60_000)
        page.wait_for_selector(".viewer[data-phase=done]", timeout=60_000)
        page.click("#details > button")
        page.click(f".viewer [data-do={'crop' if view.state == 'crop' else 'lens'}]")
    yield page
    page.close()


def tabs(page):
    """Show each of the page's tabs in turn; yields their names."""
    found = [tab for tab in page.get_by_role("tab").all() if tab.is_visible()]
    if not found:
        yield "the page"
    for tab in found:
        tab.click()
        page.wait_for_timeout(500)
        yield tab.inner_text()


def test_no_serious_fault(page, node_modules: Path):
    page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")
    excuses = [[theirs.rule, theirs.selector] for theirs in THEIRS]
    faults = [
        f"{tab}: {fault}"
        for tab in tabs(page)
        for excuse, fault in page.evaluate(AXE, excuses)
        if excuse < 0
    ]
    assert not faults, "\n".join(faults)


def test_all_controls_are_reached_by_the_tab_key(page):
    for tab in tabs(page):
        for _ in range(page.evaluate(CONTROLS) * 2 + 20):
            page.keyboard.press("Tab")
        missed = page.evaluate(NOT_REACHED)
        assert not missed, f"{tab}: " + "\n".join(missed)


def test_all_that_takes_the_focus_has_a_name(page):
    devtools = page.context.new_cdp_session(page)
    nameless = []
    for tab in tabs(page):
        for node in devtools.send("Accessibility.getFullAXTree")["nodes"]:
            named = node.get("name", {}).get("value", "").strip()
            if takes_focus(node) and not named:
                element = {"backendNodeId": node["backendDOMNodeId"]}
                html = devtools.send("DOM.getOuterHTML", element)["outerHTML"]
                nameless.append(f"{tab}: {node['role']['value']} {html[:200]}")
    assert not nameless, "\n".join(nameless)


def takes_focus(node: dict) -> bool:
    properties = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}
    page = node["ignored"] or node["role"]["value"] == "RootWebArea"
    return bool(properties.get("focusable")) and not page


def test_the_page_does_not_scroll_sideways_on_a_phone(browser, app_url):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(app_url)
    page.wait_for_selector(".viewer .drop button")
    for tab in tabs(page):
        widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], json.dumps({tab: widths})
    page.close()
