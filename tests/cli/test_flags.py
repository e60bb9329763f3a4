from danceit.cli.flags import with_flags
from danceit.cli.main import group
from tests.cli.conftest import Cli


def test_options_are_named_by_the_flags_of_the_command_that_ran() -> None:
    assert with_flags("`length_s` and `k`", group, ["query", "x.mp3"]) == "--length and --k"
    assert with_flags("`index`: no", group, ["query", "x.mp3"]) == "--index: no"
    assert with_flags("`seconds` must", group, ["render", "--out", "a.png"]) == "--seconds must"


def test_what_the_command_has_no_flag_for_stays() -> None:
    assert with_flags("`danceit query` of `length_s`", group, ["render"]) == (
        "`danceit query` of `length_s`"
    )


def test_a_size_of_nothing_is_refused_and_none_is_left_to_the_format(danceit: Cli) -> None:
    ran = danceit("dance", "song.mp3", "--out", "a.mp4", "--size", 0)
    assert ran.code == 1
    assert ran.err == "danceit: --size must be an even number from 64 to 4096; got 0\n"
    assert danceit("dance", "no.mp3", "--out", "a.mp4").err == "danceit: no such file: no.mp3\n"
