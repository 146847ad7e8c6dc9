"""python -m sr.bench: this engine against other ways to run the same network, on this machine.

Times are medians of one run in which the ways take turns; memory is the peak
above the loaded model, each way in a process of its own.
"""

import argparse
import importlib.util
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sr import commands
from sr.compare.metrics import psnr
from sr.compare.tables import markdown, write_json
from sr.image import Photo
from sr.inference import engine, upscaler
from sr.inference.device import MatrixProduct, has_bfloat16
from sr.models import catalog
from sr.settings import SCALE

Way = Callable[[np.ndarray], np.ndarray]
TILE, PAD = 200, 10  # what most code for these networks cuts a photo into
# Above it a whole photo's feature maps take gigabytes: such ways are run only if asked for by name.
LARGEST_WHOLE = 512
BFLOAT16 = "engine-bfloat16"


@dataclass(frozen=True)
class Result:
    """One way on a photo of size x size pixels; None where eager, which it needs, was not run.

    seconds: median.
    seconds_per_mp: for a megapixel of the result.
    ratio_to_eager: times faster.
    peak_mb: above the loaded model.
    max_diff: levels.
    share_differing: of the values, from eager's.
    db: PSNR with eager's as the reference; None where they are equal.
    gflops: the original network's operations per second.
    share_of_matmul: of what this machine's matrix product reaches in the way's precision.
    """

    way: str
    size: int
    seconds: float
    seconds_per_mp: float
    ratio_to_eager: float | None
    peak_mb: float
    max_diff: int | None
    share_differing: float | None
    db: float | None
    gflops: float
    share_of_matmul: float


def eager(name: str) -> Way:
    """The paper's network on the whole photo: what most code does."""
    return _on_pixels(_network(name))


def usual_tiles(name: str) -> Way:
    """Tiles of 200 pixels and 10 of padding on each side, which is too little to be exact."""
    whole = eager(name)

    def run(pixels: np.ndarray) -> np.ndarray:
        height, width = pixels.shape[:2]
        canvas = np.empty((height * SCALE, width * SCALE, 3), np.uint8)
        for y, x in product(range(0, height, TILE), range(0, width, TILE)):
            top, left = max(0, y - PAD), max(0, x - PAD)
            piece = whole(pixels[top : y + TILE + PAD, left : x + TILE + PAD])
            piece = piece[(y - top) * SCALE :, (x - left) * SCALE :]
            there = canvas[y * SCALE : (y + TILE) * SCALE, x * SCALE : (x + TILE) * SCALE]
            there[:] = piece[: there.shape[0], : there.shape[1]]
        return canvas

    return run


def this_engine(name: str, memory_mb: int | None = None, precision: str = "float32") -> Way:
    """`engine.upscale` on the CPU."""
    loaded = upscaler.load(name)
    options = {"device": "cpu", "memory_mb": memory_mb, "precision": precision}
    return lambda pixels: engine.upscale(Photo(pixels), loaded, **options).pixels


