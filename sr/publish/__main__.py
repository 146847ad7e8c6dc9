"""python -m sr.publish RUN OWNER/NAME: a run of `python -m sr.train` as a repository on the Hub.

Writes a folder of what `SR_WEIGHTS` reads (model.safetensors, config.json), a model card and a
sample picture; loads it as the app will and compares it with the run; and only then uploads it.
"""

import argparse
import json
import shlex
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import hub
from hub import BadWeights, LocalFile, NotPublished
from sr import commands
from sr.models import catalog
from sr.publish import model_card
from sr.publish.model_card import SAMPLE
from sr.train.run import CARD, CONFIG, WEIGHTS, Run, RunError

README = "README.md"
SIDE = 64  # pixels of the test picture


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sr.publish", description=__doc__)
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="the --out of python -m sr.train")
    add("repo", metavar="OWNER/NAME", help="a repository, made if there is none")
    add("--dry-run", action="store_true", help="write the folder, upload nothing")
    add("--out", type=Path, metavar="FOLDER", help="RUN/publish if left out")
    add("--private", action="store_true", help="only you and yours may see it")
    add("--licence", metavar="L", help="of the weights; the run's if left out")
    add("--attribution", metavar="TEXT", help="whose photos; the run's if left out")
    add("--float32", action="store_true", help="twice the size, no rounding")
    add("--no-sample", action="store_true", help="show no crops of the photos")
    add("--message", metavar="M", help="what the version is called on the Hub")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if it was published, 1 if not, 2 for a wrong command."""
    return commands.run(lambda: _run(_parser().parse_args(argv)), RunError, NotPublished)


def _run(args: argparse.Namespace) -> None:
    hub.check_name(args.repo)
    run, folder = Run(args.run), args.out or args.run / "publish"
    _check(run, folder)
    facts = {**run.config(), **run.card()}
    for name in ("licence", "attribution"):
        asked = getattr(args, name)
        facts[name] = str(facts.get(name) or "") if asked is None else asked.strip()
    try:
        files = write(run, folder, facts, args)
    except BadWeights as error:
        raise RunError(f"{args.run} can't be used through SR_WEIGHTS: {error}.") from None
    print(f"{folder} is written and was loaded: {', '.join(n for n, f in files.items() if f)}.")
    for name in ("licence", "attribution"):
        if not facts[name]:
            print(f"The card states no {name}: add --{name} where you know it.")
    if args.dry_run:
        print(
            f"Nothing was uploaded. To try it: SR_WEIGHTS={shlex.quote(str(folder))} python "
            "app.py. The same command without --dry-run writes it again and uploads it; after "
            f"changes of your own: hf upload {args.repo} {shlex.quote(str(folder))} ."
        )
        return
    known = {"model": "a model", "stage": "trained", "steps": "some"} | facts
    message = args.message or "{model}, {stage}, {steps} steps".format_map(known)
    commit = hub.publish(files, args.repo, message, private=args.private)
    token = "with HF_TOKEN set, for it is private, " if args.private else ""
    print(f"Published: {commit.url}")
    print(f"To run it: {token}SR_WEIGHTS={args.repo}@{commit.hash} python app.py")


def _check(run: Run, folder: Path) -> None:
    """Raises `RunError` for an unfinished run, or a folder that has more than a version in it."""
    missing = [name for name in (CONFIG, WEIGHTS) if not (run.folder / name).is_file()]
    if missing:
        raise RunError(
            f"{run.folder} is no finished run, it has no {' and no '.join(missing)}: train first, "
            f"python -m sr.train DATA --out {run.folder}, or name the folder that you gave as "
            "--out."
        )
    ours = {README, CONFIG, WEIGHTS, Path(SAMPLE).parts[0]}
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if folder.resolve() == run.folder.resolve() or {n for n in there if n[0] != "."} - ours:
        raise RunError(f"{folder} has other files in it: name a new folder as --out.")


def write(run: Run, folder: Path, facts: dict, args: argparse.Namespace) -> dict[str, Path | None]:
    """Write and check the folder; gives its files by their name on the Hub, None for one left out.

    facts: of config.json and card.json, for the card.
    Raises `RunError` and `BadWeights`.
    """
    (folder / SAMPLE).parent.mkdir(parents=True, exist_ok=True)
    network = json.dumps(facts.get("network"), indent=2)
    (folder / CONFIG).write_text(f"{network}\n", encoding="utf-8")
    trained = load(folder / CONFIG, run.weights)
    state = {k: v if args.float32 else _halved(v) for k, v in trained.state_dict().items()}
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
    rounding = compare(trained, load(folder / CONFIG, folder / WEIGHTS))
    stored = "float32, as trained" if args.float32 else f"float16, {rounding}"
    sample = None if args.no_sample else run.newest_sample()
    if sample:
        shutil.copyfile(sample, folder / SAMPLE)
    else:
        (folder / SAMPLE).unlink(missing_ok=True)
    parameters = sum(p.numel() for p in trained.parameters())
    try:
        told = {**facts, "parameters": parameters, "stored": stored}
        text = model_card.text(args.repo, told, sample=sample is not None)
    except (KeyError, TypeError, ValueError, AttributeError):  # written by hand
        raise run.damaged(CARD) from None
    (folder / README).write_text(text, encoding="utf-8")
    files = {name: folder / name for name in (README, CONFIG, WEIGHTS)}
    return {**files, SAMPLE: folder / SAMPLE if sample else None}


def load(config: Path, weights: Path) -> nn.Sequential:
    """The network of two files, read as those that `SR_WEIGHTS` names are. Raises `BadWeights`."""
    model = catalog.configured(config, LocalFile(str(weights)))
    network = model.build()
    network.load_state_dict(model.read(weights, network), strict=True)
    return network.eval()


def _halved(tensor: Tensor) -> Tensor:
    """Kernels as float16; biases, slopes and batch norms, one value in a hundred, stay float32."""
    return tensor.half() if tensor.ndim > 1 else tensor


@torch.inference_mode()
def compare(trained: nn.Sequential, published: nn.Sequential) -> str:
    """How far the results are apart on the test picture. Raises `RunError` for no numbers."""
    levels = []
    for network, advice in (
        (trained, "the training went wrong, start it again with a lower --learning-rate"),
        (published, "its kernels are too large for float16, publish with --float32"),
    ):
        result = network(rings())
        if not torch.isfinite(result).all():
            raise RunError(f"The network gives values that are no numbers: {advice}.")
        levels.append(result.clamp(0, 1).mul(255).round())
    difference = (levels[0] - levels[1]).abs()
    return (
        "biases and batch norms float32; on a test picture the result differs from the one in "
        f"float32 by at most {int(difference.max())} of 255 levels, on "
        f"{float((difference > 0).float().mean()):.2%} of the values"
    )


def rings() -> Tensor:
    """(1, 3, 64, 64) in 0..1: rings from coarse to fine, each colour's about another corner."""
    at = torch.arange(SIDE) / SIDE
    corners = ((0, 0), (1, 0), (0, 1))
    distances = [(at[:, None] - y) ** 2 + (at[None, :] - x) ** 2 for y, x in corners]
    return torch.stack([0.5 + 0.5 * torch.cos(40 * d) for d in distances])[None]


if __name__ == "__main__":
    sys.exit(main())
