"""What is played in a bar of each style, as patterns; who counts what.

A pattern has a character for each step of a bar (or of two): a blank or dot rests, 1 to 9
are loudness. Parts in one tuple are alternatives of which a song takes one. Beats are what
dancers of the style count: a waltz in quarters, six-eight in dotted quarters.
"""

from dataclasses import dataclass, field

Kit = dict[str, str]


@dataclass(frozen=True)
class Style:
    """A style: its bar and what its players may play.

    Attributes
    ----------
    metre : int
        Beats a bar.
    steps : int
        Steps a beat.
    tempo_bpm : tuple of float
        From, to; drawn evenly by ratio.
    kits : tuple of dict
        Drums that go together, a pattern each.
    drumless : float
        Share of songs without a kit.
    basses, chords : tuple of str
        Patterns of the bass and of struck chords.
    families : str
        Which instruments strike the chords.
    swing : tuple of float
        Part of a step by which every second one is late: from, to.
    weight : float
        How often the style is drawn.
    """

    metre: int
    steps: int
    tempo_bpm: tuple[float, float]
    kits: tuple[Kit, ...]
    basses: tuple[str, ...]
    chords: tuple[str, ...]
    drumless: float = 0.1
    swing: tuple[float, float] = (0.0, 0.0)
    weight: float = 1.0
    families: tuple[str, ...] = ("pluck", "organ", "pluck", "bell")
    arpeggio: float = field(default=0.3)


_WALTZ_KITS: tuple[Kit, ...] = (
    {"kick": "9.....", "brush": "..7.6.", "hat": "..3.3."},
    {"kick": "8.....", "snare": "..5.5.", "hat": "6.6.6."},
    {"kick": "7.....", "hat": "..8.8.", "ride": "5....."},
    {"brush": "5.7.7.", "bell": "4....."},
    {"ride": "6.63.6", "hat": "..7...", "kick": "7....."},
    {"kick": "9.....", "rim": "..6.6.", "shaker": "535353"},
    {"tom": "8.....", "rim": "..5.5."},
    {"kick": "9...3.", "snare": "..7...", "hat": "5.5.5."},
    {"kick": "8.....", "snare": "....7.", "hat": "646464"},
)
_BACKBEATS: tuple[Kit, ...] = (
    {"kick": "9...9...", "snare": "..9...9.", "hat": "77777777"},
    {"kick": "9...9...", "snare": "..9...9.", "hat": "85858585"},
    {"kick": "9..59...", "snare": "..9...9.", "hat": "96969696"},
    {"kick": "9....9..", "snare": "..9...9.", "hat": "8.8.8.8."},
    {"kick": "9..9.9..", "clap": "..9...9.", "hat": "75757575"},
    {"kick": "9...99..", "snare": "..9...9.", "open hat": ".6.6.6.6"},
    {"kick": "9.......", "snare": "..9...9.", "ride": "8.8.8.8."},
    {"kick": "7...6...", "rim": "..6...6.", "shaker": "64646464"},
    {"snare": "..9...9.", "hat": "77777777", "kick": "5...5..."},
)
_SIXTEENTHS: tuple[Kit, ...] = (
    {"kick": "9..5....5..9....", "snare": "....9.......9...", "hat": "9585958595859585"},
    {"kick": "9.......9.......", "snare": "....9.......9...", "hat": "8.7.8.7.8.7.8.7."},
    {"kick": "9.....5.9.......", "snare": "....9.......9..3", "hat": "7777777777777777"},
    {"kick": "9.......9.5.....", "rim": "....8.......8...", "shaker": "8547854785478547"},
)
_FOUR_KITS: tuple[Kit, ...] = (
    {"kick": "9.9.9.9.", "clap": "..7...7.", "open hat": ".7.7.7.7"},
    {"kick": "5.5.5.5.", "open hat": ".9.9.9.9"},
    {"kick": "6.6.6.6.", "hat": ".9.9.9.9", "snare": "..6...6."},
    {"kick": "9.9.9.9.", "hat": "58585858"},
    {"kick": "9.9.9.9.", "snare": "..8...8.", "hat": "68686868"},
    {"kick": "9.9.9.9."},
    {"kick": "9.9.9.9.", "shaker": "64646464"},
)
_LATIN_KITS: tuple[Kit, ...] = (
    {"conga": "......87", "slap": "..8.....", "shaker": "64646464"},
    {"conga": "3.3.3.88", "slap": "..9.....", "guiro": "7.537.53", "clave": "7..7..7...7.7..."},
    {"conga": "......87", "slap": "..8.....", "clave": "..7.7...7..7..7.", "shaker": "73737373"},
    {"cowbell": "8.5.7.5.", "conga": "......88", "slap": "..8.....", "guiro": "8.548.54"},
    {"cowbell": "8.8.8.8.", "rim": "..7...77", "kick": "...6..6."},
    {"kick": "7..6..6.", "rim": "..7...7.", "hat": "53535353"},
    {"kick": "9..5....", "rim": "7..7..7...7..7..", "shaker": "74747474"},
    {"tom": "......77", "rim": "..8.....", "shaker": "75757575"},
    {"conga": "64636468", "slap": "..6.....", "shaker": "6.5.6.5."},
)
_LATIN_BASSES = (
    "8..87...",
    "8..5..8.",
    "...8..8.",
    "9..78..5",
    "8...8..6",
    "8.....6.",
    "8..7..7.8..7..7.",
)

