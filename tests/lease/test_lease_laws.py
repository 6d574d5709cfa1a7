"""Two are never free to send, whatever is late, lost, done twice, paused, killed or deleted by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
    """One thing that happens: who acts, how long its request takes there and back, and what becomes of it."""

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
            self._meanwhile(move)
            return done
        if move.fate == "answer lost":
            _tried(do)
        elif move.fate == "arrives late":
            world.late.append((world.now_ms + 1 + 7 * move.back_ms, do))
        self._meanwhile(move)
        raise TransportError("timed out")

    def _meanwhile(self, move: Move) -> None:
        for _ in range(move.meanwhile):
            if self.world.moves:
                self.world.act(self.world.moves.pop(0))
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


def test_the_world_lets_them_send_in_turn() -> None:
    quick = {"kind": "step", "there_ms": 10, "back_ms": 10, "fate": FATES[0], "meanwhile": 0}
    first = [Move(0, "delete", 0, 0, "", 0), Move(0, **quick), Move(0, **quick)]
    first += [Move(0, "time", 30_100, 0, "", 0), Move(0, **quick)]
    after = [Move(1, **quick), Move(0, "kill", 0, 0, "", 0), Move(0, "time", 31_000, 0, "", 0)]
    world = World([*first, *after, Move(1, **quick)], [5_000, -5_000])
    world.play()
    assert set(world.reach_ms) == {"p1", "p2"}
