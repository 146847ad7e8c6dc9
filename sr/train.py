"""python -m sr.train DATA --out RUN: train a network on a folder of photos, or fine-tune one.

Stages: `mse` learns by the squared error (SRCNN, FSRCNN, SRResNet), `gan` goes on from such
weights against a new discriminator (SRGAN), `finetune` goes on from any catalog model, with its
own discriminator where that is known. RUN keeps the log, samples, checkpoints, weights and card.
Ctrl-C saves; `--resume` goes on. On several GPUs: torchrun --nproc-per-node N -m sr.train ...
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import nn

from sr import catalog
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
    if args.threads:
        torch.set_num_threads(args.threads)
    try:
        world = join(args.device)
        if world.device.type == "cpu":
            keep_memory()
        training = prepare(args, world)
        if args.profile:
            print(profile(training, args.profile))
            return 0
        finished = train(training)
    except (RunError, PhotoError, *catalog.ERRORS) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        leave()
    if world.writes:
        how = "done" if finished else "stopped; --resume goes on"
        print(f"{args.out}: {how}. Publish it: python -m sr.publish {args.out} OWNER/NAME")
    return 0 if finished else 130


def prepare(args: argparse.Namespace, world: World) -> Training:
    """A run ready to begin, or to go on. Raises `RunError`, `PhotoError` and the catalog's."""
    run = Run(args.out)
    settings = _settings(args, run)
    _check(settings, world)
    library = _library(settings, run, world)
    generator = _generator(settings)
    if world.writes and not args.resume:
        run.begin(settings, generator.spec)
    files = sorted(Path(settings.validate).rglob("*")) if settings.validate else library.held
    held = validation.hold(list(files), settings.degrade, settings.seed)
    stage = _stage(settings, generator, world)
    training = Training(settings, run, stage, library, held, world)
    if args.resume:
        state = run.load()
        training.go_on(state)
        if world.writes:
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
    given = {field.name: getattr(args, field.name) for field in fields(Settings)}
    if args.stage == FINETUNE and args.start is None:
        start = args.model or start
    given |= {
        "data": str(args.data),
        "steps": args.steps or 100_000,
        "model": args.model or (args.start if args.start in catalog.MODELS else model),
        "start": args.start or start,
        "rate": args.rate or rate,
    }
    return Settings(**given)


def _check(settings: Settings, world: World) -> None:
    """Raises `RunError` for what can't be trained."""
    model = catalog.find(settings.model)
    if settings.crop % catalog.SCALE or not 16 <= settings.crop <= LEAST_SIDE:
        raise RunError(f"--crop must be a multiple of 4 from 16 to {LEAST_SIDE}.")
    if settings.batch % world.size:
        raise RunError(f"--batch must be a multiple of the {world.size} processes.")
    if settings.stage != MSE and model.luma:
        raise RunError(f"{model.name} works on luma alone, which only the stage mse trains.")
    if settings.stage != MSE and settings.crop != 96:
        raise RunError("The discriminator judges crops of 96 pixels: leave out --crop.")


def _library(settings: Settings, run: Run, world: World) -> Library:
    """Decoded by the process that writes, while the others wait; says what was left out."""
    cache = Path(settings.cache) if settings.cache else run.folder / "cache"
    without = [Path(settings.validate)] if settings.validate else None
    data = Path(settings.data)
    if not data.is_dir():
        raise PhotoError(f"There is no folder {data}.")
    if world.writes:
        library = gather(data, cache, without=without)
        for reason, count in library.skipped.items():
            print(f"{count} files are left out: each {reason}.", file=sys.stderr)
    world.wait()
    return gather(data, cache, without=without)


def _generator(settings: Settings) -> nn.Sequential:
    """The network to train, with the weights it begins with."""
    torch.manual_seed(settings.seed)
    model = catalog.find(settings.model)
    if settings.start is None:
        network = model.build()
        if model.luma:
            initial.pass_through(network)
        return network.train()
    network = _started(settings.start, model).train()
    freeze_statistics(network)
    return network


def _started(start: str, model: catalog.Model) -> nn.Sequential:
    """A network with the weights of a catalog model or of a finished run."""
    if start in catalog.MODELS:
        return catalog.build(catalog.find(start))[0]
    run = Run(Path(start))
    network = catalog.find(run.settings().model).build()
    try:
        network.load_state_dict(run.load_weights())
    except OSError:
        raise RunError(f"The run {start} has no weights yet.") from None
    return network


def _stage(settings: Settings, generator: nn.Sequential, world: World) -> Pixel | Adversarial:
    if settings.stage == MSE:
        return Pixel(generator, world)
    judge = catalog.discriminator(settings.start if settings.stage == FINETUNE else None)
    return Adversarial(generator, judge, content(world.device), world)


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
    add("--steps", type=int, help="100000 unless given")
    add("--batch", type=int, default=16, help="crops a step, over all processes")
    add("--crop", type=int, default=96, help="pixels a side of the large photo")
    add("--rate", type=float, help="Adam's, at its highest")
    add("--seed", type=int, default=0)
    add("--every", type=int, default=1000, help="steps between validations and checkpoints")
    add("--validate", metavar="FOLDER", help="photos to validate on, never learned from")
    add("--cache", metavar="FOLDER", help="for decoded photos; RUN/cache unless given")
    add("--workers", type=int, default=1, help="processes that make crops")
    add("--device", help="cuda or cpu; the best there is if left out")
    add("--threads", type=int, help="of the processor, for each process")
    add("--profile", type=int, metavar="N", help="only time N steps, and leave no weights")
    add("--licence", default="", help="of the weights, for the card")
    add("--attribution", default="", help="whose photos these are, for the card")
    return parser


if __name__ == "__main__":
    sys.exit(main())
