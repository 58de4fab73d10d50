"""Ensembles and the linear path of a fold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.networks import lively
from tests.training.evaluation.test_final_model import COUNT, problem
from training import ablate
from training.fitting.fit import predict
from training.folds import assembly
from training.folds.assembly import assemble, members
from training.folds.cross_validation import Fit, _music_scales
from training.folds.journal import Outcome
from training.folds.problem import MusicScale, Problem

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def one() -> Problem:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, COUNT)
    made = problem("subject", {"arousal": classes}, 5)
    truth = classes[made.windows.recording]
    features = rng.normal(size=(truth.size, 4)) + 0.8 * truth[:, None]
    inputs = rng.normal(size=made.windows.inputs.shape).astype(np.float32)
    windows = replace(made.windows, features=features, inputs=inputs)
    return replace(made, windows=windows, ensemble=3, wide=True)


def outcomes(one: Problem) -> list[Outcome]:
    found = []
    for seed, split in enumerate(members(one, "arousal", one.splits("arousal")[0])):
        network = lively(one.config, seed)
        sides = [one.select("arousal", s, MusicScale()) for s in (split.test, split.validation)]
        test, chose = ((side.window, predict(network, side, CPU).numpy()) for side in sides)
        state = network.state_dict()
        found.append(Outcome("arousal", split.name, *test, 1.0, [], state, MusicScale(), *chose))
    return found


def test_members_share_a_test_side_and_divide_the_others(one: Problem) -> None:
    split = one.splits("arousal")[0]
    own = members(one, "arousal", split)
    pool = np.union1d(split.train, split.validation)
    assert [m.name for m in own] == [f"{split.name}, member {k}" for k in (1, 2, 3)]
    np.testing.assert_array_equal(np.sort(np.concatenate([m.validation for m in own])), pool)
    who = np.array(one.subjects)
    for m in own:
        np.testing.assert_array_equal(m.test, split.test)
        assert not set(who[m.train]) & set(who[m.validation])
        assert not set(who[m.test]) & set(who[pool])
    assert members(replace(one, ensemble=1), "arousal", split) == [split]


def test_what_is_kept_is_the_function_that_was_evaluated(one: Problem) -> None:
    split = one.splits("arousal")[0]
    fits = outcomes(one)
    made = assemble(one, "arousal", split, fits)
    data = one.select("arousal", split.test, MusicScale())
    data = replace(data, features=one.windows.features.astype(np.float32))
    got = predict(made.network(one), data, CPU).numpy()
    np.testing.assert_array_equal(data.window, made.window)
    np.testing.assert_allclose(
        got[:, 1] - got[:, 0], made.logits[:, 1] - made.logits[:, 0], atol=1e-4
    )


def test_nobody_of_the_test_side_has_a_part_in_it(one: Problem) -> None:
    split = one.splits("arousal")[0]
    fits = outcomes(one)
    before = assemble(one, "arousal", split, fits)
    classes = one.annotation.classes["arousal"].copy()
    classes[split.test] = 1 - classes[split.test]
    features = one.windows.features.copy()
    features[one.windows.of(split.test)] *= 100.0
    other = replace(
        one,
        annotation=replace(one.annotation, classes={"arousal": classes}),
        windows=replace(one.windows, features=features),
    )
    after = assemble(other, "arousal", split, fits)
    assert after.combination == before.combination
    assert before.linear is not None and after.linear is not None
    np.testing.assert_array_equal(after.linear.weights, before.linear.weights)


def test_a_linear_path_that_tells_the_classes_is_believed_more_than_random_networks(
    one: Problem,
) -> None:
    found = assemble(one, "arousal", one.splits("arousal")[0], outcomes(one)).combination
    assert found.wide > 0.5
    assert found.deep < 0.2


def test_members_share_the_scale_of_the_songs(one: Problem) -> None:
    rng = np.random.default_rng(0)
    songs = {name: rng.normal(size=2).astype(np.float32) for name in set(one.stimuli)}
    # Members would learn from different songs, were it by their own sides.
    apart = replace(
        one,
        data=replace(one.data, music=songs),
        config=replace(one.config, music=2),
        plan=replace(one.plan, stimuli_apart=True, folds=3),
    )
    split = apart.splits("arousal")[0]
    fits = [Fit(apart, "arousal", member) for member in members(apart, "arousal", split)]
    assert len({tuple(np.unique(np.array(apart.stimuli)[f.split.train])) for f in fits}) > 1
    assert len(set(_music_scales(fits, [0] * len(fits)))) == 1


def test_an_ensemble_as_published_has_the_temperature_of_its_mean(one: Problem) -> None:
    """Not that of its first member, here an absurd one."""
    plain = replace(one, wide=False, settings=replace(one.settings, balanced=False))
    split = plain.splits("arousal")[0]
    fits = outcomes(plain)
    found = assemble(plain, "arousal", split, fits).combination
    absurd = [replace(fits[0], temperature=20.0), *fits[1:]]
    assert assemble(plain, "arousal", split, absurd).combination == found
    alone = assemble(replace(plain, ensemble=1), "arousal", split, absurd[:1]).combination
    assert alone.deep == pytest.approx(0.05)


def test_the_ablation_fits_all_members(one: Problem, tmp_path: Path) -> None:
    asked = []

    class FittedError(Exception):
        pass

    class Runner:
        def outcomes(self, text: str, fits: list[Fit]) -> None:
            asked.extend(fits)
            raise FittedError

    with pytest.raises(FittedError):
        ablate._ablated({(False, False, False): one}, Runner(), tmp_path / "a.json", "")
    assert [fit.split.name for fit in asked[:4]] == [
        "fold 1, member 1", "fold 1, member 2", "fold 1, member 3", "fold 2, member 1",
    ]  # fmt: skip


def test_a_linear_path_that_knows_songs_is_not_believed_about_others(one: Problem) -> None:
    """Its features name the song, whose listeners all have the song's class."""
    rng = np.random.default_rng(0)
    song = np.unique(np.array(one.stimuli), return_inverse=True)[1]
    classes = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0])[song]
    heard = song[one.windows.recording]
    features = rng.normal(size=(12, 20))[heard] + 0.3 * rng.normal(size=(heard.size, 20))
    apart = replace(
        one,
        annotation=replace(one.annotation, classes={"arousal": classes}),
        windows=replace(one.windows, features=features),
        plan=replace(one.plan, stimuli_apart=True, folds=3),
    )
    for split in apart.splits("arousal"):
        held_out = apart.windows.of(split.validation)
        _, margins = assembly.linear_path(apart, "arousal", split, held_out)
        truth = classes[apart.windows.recording[held_out]]
        right = ((margins > 0) == (truth == 1)).mean()
        assert right < 0.9, "margins of fits that knew the song"
