"""The index: from a folder of recordings to fragments that are found in milliseconds.

- `sources/`: readers of recordings; `poses/`: people in videos; `cleaning/`: clips that
  can be trusted; `synthetic/`: a library that is made here
- `fragments` cuts clips, an `embedding.Embedder` turns them into vectors
- `building/`: from a folder or bucket to a published generation
- `listing`: what an index holds, line by line
- `store/`: the contract of every engine, and an engine a folder
"""
