"""Benches: how good are aligners, retrieval, search and a person, beside real dances and chance.

- `measures/`: plain functions of arrays
- `aligners/`, `retrieval/`, `systems/`, `counts/`, `study/`: a bench each; `search` and `person`
  are small
- `material`: real dances and dances put together at random; `named_figures`: what people
  annotated; `cells`: a run folder that goes on where it stopped
- `reports/`: what is told of a run
- of one dance: `in_time`, how well it keeps time; `glance`, what `danceit align` prints;
  `in_words`, what `danceit dance` prints
"""
