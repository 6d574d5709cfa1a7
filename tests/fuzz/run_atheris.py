"""Coverage-guided search with atheris, which is no dependency of the project: see README.md in this folder.

`python run_atheris.py TARGET [libFuzzer options and a folder of inputs]`
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from random import Random

import atheris

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

with atheris.instrument_imports(include=["whalebot", "json.decoder", "dotenv"]):
    import fuzz_targets
    from fuzz_mutations import mutate

_MOST_BYTES = 200_000


def main() -> None:
    """Search until told to stop."""
    target = fuzz_targets.TARGETS[sys.argv.pop(1)]
    examples = target.examples()
    logging.disable(logging.CRITICAL)

    def custom_mutator(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        return mutate(data or rng.choice(examples), rng)[:most]

    folder = next((Path(word) for word in sys.argv[1:] if not word.startswith("-")), None)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(examples):
            (folder / f"example-{number}").write_bytes(data)
    options = [f"-max_len={_MOST_BYTES}", "-timeout=20", "-rss_limit_mb=3000"]
    atheris.Setup([*sys.argv, *options], target.run, custom_mutator=custom_mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
