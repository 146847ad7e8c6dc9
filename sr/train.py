"""python -m sr.train DATA --out RUN: train a network on a folder of photos, or fine-tune one.

Stages: `mse` learns by the squared error (SRCNN, FSRCNN, SRResNet), `gan` goes on from such
weights against a new discriminator (SRGAN), `finetune` goes on from any catalog model, with its
own discriminator where that is known. RUN keeps the log, samples, checkpoints, weights and card.
Ctrl-C saves; `--resume` goes on. On several GPUs: torchrun --nproc-per-node N -m sr.train ...
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import nn

from sr import catalog
from sr.engine import EngineError
from sr.networks import Discriminator
from sr.photo import PhotoError
from sr.training import initial, validation
from sr.training.degrade import DEGRADATIONS
from sr.training.features import content
from sr.training.library import LEAST_SIDE, Library, gather
from sr.training.loop import Training, train
from sr.training.processes import World, join, keep_memory, leave
from sr.training.profile import profile
from sr.training.run import Run, RunError, Settings
from sr.training.stages import Adversarial, Pixel, freeze_statistics

MSE, GAN, FINETUNE = STAGES = ("mse", "gan", "finetune")
# model, start, rate where they aren't given
DEFAULTS = {
    MSE: ("srresnet-div2k", None, 1e-4),
    GAN: ("srgan-div2k", "srresnet-div2k", 1e-4),
    FINETUNE: ("srgan-div2k", "srgan-div2k", 5e-5),
}


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 when the last step is done, 130 after Ctrl-C, 1 if the run can't go on."""
    args = _parser().parse_args(argv)
    try:
        if args.threads:
            torch.set_num_threads(args.threads)
        world = join(args.device)
        if world.device.type == "cpu":
            keep_memory()
        training = prepare(args, world)
        if args.profile:
            print(profile(training, args.profile))
            return 0
        finished = train(training)
    except (RunError, PhotoError, EngineError, *catalog.ERRORS) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or args.out}: {error.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        leave()
    if world.writes:
        publish = f" Publish it: python -m sr.publish {args.out} OWNER/NAME"
        how = "done" if finished else "stopped; --resume goes on"
        print(f"{args.out}: {how}.{'' if training.model.luma else publish}")
    return 0 if finished else 130


def prepare(args: argparse.Namespace, world: World) -> Training:
    """A run ready to begin, or to go on. Raises `RunError`, `PhotoError` and the catalog's."""
    run = Run(args.out)
    settings = _settings(args, run)
    _check(settings, run, world)
    generator = _generator(settings, anew=not args.resume)
    library = _library(settings, run, world)
    files = sorted(Path(settings.validate).rglob("*")) if settings.validate else library.held
    held = validation.hold(list(files), settings.degrade, settings.seed)
    if settings.validate and not held:
        raise RunError(f"{settings.validate} has no photos of {LEAST_SIDE} pixels a side.")
    stage = _stage(settings, generator, world)
    training = Training(settings, run, stage, library, held, world)
    if args.resume:
        training.go_on(run.load())
    if world.writes:
        run.begin(settings, generator.spec)
        run.forget_after(training.step)
    return training


def _settings(args: argparse.Namespace, run: Run) -> Settings:
    """What is asked, or, when going on, what was; the number of steps can be changed."""
    if args.resume:
        asked = run.settings()
        return replace(asked, data=str(args.data), steps=args.steps or asked.steps)
    if run.checkpoint.exists():
        raise RunError(f"There is a run in {run.folder}: add --resume or name another folder.")
    model, start, rate = DEFAULTS[args.stage]
    theirs = args.start
    if args.start and args.start not in catalog.MODELS:
        theirs = _run_named(args.start).settings().model
    given = {field.name: getattr(args, field.name) for field in fields(Settings)}
    if args.stage == FINETUNE and args.start is None:
        start = args.model or start
    given |= {
        "data": str(args.data),
        "steps": args.profile + 2 if args.profile else args.steps or 100_000,
        "model": args.model or theirs or model,
        "start": args.start or start,
        "rate": args.rate or rate,
    }
    return Settings(**given)


def _run_named(start: str) -> Run:
    """The run in a folder. Raises `RunError`."""
    if not (Path(start) / "config.json").is_file():
        raise RunError(
            f"There is no model and no run called {start}: name the folder of a run, or one of "
            f"{', '.join(catalog.MODELS)}."
        )
    return Run(Path(start))


def _check(settings: Settings, run: Run, world: World) -> None:
    """Raises `RunError` for what can't be trained."""
    data, apart = Path(settings.data).resolve(), settings.validate
    if apart and not Path(apart).is_dir():
        raise RunError(f"There is no folder {apart} to validate on.")
    if apart and Path(apart).resolve() == data:
        raise RunError("--validate must be another folder than that of the photos to learn from.")
    for folder in (run.folder, Path(settings.cache or run.folder)):
        if folder.resolve().is_relative_to(data):
            raise RunError(f"{folder} is inside the folder of photos: name one outside of it.")
    model = catalog.find(settings.model)
    if settings.crop % catalog.SCALE or not 16 <= settings.crop <= LEAST_SIDE:
        raise RunError(f"--crop must be a multiple of 4 from 16 to {LEAST_SIDE}.")
    if settings.batch % world.size:
        raise RunError(f"--batch must be a multiple of the {world.size} processes.")
    if settings.stage != MSE and model.luma:
        raise RunError(f"{model.name} works on luma alone, which only the stage mse trains.")
    if settings.stage != MSE and settings.crop != Discriminator.CROP:
        raise RunError(
            f"The discriminator judges crops of {Discriminator.CROP} pixels: leave out --crop."
        )


def _library(settings: Settings, run: Run, world: World) -> Library:
    """Decoded by the process that writes, while the others wait; says what was left out."""
    cache = Path(settings.cache) if settings.cache else run.folder / "cache"
    without = [Path(settings.validate)] if settings.validate else None
    data = Path(settings.data)
    if not data.is_dir():
        raise PhotoError(f"There is no folder {data}.")
    if not world.writes:
        world.wait()
    library = gather(data, cache, without=without)
    if world.writes:
        for reason, count in library.skipped.items():
            print(f"{count} files are left out: each {reason}.", file=sys.stderr)
        world.wait()
    return library


def _generator(settings: Settings, *, anew: bool) -> nn.Sequential:
    """The network to train, if `anew` with the weights it begins with."""
    torch.manual_seed(settings.seed)
    model = catalog.find(settings.model)
    plain = model.build()
    if settings.start is None:
        if model.luma:
            initial.pass_through(plain)
        return plain.train()
    network = (_started(settings.start) if anew else plain).train()
    if network.spec != plain.spec:
        raise RunError(f"{settings.start} is another network than {model.name}: name only one.")
    freeze_statistics(network)
    return network


def _started(start: str) -> nn.Sequential:
    """A network with the weights of a catalog model or of a finished run."""
    if start in catalog.MODELS:
        return catalog.build(catalog.find(start))[0]
    run = _run_named(start)
    network = catalog.find(run.settings().model).build()
    try:
        network.load_state_dict(run.load_weights())
    except Exception as error:  # a damaged file raises nearly anything
        raise RunError(f"The weights of {start} can't be read ({type(error).__name__}).") from None
    return network


def _stage(settings: Settings, generator: nn.Sequential, world: World) -> Pixel | Adversarial:
    if settings.stage == MSE:
        return Pixel(generator, world)
    judge = catalog.discriminator(settings.start if settings.stage == FINETUNE else None)
    return Adversarial(generator, judge, content(world.device), world)


def _least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return int(text)

    return number


def _positive(text: str) -> float:
    if not 0 < float(text) < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return float(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sr.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("data", type=Path, help="a folder of photos, with folders in it")
    add("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    add("--resume", action="store_true", help="go on with the run in RUN, as it was asked")
    add("--stage", choices=STAGES, default=FINETUNE)
    add("--model", choices=list(catalog.MODELS), help="the network to train from nothing (mse)")
    add("--start", metavar="NAME|RUN", help="model of the catalog, or run, to begin with")
    add("--degrade", choices=list(DEGRADATIONS), default="bicubic")
    add("--steps", type=_least(1), help="100000 unless given")
    add("--batch", type=_least(1), default=16, help="crops a step, over all processes")
    add("--crop", type=int, default=96, help="pixels a side of the large photo")
    add("--rate", type=_positive, help="Adam's, at its highest")
    add("--seed", type=_least(0), default=0)
    add("--every", type=_least(1), default=1000, help="steps between validations and checkpoints")
    add("--validate", metavar="FOLDER", help="photos to validate on, never learned from")
    add("--cache", metavar="FOLDER", help="for decoded photos; RUN/cache unless given")
    add("--workers", type=_least(0), default=1, help="processes that make crops")
    add("--device", choices=("cuda", "cpu"), help="the best there is if left out")
    add("--threads", type=_least(1), help="of the processor, for each process")
    add("--profile", type=_least(1), metavar="N", help="only time N steps, and leave no weights")
    add("--licence", default="", help="of the weights, for the card")
    add("--attribution", default="", help="whose photos these are, for the card")
    return parser


if __name__ == "__main__":
    sys.exit(main())
