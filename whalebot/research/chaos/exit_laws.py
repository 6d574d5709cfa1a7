"""The law about exits: one closing, one order, as long as there is no doubt about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from whalebot.research.chaos.books import Books, to_ms
from whalebot.research.chaos.ledger import Ledger

# Whatever becomes of an exit that may still fill, the next one leaves a second later at the earliest.
_SPACED_MS: Final = 500


def exits_are_single(ledger: Ledger, books: Books) -> Iterator[str]:
    """No exit is sent while another of the same run, just sent, closes the whole position.

    Judged is only what leaves no doubt: the first exit alone took the position from its full size to zero,
    nothing was opened since, the exchange refused the second because nothing was left, and by its own log the
    daemon had sent both within half a second. An exit of unknown fate, one that was refused, and one that
    filled in part may each be followed by another: the first two not before a second has passed, and the
    last did not close the position alone.
    """
    sent = _exits(books)
    for second, position in ledger.futile:
        first = position.closers[0]
        if len(position.closers) > 1 or first == second or not {first, second} <= sent.keys():
            continue
        (run, at_ms), (run_again, again_ms) = sent[first], sent[second]
        if run == run_again and 0 <= again_ms - at_ms < _SPACED_MS:
            yield (
                f"{position}: exit {second} was sent {again_ms - at_ms} ms after exit {first}, "
                "which closed it alone"
            )


def _exits(books: Books) -> dict[str, tuple[int, int]]:
    """Return (start of the daemon, real time in ms UTC) of the exits that the daemon told of, by link id."""
    found, run = {}, 0
    for event in books.events:
        if event.get("kind") == "start":
            run += 1
        elif event.get("kind") == "exit_sent" and "ts" in event:
            found[event["fields"]["order_link_id"]] = (run, to_ms(event["ts"]))
    return found
