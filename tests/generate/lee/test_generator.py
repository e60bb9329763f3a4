"""Lee's generator trains on a few dances, dances to any song, and refuses what it cannot use."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from danceit.counts import Counts
from danceit.data import Clip, Dance, Music
from danceit.errors import InputError
from danceit.files import alone_in
from danceit.generate.folder import DESCRIPTION, WEIGHTS
from danceit.generate.lee.generator import LeeGenerator
from danceit.generate.lee.options import LeeOptions
from danceit.generate.lee.units import anchored, hips_x
from danceit.generate.protocol import GeneratorReport
from danceit.generate.registry import load_generator

SMALL = LeeOptions(
    hidden=8, batch=8, vae_steps=6, style_steps=4, composition_steps=4, check_every=2,
    learning_rate=1e-3,
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(swings: tuple[Clip, ...], tmp_path_factory: pytest.TempPathFactory) -> GeneratorReport:
    return LeeGenerator.train(swings, SMALL, out=tmp_path_factory.mktemp("lee"), device="cpu")


def test_training_leaves_a_generator_with_its_log_and_plot(trained: GeneratorReport) -> None:
    names = {path.name for path in trained.folder.iterdir()}
    assert {DESCRIPTION, WEIGHTS, "log.csv", "loss.png", "training.safetensors"} <= names
    assert [lesson.name for lesson in trained.lessons] == ["unit VAE", "music style", "composition"]
    assert [lesson.steps for lesson in trained.lessons] == [6, 4, 4]
    assert set(trained.held_out_songs).isdisjoint(trained.training_songs)
    assert len(trained.held_out_songs) + len(trained.training_songs) == 4


def test_a_dance_is_as_long_as_its_song_and_names_its_generator(
    trained: GeneratorReport, music: Music, tmp_path: Path
) -> None:
    generator = load_generator(trained.folder, "cpu")
    dance = generator.generate(music, seed=3)
    assert dance.joints.shape == (music.n_frames, 18, 2)
    assert np.isfinite(dance.joints[:, :14]).all()
    assert np.isnan(dance.joints[:, 14:]).all()
    named = {placed.generator for placed in dance.fragments}
    assert named == {f"lee {generator.generator_id} seed 3"}
    assert all(placed.source == "" for placed in dance.fragments)
    assert (np.diff(dance.source_index) >= 0).all()
    # Aligners repair where one unit ends and the next begins.
    assert dance.seams.tolist() == (np.flatnonzero(np.diff(dance.source_index)) + 1).tolist()
    assert len(dance.seams) == len(dance.fragments) - 1
    dance.save(tmp_path / "a.dance.npz")
    assert Dance.load(tmp_path / "a.dance.npz").fragments[0].generator in named


def test_a_seed_gives_its_dance_again_and_others_differ(
    trained: GeneratorReport, music: Music
) -> None:
    first, again, other = (trained.generator.generate(music, seed).joints for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.nanmean(np.abs(first - other)) > 0.1


def test_a_start_is_where_the_dance_begins(
    trained: GeneratorReport, music: Music, swings: tuple[Clip, ...]
) -> None:
    start = swings[0].poses[10]
    dance = trained.generator.generate(music, 0, start)
    assert dance.n_frames == music.n_frames
    holey = start.copy()
    holey[3] = np.nan
    with pytest.raises(InputError, match="all joints from nose to ankles"):
        trained.generator.generate(music, 0, holey)


def test_units_follow_one_another_from_where_the_last_ended(trained: GeneratorReport) -> None:
    """Eq. 11: each is decoded from the last pose of the one before, and begins at its place."""
    generator = LeeGenerator.load(trained.folder, "cpu")
    torch.manual_seed(0)
    movements, initial = torch.randn(3, 512), torch.randn(1, 10)
    with torch.no_grad():
        units = generator._chained(movements, initial)
        for number in (1, 2):
            last = units[number - 1, -1]
            assert hips_x(units[number, 0]) == pytest.approx(hips_x(last), abs=1e-3)
            flat = generator.scale.standardised(anchored(last[None]))
            code = generator.dancer.initial(torch.from_numpy(flat)).mean
            expected = generator.dancer.unit(code, movements[number][None])[0].numpy()
            np.testing.assert_allclose(
                anchored(units[number]), anchored(generator.scale.undone(expected)), atol=1e-2
            )


def test_a_song_without_beats_is_danced_to_at_the_usual_pace(
    trained: GeneratorReport, music: Music
) -> None:
    dance = trained.generator.generate(replace(music, counts=Counts.none()), 0)
    assert dance.n_frames == music.n_frames


def test_a_finished_run_is_read_and_a_longer_one_is_another(
    trained: GeneratorReport, swings: tuple[Clip, ...]
) -> None:
    again = LeeGenerator.train(swings, SMALL, out=trained.folder, device="cpu")
    assert again.resumed
    assert again.generator.generator_id == trained.generator.generator_id
    with pytest.raises(InputError, match="holds a run with other dances or options"):
        LeeGenerator.train(swings, replace(SMALL, vae_steps=8), out=trained.folder, device="cpu")


def test_two_trainings_do_not_write_into_one_folder(
    swings: tuple[Clip, ...], tmp_path: Path
) -> None:
    out = tmp_path / "lee"
    with alone_in(out), pytest.raises(InputError, match="another process is writing into"):
        LeeGenerator.train(swings, SMALL, out=out, device="cpu")
    assert not out.exists()  # nothing was written


def test_a_width_that_was_edited_is_refused_before_it_is_made(
    trained: GeneratorReport, tmp_path: Path
) -> None:
    told = json.loads((trained.folder / DESCRIPTION).read_text())
    (tmp_path / WEIGHTS).write_bytes((trained.folder / WEIGHTS).read_bytes())
    for hidden, message in (
        (10**7, "must be F32"),  # its recurrent weights alone would take 1 200 TB
        (10**30, "of another version of danceit"),
        (0, r"lee: hidden must be 2 or more; got 0.*was its generator\.json edited"),
        ("8", "of another version of danceit"),
    ):
        edited = {**told, "options": {**told["options"], "hidden": hidden}}
        (tmp_path / DESCRIPTION).write_text(json.dumps(edited))
        with pytest.raises(InputError, match=message) as refused:
            load_generator(tmp_path)
        assert len(str(refused.value)) < 500


def test_the_baseline_without_composition_dances_too(
    swings: tuple[Clip, ...], music: Music, tmp_path: Path
) -> None:
    options = replace(SMALL, composition=False, both_ways=False)
    report = LeeGenerator.train(swings, options, out=tmp_path, device="cpu")
    assert [lesson.name for lesson in report.lessons][-1] == "pairing"
    assert report.generator.dancer.dance is None
    assert report.generator.generate(music, 0).n_frames == music.n_frames


def test_units_of_another_run_are_taken_over(
    trained: GeneratorReport, swings: tuple[Clip, ...], music: Music, tmp_path: Path
) -> None:
    options = replace(SMALL, units=str(trained.folder), composition=False)
    report = LeeGenerator.train(swings, options, out=tmp_path / "pair", device="cpu")
    assert [lesson.name for lesson in report.lessons] == ["pairing"]
    ours, theirs = (each.generator.dancer.unit.state_dict() for each in (report, trained))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert report.generator.generate(music, 0).n_frames == music.n_frames
    with pytest.raises(InputError, match="are of other sizes"):
        LeeGenerator.train(swings, replace(options, hidden=4), out=tmp_path / "wide", device="cpu")
    others = [replace(clip, poses=clip.poses * 1.1) for clip in swings]
    with pytest.raises(InputError, match="were learnt from other dances"):
        LeeGenerator.train(others, options, out=tmp_path / "others", device="cpu")


def test_depth_and_missing_music_are_said(swings: tuple[Clip, ...], tmp_path: Path) -> None:
    deep = [
        replace(clip, poses=np.concatenate([clip.poses, clip.poses[..., :1]], axis=2))
        for clip in swings
    ]
    mute = replace(deep[0], clip_id="mute", recording_id="mute", audio_path=None)
    report = LeeGenerator.train([*deep, mute], SMALL, out=tmp_path, device="cpu")
    assert "3-D dances are projected to the picture: generators dance in 2-D" in report.notes
    assert any(note.startswith("1 clip has no music: how to move") for note in report.notes)


def test_too_few_songs_and_too_few_units_are_refused(
    swings: tuple[Clip, ...], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"needs 3 songs with dances or more.*got 2 from 2 clips"):
        LeeGenerator.train(swings[:2], SMALL, out=tmp_path)
    short = [replace(clip, poses=clip.poses[:100]) for clip in swings]
    with pytest.raises(InputError, match="needs 64 dance units or more"):
        LeeGenerator.train(short, SMALL, out=tmp_path)


def test_damaged_and_foreign_folders_are_refused(trained: GeneratorReport, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(trained.folder, folder)
    told = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(json.dumps({**told, "facts": {**told["facts"], "gap_s": 9}}))
    with pytest.raises(InputError, match=r"are not those of its generator\.json"):
        load_generator(folder)
    (folder / DESCRIPTION).write_text(json.dumps({**told, "format": 99}))
    with pytest.raises(InputError, match="format 99 of generators, and this danceit reads 1"):
        load_generator(folder)
    (folder / DESCRIPTION).write_text(json.dumps({**told, "options": {"odd": 1}}))
    with pytest.raises(InputError, match="of another version of danceit"):
        load_generator(folder)
    (folder / DESCRIPTION).write_text(json.dumps(told))
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged"):
        load_generator(folder)


def test_real_dances_give_units_enough(real_data: Path) -> None:
    from danceit.generate.lee.units import units_of
    from danceit.index.building.reading import read_all

    library = read_all(real_data / "dances" / "DANCE_C_2")
    row = units_of(library.clips[0])
    assert len(row.poses) > 40
    assert len(row.sequences(3)) > 10