def onnxruntime(name: str) -> Way:
    """ONNX Runtime's CPU provider, its defaults but for the number of threads."""
    import io

    import onnxruntime

    file = io.BytesIO()
    shapes = ({2: torch.export.Dim("height"), 3: torch.export.Dim("width")},)
    example = (torch.rand(1, 3, 32, 48),)
    program = torch.onnx.export(_network(name), example, dynamic_shapes=shapes, verbose=False)
    program.save(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(file.getvalue(), options)
    entry = session.get_inputs()[0].name
    return _on_pixels(lambda x: torch.from_numpy(session.run(None, {entry: x.numpy()})[0]))


def openvino(name: str) -> Way:
    """OpenVINO's CPU plugin in float32, its defaults but for the number of threads."""
    import openvino

    model = openvino.convert_model(_network(name), example_input=torch.rand(1, 3, 32, 48))
    settings = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = openvino.compile_model(model, "CPU", settings)
    return _on_pixels(lambda x: torch.from_numpy(compiled(x.numpy())[0]))


WAYS = {
    "eager": eager,
    "usual-tiles": usual_tiles,
    "engine": this_engine,
    BFLOAT16: partial(this_engine, precision="bfloat16"),
    "onnxruntime": onnxruntime,
    "openvino": openvino,
}


def _network(name: str) -> nn.Sequential:
    return catalog.build(catalog.find(name)).network.requires_grad_(False)


def _on_pixels(forward: Callable[[torch.Tensor], torch.Tensor]) -> Way:
    """The way that a function of a network's input, a tensor of 1 x 3 x H x W, makes."""

    @torch.inference_mode()
    def run(pixels: np.ndarray) -> np.ndarray:
        x = torch.tensor(pixels).permute(2, 0, 1)[None].contiguous().float().div_(255)
        levels = forward(x).clamp(0, 1).mul(255).round().byte()
        return levels[0].permute(1, 2, 0).contiguous().numpy()

    return run


def photo_of(size: int) -> np.ndarray:
    """(size, size, 3) uint8 with smooth and rough parts, always the same."""
    rows, columns = np.mgrid[:size, :size] / size
    noise = np.random.default_rng(0).normal(0, 20, (size, size, 3)) * (columns > 0.5)[..., None]
    waves = np.sin(np.stack([rows * 40, columns * 25, (rows + columns) * 60], 2))
    return (128 + 90 * waves + noise).clip(0, 255).astype(np.uint8)


def ways_for(size: int, asked: list[str] | None) -> list[str]:
    """The ways to run at a size: those asked for, or all that are installed and small enough."""
    small = size <= LARGEST_WHOLE
    names = asked or [way for way in WAYS if _is_there(way)]
    if not asked and not small:
        names = [way for way in names if way in ("usual-tiles", "engine", BFLOAT16)]
    return names if "eager" in names or not small else ["eager", *names]


def _is_there(way: str) -> bool:
    """Whether a way's package is installed, and what it computes in is native."""
    if way == BFLOAT16:
        return has_bfloat16(torch.device("cpu"))
    return way not in ("onnxruntime", "openvino") or importlib.util.find_spec(way) is not None


def times(ways: dict[str, Way], size: int, rounds: int) -> tuple[dict[str, float], dict]:
    """(way -> median seconds, way -> the matrix product's GFLOP/s in its precision).

    Ways that have run before take turns.
    """
    pixels = photo_of(size)
    precisions = {way: torch.bfloat16 if way == BFLOAT16 else torch.float32 for way in ways}
    matrices = {precision: MatrixProduct(precision) for precision in set(precisions.values())}
    seconds, multiplying = {name: [] for name in ways}, {precision: [] for precision in matrices}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way(pixels)
            seconds[name].append(time.perf_counter() - start)
        for precision, one in matrices.items():
            multiplying[precision] += [one.seconds() for _ in range(5)]
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    fastest = {p: MatrixProduct.gflops(statistics.median(v)) for p, v in multiplying.items()}
    return medians, {name: fastest[precision] for name, precision in precisions.items()}


def peak_mb(name: str, size: int, *arguments: object) -> float:
    """Peak memory of one run above the loaded model, in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_mb, (name, size, *arguments))


def _peak_mb(name: str, size: int, *arguments: object) -> float:
    way = WAYS[name](*arguments)
    way(photo_of(16))  # what is allocated once, such as threads, belongs to the loaded model
    pixels = photo_of(size)
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = _kilobytes("VmRSS")
    way(pixels)
    return (_kilobytes("VmHWM") - before) / 1024


def _kilobytes(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def operations(model: str, size: int) -> int:
    """Floating point operations of the original network, a multiplication and an addition each."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        catalog.find(model).build().eval()(torch.empty(1, 3, size, size))
    return counter.get_total_flops()


def bench(
    model: str, sizes: list[int], asked: list[str] | None, rounds: int, memory_mb: int | None = None
) -> list[Result]:
    """Every way on every size; `memory_mb` is the engine's budget."""
    engines = ("engine", BFLOAT16)
    arguments = {name: (model, memory_mb) if name in engines else (model,) for name in WAYS}
    make = cache(lambda name: WAYS[name](*arguments[name]))
    results = []
    for size in sizes:
        ways = {name: make(name) for name in ways_for(size, asked)}
        pictures = {name: way(photo_of(size)) for name, way in ways.items()}  # not timed: the first
        seconds, fastest = times(ways, size, rounds)
        for name in ways:
            max_diff, share_differing, db = difference(pictures[name], pictures.get("eager"))
            gflops = operations(model, size) / seconds[name] / 1e9
            result = Result(
                name,
                size,
                seconds[name],
                seconds_per_mp=seconds[name] / ((size * SCALE) ** 2 / 1e6),
                ratio_to_eager=seconds["eager"] / seconds[name] if "eager" in ways else None,
                peak_mb=peak_mb(name, size, *arguments[name]),
                max_diff=max_diff,
                share_differing=share_differing,
                db=db,
                gflops=gflops,
                share_of_matmul=gflops / fastest[name],
            )
            results.append(result)
    return results


def difference(picture: np.ndarray, reference: np.ndarray | None) -> tuple:
    """As `max_diff`, `share_differing` and `db` of `Result`."""
    if reference is None:
        return None, None, None
    apart = np.abs(picture - reference.astype(int))
    db = psnr(picture, reference) if apart.any() else None
    return int(apart.max()), float((apart > 0).mean()), db


def profile(model: str, size: int, shown: int = 8) -> str:
    """What the engine spends its time on, operations by their share, as a Markdown table."""
    way, pixels = this_engine(model), photo_of(size)
    way(pixels)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as recorded:
        way(pixels)
    events = sorted(recorded.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    rows = [(e.key, e.self_cpu_time_total / total, e.count) for e in events[:shown]]
    return markdown({f"operation, {size} x {size}": "", "share": ".1%", "calls": "d"}, rows)


def table(results: list[Result]) -> str:
    """The results as a Markdown table."""
    speed = {"size": "d", "way": "", "seconds": ".2f", "s/MP": ".2f", "times eager": ".2f"}
    cost = {"peak MB": ".0f", "largest diff": "d", "differing": ".3%", "dB": ".1f"}
    share = {"GFLOP/s": ".0f", "of matmul": ".0%"}
    return markdown(speed | cost | share, [(r.size, r.way, *astuple(r)[2:]) for r in results])


def plot(results: list[Result], file: Path) -> None:
    """Time and memory against the photo's size, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure((10, 4), layout="constrained")
    sizes = sorted({r.size for r in results})
    for axes, field in zip(figure.subplots(1, 2), ("seconds", "peak_mb"), strict=True):
        for name in dict.fromkeys(r.way for r in results):
            rows = [r for r in results if r.way == name]
            values = [getattr(r, field) for r in rows]
            axes.loglog([r.size for r in rows], values, marker="o", label=name)
        axes.set(xlabel="side of the photo, pixels", ylabel=field.replace("_mb", " MB"))
        axes.set_xticks(sizes, sizes)
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.savefig(file, dpi=110)


def main(argv: list[str] | None = None) -> int:
    """Exit code 0, 1 for a model that can't be had, 2 for a wrong command."""
    return commands.run(lambda: _run(_arguments(argv)))


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sr.bench", description=__doc__)
    parser.add_argument("--model", default=catalog.EMBEDDED)
    parser.add_argument("--size", type=int, action="append", help="side in pixels; repeatable")
    parser.add_argument("--ways", help=f"of {','.join(WAYS)}; default: what is installed and fits")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-mb", type=int, metavar="MB", help="the engine's budget")
    parser.add_argument("--profile", action="store_true", help="show what the engine's time is")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE.png")
    args = parser.parse_args(argv)
    args.ways = args.ways.split(",") if args.ways else None
    if unknown := set(args.ways or ()) - set(WAYS):
        parser.error(f"no such way: {', '.join(unknown)}; choose from {', '.join(WAYS)}")
    if catalog.find(args.model).luma:
        parser.error(f"{args.model} has one channel; the bench is for networks of three")
    commands.check_outputs(parser, args.json, plot=args.plot)
    return args


def _run(args: argparse.Namespace) -> None:
    sizes = args.size or [128, 256, 384]
    results = bench(args.model, sizes, args.ways, args.rounds, args.memory_mb)
    print(table(results))
    print(f"\n{torch.get_num_threads()} threads.")
    if args.profile:
        print(f"\n{profile(args.model, sizes[-1])}")
    if args.json:
        write_json(args.json, [asdict(r) for r in results])
    if args.plot:
        plot(results, args.plot)


if __name__ == "__main__":
    sys.exit(main())
