from danceit.data import Clip as Clip
from danceit.data import Dance as Dance
from danceit.data import Music as Music
from danceit.workflow.face import align as align
from danceit.workflow.face import build_index as build_index
from danceit.workflow.face import dance as dance
from danceit.workflow.face import group as group
from danceit.workflow.face import query as query
from danceit.workflow.face import render as render
from danceit.workflow.face import search as search
from danceit.workflow.face import train as train

__version__: str

def make_callable(package: str) -> None: ...
