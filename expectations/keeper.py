"""A process of its own for Great Expectations, which takes seconds to import: another core can spend them meanwhile."""

import gc
import multiprocessing
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from expectations.frames import Batch
    from expectations.runner import Gate

# Runs the suites of one gate: begun at once, waited for by calling what comes back.
Begin = Callable[[str, "Sequence[Batch]", Path], Callable[[], "Gate"]]


def in_process(gate: str, batches: "Sequence[Batch]", docs_dir: Path) -> Callable[[], "Gate"]:
    """Run suites in this process, when their outcome is asked for; see `expectations.runner.run`."""
    from expectations import runner

    return partial(runner.run, gate, batches, docs_dir)


def collect_seldom() -> None:
    """Let Python look for garbage less often: what dbt and the gates make lives to the end, and looking at it costs."""
    gc.set_threshold(100_000, 20, 20)


def _serve(orders: Connection) -> None:
    """What the process does: run the suites that it is sent, until the other end is closed or gone."""
    from tqdm import tqdm

    from expectations import runner

    collect_seldom()
    # Its progress bars are off, and their lock between processes would be missed where this one is ended.
    tqdm.set_lock(threading.RLock())
    runner.import_great_expectations()
    while True:
        try:
            order = orders.recv()
        except EOFError:
            return
        try:
            orders.send(runner.run(*order))
        except Exception as error:
            orders.send(runner.ExpectationError(f"{error}\n{traceback.format_exc()}"))


def _outcome(orders: Connection) -> "Gate":
    from expectations.runner import ExpectationError

    try:
        outcome = orders.recv()
    except EOFError:
        raise ExpectationError("the process that holds the gates has ended; start again") from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


class Keeper:
    """The process, from its start to the end of the context. It writes pages of results and nothing else."""

    def __init__(self) -> None:
        self._orders: Connection | None = None
        self._process: SpawnProcess | None = None

    def start(self) -> None:
        """Start it; it imports the library at once."""
        context = multiprocessing.get_context("spawn")
        orders, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        # Ctrl-C goes to every process of a terminal; this one ends with the one that started it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._orders, self._process = orders, process

    def __enter__(self) -> Self:
        """The process is started when it is needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it is doing."""
        if self._orders and self._process:
            self._orders.close()
            self._process.terminate()
            self._process.join()

    def begin(self, gate: str, batches: "Sequence[Batch]", docs_dir: Path) -> Callable[[], "Gate"]:
        """Run suites in the process; see `expectations.runner.run`."""
        if self._orders is None:
            return in_process(gate, batches, docs_dir)
        self._orders.send((gate, batches, docs_dir))
        return partial(_outcome, self._orders)
