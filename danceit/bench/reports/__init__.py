"""A run told: in a terminal, as Markdown, as a table of values, as one page.

`catalogue` says of every measure what it means, `summary` makes tables of a run's cells,
`report` writes them, `page` and `svg` draw them.
"""
