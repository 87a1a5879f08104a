"""Client of a Paretoscope workbench: launch searches, wait for them, read their results.

>>> from paretoscope import Client
>>> client = Client("https://nas.example.org", token="nasp_...")
>>> run = client.launch("first", strategy="regularised-evolution", space="nb201")
>>> run.wait().front()
"""

from .client import Client
from .datasets import DataSet
from .http import ApiError
from .resources import Architecture, Evaluation, Export, Study
from .runs import Run
from .tables import Table

__all__ = [
    "ApiError",
    "Architecture",
    "Client",
    "DataSet",
    "Evaluation",
    "Export",
    "Run",
    "Study",
    "Table",
]