STYLES: dict[str, Style] = {
    "slow waltz": Style(3, 2, (76, 102), _WALTZ_KITS,
        ("9.....", "9.....", "9...5.", "8.6.6.", "9....5", "9....."),
        ("..7.6.", "..7.7.", "..8.5.", "6.6.6.", "..7...", "9.....", "..757."),
        drumless=0.5, weight=4.0, arpeggio=0.5,
        families=("pluck", "pluck", "bow", "organ", "bell")),
    "quick waltz": Style(3, 2, (130, 190), _WALTZ_KITS, ("9.....", "9.....9...5."),
        ("..7.6.", "..8.7."), drumless=0.4, weight=0.6, families=("pluck", "organ", "bow")),
    "backbeat": Style(4, 2, (58, 216), _BACKBEATS,
        ("9...9...", "9.9.9.9.", "77777777", "9..79...", "9.......", "9..9..9.", "9....77."),
        ("9.......", "9...7...", "7.7.7.7.", ".7.7.7.7", "7..7..7.", "..7...7.", "77777777"),
        weight=4.0),
    "four on the floor": Style(4, 2, (84, 160), _FOUR_KITS,
        (".9.9.9.9", "9.9.9.9.", "9..9..9.", "98989898", "9......."),
        ("7..7..7.", ".8.8.8.8", "8.......", "..7..7..", "9..9..9."), drumless=0.03, weight=1.5),
    "rumba": Style(4, 2, (84, 112), _LATIN_KITS, _LATIN_BASSES,
        ("7..77.7.", ".7.7.7.7", "7.......", "..7...7.", ".77.77.7", "8..87..."),
        weight=2.0, drumless=0.15, arpeggio=0.5),
    "cha-cha": Style(4, 2, (108, 134), _LATIN_KITS, _LATIN_BASSES,
        ("7..7.7.7", ".7.7.7.7", "7.77.7.7.77.7.7.", "7.......", "..8...88"),
        weight=1.5, drumless=0.05),
    "bossa and samba": Style(4, 4, (50, 110), (
            {"kick": "8..68..68..68..6", "rim": "7..7..7...7..7..", "shaker": "7474747474747474"},
            {"tom": "3...9...3...9...", "shaker": "8547854785478547", "rim": "7.7.77.7.7.7.77."},
            {"kick": "8...8...8...8...", "hat": "6464646464646464"}),
        ("9..78..79..78..7", "8...9...8...9..."), ("7..7..7...7..7..", "7.7.77.7.7.7.77."),
        weight=0.7),
    "swing": Style(4, 2, (96, 220), (
            {"ride": "8.858.85", "hat": "..7...7.", "kick": "5.5.5.5."},
            {"ride": "8.868.86", "hat": "..8...8.", "snare": "......3."},
            {"brush": "7.847.84", "hat": "..6...6."},
            {"kick": "8...8...", "snare": "..8...8.", "hat": "7.747.74"}),
        ("8.8.8.8.", "9...8..."), ("..7...7.", "...7..7.", "7..7....", "7.7.7.7."),
        swing=(0.2, 0.4), weight=1.5, drumless=0.25),
    "boom-chick": Style(4, 2, (100, 220), (
            {"kick": "8...8...", "snare": "..7...7.", "hat": "5.5.5.5."},
            {"brush": "..8...8."}, {"kick": "9...9...", "rim": "..7...7."}),
        ("9...8...", "9...9...", "9.......", "9...8.67"), ("..8...8.", "..8...7.", "..77..77"),
        weight=1.6, drumless=0.55, families=("pluck", "organ", "bow", "pluck")),
    "tango": Style(4, 2, (112, 134), ({"snare": "7.7.7.77", "kick": "8...8..."},),
        ("9..77.7.", "9.7.9.7.", "8.8.8.8."), ("8.8.8.8.", "8.8.8.88", "9..8..8."),
        weight=0.5, drumless=0.7, families=("organ", "bow", "pluck")),
    "ballad": Style(4, 4, (56, 92), _SIXTEENTHS, ("9...............", "9.......8.......",
            "9.....7.8......."),
        ("9...............", "7...7...7...7...", "7.5.6.5.7.5.6.5.", "9.......7......."),
        weight=1.5, drumless=0.7, arpeggio=0.7),
    "slow groove": Style(4, 4, (56, 112), _SIXTEENTHS, ("9.......9.......", "9.8.9.8.9.8.9.8.",
            "9.....9.9...9...", "9..9..8.9......."),
        ("9...............", "9...8...9...8...", "..7...7...7...7.", "7..7..7.7..7..7."),
        weight=1.5, drumless=0.03),
    "six-eight": Style(2, 3, (44, 76), (
            {"kick": "9.....", "snare": "...9..", "hat": "755755"},
            {"kick": "9....6", "snare": "...9..", "hat": "777777"},
            {"kick": "8.....", "rim": "...7..", "shaker": "855755"},
            {"kick": "9..9..", "hat": "777777"}, {"hat": "966866"}),
        ("9.....", "9..9..", "9.6.66"), ("9..7..", "755755", ".77.77", "9....."),
        weight=2.0, drumless=0.35, arpeggio=0.6),
    "twelve-eight": Style(4, 3, (52, 92), (
            {"kick": "9.....9.....", "snare": "...9.....9..", "hat": "777777777777"},
            {"kick": "9.....9..6..", "snare": "...9.....9..", "ride": "8.68.68.68.6"}),
        ("9..9..9..9..", "9.....9....."), ("777777777777", "9..7..9..7.."), weight=0.6),
    "breakbeat": Style(4, 4, (124, 178), (
            {"kick": "9.9.......9.....", "snare": "....9..5.5..9..5", "hat": "8.8.8.8.8.8.8.8."},
            {"kick": "9.........9.....", "snare": "....9.......9...", "hat": "8686868686868686"}),
        ("9...............", "9.....9.....9..."), ("9...............",), weight=0.8, drumless=0.0),
    "hip-hop": Style(4, 4, (70, 106), (
            {"kick": "9.....9.9.......", "snare": "....9.......9...", "hat": "8.6.8.6.8.6.8.6."},
            {"kick": "9..6....9.6.....", "clap": "....9.......9...", "hat": "8676867686768676"}),
        ("9.....9.9.......", "9..............."), ("9...............", "8.........7....."),
        swing=(0.0, 0.3), weight=0.8, drumless=0.02),
    "orchestra": Style(4, 2, (66, 160), ({"tom": "8...6..."}, {"crash": "5......."}),
        ("9...9...", "9.9.9.9.", "9......."),
        (".7.7.7.7", "9.......", "7.7.7.7.", "77777777", "..7...7."),
        weight=1.5, drumless=0.8, families=("bow", "bow", "wind", "pluck", "pad"), arpeggio=0.4),
    "polka": Style(2, 2, (114, 134), (
            {"kick": "9...", "snare": ".7.7"}, {"kick": "9.9.", "snare": ".7.7"}),
        ("9.9.", "9.8."), (".8.8",), weight=0.25, drumless=0.4, families=("organ", "pluck")),
}  # fmt: skip
