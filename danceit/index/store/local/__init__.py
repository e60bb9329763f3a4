"""The local engine.

`store` keeps the contract, `generation` reads a published state,
`writer` and `truth` make the next, `catalogue` is DuckDB, `search` asks FAISS.
"""
