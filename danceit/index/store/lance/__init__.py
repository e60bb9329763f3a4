"""The Lance engine.

`store` keeps the contract, `generation` reads a published state,
`writer` makes the next, `tables` maps batches to columns, `search` finds.
"""
