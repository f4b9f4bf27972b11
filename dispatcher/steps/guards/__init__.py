"""The guards that `dispatcher.order.lifecycle.TABLE` names: each says "" or the name of the refusal.

`known-department` is the function `_known_department`, marked `@guard`; and so are all others.
"""

from dispatcher.steps.guards import as_it_stands, callers, other_orders, time_windows, words_given
from dispatcher.steps.guards.guard_table import GUARDS

__all__ = ["GUARDS", "as_it_stands", "callers", "other_orders", "time_windows", "words_given"]
