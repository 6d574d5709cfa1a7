"""Two are never free to send, whatever is late, lost, done twice, paused, killed or deleted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lease_cluster import Store

from whalebot.adapters.lease.kubernetes import KubernetesLease, LeaseTerms
from whalebot.domain.errors import NotSent, TransportError
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.lease import LeaseKeeper

DURATION_S, MARGIN_MS = 30, 7_000
ACTORS = 2
FATES = ("answered", "answer lost", "never arrives", "arrives late")


@dataclass(frozen=True)
class Move:
    """One thing that happens: who acts, how long its request takes there and back, and what becomes of it.

    `meanwhile`: 1 lets the next move happen while the answer to a read is on its way, 2 to a write, 3 both.
    """

    actor: int
    kind: str
    there_ms: int
    back_ms: int
    fate: str
    meanwhile: int


@dataclass
class Actor:
    """A daemon: its clock, and the keeper whose thread the world plays."""

    clock: ManualClock
    busy: bool = False
    is_running: bool = False
    keeper: LeaseKeeper = field(init=False)
    lease: KubernetesLease = field(init=False)


class World:
    """True time, the one record, and daemons whose clocks show anything but run alike."""

    def __init__(self, moves: list[Move], offsets_ms: list[int]) -> None:
        self.moves = list(moves)
        self.now_ms = 0
        self.store = Store()
        self.store.create({"holderIdentity": "", "leaseDurationSeconds": 1})
        self.late: list[tuple[int, Callable[[], object]]] = []
        self.reach_ms: dict[str, int] = {}
        self.names = 0
        self.grants = 0
        self.actors = [Actor(ManualClock(10**12 + offset)) for offset in offsets_ms]
        for actor in self.actors:
            self.begin(actor)

    def begin(self, actor: Actor) -> None:
        """A new process: a new name, no memory."""
        self.names += 1
        name = f"p{self.names}"
        terms = LeaseTerms(name, DURATION_S, MARGIN_MS)
        actor.lease = KubernetesLease(Line(self, name), actor.clock, terms)
        actor.keeper = LeaseKeeper(actor.lease, actor.clock, 10, lambda _: None)

    def play(self) -> None:
        while self.moves:
            self.act(self.moves.pop(0))

    def act(self, move: Move) -> None:
        actor = self.actors[move.actor]
        if actor.busy or move.kind == "time":
            self.pass_ms(move.there_ms)
        elif move.kind == "delete":
            self.store.delete()
        elif move.kind == "kill":
            self.begin(actor)
        elif move.kind == "give back":
            self.give_back(actor, move)
        else:
            self.step(actor, move, actor.keeper.step)
        self.judge()

    def step(self, actor: Actor, move: Move, do: Callable[[], object]) -> None:
        actor.busy, self.now = True, move
        try:
            do()
        except TransportError:
            pass
        finally:
            actor.busy = False

    def give_back(self, actor: Actor, move: Move) -> None:
        if actor.keeper.is_held and not actor.keeper.lost():
            actor.keeper.stop(30)
            # The workers have ended: nothing is on its way any more.
            self.reach_ms.pop(actor.lease._terms.identity, None)
            self.step(actor, move, actor.lease.release)
        self.begin(actor)

    def pass_ms(self, passing_ms: int) -> None:
        """Let time pass, in steps at which late requests arrive and everything is judged."""
        end_ms = self.now_ms + passing_ms
        while self.now_ms < end_ms:
            due = [at for at, _ in self.late if self.now_ms < at <= end_ms]
            to_ms = min(due, default=end_ms)
            for actor in self.actors:
                actor.clock.advance(to_ms - self.now_ms)
            self.now_ms = to_ms
            arriving = [write for at, write in self.late if at <= to_ms]
            self.late = [(at, write) for at, write in self.late if at > to_ms]
            for write in arriving:
                _tried(write)
            self.judge()

    def judge(self) -> None:
        """What may leave now must be alone: no request of another may still be taken by the venue."""
        free = [actor for actor in self.actors if _may_send(actor.keeper)]
        assert len(free) <= 1
        for actor in free:
            self.grants += 1
            name = actor.lease._terms.identity
            for other, reach_ms in self.reach_ms.items():
                assert other == name or reach_ms < self.now_ms, f"{name} while {other} reaches to {reach_ms}"
            left_ms = actor.lease.valid_until_ms - actor.clock.now_ms()
            self.reach_ms[name] = self.now_ms + left_ms + MARGIN_MS


class Line:
    """The network between one daemon and the record."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name

    def read(self):
        return self._ask(self.world.store.read, is_write=False)

    def create(self, spec):
        return self._ask(lambda: self.world.store.create(spec))

    def replace(self, record, timeouts_s=None):
        return self._ask(lambda: self.world.store.replace(record))

    def _ask(self, do: Callable[[], object], is_write: bool = True):
        world, move = self.world, self.world.now
        world.pass_ms(move.there_ms)
        if move.fate == "answered" or not is_write:
            done = do()
            self._meanwhile(move, is_write)
            return done
        if move.fate == "answer lost":
            _tried(do)
        elif move.fate == "arrives late":
            world.late.append((world.now_ms + 1 + 7 * move.back_ms, do))
        self._meanwhile(move, is_write)
        raise TransportError("timed out")

    def _meanwhile(self, move: Move, is_write: bool) -> None:
        if move.meanwhile & (2 if is_write else 1) and self.world.moves:
            self.world.act(self.world.moves.pop(0))
        if is_write:
            self.world.pass_ms(move.back_ms)


