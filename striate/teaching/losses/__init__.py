"""What losses say of tables of probabilities, and when they disagree.

`compare_losses` gives a `LossComparison`: classification error, mean squared error, cross-entropy,
entropy and Kullback-Leibler divergence, in nats and in bits, row by row and on the mean.

probability_table  tables of probabilities and targets, read from CSV
table_losses       the losses of one table, row by row
loss_comparison    one or two tables beside each other
"""

from striate.teaching.losses.loss_comparison import LossComparison, compare_losses
from striate.teaching.losses.probability_table import (
    ProbabilityTable,
    parse_table,
    read_tables,
)
from striate.teaching.losses.table_losses import RowLoss, TableLosses

__all__ = [
    "LossComparison",
    "ProbabilityTable",
    "RowLoss",
    "TableLosses",
    "compare_losses",
    "parse_table",
    "read_tables",
]
