"""The bench of systems: retrieval beside generators, nearest audio, chance and real dances.

`systems` says what each row is and makes its dances, `options` what is asked for, `jobs` measures
them, `bench` runs them all; `graph` sees sets of dances as a classifier does, `cross_modal` asks
whether a dance goes with its music, and `study` lays dances out for blind votes.
"""
