"""The bench of systems: retrieval beside generators, nearest audio, chance and real dances.

`systems` says what each row is and makes its dances, `bench` measures them,
`cross_modal` asks whether a dance goes with its music.
"""
