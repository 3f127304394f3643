import torch

from striate.training.state import State


def test_the_best_state_is_kept_whatever_comes_later() -> None:
    module = torch.nn.Linear(1, 1)
    state = State(module, torch.optim.AdamW(module.parameters()))
    state.epoch = 1
    assert state.keep_if_best(0.5, 1.0)
    kept = state.best["weight"].clone()
    with torch.no_grad():
        module.weight += 1
    state.epoch = 2
    assert not state.keep_if_best(0.4, 0.1)
    assert not state.keep_if_best(0.5, 1.0)
    assert torch.equal(state.best["weight"], kept)
    assert state.keep_if_best(0.5, 0.9)  # as many right, and a lower loss
    assert state.best_epoch == 2
    assert not torch.equal(state.best["weight"], kept)