def _tried(write: Callable[[], object]) -> None:
    from whalebot.adapters.lease.api import LeaseChanged, LeaseGone

    try:
        write()
    except (LeaseChanged, LeaseGone):
        return


def _may_send(keeper: LeaseKeeper) -> bool:
    try:
        keeper.check()
    except NotSent:
        return False
    return True


_TIMES = st.sampled_from((0, 0, 0, 1, 500, 2_000, 2_000, 9_000, 23_001, 30_001))
_MOVES = st.builds(
    Move,
    actor=st.integers(0, ACTORS - 1),
    kind=st.sampled_from(("step",) * 12 + ("time",) * 4 + ("delete", "kill", "give back")),
    there_ms=_TIMES,
    back_ms=_TIMES,
    fate=st.sampled_from((FATES[0],) * 5 + FATES[1:]),
    meanwhile=st.integers(0, 3),
)
_OFFSETS = st.lists(st.integers(-(10**9), 10**9), min_size=ACTORS, max_size=ACTORS)


@settings(max_examples=400, deadline=None)
@given(st.lists(_MOVES, min_size=10, max_size=60), _OFFSETS)
def test_two_are_never_free_to_send(moves: list[Move], offsets_ms: list[int]) -> None:
    World(moves, offsets_ms).play()


def _step(actor: int, back_ms: int = 0, fate: str = FATES[0], meanwhile: int = 0) -> Move:
    return Move(actor, "step", 0, back_ms, fate, meanwhile)


def _time(passing_ms: int) -> Move:
    return Move(0, "time", passing_ms, 0, "", 0)


_DELETE, _KILL = Move(0, "delete", 0, 0, "", 0), Move(0, "kill", 0, 0, "", 0)


@pytest.mark.parametrize(
    "moves",
    [
        pytest.param(
            [_step(0, back_ms=9_000, meanwhile=2), _step(1), _time(21_001), _step(1)],
            id="an answer that was long on its way",
        ),
        pytest.param([_step(0), _DELETE, _step(1), _step(1), _step(1)], id="deleted under its holder"),
        pytest.param(
            [_step(0), _step(1), _time(20_000), _step(0), _time(10_001), _step(1)],
            id="renewed since it was seen",
        ),
        pytest.param([_step(0), _step(1), _KILL, _time(30_001), _step(1)], id="its holder was killed"),
        pytest.param(
            [_step(0), _step(0, 9_000, "arrives late"), _step(1), _time(21_001), _step(1), _time(60_000)],
            id="a renewal that arrives after another has it",
        ),
        pytest.param(
            [_step(0), _step(1), _time(22_999), _step(0, 9_000, "answer lost"), _step(1)],
            id="a renewal whose answer is lost",
        ),
    ],
)
def test_histories_that_tempt(moves: list[Move]) -> None:
    world = World(moves, [5_000, -5_000])
    world.play()
    assert world.grants


def test_the_world_lets_them_send_in_turn() -> None:
    first = [_DELETE, _step(0), _step(0), _time(30_100), _step(0)]
    world = World([*first, _step(1), _KILL, _time(31_000), _step(1)], [5_000, -5_000])
    world.play()
    assert set(world.reach_ms) == {"p1", "p2"}
