"""Reading and writing a profile: whole, by one process at a time, private.

Beside NAME.json stand NAME.json.previous, the last good one before it, and while a run has it,
NAME.json.lock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from device.errors import ProfileError, ProfileInUseError
from device.versions import installed
from runtime.person.profile import (
    DamagedProfileError,
    Profile,
    from_bytes,
    now_text,
    to_bytes,
    units_of,
)
from runtime.person.profile_path import locate
from runtime.preprocessing.contract import Contract
from runtime.recording.lock import take

_PACKAGES = ("rtcan", "numpy", "scipy", "onnxruntime")
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700
_DRAFT = ".part"


class ProfileFile:
    """One profile on the disk.

    Parameters
    ----------
    name_or_path : str
        See `runtime.person.profile_path.locate`.

    Attributes
    ----------
    path : Path
        Where it lies, wherever links lead: one file has one lock.
    note : str or None
        What the user should know of what `load` found.
    """

    def __init__(self, name_or_path: str) -> None:
        self.given = name_or_path
        self._named = locate(name_or_path)
        self.path = self._named.resolve()
        self.note: str | None = None
        self._previous = self.path.with_name(self.path.name + ".previous")
        self._lock_path = self.path.with_name(self.path.name + ".lock")
        self._lock: int | None = None
        self._good: bytes | None = None
        self._damaged = False

    @property
    def exists(self) -> bool:
        """Whether there is such a profile, or what is left of one."""
        return self.path.exists() or self._previous.exists()

    def require(self) -> None:
        """Raise a ProfileError where there is no such profile."""
        if not self.exists:
            raise self._missing()

    def claim(self) -> None:
        """Take it for this process, until `release`; its folder is made where it is not there.

        Raises
        ------
        ProfileInUseError
            If another process has it.
        ProfileError
            If it cannot be written.
        """
        try:
            if not self.path.parent.is_dir():
                self.path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True)
            if self.path.exists() and not os.access(self.path, os.R_OK | os.W_OK):
                raise PermissionError(13, "Permission denied")
            while self._lock is None:
                self._lock = self._try_lock()
            for path in (self.path, self._previous):
                for draft in _drafts(path):  # of a process that was killed while it wrote
                    draft.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def release(self) -> None:
        """Let others have it; harmless when done already."""
        lock, self._lock = self._lock, None
        if lock is not None:
            # Removed while it is still held: who opened it meanwhile finds that it is gone.
            with contextlib.suppress(OSError):
                self._lock_path.unlink()
            os.close(lock)

    def load(self) -> Profile:
        """Return what is on the disk.

        A damaged profile gives way to the last good one before it, which `note` then says.

        Raises
        ------
        ProfileError
            If there is none, or it and the one before it are damaged.
        """
        self.note = None
        failure: ProfileError
        try:
            return self._read(self.path)
        except DamagedProfileError as error:
            self._damaged, failure = True, error
        except ProfileError as error:
            failure = error
            if self.path.exists():  # it cannot be read, or is of a newer version
                raise
        if not self._previous.exists():
            raise failure
        profile = self._read(self._previous)
        # It reaches recordings and other programs too, and names nobody.
        self.note = (
            f"the profile was damaged: the last good one before it, of {profile.updated}, is used"
            + ("; the damaged file stays beside it" if self._damaged else "")
        )
        return profile

    def load_or_new(self, contract: Contract) -> Profile:
        """Return what is on the disk, or a new profile for a model.

        Raises
        ------
        ProfileError
            See `load`; also if it belongs to a model with other units.
        """
        if not self.exists:
            return Profile(name=self.path.stem, preprocessing=units_of(contract))
        profile = self.load()
        profile.check(contract, self.given)
        return profile

    def save(self, profile: Profile) -> Profile:
        """Write it, whole or not at all; what was there before stays beside it.

        Returns
        -------
        Profile
            As written, with the time and the versions.

        Raises
        ------
        ProfileError
            If the folder cannot be written to, or the disk is full; the old one is kept.
        """
        now = now_text()
        profile = dataclasses.replace(
            profile, created=profile.created or now, updated=now, versions=installed(_PACKAGES)
        )
        data = to_bytes(profile)
        try:
            if self._damaged:
                self.path.replace(self._kept)
                self._damaged = False
            if self._good is not None:
                write_private(self._previous, self._good)
            write_private(self.path, data)
        except OSError as error:
            raise self._unwritable(error) from error
        self._good = data
        return profile

    def delete(self, *, copies_alone: bool = False) -> list[Path]:
        """Remove it with the copies beside it, or these alone; return what was removed."""
        removed = []
        itself = () if copies_alone else (self.path, self._named)  # the link too, where it is one
        for path in (self._previous, self._kept, *dict.fromkeys(itself)):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                removed.append(path)
        return removed

    @property
    def _kept(self) -> Path:
        return self.path.with_name(self.path.name + ".damaged")

    def _read(self, path: Path) -> Profile:
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise self._missing() from error
        except OSError as error:
            raise ProfileError(f"The profile {path} cannot be read: {error.strerror}") from error
        profile = from_bytes(data, self.given)
        self._good = data
        return profile

    def _missing(self) -> ProfileError:
        return ProfileError(
            f"There is no profile {self.given} ({self.path}); rtcan profile list shows those there "
            "are, and rtcan live --profile NAME makes one"
        )

    def _try_lock(self) -> int | None:
        """Return the lock, held; None where its file was removed between opening and locking."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        lock = os.open(self._lock_path, flags, _PRIVATE_FILE)
        try:
            if not take(lock):
                raise ProfileInUseError(
                    f"The profile {self.given} is in use by another process. End that run, or take "
                    "another profile."
                )
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock), self._lock_path.stat()):
                    return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
        return None

    def _unwritable(self, error: OSError) -> ProfileError:
        return ProfileError(
            f"The profile {self.path} cannot be written: {error.strerror}. Make its folder "
            "writable, or give --profile another place."
        )


def write_private(path: Path, data: bytes) -> None:
    """Write a private file, whole or not at all."""
    # Made with mode 0600: https://docs.python.org/3/library/tempfile.html#tempfile.mkstemp
    handle, name = tempfile.mkstemp(_DRAFT, f".{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _drafts(path: Path) -> Iterator[Path]:
    """Return the drafts of a file that `write_private` left where it was killed."""
    # mkstemp's own part of the name has eight characters: of `a.json` is none of `a.json.b.json`.
    return path.parent.glob(f".{glob.escape(path.name)}.????????{_DRAFT}")
