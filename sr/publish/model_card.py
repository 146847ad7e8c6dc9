"""A published run's README.md: YAML for the Hub, then what a person should know."""

import json
import re
from pathlib import Path

from hub import HubFile, LocalFile
from sr.compare.degradations import DEGRADATIONS
from sr.models import catalog

SAMPLE = "samples/sample.png"  # always the same name, so that a new version replaces the old one
# Identifiers the Hub has for licences; another one is published as "other" with its name.
LICENCES = {
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "gpl-3.0", "lgpl-3.0"),
    *("cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0"),
    *("cc-by-3.0", "cc-by-sa-3.0", "agpl-3.0", "mpl-2.0", "openrail", "unlicense"),
}
STAGES = {
    "mse": "on the mean squared error alone, which is SRResNet's way",
    "gan": "against a discriminator that learned too, which is SRGAN's way",
    "finetune": "trained weights went on learning, against a discriminator as in SRGAN",
}
CAPTION = f"""![Crops of photos]({SAMPLE})

Photos kept from training. From left to right: enlarged by bicubic, by the network as the training
began, by this one, and the original.

"""
HOW_SCORED = (
    "PSNR and SSIM are on luma. Sharpness is the mean modified Laplacian of luma, how abruptly "
    "brightness changes, be that true or invented; it is to be compared with the original's. The "
    "highest PSNR is not the sharpest picture: the squared error rewards blur."
)
INVENTS = (
    "It invents plausible texture. The result looks sharp, but its finest detail is a guess and "
    "no evidence: don't read feather patterns, ring numbers or faces off it."
)
SMOOTH = (
    "It guesses what is most likely, which looks soft; even so, fine detail in the result is no "
    "evidence of what was there."
)
KIND = "It knows the kind of photos it was trained on; with others it may do worse."
CLEAN = (
    "It was trained on photos shrunk cleanly: noise, blur and JPEG's blocks are enlarged rather "
    "than taken away."
)
TEMPLATE = """---
{front_matter}
---

# {name}

Weights that make photos four times as large, for the app *Sharper birds*.

{caption}## Use

In the app's folder:

```sh
SR_WEIGHTS={repo} python app.py
SR_WEIGHTS={repo} python -m sr photo.jpg --out enlarged
```

`SR_WEIGHTS={repo}@COMMIT` stays with one version, whatever is published later.

## Training

{training}

{scores}## Limits

{limits}

## Licence and attribution

{credits}
"""


def text(repo: str, facts: dict, *, sample: bool) -> str:
    """The whole card, Markdown.

    repo: owner/name.
    facts: of config.json and card.json, of which any but "network" and "stored" may be missing,
        and of the weights: "parameters", how exactly they are "stored", "licence", "attribution".
    sample: whether there is a picture.
    """
    limits = [SMOOTH if facts.get("stage") == "mse" else INVENTS, KIND]
    limits += [CLEAN] if facts.get("degrade") == "clean" else []
    return TEMPLATE.format(
        front_matter=_front_matter(facts),
        name=repo.split("/")[1],
        caption=CAPTION if sample else "",
        repo=repo,
        training=_table(("", ""), _training(facts)),
        scores=_scores(facts.get("scores") or []),
        limits="\n".join(f"- {limit}" for limit in limits),
        credits=_credits(facts),
    )


def _front_matter(facts: dict) -> str:
    lines = {"library_name": "pytorch", "pipeline_tag": "image-to-image"}
    licence = re.sub(r"[^a-z0-9.]+", "-", facts["licence"].lower()).strip("-")
    if licence in LICENCES:
        lines["license"] = licence
    elif licence:
        lines |= {"license": "other", "license_name": licence}
    start = facts.get("start")
    source = catalog.find(start).sources[0] if start in catalog.names() else None
    if isinstance(source, HubFile):
        lines |= {"base_model": source.repo, "base_model_relation": "finetune"}
    lines["tags"] = ["super-resolution", "image-to-image"]
    if facts.get("stage") in ("gan", "finetune"):
        lines["tags"].append("srgan")
    return "\n".join(f"{key}: {json.dumps(value)}" for key, value in lines.items())  # YAML too


def _started_from(start: str) -> str:
    """The model or run it started from; of a path just the name, paths tell about people."""
    if start not in catalog.names():
        return Path(start).name
    model = catalog.find(start)
    source = model.sources[0]
    where = Path(source.path).parent.name if isinstance(source, LocalFile) else source
    return f"{start} ({where}, {model.licence})"


def _training(facts: dict) -> list[tuple[str, object]]:
    """(what, how) of what is known."""
    network = facts["network"]
    rows = [
        ("network", f"{network['network']}, {facts['parameters']:,} parameters"),
        ("its options", ", ".join(f"{k}={v}" for k, v in network.get("options", {}).items())),
        ("started from", _started_from(facts.get("start") or "")),
        ("how", STAGES.get(facts.get("stage"), facts.get("stage"))),
        ("content loss by", facts.get("features")),
        ("photos kept from training", facts.get("held_out")),
        ("small photos", _small_photos(facts.get("degrade"))),
        ("learning rate", facts.get("rate")),
        ("seed", facts.get("seed")),
        *(_work(facts) if "photos" in facts else []),
        ("stored as", facts["stored"]),
    ]
    return [(what, how) for what, how in rows if how not in (None, "")]


def _small_photos(degrade: str | None) -> str | None:
    known = DEGRADATIONS.get(degrade)
    return f"the photos {known.about}" if known else degrade


def _work(facts: dict) -> list[tuple[str, str]]:
    """What only card.json has. Raises `KeyError`."""
    hours, minutes = divmod(max(round(facts["seconds"] / 60), 1), 60)
    steps = "{steps:,} of {batch} crops of {crop} x {crop} pixels".format_map(facts)
    skipped = sum(facts["skipped"].values())
    photos = "{photos}, {megapixels:,.1f} megapixels".format_map(facts)
    return [
        ("photos", f"{photos}, {skipped} files left out" if skipped else photos),
        ("steps", steps),
        ("took", f"{hours} h {minutes} min on {facts['machine']}"),
    ]


def _scores(scores: list[dict]) -> str:
    """Before the first step and after the last, with how to read them."""
    if not scores:
        return ""
    head = ("data", "after step", "PSNR-Y dB", "SSIM-Y", "sharpness")
    forms = {"dataset": "", "step": ",", "psnr_y": ".2f", "ssim_y": ".4f"}
    rows = []
    for score in scores[:: max(len(scores) - 1, 1)]:
        cells = [format(score[name], form) for name, form in forms.items()]
        sharpness = format(score["sharpness"], ".2f") if "sharpness" in score else "-"
        rows.append([*cells, sharpness])
    return f"{_table(head, rows)}\n\n{HOW_SCORED}\n\n"


def _credits(facts: dict) -> str:
    licence, start, photos = facts["licence"], facts.get("start"), facts["attribution"]
    lines = [f"Licence of these weights: {licence}." if licence else "No licence was stated."]
    if start:
        lines.append(f"They started from {_started_from(start)}.")
    lines.append(f"Photos: {photos}" if photos else "Whose photos they are was not stated.")
    return "\n\n".join(lines)


def _table(head: tuple[str, ...], rows: list) -> str:
    """Markdown; numbers, which come after the first of several columns, to the right."""
    sides = ["---" if i == 0 or len(head) == 2 else "---:" for i in range(len(head))]
    cells = [[re.sub(r"\s+", " ", str(cell)).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, sides, *cells))
