"""What may be asked of the studio: a module for each room, put together in one table.

- `table`: all of it
- `page`: the page itself, the project's state, what is new of it, its jobs
- `library`: making the library, its clips and moves, looking for moves in it
- `songs`: songs taken, counted, heard
- `dances`: dances made, changed, shown, compared, exported
"""
