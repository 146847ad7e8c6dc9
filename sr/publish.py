"""python -m sr.publish RUN OWNER/NAME: a run of `python -m sr.train` as a repository on the Hub.

Writes a folder of what `SR_WEIGHTS` reads (model.safetensors, config.json), a model card and a
sample picture; loads it as the app will and compares it with the run; and only then uploads it.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

import hub
from hub import BadWeights, NotPublished
from sr import catalog, model_card

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
SAMPLE = model_card.SAMPLE
SIDE = 64  # pixels of the test picture


class NotARun(ValueError):
    """A folder that can't be published; the message says why and what to do."""


@dataclass(frozen=True)
class Run:
    """What training left.  config, card: its facts.  weights: the generator, float32.
    sample: the newest picture of crops, or None.
    """

    config: dict
    card: dict
    weights: Path
    sample: Path | None


@dataclass(frozen=True)
class Rounding:
    """How far the published network is from the run's on a test picture.

    levels: the largest difference, of 255.  share: of the values that differ, 0..1.
    """

    levels: int
    share: float


def read_run(folder: Path) -> Run:
    """The run in a folder. Raises `NotARun` if it is none or it has no weights yet."""
    missing = [name for name in (CONFIG, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        raise NotARun(
            f"{folder} is no finished run, it has no {' and no '.join(missing)}: train first, "
            f"python -m sr.train DATA --out {folder}, or name the folder that you gave as --out."
        )
    card = folder / "card.json"
    samples = sorted((folder / "samples").glob("*.png"))
    return Run(
        _facts(folder / CONFIG),
        _facts(card) if card.is_file() else {},
        folder / WEIGHTS,
        samples[-1] if samples else None,
    )


def _facts(path: Path) -> dict:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise NotARun(f"{path} is damaged: let python -m sr.train write it again.")
    return facts


def build(
    run: Run, repo: str, folder: Path, *, half: bool, sample: bool, licence: str, attribution: str
) -> dict[str, Path | None]:
    """Write and check the folder; gives its files by their name in `repo`, None for one left out.

    half: store kernels as float16.  sample: publish the picture of crops.
    Raises `NotARun` and `BadWeights`.
    """
    (folder / SAMPLE).parent.mkdir(parents=True, exist_ok=True)
    network = run.config.get("network")
    (folder / CONFIG).write_text(json.dumps(network, indent=2) + "\n", encoding="utf-8")
    trained = load(folder / CONFIG, run.weights)
    _save(trained, folder / WEIGHTS, half)
    rounding = compare(trained, load(folder / CONFIG, folder / WEIGHTS))
    shown = run.sample if sample else None
    if shown:
        shutil.copyfile(shown, folder / SAMPLE)
    else:
        (folder / SAMPLE).unlink(missing_ok=True)
    parameters = sum(p.numel() for p in trained.parameters())
    facts = model_card.Facts(
        repo,
        run.config,
        run.card,
        parameters,
        _stored(half, rounding),
        shown is not None,
        licence,
        attribution,
    )
    (folder / CARD).write_text(model_card.text(facts), encoding="utf-8")
    files = {name: folder / name for name in (CARD, CONFIG, WEIGHTS)}
    return {**files, SAMPLE: folder / SAMPLE if shown else None}


def load(config: Path, weights: Path) -> nn.Sequential:
    """The network of two files, read as those that `SR_WEIGHTS` names are. Raises `BadWeights`."""
    network = catalog.configured(config)
    network.load_state_dict(catalog.read_own(weights, network), strict=True)
    return network.eval()


def _save(network: nn.Sequential, path: Path, half: bool) -> None:
    """Kernels as float16; biases, slopes and batch norms, one value in a hundred, stay float32."""
    from safetensors.torch import save

    state = {
        name: (tensor.half() if half and tensor.ndim > 1 else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    path.write_bytes(save(state, metadata={"format": "pt"}))


@torch.inference_mode()
def compare(trained: nn.Sequential, published: nn.Sequential) -> Rounding:
    """Both on the test picture. Raises `NotARun` where one gives what is no number."""
    levels = []
    for network, advice in (
        (trained, "the training went wrong, start it again with a lower --rate"),
        (published, "its kernels are too large for float16, publish with --float32"),
    ):
        result = network(rings())
        if not torch.isfinite(result).all():
            raise NotARun(f"The network gives values that are no numbers: {advice}.")
        levels.append(result.clamp(0, 1).mul(255).round())
    difference = (levels[0] - levels[1]).abs()
    return Rounding(int(difference.max()), float((difference > 0).float().mean()))


def rings() -> Tensor:
    """(1, 3, 64, 64) in 0..1: rings from coarse to fine, each colour's about another corner."""
    at = torch.arange(SIDE) / SIDE
    corners = ((0, 0), (1, 0), (0, 1))
    distances = [(at[:, None] - y) ** 2 + (at[None, :] - x) ** 2 for y, x in corners]
    return torch.stack([0.5 + 0.5 * torch.cos(40 * d) for d in distances])[None]


def _stored(half: bool, rounding: Rounding) -> str:
    if not half:
        return "float32, as trained"
    return (
        "float16, biases and batch norms float32; on a test picture the result differs from the "
        f"one in float32 by at most {rounding.levels} of 255 levels, on {rounding.share:.2%} of "
        "the values"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sr.publish", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="the --out of python -m sr.train")
    parser.add_argument("repo", metavar="OWNER/NAME", help="a repository, made if there is none")
    parser.add_argument("--dry-run", action="store_true", help="write the folder, upload nothing")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="RUN/publish if left out")
    parser.add_argument("--private", action="store_true", help="only you and yours may see it")
    parser.add_argument("--licence", metavar="L", help="of the weights; the run's if left out")
    parser.add_argument("--attribution", metavar="TEXT", help="whose photos; the run's if left out")
    parser.add_argument("--float32", action="store_true", help="twice the size, no rounding")
    parser.add_argument("--no-sample", action="store_true", help="show no crops of the photos")
    parser.add_argument("--message", metavar="M", help="what the version is called on the Hub")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if it was published, 1 if not, 2 for a wrong command."""
    args = _parser().parse_args(argv)
    try:
        hub.check_name(args.repo)
        run = read_run(args.run)
        folder = args.out or args.run / "publish"
        files = _written(run, folder, args)
        if args.dry_run:
            print(
                f"Nothing was uploaded. To try it: SR_WEIGHTS={shlex.quote(str(folder))} python "
                "app.py. The same command without --dry-run writes it again and uploads it; after "
                f"changes of your own: hf upload {args.repo} {shlex.quote(str(folder))} ."
            )
        else:
            _upload(files, args, _message(run))
        return 0
    except BadWeights as error:
        print(f"{args.run} can't be used through SR_WEIGHTS: {error}.", file=sys.stderr)
    except (NotARun, NotPublished, OSError) as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _written(run: Run, folder: Path, args: argparse.Namespace) -> dict[str, Path | None]:
    """The folder as the command asks for it, with a word on what it lacks."""
    _check_free(folder, args.run)
    said = {
        "licence": _said(args.licence, run.card.get("licence")),
        "attribution": _said(args.attribution, run.card.get("attribution")),
    }
    half, sample = not args.float32, not args.no_sample
    files = build(run, args.repo, folder, half=half, sample=sample, **said)
    print(f"{folder} is written and was loaded: {', '.join(n for n, f in files.items() if f)}.")
    for what in (what for what, text in said.items() if not text):
        print(f"The card states no {what}: add --{what} where you know it.")
    return files


def _check_free(folder: Path, run: Path) -> None:
    """Raises `NotARun` where files that are not a published version's would be overwritten."""
    ours = {CARD, CONFIG, WEIGHTS, Path(SAMPLE).parts[0]}
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if folder.resolve() == run.resolve() or {n for n in there if n[0] != "."} - ours:
        raise NotARun(f"{folder} has other files in it: name a new folder as --out.")


def _said(chosen: str | None, trained: object) -> str:
    return str(trained or "") if chosen is None else chosen.strip()


def _message(run: Run) -> str:
    facts = {"model": "a model", "stage": "trained", "steps": "some", **run.config, **run.card}
    return "{model}, {stage}, {steps} steps".format_map(facts)


def _upload(files: Mapping[str, Path | None], args: argparse.Namespace, message: str) -> None:
    commit = hub.publish(files, args.repo, args.message or message, private=args.private)
    token = "with HF_TOKEN set, for it is private, " if args.private else ""
    print(f"Published: {commit.url}")
    print(f"To run it: {token}SR_WEIGHTS={args.repo}@{commit.hash} python app.py")


if __name__ == "__main__":
    sys.exit(main())
