"""python -m sr.bench: this engine against other ways to run the same network, on this machine.

Times are medians of one run in which the ways take turns; memory is the peak
above the loaded model, each way in a process of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sr import catalog, engine
from sr.catalog import SCALE
from sr.photo import Photo

Way = Callable[[np.ndarray], np.ndarray]
MATRIX = 2048
TILE, PAD = 200, 10  # what most code for these networks cuts a photo into
# Above it a whole photo's feature maps take gigabytes: such ways are run only if asked for by name.
LARGEST_WHOLE = 512


@dataclass(frozen=True)
class Result:
    """One way on a photo of size x size pixels.

    seconds: median.  seconds_per_mp: for a megapixel of the result.  ratio_to_eager: times faster.
    peak_mb: above the loaded model.  max_diff: levels, share_differing: of the values that differ
    from eager; None where eager was not run.  gflops: the original network's operations per
    second; share_of_matmul: of what this machine's float32 matrix product reaches.
    """

    way: str
    size: int
    seconds: float
    seconds_per_mp: float
    ratio_to_eager: float | None
    peak_mb: float
    max_diff: int | None
    share_differing: float | None
    gflops: float
    share_of_matmul: float


def eager(name: str) -> Way:
    """The paper's network on the whole photo: what most code does."""
    network = _network(name)

    @torch.inference_mode()
    def run(pixels: np.ndarray) -> np.ndarray:
        return _pixels(network(_tensor(pixels)))

    return run


def usual_tiles(name: str) -> Way:
    """Tiles of 200 pixels and 10 of padding on each side, which is too little to be exact."""
    network = _network(name)

    @torch.inference_mode()
    def run(pixels: np.ndarray) -> np.ndarray:
        height, width = pixels.shape[:2]
        canvas = np.empty((height * SCALE, width * SCALE, 3), np.uint8)
        for y in range(0, height, TILE):
            for x in range(0, width, TILE):
                top, left = max(0, y - PAD), max(0, x - PAD)
                piece = _pixels(
                    network(_tensor(pixels[top : y + TILE + PAD, left : x + TILE + PAD]))
                )
                piece = piece[(y - top) * SCALE :, (x - left) * SCALE :]
                there = canvas[y * SCALE : (y + TILE) * SCALE, x * SCALE : (x + TILE) * SCALE]
                there[:] = piece[: there.shape[0], : there.shape[1]]
        return canvas

    return run


def this_engine(name: str, memory_mb: int | None = None) -> Way:
    """`engine.upscale` as the app calls it."""
    upscaler = catalog.load(name)
    options = {"device": "cpu", "memory_mb": memory_mb}
    return lambda pixels: engine.upscale(Photo(pixels), upscaler, **options).pixels


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
    return lambda pixels: _pixels(
        torch.from_numpy(session.run(None, {entry: _tensor(pixels).numpy()})[0])
    )


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
    return lambda pixels: _pixels(torch.from_numpy(compiled(_tensor(pixels).numpy())[0]))


WAYS = {
    "eager": eager,
    "usual-tiles": usual_tiles,
    "engine": this_engine,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
}


def _network(name: str) -> nn.Sequential:
    return catalog.build(catalog.find(name))[0].requires_grad_(False)


def _tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.tensor(pixels).permute(2, 0, 1)[None].contiguous().float().div_(255)


def _pixels(result: torch.Tensor) -> np.ndarray:
    levels = result.clamp(0, 1).mul(255).round().byte()
    return levels[0].permute(1, 2, 0).contiguous().numpy()


def photo_of(size: int) -> np.ndarray:
    """(size, size, 3) uint8 with smooth and rough parts, always the same."""
    rows, columns = np.mgrid[:size, :size] / size
    noise = np.random.default_rng(0).normal(0, 20, (size, size, 3)) * (columns > 0.5)[..., None]
    waves = np.sin(np.stack([rows * 40, columns * 25, (rows + columns) * 60], 2))
    return (128 + 90 * waves + noise).clip(0, 255).astype(np.uint8)


def ways_for(size: int, asked: list[str] | None) -> list[str]:
    """The ways to run at a size: those asked for, or all that are installed and small enough."""
    small = size <= LARGEST_WHOLE
    names = asked or (list(WAYS) if small else ["usual-tiles", "engine"])
    if small and "eager" not in names:
        names = ["eager", *names]
    return [n for n in names if n not in ("onnxruntime", "openvino") or importlib.util.find_spec(n)]


def matmul() -> None:
    """One float32 matrix product of `MATRIX` x `MATRIX`."""
    torch.mm(_MATRICES[0], _MATRICES[1], out=_MATRICES[2])


_MATRICES = [torch.rand(MATRIX, MATRIX) for _ in range(3)]


