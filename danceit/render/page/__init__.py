"""A dance as a web page.

`html` writes it, `data` and `sound` are what it holds, with `reasons` in words; `live` is the
page of a live dance; `server` shows it to one person on
their own machine; its own code is in ``assets/``.
"""
