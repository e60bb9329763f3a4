"""The best fragments for each window of a song, before continuity is asked for.

The index is searched in both spaces: by the movement that the music asks for (song
window to pose embedding) and by music that sounds alike (song window to the embedding
of each fragment's own sound). A candidate's *target cost* is the weighted mean of both
distances, each divided by its median over all that were found, plus a term for how far
its tempo is off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from danceit import audio
from danceit.data import FPS, Dance, Float32, Float64, Int64, Music
from danceit.errors import IndexStateError, InputError
from danceit.index.embedding import Embedder
from danceit.index.store.contract import FragmentStore, FragmentTable
from danceit.progress import Progress, silent
from danceit.retrieval.filters import asked_for, nothing_found
from danceit.retrieval.fitting import Fitting, loudness_ranks
from danceit.retrieval.options import QueryOptions
from danceit.retrieval.planning import Plan, plan
from danceit.retrieval.search.filtering import searching

_POOL = 128
"""Fragments fetched from each space for a window before the best `k` are kept."""
_OF_A_CLIP = 8
"""Of a window's best, for each clip among them, over which others' are looked at too."""
_OTHERS = 10
"""Clips that are: a third of the usual `k`, for each costs as much again to solve."""


@dataclass(frozen=True)
class Song:
    """What is searched for.

    Attributes
    ----------
    path : Path
    music : Music
    features : float32 (T, F)
        As the encoder of the index takes them.
    """

    path: Path
    music: Music
    features: Float32

    @classmethod
    def heard(cls, path: Path, embedder: Embedder, *, told: Progress = silent) -> "Song":
        """Listen to a song; errors as of `danceit.audio.features`."""
        features = audio.features(path, embedder.feature_set, told=told)
        return cls(path, audio.listen(path), features)


@dataclass(frozen=True)
class Candidates:
    """The best K fragments of one window, best first.

    `rows` are the store's rows, `distances` squared L2 to the pose embedding,
    `targets` the target cost.
    """

    rows: Int64
    distances: Float64
    targets: Float64


@dataclass(frozen=True)
class Judge:
    """What makes a fragment fit a window: the song's embeddings and the units of distance.

    Attributes
    ----------
    by_pose, by_audio : float32 (W, D)
        Each window in the space of the movement and in that of the sound.
    unit_movement, unit_sound : float
        Median distances over all that was found.
    song_bpm : float
    options : QueryOptions
    fitting : Fitting or None
        How fragments' counts lie on the windows'; None on the grid of seconds.
    """

    by_pose: Float32
    by_audio: Float32
    unit_movement: float
    unit_sound: float
    song_bpm: float
    options: QueryOptions
    fitting: Fitting | None = None

    def ranked(
        self,
        window: int,
        rows: Int64,
        near: Float64,
        alike: Float64,
        tempos_bpm: Float64,
        own: Float64,
    ) -> Candidates:
        """Rank fragments by their target cost, best first; `alike` is NaN without music.

        `own` (N,) is what each costs in any window.
        """
        options = self.options
        alike = np.where(np.isnan(alike), self.unit_sound, alike)
        target = (1 - options.audio_weight) * near / self.unit_movement
        target += options.audio_weight * alike / self.unit_sound + own
        if self.fitting is None:
            target += options.tempo_weight * _octaves_off(tempos_bpm, self.song_bpm)
        else:
            target += self.fitting.costs(window, rows)
        best = np.argsort(target, kind="stable")
        return Candidates(rows[best], near[best], target[best])

    def judge(self, wanted: Mapping[int, Int64], store: FragmentStore) -> dict[int, Candidates]:
        """Rank the fragments wanted for some windows, whether they were found for them or not."""
        if not wanted:
            return {}
        rows = np.unique(np.concatenate(list(wanted.values())))
        by_pose, by_audio = store.vectors(rows, "pose"), store.vectors(rows, "audio")
        table = store.table(rows)
        own = _own_costs(table, self.options)
        judged = {}
        for window, asked in wanted.items():
            at = np.searchsorted(rows, asked)
            near = _squared(self.by_pose[window], by_pose[at])
            alike = _squared(self.by_audio[window], by_audio[at])
            judged[window] = self.ranked(window, asked, near, alike, table.tempo_bpm[at], own[at])
        return judged


@dataclass(frozen=True)
class Pool:
    """Everything that was found for each window, best first.

    Attributes
    ----------
    windows : tuple of Candidates
    judge : Judge
    plan : Plan
    rows, clip : int64 (N,)
        All rows that were found, increasing, and which clip each is of, by any number.
    """

    windows: tuple[Candidates, ...]
    judge: Judge
    plan: Plan
    rows: Int64
    clip: Int64

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of how the song was cut and the library is counted."""
        fitting = self.judge.fitting
        return (*self.plan.notes, *(fitting.notes if fitting else ()))

    def best(self, k: int, without: Int64 | None = None) -> tuple[Candidates, ...]:
        """Return the best `k` of each window, without some rows, and the best of further clips.

        Of those only where few clips fill the list: one with music would be all that is shown.
        """
        kept = []
        for window in self.windows:
            every = np.arange(len(window.rows))
            own = every if without is None else every[~np.isin(window.rows, without)]
            taken = np.append(own[:k], self._of_others(window.rows[own], k, own))
            parts = (window.rows, window.distances, window.targets)
            kept.append(Candidates(*(part[taken] for part in parts)))
        return tuple(kept)

    def _of_others(self, rows: Int64, k: int, places: Int64) -> Int64:
        """Places of the best of clips that the best `k` of rows (N,) do not show, if few are."""
        clip = self.clip[np.searchsorted(self.rows, rows)]
        if len(np.unique(clip[:k])) * _OF_A_CLIP >= k:
            return places[:0]
        _, best = np.unique(clip, return_index=True)
        others: Int64 = np.sort(best[best >= k])[:_OTHERS]
        return np.asarray(places[others], dtype=np.int64)


