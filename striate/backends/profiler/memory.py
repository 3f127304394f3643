"""How many bytes tensors hold: every one that comes and goes is counted."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Ledger(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within it, every tensor that comes and goes is counted.

    Attributes:
        held: bytes that tensors hold now.
        most: bytes that they have held at most.

    >>> import torch
    >>> with Ledger() as ledger:
    ...     _ = torch.zeros(1000) + torch.ones(1000)
    >>> ledger.most
    12000
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held = self.most = 0
        self._sizes: dict[int, int] = {}

    def note(self, tensors: Iterable[object]) -> None:
        """Count what holds memory that is not counted yet, until it is let go."""
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                continue
            storage = tensor.untyped_storage()
            place = storage.data_ptr()
            if place in self._sizes or storage.nbytes() == 0:
                continue
            self._sizes[place] = storage.nbytes()
            self.held += storage.nbytes()
            self.most = max(self.most, self.held)
            weakref.finalize(storage, self._let_go, place)

    def _let_go(self, place: int) -> None:
        self.held -= self._sizes.pop(place)

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        """Run one operation of torch and count what comes out."""
        result = func(*args, **(kwargs or {}))
        self.note(tree_leaves(result))
        return result