def times(ways: dict[str, Way], size: int, rounds: int) -> tuple[dict, float]:
    """(way -> median seconds, matrix product's GFLOP/s), ways that have run before taking turns."""
    pixels, seconds = photo_of(size), {name: [] for name in (*ways, "matmul")}
    for _ in range(rounds):
        for name, way in ways.items():
            seconds[name].append(_timed(lambda way=way: way(pixels)))
        seconds["matmul"] += [_timed(matmul) for _ in range(5)]
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return medians, 2 * MATRIX**3 / medians.pop("matmul") / 1e9


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb(name: str, size: int, *arguments: object) -> float:
    """Peak memory of one run above the loaded model, in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak, (name, size, *arguments))


def _peak(name: str, size: int, *arguments: object) -> float:
    way = WAYS[name](*arguments)
    way(photo_of(16))  # what is allocated once, such as threads, belongs to the loaded model
    pixels = photo_of(size)
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = _status("VmRSS")
    way(pixels)
    return (_status("VmHWM") - before) / 1024


def _status(field: str) -> int:
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
    made: dict[str, Way] = {}
    results = []
    for size in sizes:
        arguments = {
            name: (model, memory_mb) if name == "engine" else (model,)
            for name in ways_for(size, asked)
        }
        made |= {name: WAYS[name](*given) for name, given in arguments.items() if name not in made}
        ways = {name: made[name] for name in arguments}
        apart = differences(ways, size)  # and the first runs, which aren't timed
        seconds, product = times(ways, size, rounds)
        work = operations(model, size)
        for name, given in arguments.items():
            rate = work / seconds[name] / 1e9
            results.append(
                Result(
                    name,
                    size,
                    seconds[name],
                    seconds[name] / ((size * SCALE) ** 2 / 1e6),
                    seconds["eager"] / seconds[name] if "eager" in ways else None,
                    peak_mb(name, size, *given),
                    *apart[name],
                    rate,
                    rate / product,
                )
            )
    return results


def differences(ways: dict[str, Way], size: int) -> dict[str, tuple]:
    """way -> (largest difference from eager in levels, share of values), None without eager."""
    pixels = photo_of(size)
    pictures = {name: way(pixels) for name, way in ways.items()}
    if "eager" not in ways:
        return dict.fromkeys(ways, (None, None))
    reference = pictures["eager"].astype(int)
    apart = {name: np.abs(picture - reference) for name, picture in pictures.items()}
    return {name: (int(d.max()), float((d > 0).mean())) for name, d in apart.items()}


def profile(model: str, size: int, shown: int = 8) -> str:
    """What the engine spends its time on, operations by their share, as a Markdown table."""
    way, pixels = this_engine(model), photo_of(size)
    way(pixels)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as recorded:
        way(pixels)
    rows = sorted(recorded.key_averages(), key=lambda row: -row.self_cpu_time_total)
    total = sum(row.self_cpu_time_total for row in rows)
    lines = [f"| operation, {size} x {size} | share | calls |", "| --- | ---: | ---: |"]
    lines += [
        f"| {row.key} | {row.self_cpu_time_total / total:.1%} | {row.count} |"
        for row in rows[:shown]
    ]
    return "\n".join(lines)


def table(results: list[Result]) -> str:
    """The results as a Markdown table."""
    lines = [
        "| size | way | seconds | s/MP | times eager | peak MB | largest diff | differing | "
        "GFLOP/s | of matmul |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r.size} | {r.way} | {r.seconds:.2f} | {r.seconds_per_mp:.2f} | "
        f"{_or_dash(r.ratio_to_eager, '.2f')} | {r.peak_mb:.0f} | {_or_dash(r.max_diff, 'd')} | "
        f"{_or_dash(r.share_differing, '.3%')} | {r.gflops:.0f} | {r.share_of_matmul:.0%} |"
        for r in results
    ]
    return "\n".join(lines)


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def first_result(model: str) -> str:
    """Seconds that loading and the first small photo take, in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        load, first = pool.apply(_first, (model,))
    return f"load {load:.2f} s, first 64 x 64 photo {first:.2f} s"


def _first(model: str) -> tuple[float, float]:
    way: list[Way] = []
    load = _timed(lambda: way.append(this_engine(model)))
    return load, _timed(lambda: way[0](photo_of(64)))


def plot(results: list[Result], file: Path) -> None:
    """Time and memory against the photo's size, both axes logarithmic."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, field, label in zip(
        axes, ("seconds", "peak_mb"), ("seconds", "peak MB"), strict=True
    ):
        for name in dict.fromkeys(r.way for r in results):
            rows = [r for r in results if r.way == name]
            values = [getattr(r, field) for r in rows]
            axis.loglog([r.size for r in rows], values, marker="o", label=name)
        axis.set(xlabel="side of the photo, pixels", ylabel=label)
        axis.set_xticks(sizes := sorted({r.size for r in results}), sizes, minor=False)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(file, dpi=110)


def main(argv: list[str] | None = None) -> int:
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
    asked = args.ways.split(",") if args.ways else None
    if unknown := set(asked or ()) - set(WAYS):
        parser.error(f"no such way: {', '.join(unknown)}; choose from {', '.join(WAYS)}")
    if catalog.find(args.model).luma:
        parser.error(f"{args.model} has one channel; the bench is for networks of three")
    sizes = args.size or [128, 256, 384]
    results = bench(args.model, sizes, asked, args.rounds, args.memory_mb)
    print(table(results))
    print(f"\n{torch.get_num_threads()} threads; engine: {first_result(args.model)}")
    if args.profile:
        print(f"\n{profile(args.model, sizes[-1])}")
    if args.json:
        args.json.write_text(json.dumps([asdict(r) for r in results], indent=2) + "\n")
    if args.plot:
        plot(results, args.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