def find_candidates(
    song: Song,
    store: FragmentStore,
    embedder: Embedder,
    options: QueryOptions,
    *,
    idea: Dance | None = None,
) -> tuple[tuple[Candidates, ...], Pool]:
    """Search a song's windows and keep the best K of each; also all that was found."""
    pool = find_pool(song, store, embedder, options, idea=idea)
    return pool.best(options.k), pool


def find_pool(
    song: Song,
    store: FragmentStore,
    embedder: Embedder,
    options: QueryOptions,
    *,
    more: int = 0,
    idea: Dance | None = None,
) -> Pool:
    """Search a song's windows; `more` fragments a window than usual.

    Parameters
    ----------
    idea : Dance, optional
        A dance to this song whose movement is looked for, window by window, instead of what
        the music asks for: the distance from pose to pose is then the target cost.

    Raises
    ------
    InputError
        If the song is shorter than one window, nothing passes the filters, or the idea is to
        another song or flat where the index is not.
    IndexStateError
        If the store was made by another encoder.
    """
    if store.spec.encoder_id != embedder.encoder_id:
        raise IndexStateError(
            f"the index was made by encoder {store.spec.encoder_id}, not {embedder.encoder_id}; "
            "use the encoder inside the index or build the index again"
        )
    music, features = song.music, song.features
    planned = plan(music, store.spec, options)
    length = planned.n_frames
    _check_length(song.path, music.duration_s, options)
    starts = np.array(planned.first_frames, dtype=np.int64)
    missing = int(starts[-1]) + length - len(features)
    if missing > 0:
        features = np.pad(features, ((0, missing), (0, 0)), mode="edge")
    if idea is None:
        by_pose = embedder.embed_windows(features, starts, length)
    else:
        by_pose = _imagined(idea, music, starts, length, store, embedder)
        options = replace(options, audio_weight=0.0)
    by_audio = embedder.describe_windows(features, starts, length)
    fitting = None
    if planned.on_counts:
        energy = audio.loudness(song.path)
        fitting = Fitting(planned, store, options, loudness_ranks(energy, planned))
    asked = Asked(by_pose, by_audio, music.tempo_bpm, planned, fitting)
    return searched(asked, store, options, more=more)


def check_song(song: Path, options: QueryOptions) -> None:
    """Refuse what cannot be danced to, before an index and its networks are loaded for it.

    Raises
    ------
    InputError
        If it is no song, or shorter than one window.
    """
    _check_length(song, audio.heard_s(song, options.length_s), options)


def _check_length(song: Path, duration_s: float, options: QueryOptions) -> None:
    if int(duration_s * FPS + 1e-9) < options.n_frames:
        raise InputError(
            f"{song} is {duration_s:.1f} s long, shorter than one "
            f"{options.length_s:g} s window; choose a smaller `length_s`"
        )


@dataclass(frozen=True)
class Asked:
    """What is looked for in the windows of a plan.

    Attributes
    ----------
    by_pose, by_audio : float32 (W, D)
        Each window in the space of the movement and in that of the sound.
    song_bpm : float
    plan : Plan
    fitting : Fitting or None
        None on the grid of seconds.
    """

    by_pose: Float32
    by_audio: Float32
    song_bpm: float
    plan: Plan
    fitting: Fitting | None


