"""A disk in memory whose power can be cut at any byte, and a real one whose calls can be made to fail.

Names and content reach the platters apart from each other: a rename may be there before the bytes it names,
and of several changes of names any may be there without the others.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Hashable, Iterator
from itertools import chain, combinations
from pathlib import Path

from whalebot.adapters.storage.filesystem import FileSystem

ARRIVALS = ("all", "none", "length_only", "front_only", "back_only")
"""What reached the platters of everything written since the last sync."""


class PowerCut(BaseException):
    """The machine is off."""


class DiskModel(FileSystem):
    """Files in memory. Unsynced content and unsynced names are at risk until `reboot`.

    `budget` counts bytes written and other calls; the cut comes when it is used up (None: never).
    """

    def __init__(self) -> None:
        self.names: dict[Path, int] = {}
        self.data: dict[int, bytes] = {}
        self.synced_names: dict[Path, int] = {}
        self.synced_data: dict[int, bytes] = {}
        self.budget: int | None = None
        self.spent = 0
        self.names_changed: list[dict[Path, int | None]] = []
        self._fds: dict[int, int | Path] = {}
        self._next = 3

    def reboot(self, arrival: str, arrived_names: Collection[int] | None = None) -> DiskModel:
        """Return the disk as it is found after the cut.

        arrived_names: which of `names_changed`, by number, arrived; None: all, or none with `none`.
        """
        after = DiskModel()
        after.names = dict(self.synced_names if arrival == "none" else self.names)
        if arrived_names is not None:
            after.names = dict(self.synced_names)
            for number in sorted(arrived_names):
                after.names |= self.names_changed[number]
            after.names = {path: inode for path, inode in after.names.items() if inode is not None}
        after.data = {
            inode: _arrived(self.synced_data.get(inode, b""), content, arrival)
            for inode, content in self.data.items()
        }
        after.synced_names, after.synced_data = dict(after.names), dict(after.data)
        after._next = self._next
        return after

    def seen(self) -> Hashable:
        """Return all that a start can see of this disk: on two that look alike it does the same."""
        names: dict[int, set[Path]] = {}
        for path, inode in self.names.items():
            names.setdefault(inode, set()).add(path)
        return frozenset((frozenset(paths), self.data[inode]) for inode, paths in names.items())

    def content(self, path: Path) -> bytes:
        return self.data[self.names[path]]

    def put(self, path: Path, content: bytes) -> None:
        """Place a durable file."""
        inode = self._new_inode()
        self.names[path] = self.synced_names[path] = inode
        self.data[inode] = self.synced_data[inode] = content

    def _new_inode(self) -> int:
        self._next += 1
        return self._next

    def _spend(self, wanted: int) -> int:
        """Return how much of `wanted` happens before the cut."""
        self.spent += wanted
        if self.budget is None:
            return wanted
        allowed = min(wanted, self.budget)
        self.budget -= allowed
        return allowed

    def _step(self) -> None:
        if self._spend(1) < 1:
            raise PowerCut

    def open(self, path: Path, flags: int) -> int:
        fd = self._new_inode()
        if flags & os.O_DIRECTORY:
            self._fds[fd] = path
            return fd
        if path not in self.names:
            if not flags & os.O_CREAT:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
            self._step()
            inode = self._new_inode()
            self.names[path], self.data[inode] = inode, b""
            self.names_changed.append({path: inode})
        elif flags & os.O_EXCL:
            raise FileExistsError(errno.EEXIST, "File exists", str(path))
        self._fds[fd] = self.names[path]
        return fd

    def close(self, fd: int) -> None:
        del self._fds[fd]

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        return self.data[self._fds[fd]][offset : offset + count]

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        inode = self._fds[fd]
        allowed = self._spend(len(data))
        old = self.data[inode].ljust(offset, b"\0")
        self.data[inode] = old[:offset] + data[:allowed] + old[offset + allowed :]
        if allowed < len(data):
            raise PowerCut
        return allowed

    def truncate(self, fd: int, size: int) -> None:
        self._step()
        inode = self._fds[fd]
        self.data[inode] = self.data[inode][:size].ljust(size, b"\0")

    def sync(self, fd: int) -> None:
        self._step()
        self.synced_data[self._fds[fd]] = self.data[self._fds[fd]]

    def sync_names(self, fd: int) -> None:
        self._step()
        folder = self._fds[fd]
        inside = {path: inode for path, inode in self.names.items() if path.parent == folder}
        outside = {path: inode for path, inode in self.synced_names.items() if path.parent != folder}
        self.synced_names = inside | outside
        self.names_changed = [
            {path: inode for path, inode in change.items() if path.parent != folder}
            for change in self.names_changed
        ]

    def replace(self, source: Path, target: Path) -> None:
        self._step()
        self.names[target] = self.names.pop(source)
        self.names_changed.append({source: None, target: self.names[target]})

    def link(self, source: Path, target: Path) -> None:
        self._step()
        if target in self.names:
            raise FileExistsError(errno.EEXIST, "File exists", str(target))
        self.names[target] = self.names[source]
        self.names_changed.append({target: self.names[source]})

    def unlink(self, path: Path) -> None:
        self._step()
        if self.names.pop(path, None) is None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
        self.names_changed.append({path: None})

    def names_in(self, folder: Path) -> list[str]:
        return [path.name for path in self.names if path.parent == folder]

    def is_same(self, first: Path, second: Path) -> bool:
        return self.names[first] == self.names[second]

    def make_folder(self, path: Path) -> None:
        """Folders are always there."""


def any_names(disk: DiskModel) -> Iterator[tuple[int, ...]]:
    """Every subset of the changes of names that are not safe yet; of many, only the orders of arrival."""
    numbers = [number for number, change in enumerate(disk.names_changed) if change]
    if len(numbers) > 6:
        return iter([tuple(numbers[:count]) for count in range(len(numbers) + 1)])
    return chain.from_iterable(combinations(numbers, count) for count in range(len(numbers) + 1))


def _arrived(synced: bytes, written: bytes, arrival: str) -> bytes:
    """The content found after a cut, when only a part of what was written since the sync arrived."""
    if arrival == "all":
        return written
    if arrival == "none":
        return synced
    blank = synced[: len(written)].ljust(len(written), b"\0")
    if arrival == "length_only":
        return blank
    changed = [i for i, (old, new) in enumerate(zip(blank, written, strict=True)) if old != new]
    middle = changed[len(changed) // 2] if changed else 0
    return (
        (written[:middle] + blank[middle:])
        if arrival == "front_only"
        else (blank[:middle] + written[middle:])
    )


class FailingFiles(FileSystem):
    """The real file system, in which the `fail_at`-th risky call fails once (or for ever if `lasting`)."""

    def __init__(
        self, fail_at: int | None = None, *, lasting: bool = False, code: int = errno.ENOSPC
    ) -> None:
        self.fail_at = fail_at
        self.calls: list[str] = []
        self._lasting = lasting
        self._code = code

    def _risk(self, call: str) -> bool:
        self.calls.append(call)
        return self.fail_at is not None and (
            len(self.calls) >= self.fail_at if self._lasting else len(self.calls) == self.fail_at
        )

    def _fail(self) -> OSError:
        return OSError(self._code, os.strerror(self._code))

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        if self._risk("pwrite"):
            # A full disk takes a part and refuses the rest.
            os.pwrite(fd, data[: len(data) // 2], offset)
            raise self._fail()
        return super().pwrite(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        if self._risk("truncate"):
            raise self._fail()
        super().truncate(fd, size)

    def sync(self, fd: int) -> None:
        if self._risk("sync"):
            raise self._fail()
        super().sync(fd)

    def sync_names(self, fd: int) -> None:
        if self._risk("sync_names"):
            raise self._fail()
        super().sync_names(fd)

    def replace(self, source: Path, target: Path) -> None:
        if self._risk("replace"):
            raise self._fail()
        super().replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        if self._risk("link"):
            raise self._fail()
        super().link(source, target)

    def unlink(self, path: Path) -> None:
        if self._risk("unlink"):
            raise self._fail()
        super().unlink(path)


class ShortWrites(FileSystem):
    """A file system that takes at most 7 bytes a call."""

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        return super().pwrite(fd, data[:7], offset)
