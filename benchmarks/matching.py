"""`tripo bench matching`: from raw rows to explained assignments, how fast and how exact.

Each size runs in a process of its own, so that its peak memory is its own; peers get the same
possible pairs of the first radius in another one. A peer's time end to end is what all of them need
(columns, pairs, explanations), measured here, and its own solver.
"""

import gzip
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching_cities import Rows, city, manhattan
from benchmarks.matching_peers import NEAREST, PEERS, refused
from benchmarks.report import Row
from core.errors import BadInput
from core.params import load_params
from pipelines.context import Context

SIZES = {
    (1_000, 2_000): (0.15, None),
    (2_000, 3_000): (None, None),
    (5_000, 7_500): (1.0, 1024),
    (20_000, 30_000): (10.0, None),
}
"""Requests and drivers: most seconds end to end, most MiB of the process."""
FASTER = 5.0
REPEATS, LARGE, SEED = 7, 20_000, 7
Say = Callable[[str], None]


def rows(ctx: Context, only: Sequence[str], say: Say) -> Iterator[list[Row]]:
    """The rows of each set in turn, as soon as they are measured."""
    for name in only or SETS:
        if name not in SETS:
            raise BadInput(f"expected a set out of {', '.join(SETS)}; got {name!r}")
        say(name)
        yield from SETS[name](ctx, say)


def _cities(ctx: Context, say: Say) -> Iterator[list[Row]]:
    for shape in SIZES:
        say(f"  {shape[0]:,} x {shape[1]:,}")
        yield _measured(ctx, "city", shape)


def _manhattan(ctx: Context, say: Say) -> Iterator[list[Row]]:
    _public(ctx)
    for shape in list(SIZES)[:3]:
        say(f"  {shape[0]:,} x {shape[1]:,}")
        yield _measured(ctx, "manhattan", shape)


def _measured(ctx: Context, place: str, shape: tuple[int, int]) -> list[Row]:
    own = _in_its_process(ctx, "own", place, shape)
    peers = _in_its_process(ctx, "peers", place, shape)
    seconds, mib = SIZES[shape]
    name = f"{place} {shape[0]:,} x {shape[1]:,}"
    rest = float(np.median(np.subtract(own["seconds"], own["solver"])))
    solvers = {peer: told["seconds"] for peer, told in peers["peers"].items()}
    note = (
        f"{own['pairs']:,} possible pairs, {own['matched']:,} matched; "
        f"{np.median(own['processor']):.3f} s of processor time"
    )
    missing = "; ".join(f"{peer}: {why}" for peer, why in peers["absent"].items())
    found = [
        Row(f"{name}, end to end", tuple(own["seconds"]), "s", seconds, False,
            {peer: rest + its for peer, its in solvers.items()}, note),
        Row(f"{name}, solver", tuple(own["solver"]), "s", None, False, solvers, missing),
        Row(f"{name}, peak memory", (own["mib"],), "MiB", mib, False),
    ]  # fmt: skip
    if dense := peers["peers"].get("scipy dense"):
        ratio = tuple(dense["seconds"] / its for its in own["solver"])
        bar = FASTER if shape[0] >= 2_000 else None
        found.append(Row(f"{name}, solver: times faster than scipy dense", ratio, "x", bar))
    for peer, told in peers["peers"].items():
        count, total = told["matched"] - own["first"][0], told["total"] - own["first"][1]
        exact = peer != NEAREST
        gap = float(abs(count) + abs(total)) if exact else float(total / own["first"][1])
        told_as = "gap, matches and millionths" if exact else "share of the score more than ours"
        found.append(Row(f"{name}, {peer}: {told_as}", (gap,), "", 0.0 if exact else None, False,
                         note=f"{told['matched']:,} matched"))  # fmt: skip
    return found


