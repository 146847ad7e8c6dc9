"""From the command's options to a run that is ready to begin or to go on."""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from sr.compare.degradations import ANY
from sr.evaluate import recognition
from sr.evaluate.recognition import Classifiers
from sr.image import PhotoError
from sr.models import catalog, discriminator
from sr.models.discriminator import Discriminator, PatchDiscriminator
from sr.settings import SCALE
from sr.train import crops, features, validation
from sr.train.distributed import Processes
from sr.train.library import LEAST_SIDE, Library, files_in, gather
from sr.train.loop import Trainer
from sr.train.losses import WINDOW
from sr.train.run import Run, RunError, Settings
from sr.train.stages import AdversarialStage, PixelStage, Stage, TaskStage, freeze_statistics
from sr.train.validation import Held

MSE, GAN, FINETUNE, TASK = STAGES = ("mse", "gan", "finetune", "task")
# what isn't given; the rest is as `Settings` has it
DEFAULTS = {
    MSE: {"model": "srresnet-div2k", "start": None, "rate": 1e-4},
    GAN: {"model": "srgan-div2k", "start": "srresnet-div2k", "rate": 1e-4},
    FINETUNE: {"model": "srgan-div2k", "start": "srgan-div2k", "rate": 5e-5},
    TASK: {
        "model": "srgan-swift",
        "start": "span",
        "rate": 2e-4,
        "degrade": "any",
        "batch": 8,
        "crop": 192,
    },
}
# What may be another when a run goes on. The photos may have moved: that they are the same is
# seen by their sizes.
CHANGEABLE = {"data", "steps", "every", "workers", "cache", "licence", "attribution"}
PATHS = ("start", "validate")
MOST_CROP = 256  # pixels a side
SMALL = 1e-3  # standard deviation of the last layer's first weights


def prepare(run: Run, given: dict, processes: Processes, *, resume: bool = False) -> Trainer:
    """A run ready to begin, or with `resume` to go on. Writes nothing but the cache.

    given: those of `Settings` that were asked for.
    Raises `RunError`, `PhotoError` and the catalog's errors.
    """
    settings = resumed(run, given) if resume else begun(run, given)
    _check(settings, run, processes)
    generator = _generator(settings, with_weights=not resume)
    library = _library(settings, run, processes)
    if settings.lessons:
        _make_lessons(settings, library, processes)
    classifiers = recognition.load("cpu") if settings.stage == TASK else {}
    held = _held(settings, library, classifiers)
    if settings.validate and not held:
        raise RunError(f"{settings.validate} has no photos of {LEAST_SIDE} pixels a side.")
    stage = _stage(settings, generator, processes)
    trainer = Trainer(settings, run, stage, library, held, classifiers, processes)
    if resume:
        trainer.load_state_dict(run.load_checkpoint())
    return trainer


def begun(run: Run, given: dict) -> Settings:
    """The settings of a new run. Raises `RunError`."""
    if run.checkpoint.exists():
        raise RunError(f"There is a run in {run.folder}: add --resume or name another folder.")
    stage = given.get("stage", FINETUNE)
    facts = {"stage": stage, **DEFAULTS[stage]}
    if "start" in given:
        facts["model"] = _model_of(given["start"])
    elif stage == FINETUNE:
        facts["start"] = given.get("model", facts["start"])
    return Settings(**facts | given)


def resumed(run: Run, given: dict) -> Settings:
    """The settings the run was begun with, those that may change replaced. Raises `RunError`."""
    settings = run.settings()
    for name, asked in given.items():
        was = getattr(settings, name)
        same = was == asked or (
            was and name in PATHS and Path(was).resolve() == Path(asked).resolve()
        )
        if name not in CHANGEABLE and not same:
            option = "--learning-rate" if name == "rate" else f"--{name}"
            before = f"without {option}" if was is None else f"with {option} {was}"
            raise RunError(
                f"The run in {run.folder} was begun {before}, which can't be changed on the way: "
                f"leave {option} out, or begin another run in another folder, with --start "
                f"{run.folder} from these weights."
            )
    return replace(settings, **{name: given[name] for name in given.keys() & CHANGEABLE})


def _model_of(start: str) -> str:
    """The name of the network of a catalog model or of the run in a folder. Raises `RunError`."""
    if start in catalog.names():
        return start
    run = Run(Path(start))
    if not run.begun:
        raise RunError(
            f"There is no model and no run called {start}: name the folder of a run, or one of "
            f"{', '.join(catalog.names())}."
        )
    return run.settings().model


