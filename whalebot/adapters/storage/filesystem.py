"""The few file operations that durability hangs on, in one object so that a test can make each fail."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_CHUNK: Final = 1 << 20


class FileSystem:
    """System calls with our flags and modes. Every method raises OSError as the system call does."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file (mode 0600 where it is created) and return its descriptor, closed on exec.

        A link is not followed for writing: what is written lands in our own folder or nowhere. A pipe or a
        device is refused; it could keep its reader for ever.
        """
        if flags & (os.O_WRONLY | os.O_RDWR):
            flags |= os.O_NOFOLLOW
        fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, FILE_MODE)
        if not flags & os.O_DIRECTORY and not stat.S_ISREG(os.fstat(fd).st_mode):
            code = errno.EISDIR if stat.S_ISDIR(os.fstat(fd).st_mode) else errno.EINVAL
            os.close(fd)
            raise OSError(code, "A directory or device, where a file belongs", str(path))
        return fd

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        os.close(fd)

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        """Read up to `count` bytes at `offset`."""
        return os.pread(fd, count, offset)

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        """Write at `offset`; return how many bytes were taken, which may be fewer."""
        return os.pwrite(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        """Cut or extend an open file to `size` bytes."""
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        """Return once a file's content, and its length where that grew, is on the disk."""
        os.fdatasync(fd)

    def sync_names(self, fd: int) -> None:
        """Return once the names in an open folder are on the disk."""
        os.fsync(fd)

    def replace(self, source: Path, target: Path) -> None:
        """Rename within one folder, taking the place of `target`."""
        os.replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; FileExistsError where that name is taken."""
        os.link(source, target)

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        os.unlink(path)

    def names_in(self, folder: Path) -> list[str]:
        """Return the names in a folder."""
        return os.listdir(folder)

    def is_same(self, first: Path, second: Path) -> bool:
        """True when two names belong to one file."""
        return os.path.samefile(first, second)

    def make_folder(self, path: Path) -> None:
        """Create a folder (mode 0700) and its parents where they are missing."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self.sync_folder(path.parent)

    def write_all(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`, in one call unless the system takes it in parts."""
        while data:
            taken = self.pwrite(fd, data, offset)
            if taken <= 0:
                raise OSError(errno.EIO, "the file system took no byte")
            data, offset = data[taken:], offset + taken

    def read_file(self, path: Path) -> bytes:
        """Return a file's content; FileNotFoundError where there is none."""
        fd = self.open(path, os.O_RDONLY)
        try:
            parts: list[bytes] = []
            offset = 0
            while part := self.pread(fd, _CHUNK, offset):
                parts.append(part)
                offset += len(part)
            return b"".join(parts)
        finally:
            self.close(fd)

    def write_file(self, path: Path, data: bytes, *, new: bool = False) -> None:
        """Make `data` the whole content of a file and sync it; `new` refuses a name that is taken."""
        fd = self.open(path, os.O_RDWR | os.O_CREAT | (os.O_EXCL if new else 0))
        try:
            self.truncate(fd, 0)
            self.write_all(fd, data, 0)
            self.sync(fd)
        finally:
            self.close(fd)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        fd = self.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sync_names(fd)
        except OSError as error:
            # Some network file systems keep names durable by themselves and refuse the call.
            if error.errno != errno.EINVAL:
                raise
        finally:
            self.close(fd)

    def write_replacing(self, path: Path, data: bytes) -> None:
        """Put `data` in the place of `path` so that at every moment the old or the new file is whole."""
        temporary = path.with_name(path.name + ".tmp")
        try:
            # One that is there may be anybody's; it would keep its owner and its mode.
            with contextlib.suppress(FileNotFoundError):
                self.unlink(temporary)
            self.write_file(temporary, data, new=True)
            self.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                self.unlink(temporary)
            raise
        self.sync_folder(path.parent)

    def keep_aside(self, path: Path) -> Path:
        """Keep a file under a second name nobody has yet, `NAME.damaged-N`, and return that name.

        The file keeps its own name too: put another in its place, or unlink it, but do not write into it.
        """
        number = 1
        while True:
            aside = path.with_name(f"{path.name}.damaged-{number}")
            try:
                _second_name(self, path, aside)
            except FileExistsError:
                if self.is_same(path, aside):
                    return aside
                number += 1
                continue
            self.sync_folder(path.parent)
            return aside


def _second_name(files: FileSystem, path: Path, aside: Path) -> None:
    try:
        files.link(path, aside)
    except FileExistsError:
        raise
    except OSError as error:
        # File systems without hard links (exFAT, some network shares) get a copy.
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
            raise
        files.write_file(aside, files.read_file(path), new=True)
