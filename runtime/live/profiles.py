"""`rtcan profile`: list, show, reset, export and delete what is known of a person."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from device.cli import RtcanCommand
from device.errors import ProfileError, RtcanError
from device.text import clean, clean_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.person.profile import Profile
    from runtime.person.profile_file import ProfileFile

_PROFILE = click.argument("profile", metavar="NAME|PATH")


@click.group()
@click.version_option(package_name="rtcan", prog_name="rtcan profile")
def main() -> None:
    """Look after what `rtcan live --profile NAME` learnt of a person.

    A profile holds running sums, labels and counts, and no raw signal; its owner alone can read it.
    """


@main.command(name="list", cls=RtcanCommand)
def list_profiles() -> None:
    """Show the profiles in the user's data folder."""
    from runtime.person.profile_file import ProfileFile
    from runtime.person.profile_path import folder, profiles

    found = profiles()
    if not found:
        click.echo(f"No profiles in {folder()}; rtcan live --profile NAME makes one.")
    width = max([len(path.stem) for path in found], default=0)
    for path in found:
        try:
            profile = ProfileFile(str(path)).load()
        except RtcanError as error:
            click.echo(f"{clean(path.stem):<{width}}  {clean(str(error))}")
        else:
            click.echo(f"{clean(path.stem):<{width}}  {clean(_in_short(profile))}")


@main.command(cls=RtcanCommand)
@_PROFILE
def show(profile: str) -> None:
    """Show what is known of a person."""
    from runtime.person.profile_file import ProfileFile

    file = ProfileFile(profile)
    found = file.load()
    if file.note is not None:
        click.echo(f"Note: {file.note}", err=True)
    click.echo(clean_lines("\n".join(_lines(file, found))))  # it may be another computer's


@main.command(cls=RtcanCommand)
@_PROFILE
@click.option("--labels", is_flag=True, help="Forget labels and what was learnt from them alone.")
def reset(profile: str, labels: bool) -> None:
    """Begin anew: forget all that was learnt, or with --labels what labels taught.

    After `--labels` the answer is the stranger's again; what is usual for the person stays.
    """
    from runtime.person.profile_file import ProfileFile

    file = ProfileFile(profile)
    file.require()
    file.claim()
    try:
        if labels:
            found = file.load()
            file.save(found.without_labels())
            file.delete(copies_alone=True)
            forgotten = _count(found.labels_seen, "label")
            click.echo(f"{profile}: {forgotten} and what they taught: forgotten")
        else:
            removed = _count(len(file.delete()), "file")
            click.echo(f"{profile}: {removed} deleted; the next run begins anew")
    finally:
        file.release()


@main.command(cls=RtcanCommand)
@_PROFILE
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False), required=False)
def export(profile: str, output: Path | None) -> None:
    """Write a profile's JSON to a file, or to standard output.

    The file is a profile like any other: copy it to another computer and name it with --profile.
    """
    from runtime.person.profile import to_bytes
    from runtime.person.profile_file import ProfileFile, write_private

    data = to_bytes(ProfileFile(profile).load())
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        write_private(output, data)
    except OSError as error:
        raise ProfileError(f"{output} cannot be written: {error.strerror}") from error


@main.command(cls=RtcanCommand)
@_PROFILE
def delete(profile: str) -> None:
    """Delete a profile, with every copy that was kept beside it."""
    from runtime.person.profile_file import ProfileFile

    file = ProfileFile(profile)
    file.require()
    file.claim()
    try:
        for path in file.delete():
            click.echo(f"deleted {path}")
    finally:
        file.release()


def _enrolled(enrolment: dict[str, Any]) -> Iterator[str]:
    apart = enrolment["apart"]
    text = "enough" if enrolment["enough"] else f"not enough: {'; '.join(enrolment['lacking'])}"
    if apart is not None:
        text += f"; rest and arithmetic lie apart in {100 * apart:.0f} % of comparisons"
    yield f"  guided session: {enrolment['utc']}, {text}"


def _in_short(profile: Profile) -> str:
    parts = [_count(profile.sessions_seen, "sitting"), _count(profile.labels_seen, "label")]
    if profile.reference is not None:
        parts.append(f"{profile.known_s / 60:.0f} min known")
    return f"{', '.join(parts)}; last saved {profile.updated or 'never'}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _lines(file: ProfileFile, profile: Profile) -> Iterator[str]:
    yield f"{profile.name} ({file.path})"
    yield f"  made {profile.created}, saved {profile.updated}"
    versions = ", ".join(f"{name} {version}" for name, version in profile.versions.items())
    yield f"  with {versions}"
    units = profile.preprocessing
    yield (
        f"  for models of {units['rate_hz']:g} Hz, windows of {units['window_s']:g} s, "
        f"normalisation {units['normalisation']!r}, {len(units['features'])} features"
    )
    if profile.reference is None:
        yield "  reference: none; these models need none"
    else:
        yield f"  reference: {profile.known_s / 60:.1f} min of believable signal"
    yield f"  labels: {profile.labels_seen}"
    if profile.enrolment is not None:
        yield from _enrolled(profile.enrolment)
    yield f"  sittings: {profile.sessions_seen}"
    for one in profile.sessions[-10:]:
        yield (
            f"    {one['began']}  {one['signal_s'] / 60:.1f} min, {one['answered']} of "
            f"{one['windows']} windows answered  {one['sensor']}, {one['model']}"
        )


if __name__ == "__main__":
    main()