def searched(asked: Asked, store: FragmentStore, options: QueryOptions, *, more: int = 0) -> Pool:
    """Search what is asked for, in both spaces, and rank what is found.

    Raises
    ------
    InputError
        If nothing passes the filters.
    """
    pool = max(_POOL, options.k) + more
    where = asked_for(options, asked.plan.n_frames)
    search = searching(store, options.where)
    found_pose = search(asked.by_pose, pool, by="pose", where=where).rows
    found_audio = search(asked.by_audio, pool, by="audio", where=where).rows
    if not found_pose.shape[1]:
        raise InputError(nothing_found(options, store))
    pooled = [np.union1d(*pair) for pair in zip(found_pose, found_audio, strict=True)]
    return _rank(pooled, asked, store, options)


def _imagined(
    idea: Dance,
    music: Music,
    starts: Int64,
    length: int,
    store: FragmentStore,
    embedder: Embedder,
) -> Float32:
    """Embed an idea's movement window by window, (W, D); its last pose is held."""
    if abs(idea.n_frames - music.n_frames) > 1:
        raise InputError(
            f"the idea has {idea.n_frames} frames, but {music.path} needs {music.n_frames}: "
            "another song's dance?"
        )
    dims = store.spec.dims
    if idea.dims < dims:
        raise InputError(
            "the idea is in 2-D and the index in 3-D: build an index of projected dances "
            "(danceit index build --dims 2)"
        )
    frames = np.minimum(starts[:, None] + np.arange(length), idea.n_frames - 1)
    return embedder.embed_poses(idea.joints[frames][..., :dims])


def _rank(
    pooled: Sequence[Int64], asked: Asked, store: FragmentStore, options: QueryOptions
) -> Pool:
    rows = np.unique(np.concatenate(pooled))
    places = [np.searchsorted(rows, window) for window in pooled]
    movement = [
        _squared(query, store_vectors)
        for query, store_vectors in _pairs(asked.by_pose, store.vectors(rows, "pose"), places)
    ]
    sound = [
        _squared(query, store_vectors)
        for query, store_vectors in _pairs(asked.by_audio, store.vectors(rows, "audio"), places)
    ]
    judge = Judge(
        asked.by_pose,
        asked.by_audio,
        _median(movement),
        _median(sound),
        asked.song_bpm,
        options,
        asked.fitting,
    )
    if asked.fitting is not None:
        asked.fitting.know(rows)
    table = store.table(rows)
    own = _own_costs(table, options)
    ranked = [
        judge.ranked(w, window, near, alike, table.tempo_bpm[place], own[place])
        for w, (window, near, alike, place) in enumerate(
            zip(pooled, movement, sound, places, strict=True)
        )
    ]
    _, clip = np.unique(np.asarray(table.clip_id), return_inverse=True)
    return Pool(tuple(ranked), judge, asked.plan, rows, clip.astype(np.int64))


def _pairs(
    queries: Float32, vectors: Float32, places: Sequence[Int64]
) -> list[tuple[Float32, Float32]]:
    return [(query, vectors[place]) for query, place in zip(queries, places, strict=True)]


def _squared(query: Float32, vectors: Float32) -> Float64:
    gaps = vectors.astype(np.float64) - query
    return np.asarray((gaps**2).sum(axis=1), dtype=np.float64)


def _median(distances: Sequence[Float64]) -> float:
    everything = np.concatenate(distances)
    known = everything[np.isfinite(everything)]
    return max(float(np.median(known)), 1e-9) if known.size else 1.0


def _own_costs(table: FragmentTable, options: QueryOptions) -> Float64:
    """Cost (N,) of fragments that show an upper body alone, or of whose poses nobody is sure."""
    upper = np.asarray(table.body == "upper", dtype=np.float64)
    unsure = 1.0 - np.clip(np.asarray(table.sure, dtype=np.float64), 0.0, 1.0)
    return options.upper_weight * upper + options.sure_weight * unsure


def _octaves_off(tempos_bpm: Float64, song_bpm: float) -> Float64:
    """How far each tempo is from the song's in octaves, modulo whole octaves: 0 to 0.5."""
    if song_bpm <= 0:
        return np.zeros(len(tempos_bpm))
    known = np.where(tempos_bpm > 0, tempos_bpm, song_bpm).astype(np.float64)
    octaves = np.log2(known / song_bpm)
    return np.asarray(np.abs(octaves - np.round(octaves)), dtype=np.float64)
