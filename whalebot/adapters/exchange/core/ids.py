"""Ids made of counters: unique in one exchange, the same in every run with the same inputs."""

from __future__ import annotations

from dataclasses import dataclass

_ORDER = 0xA0
_EXECUTION = 0xE0
_TRANSACTION = 0x70
# More than any exchange gives out between two saves.
_ROOM = 1_000_000


@dataclass(slots=True)
class Mint:
    """Counters of one exchange. `realm` (32 bits) tells the ids of two exchanges apart."""

    realm: int = 0
    orders: int = 0
    executions: int = 0
    transactions: int = 0
    ranks: int = 0
    seq: int = 0

    def skip(self) -> None:
        """Leave room for ids that were given out after this was saved, so that none is given twice."""
        self.orders += _ROOM
        self.executions += _ROOM
        self.transactions += _ROOM
        self.seq += _ROOM

    def order_id(self) -> str:
        """Return a new order id, 36 characters."""
        self.orders += 1
        return self._uuid(_ORDER, self.orders)

    def exec_id(self) -> str:
        """Return a new execution id, 36 characters."""
        self.executions += 1
        return self._uuid(_EXECUTION, self.executions)

    def transaction_id(self) -> str:
        """Return a new id of a transaction row, 36 characters."""
        self.transactions += 1
        return self._uuid(_TRANSACTION, self.transactions)

    def rank(self) -> int:
        """Return the next place in the queue of orders."""
        self.ranks += 1
        return self.ranks

    def next_seq(self) -> int:
        """Return the next cross sequence number; fills of one match share one."""
        self.seq += 1
        return self.seq

    def _uuid(self, kind: int, number: int) -> str:
        digits = f"{number:018x}"
        return f"{self.realm:08x}-{digits[:4]}-4{digits[4:7]}-8{digits[7:10]}-{kind:02x}{digits[10:]:0>10}"
