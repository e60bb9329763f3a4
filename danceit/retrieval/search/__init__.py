"""Search by movement: fragments that move alike, and those that an expression names.

`moves` is what is looked for, `finding` finds it: nearest in the encoder's space, then,
`sliding` to where it lies best, by how far the joints are apart (`likeness`); `copies` are counted.
`expression` reads a filter such as ``style = 'waltz' and turns >= 1``, `columns` is the table
of what it may name (`turning` keeps how often fragments turn), `filtering` asks a store by it.
"""
