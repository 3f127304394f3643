from . import zoo as zoo
from .diagram.drawing import draw_architecture as draw_architecture
from .diagram.graph import draw_graph as draw_graph
from .layer_table import DesignWarning as DesignWarning
from .layer_table import Formulas as Formulas
from .layer_table import Row as Row
from .layer_table import Summary as Summary
from .layer_table import TrainingMemory as TrainingMemory
from .layer_table import summary as summary
from .notation import ExpandedNetwork as ExpandedNetwork
from .notation import Network as Network
from .notation import expand as expand
from .notation import parse as parse

__all__: list[str]
