"""Measures of dances, aligners and retrieval: metrics, protocols, reports.

Each family of measures is a module with `validate`, functions of plain arrays, and
`evaluate` that returns all of them by name: `beats`, `movement`, `seams`, `gaps`,
`physics`, `distribution`, `figures`, `fingerprint`. `catalogue` says of every name what it
means, its unit and which direction is better. `protocols` and `statistics` keep a test
honest; `aligners` and `retrieval` run the two benches, `report` tells of them.
"""
