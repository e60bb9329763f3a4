from danceit.cli.flags import with_flags
from danceit.cli.main import group


def test_options_are_named_by_the_flags_of_the_command_that_ran() -> None:
    assert with_flags("`length_s` and `k`", group, ["query", "x.mp3"]) == "--length and --k"
    assert with_flags("`index`: no", group, ["query", "x.mp3"]) == "--index: no"
    assert with_flags("`seconds` must", group, ["render", "--out", "a.png"]) == "--seconds must"


def test_what_the_command_has_no_flag_for_stays() -> None:
    assert with_flags("`danceit query` of `length_s`", group, ["render"]) == (
        "`danceit query` of `length_s`"
    )
