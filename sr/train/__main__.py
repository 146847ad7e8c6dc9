"""python -m sr.train DATA --out RUN: train a network on a folder of photos, or fine-tune one.

Stages: `mse` learns by the squared error (SRCNN, FSRCNN, SRResNet), `gan` goes on from such
weights against a new discriminator (SRGAN), `finetune` goes on from any catalog model, with its
own discriminator where that is known, and `task` learns to be recognised too (srgan-swift).
RUN keeps the log, samples, checkpoints, weights and card.

Ctrl-C saves; `--resume` goes on as the run was begun. Only the options marked with * may then be
others than they were. On several GPUs: torchrun --nproc-per-node N -m sr.train ...
"""

import argparse
import statistics
import sys
import time
from dataclasses import fields
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from sr import commands
from sr.commands import positive
from sr.compare.degradations import DEGRADATIONS
from sr.inference.device import MatrixProduct
from sr.models import catalog
from sr.train.distributed import join, leave
from sr.train.loop import Trainer
from sr.train.run import Run, RunError, Settings
from sr.train.setup import FINETUNE, STAGES, prepare
from sr.train.stages import TASK_LOSSES


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 when the last step is done, 130 after Ctrl-C, 1 if the run can't go on."""
    try:
        return commands.run(lambda: _run(vars(_parser().parse_args(argv))), RunError)
    finally:
        leave()


def _run(options: dict) -> int:
    """Do what is asked. Raises what `main` tells."""
    if "threads" in options:
        torch.set_num_threads(options["threads"])
    processes = join(options.get("device"))
    run = Run(options["out"])
    given = {f.name: options[f.name] for f in fields(Settings) if f.name in options}
    trainer = prepare(run, given, processes, resume=options["resume"])
    finished = True
    if "profile" in options:
        text = profile(trainer, options["profile"])
    else:
        finished = trainer.train()
        text = f"{run.folder}: {'done' if finished else 'stopped; --resume goes on'}."
        if not trainer.model.luma:
            text += f" Publish it: python -m sr.publish {run.folder} OWNER/NAME"
    if processes.writes:
        print(text)
    return 0 if finished else 130


def profile(trainer: Trainer, steps: int) -> str:
    """Take `steps` steps after two to warm up; says how fast they are and what holds them up.

    The matrix product is timed between them, so that other work on the machine slows both.
    """
    crops = trainer.crops(trainer.step + steps + 2)
    with FlopCounterMode(display=False) as counter:
        trainer.take_step(*next(crops))
    trainer.take_step(*next(crops))
    matrices, taken, products, waited = MatrixProduct(), [], [], trainer.waited
    for _ in range(steps):
        start = time.perf_counter()
        trainer.take_step(*next(crops))
        taken.append(time.perf_counter() - start)
        products.append(matrices.seconds())
    step, gflop = statistics.median(taken), counter.get_total_flops() / 1e9
    product, memory = matrices.gflops(statistics.median(products)), _peak_mb()
    return (
        f"{1 / step:.2f} steps a second, {(trainer.waited - waited) / sum(taken):.1%} of the time "
        f"waiting for crops{f', {memory:.0f} MB at most' if memory else ''}.\n"
        f"{gflop:.0f} GFLOP a step, {gflop / step:.0f} GFLOP/s: {gflop / step / product:.0%} of "
        f"the matrix product's {product:.0f}."
    )


def _peak_mb() -> float | None:
    """The most memory this process, or its GPU, has had; None on Windows, which counts none."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, else KiB


def _from_zero(text: str) -> int:
    if int(text) < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return int(text)


def _positive(text: str) -> float:
    if not 0 < float(text) < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return float(text)


def _parser() -> argparse.ArgumentParser:
    """What isn't given is left out, so that `--resume` knows; the defaults are `Settings`'."""
    parser = argparse.ArgumentParser(
        prog="python -m sr.train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    add, default = parser.add_argument, "{} unless given".format
    add("data", help="a folder of photos, with folders in it *")
    add("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    add("--resume", action="store_true", default=False, help="go on with the run in RUN")
    add("--stage", choices=STAGES, help=default(FINETUNE))
    add("--model", choices=catalog.names(), help="the network to train from nothing (mse)")
    add("--start", metavar="NAME|RUN", help="model of the catalog, or run, to begin with")
    add("--degrade", choices=list(DEGRADATIONS), help=default(Settings.degrade))
    add("--steps", type=positive, help=f"{default(Settings.steps)} *")
    per_step = f"crops a step, over all processes; {default(Settings.batch)}"
    add("--batch", type=positive, help=per_step)
    add("--crop", type=int, help=f"pixels a side of the large photo; {default(Settings.crop)}")
    rate = "Adam's, at its highest; 5e-5 for finetune, else 1e-4"
    add("--learning-rate", "--rate", dest="rate", type=_positive, help=rate)
    add("--seed", type=_from_zero, help=default(Settings.seed))
    every = f"steps between validations and checkpoints; {default(Settings.every)} *"
    add("--every", type=positive, help=every)
    add("--validate", metavar="FOLDER", help="photos to validate on, never learned from")
    add("--without", choices=TASK_LOSSES, help="a loss to do without, to see what it does (task)")
    taught = "harmed crops whose target is what Real-ESRGAN makes of them; 0 (task)"
    add("--lessons", type=_from_zero, metavar="N", help=taught)
    add("--cache", metavar="FOLDER", help="for decoded photos; RUN/cache unless given *")
    workers = f"processes that make crops; {default(Settings.workers)} *"
    add("--workers", type=_from_zero, help=workers)
    add("--device", choices=("cuda", "cpu"), help="the best there is if left out *")
    add("--threads", type=positive, help="of the processor, for each process *")
    add("--profile", type=positive, metavar="N", help="only time N steps, and leave no weights")
    add("--licence", help="of the weights, for the card *")
    add("--attribution", help="whose photos these are, for the card *")
    return parser


if __name__ == "__main__":
    sys.exit(main())
