"""Several dancers to one song.

`formations` are where they stand and how they walk from one to the next, `timing` who dances
what and when (unison, canon, in a mirror), `floor` puts all of them on one stage without
running into one another, `feet` keeps theirs where they stand, `grouping` is the whole of it.
"""
