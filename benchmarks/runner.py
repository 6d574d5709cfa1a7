"""Runs one benchmark by its name, in a process of its own."""

from __future__ import annotations

import importlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.figures import Figure


def measure(name: str) -> list[Figure]:
    """Run one benchmark here."""
    module = "exchange_core" if name == "exchange" else name
    found: list[Figure] = importlib.import_module(f"benchmarks.bench_{module}").figures()
    return found


def measure_apart(name: str) -> list[Figure]:
    """Run one benchmark in a fresh process, so that none finds the memory or the modules of another."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, name).result()