def _check(settings: Settings, run: Run, processes: Processes) -> None:
    """Raises `RunError` for what can't be trained."""
    data, apart = Path(settings.data).resolve(), settings.validate
    if apart and not Path(apart).is_dir():
        raise RunError(f"There is no folder {apart} to validate on.")
    if apart and Path(apart).resolve() == data:
        raise RunError("--validate must be another folder than that of the photos to learn from.")
    for folder in (run.folder, Path(settings.cache or run.folder)):
        if folder.resolve().is_relative_to(data):
            raise RunError(f"{folder} is inside the folder of photos: name one outside of it.")
    if settings.crop % SCALE or not 16 <= settings.crop <= MOST_CROP:
        raise RunError(f"--crop must be a multiple of {SCALE} from 16 to {MOST_CROP}.")
    if settings.batch % processes.size:
        raise RunError(f"--batch must be a multiple of the {processes.size} processes.")
    model = catalog.find(settings.model)
    if settings.stage != MSE and model.luma:
        raise RunError(f"{model.name} works on luma alone, which only the stage mse trains.")
    if (settings.without or settings.lessons) and settings.stage != TASK:
        raise RunError("--without and --lessons are for the stage task: leave them out.")
    if settings.lessons and settings.degrade != ANY.name:
        raise RunError("Lessons are photos degraded in any way: leave out --degrade.")
    if settings.stage == TASK and (lacking := recognition.missing("The stage task")):
        raise RunError(f"{lacking}.")
    if settings.stage == TASK and (settings.crop % WINDOW or settings.crop < 3 * WINDOW):
        raise RunError(f"The stage task takes crops of a multiple of {WINDOW} from {3 * WINDOW}.")
    if settings.stage in (GAN, FINETUNE) and settings.crop != Discriminator.CROP:
        raise RunError(
            f"The discriminator judges crops of {Discriminator.CROP} pixels: leave out --crop."
        )


def _library(settings: Settings, run: Run, processes: Processes) -> Library:
    """Decoded by the process that writes, while the others wait; says what was left out."""
    data = Path(settings.data)
    if not data.is_dir():
        raise PhotoError(f"There is no folder {data}.")
    without = [Path(settings.validate)] if settings.validate else None
    if not processes.writes:
        processes.wait()
    library = gather(data, Path(settings.cache or run.folder / "cache"), without=without)
    if processes.writes:
        for reason, count in library.skipped.items():
            print(f"{count} files are left out: each {reason}.", file=sys.stderr)
        processes.wait()
    if not any(min(size) >= settings.crop for size in library.sizes):
        raise RunError(f"No photo has {settings.crop} pixels a side: name a smaller --crop.")
    return library


def _make_lessons(settings: Settings, library: Library, processes: Processes) -> None:
    """By the process that writes, while the others wait."""
    if processes.writes:
        crops.make_lessons(library, settings.lessons, settings.seed)
    processes.wait()


def _held(settings: Settings, library: Library, classifiers: Classifiers) -> list[Held]:
    files = files_in(Path(settings.validate)) if settings.validate else map(Path, library.held)
    if settings.stage == TASK:
        degrades = ("clean", settings.degrade)
        return validation.hold_whole(list(files), degrades, settings.seed, classifiers)
    return validation.hold(list(files), settings.degrade, settings.seed)


def _generator(settings: Settings, *, with_weights: bool) -> nn.Sequential:
    """The network to train, in training mode; without weights where a checkpoint will give them."""
    torch.manual_seed(settings.seed)
    model = catalog.find(settings.model)
    if settings.start is None:
        network = model.build()
        if model.luma:
            pass_through(network)
        return network.train()
    if catalog.find(_model_of(settings.start)).spec != model.spec:
        raise RunError(f"{settings.start} is another network than {model.name}: name only one.")
    network = _started(settings.start) if with_weights else model.build()
    freeze_statistics(network.train())
    return network


def _started(start: str) -> nn.Sequential:
    """A network with the weights of a catalog model or of a run. Raises `RunError`."""
    if start in catalog.names():
        return catalog.build(catalog.find(start)).network
    network = catalog.find(_model_of(start)).build()
    try:
        network.load_state_dict(Run(Path(start)).load_weights())
    except Exception as error:  # a damaged file raises nearly anything
        raise RunError(f"The weights of {start} can't be read ({type(error).__name__}).") from None
    return network


def _stage(settings: Settings, generator: nn.Sequential, processes: Processes) -> Stage:
    torch.manual_seed(settings.seed)  # what was loaded since has drawn numbers, or was kept
    if settings.stage == MSE:
        return PixelStage(generator, processes)
    if settings.stage == TASK:
        lite2 = features.frozen(features.efficientnet(), processes.device)
        return TaskStage(generator, PatchDiscriminator(), lite2, processes, settings.without)
    against = discriminator.load(settings.start if settings.stage == FINETUNE else None)
    return AdversarialStage(generator, against, features.load(processes.device), processes)


@torch.no_grad()
def pass_through(network: nn.Module) -> None:
    """Let luma through on the first channel, and around it let little else change it.

    For SRCNN and FSRCNN, which have no skip: they begin as bicubic and as
    bilinear enlarging instead of having to find that first, which takes most
    of a short training. The other channels begin as He et al. 2015 have them.
    """
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
    for layer in layers:
        nn.init.zeros_(layer.bias)
        if layer is layers[-1]:
            nn.init.normal_(layer.weight, std=SMALL)
        else:
            nn.init.kaiming_normal_(layer.weight, a=0.25)
            layer.weight[0] = 0
        layer.weight[0, 0] = _peak(layer)


def _peak(layer: nn.Conv2d | nn.ConvTranspose2d) -> torch.Tensor:
    """A kernel of one at its centre, or, of a deconvolution, linear interpolation.

    Tap t of a deconvolution of stride r gives output pixel r i + t - padding,
    whose place between input pixels is (t - padding - (r - 1) / 2) / r off i.
    """
    size, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    centre = padding + (stride - 1) / 2 if isinstance(layer, nn.ConvTranspose2d) else size // 2
    taps = (1 - (torch.arange(size) - centre).abs() / stride).clamp(min=0)
    return taps[:, None] * taps
