"""A dance as a web page.

`html` writes it, `data` and `sound` are what it holds, `server` shows it to one person on
their own machine; its own code is in ``assets/``.
"""
