"""A published run's README.md: YAML for the Hub, then what a person should know."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub import HubFile, LocalFile
from sr import catalog

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
SMALL_PHOTOS = {
    "bicubic": "the photos shrunk four times by bicubic, as the benchmarks do",
    "realistic": "the photos blurred, shrunk four times, made noisy and saved as JPEG",
}

CAPTION = f"""![Crops of photos]({SAMPLE})

Photos kept from training. From left to right: enlarged by bicubic, by the network as the training
began, by this one, and the original."""


@dataclass(frozen=True)
class Facts:
    """What the card tells.

    repo: owner/name.  config, card: the run's JSON files; of the card any key may be missing.
    parameters: of the network.  stored: how exactly the weights are kept.  sample: whether there
    is a picture.  licence: of the weights, attribution: of the photos; "" where none was stated.
    """

    repo: str
    config: dict
    card: dict
    parameters: int
    stored: str
    sample: bool
    licence: str
    attribution: str

    def known(self, key: str) -> object:
        """A fact of training, or None."""
        return self.card.get(key, self.config.get(key))

    @property
    def start(self) -> str:
        """The model or run it started from; of a path just the name, paths tell about people."""
        start = str(self.known("start") or "")
        return start if start in catalog.MODELS else Path(start).name


def text(facts: Facts) -> str:
    """The whole card, Markdown."""
    use = f"SR_WEIGHTS={facts.repo}"
    parts = [
        _front_matter(facts),
        f"# {facts.repo.split('/')[1]}",
        "Weights that make photos four times as large, for the app *Sharper birds*.",
        CAPTION if facts.sample else "",
        "## Use",
        f"In the app's folder:\n\n```sh\n{use} python app.py\n"
        f"{use} python -m sr photo.jpg --out enlarged\n```\n\n"
        f"`{use}@COMMIT` stays with one version, whatever is published later.",
        "## Training",
        _table(("", ""), _training(facts)),
        _scores(facts.card.get("scores") or []),
        "## Limits",
        _limits(facts),
        "## Licence and attribution",
        _credits(facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(facts: Facts) -> str:
    lines = _licence(facts.licence)
    lines |= {"library_name": "pytorch", "pipeline_tag": "image-to-image"}
    start = catalog.MODELS.get(facts.start)
    if start and isinstance(start.sources[0], HubFile):
        lines |= {"base_model": start.sources[0].repo, "base_model_relation": "finetune"}
    tags = ["super-resolution", "image-to-image"]
    tags += ["srgan"] if facts.known("stage") in ("gan", "finetune") else []
    head = [f"{key}: {json.dumps(value)}" for key, value in lines.items()]
    return "\n".join(["---", *head, "tags:", *(f"  - {tag}" for tag in tags), "---"])


def _licence(name: str) -> dict[str, str]:
    if not name:
        return {}
    known = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
    return {"license": known} if known in LICENCES else {"license": "other", "license_name": known}


def _started_from(facts: Facts) -> str:
    model = catalog.MODELS.get(facts.start)
    if model is None:
        return facts.start
    source = model.sources[0]
    where = Path(source.path).parent.name if isinstance(source, LocalFile) else source
    return f"{facts.start} ({where}, {model.licence})"


def _training(facts: Facts) -> list[tuple[str, str]]:
    """(what, how) of what is known."""
    network, stage, small = facts.config["network"], facts.known("stage"), facts.known("degrade")
    options = ", ".join(f"{k}={v}" for k, v in network.get("options", {}).items())
    rows = [
        ("network", f"{network['network']}, {facts.parameters:,} parameters"),
        ("its options", options),
        ("started from", _started_from(facts)),
        ("how", STAGES.get(stage, stage)),
        ("content loss by", facts.known("features")),
        ("photos", _photos(facts)),
        ("photos kept from training", facts.known("held_out")),
        ("small photos", SMALL_PHOTOS.get(small, small)),
        ("steps", _steps(facts)),
        ("learning rate", facts.known("rate")),
        ("seed", facts.known("seed")),
        ("took", _took(facts)),
        ("stored as", facts.stored),
    ]
    return [(what, str(how)) for what, how in rows if how not in (None, "")]


def _photos(facts: Facts) -> str:
    skipped = facts.known("skipped") or 0
    skipped = sum(skipped.values()) if isinstance(skipped, dict) else skipped
    megapixels = facts.known("megapixels")
    size = f"{megapixels:,.1f} megapixels" if isinstance(megapixels, (int, float)) else ""
    left_out = f"{skipped} files left out" if skipped else ""
    return ", ".join(str(part) for part in (facts.known("photos"), size, left_out) if part)


def _steps(facts: Facts) -> str:
    steps, batch, crop = (facts.known(key) for key in ("steps", "batch", "crop"))
    done = f"{steps:,}" if isinstance(steps, int) else str(steps or "")
    return f"{done} of {batch} crops of {crop} x {crop} pixels" if batch and crop else done


def _took(facts: Facts) -> str:
    seconds, machine = facts.known("seconds"), facts.known("machine")
    if not isinstance(seconds, (int, float)):
        return ""
    minutes = max(round(seconds / 60), 1)
    time = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"{time} on {machine}" if machine else time


def _scores(scores: list[Mapping]) -> str:
    """The first and the last of each data set, side by side."""
    rows = []
    for dataset in dict.fromkeys(str(score.get("dataset", "")) for score in scores):
        found = [score for score in scores if str(score.get("dataset", "")) == dataset]
        found = sorted(found, key=lambda score: score.get("step", 0))
        ends = [found[0], found[-1]] if len(found) > 1 else found
        rows += [(dataset, *_figures(score)) for score in ends]
    if not rows:
        return ""
    head = ("data", "after step", "PSNR-Y dB", "SSIM-Y", "sharpness")
    return _table(head, rows) + (
        "\n\nPSNR and SSIM are on luma. Sharpness is how much neighbouring pixels differ, whether "
        "that is true or invented. The highest PSNR is not the sharpest picture: the squared "
        "error rewards blur."
    )


def _figures(score: Mapping) -> list[str]:
    figures = [f"{score.get('step', 0):,}"]
    for name, digits in (("psnr_y", 2), ("ssim_y", 4), ("sharpness", 2)):
        value = score.get(name)
        figures.append(f"{value:.{digits}f}" if isinstance(value, (int, float)) else "-")
    return figures


def _limits(facts: Facts) -> str:
    invents = (
        "- It invents plausible texture. The result looks sharp, but its finest detail is a guess "
        "and no evidence: don't read feather patterns, ring numbers or faces off it."
    )
    smooth = (
        "- It guesses what is most likely, which looks soft; even so, fine detail in the result "
        "is no evidence of what was there."
    )
    photos = "- It knows the kind of photos it was trained on; with others it may do worse."
    clean = (
        "- It was trained on photos shrunk cleanly: noise, blur and JPEG's blocks are enlarged "
        "rather than taken away."
    )
    lines = [smooth if facts.known("stage") == "mse" else invents, photos]
    return "\n".join([*lines, clean] if facts.known("degrade") == "bicubic" else lines)


def _credits(facts: Facts) -> str:
    licence, photos = facts.licence, facts.attribution
    lines = [f"Licence of these weights: {licence}." if licence else "No licence was stated."]
    if facts.start:
        lines.append(f"They started from {_started_from(facts)}.")
    lines.append(f"Photos: {photos}" if photos else "Whose photos they are was not stated.")
    return "\n\n".join(lines)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Markdown, with numbers to the right."""
    sides = ["---" if i == 0 or len(head) == 2 else "---:" for i in range(len(head))]
    cells = [[re.sub(r"\s+", " ", cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, sides, *cells))