def _in_its_process(ctx: Context, what: str, place: str, shape: tuple[int, int]) -> dict[str, Any]:
    code = f"import benchmarks.matching as b; b.print_{what}({place!r}, {shape!r})"
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    data = {"TRIPO_DATA": str(ctx.settings.data.absolute())} if ctx.settings.data else {}
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True,
        env={**os.environ, **one_thread, **data},
    ).stdout  # fmt: skip
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def print_own(place: str, shape: tuple[int, int]) -> None:
    """Times, sizes and peak memory as JSON; to be run in a process of its own."""
    from engines.premium.dispatch import match_batch
    from models.premium.assignment import assign

    params = load_params(Path("params.yaml")).matching
    requests, drivers = _rows_of(place, shape)
    repeats = REPEATS if shape[0] < LARGE else 1
    seconds, processor, solver = [], [], []
    for _ in range(repeats + (repeats > 1)):
        began, worked = time.perf_counter(), time.process_time()
        batch = match_batch(requests, drivers, params)
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    request, driver, score = _pairs(requests, drivers)
    for _ in range(repeats):
        began = time.perf_counter()
        chosen = assign(request, driver, score, *shape)
        solver.append(time.perf_counter() - began)
    taken = chosen[request] == driver
    found = {
        # the first call loads libraries
        "seconds": seconds[-repeats:], "processor": processor[-repeats:],
        "solver": solver,
        "mib": mib, "pairs": len(request),
        "matched": sum(d is not None for d in batch.assignment.values()),
        "first": [int(taken.sum()), int(score[taken].sum(dtype=np.int64))],
    }  # fmt: skip
    _print(found)


def print_peers(place: str, shape: tuple[int, int]) -> None:
    """Seconds, matches and total of each peer as JSON."""
    requests, drivers = _rows_of(place, shape)
    request, driver, score = _pairs(requests, drivers)
    found: dict[str, Any] = {"peers": {}, "absent": {}}
    for name, (solver, _) in PEERS.items():
        if why := refused(name, shape, len(request)):
            found["absent"][name] = why
            continue
        worth = -_metres(requests, drivers, request, driver) if name == NEAREST else score
        began = time.perf_counter()
        chosen = solver(request, driver, worth, *shape)
        seconds = time.perf_counter() - began
        taken = chosen[request] == driver
        total = int(score[taken].sum(dtype=np.int64))
        found["peers"][name] = {
            "seconds": seconds, "matched": int(taken.sum()), "total": total,
        }  # fmt: skip
    _print(found)


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")


def _rows_of(place: str, shape: tuple[int, int]) -> tuple[Rows, Rows]:
    if place == "city":
        return city(*shape, SEED)
    return manhattan(Path(os.environ["TRIPO_DATA"], "matching"), *shape, SEED)


def _pairs(requests: Rows, drivers: Rows) -> tuple[Any, Any, Any]:
    """The possible pairs of the first radius, which all solvers get."""
    from models.premium.batch import DRIVER_COLUMNS, REQUEST_COLUMNS, complete
    from models.premium.reach import reach
    from models.premium.scoring import Scoring
    from models.premium.speeds import GreatCircle

    params = load_params(Path("params.yaml")).matching
    scoring = Scoring(
        complete(requests, REQUEST_COLUMNS, "request_id"),
        complete(drivers, DRIVER_COLUMNS, "driver_id"),
        params,
    )
    radius = np.full(len(requests), params.radius_km[0])
    found = reach(scoring, radius, GreatCircle(params.speed_kmh, params.detour))
    return found.request, found.driver, found.score


def _metres(requests: Rows, drivers: Rows, request: Any, driver: Any) -> Any:
    """Distance of pairs; ids ascend in the rows, so positions are those of the pairs."""
    from features.geometry import on_sphere, squared_chords

    here, there = (
        on_sphere([row["lat"] for row in rows], [row["lon"] for row in rows])
        for rows in (requests, drivers)
    )
    km = np.sqrt(squared_chords(here[:, request], there[:, driver]))
    return np.rint(1000 * km).astype(np.int64)


def _orlib(ctx: Context, say: Say) -> Iterator[list[Row]]:
    from models.premium.assignment import assign_matrix

    folder = _public(ctx) / "matching" / "orlib"
    found = []
    for name, optimum in json.loads((folder / "optima.json").read_text()).items():
        numbers = gzip.decompress((folder / f"{name}.txt.gz").read_bytes()).split()
        n = int(numbers[0])
        cost = np.array(numbers[1:], dtype=np.int64).reshape(n, n)
        began = time.perf_counter()
        chosen = assign_matrix(-cost)
        seconds = time.perf_counter() - began
        gap = float(cost[np.arange(n), chosen].sum() - optimum)
        note = f"{seconds:.2f} s"
        found.append(Row(f"OR-Library {name}: cost above the optimum", (gap,), "", 0, False,
                         note=note))  # fmt: skip
    yield found


def _public(ctx: Context) -> Path:
    if ctx.settings.data is None:
        raise BadInput("expected TRIPO_DATA: the public data that this set reads")
    return ctx.settings.data


SETS: dict[str, Callable[[Context, Say], Iterator[list[Row]]]] = {
    "city": _cities,
    "manhattan": _manhattan,
    "orlib": _orlib,
}
