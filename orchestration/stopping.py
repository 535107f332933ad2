"""Ctrl-C and a request to end: the first one unwinds the run, so that it tidies up; later ones wait for that."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(found for name in ("SIGINT", "SIGTERM", "SIGHUP") if (found := getattr(signal, name, None)) is not None)
DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)


class Stopped(KeyboardInterrupt):
    """The run was asked to end. Libraries that let Ctrl-C through let this through."""


class Stop:
    """What a run knows of being stopped.

    A library may turn the interruption into an exception of its own, or swallow it; this remembers it.
    """

    def __init__(self) -> None:
        self.signal: int | None = None

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Remember the first signal and interrupt the run."""
        if self.signal is None:
            self.signal = number
            raise Stopped(signal.Signals(number).name)

    @property
    def exit_code(self) -> int:
        """Exit code of a process that was stopped, as shells count: 128 and the signal's number."""
        return 128 + (self.signal or signal.SIGINT)


_listening: list[Stop] = []


def raise_if_stopped() -> None:
    """Interrupt a run whose interruption was swallowed on the way."""
    if _listening and _listening[-1].signal is not None:
        raise Stopped


@contextmanager
def listening() -> Iterator[Stop]:
    """Turn signals into an interruption of the run; those that the caller has ignored or taken stay so."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = {number: handler for number, handler in before.items() if handler in DEFAULTS}
    for number in taken:
        signal.signal(number, stop.receive)
    _listening.append(stop)
    try:
        yield stop
    finally:
        _listening.remove(stop)
        for number, handler in taken.items():
            signal.signal(number, handler)
