"""Runs one reader over mutated input for a while: `python tests/fuzz/run_sweep.py TARGET SECONDS [SEED]`.

Needs nothing but the project. Prints each new kind of failure once and keeps its input in --out.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import sys
import time
import traceback
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fuzz_mutations import mutate
from fuzz_targets import TARGETS

SLOW_S = 1.0


def main() -> int:
    """Sweep; return 1 where something failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("seconds", type=float)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"))
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)
    target, rng = TARGETS[args.target], Random(args.seed)
    examples, found, runs = target.examples(), {}, 0
    until_s = time.monotonic() + args.seconds
    while time.monotonic() < until_s:
        data = mutate(rng.choice(examples), rng)
        runs += 1
        began_s = time.thread_time()
        kind = ""
        try:
            target.run(data)
        except Exception as error:  # noqa: BLE001 - whatever leaves a target is what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
            text = f"{kind}: {str(error)[:200]}"
        if not kind and time.thread_time() - began_s > SLOW_S:
            kind = text = f"slow: more than {SLOW_S:g} s of processor time"
        if kind and kind not in found:
            found[kind] = data
            args.out.mkdir(parents=True, exist_ok=True)
            name = f"{args.target}-{hashlib.sha256(data).hexdigest()[:12]}"
            (args.out / name).write_bytes(data)
            print(f"{name}: {text}", flush=True)
    print(f"{args.target}: {runs} runs, {len(found)} kinds of failure")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
