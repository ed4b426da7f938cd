# SPDX-License-Identifier: Apache-2.0
"""A step reads no value back from its device, for which it would have to wait.

Tensors on ``meta`` have no values: whatever asks for one, or for a size that depends on values,
raises an error.
"""

import pytest
import torch

from tests.methods.test_methods import each_method, make_batch, total


@each_method
def test_a_step_reads_nothing_back(build_tiny, semi, monkeypatch):
    """But for mmseg's accuracy of the labeled images, a boolean index, which is left out."""
    monkeypatch.setattr(
        'mmseg.models.decode_heads.decode_head.accuracy',
        lambda score, *args, **kwargs: score.new_zeros(()),
    )
    model = build_tiny(semi, loss_decode=dict(type='ProbOHEMCrossEntropyLoss', min_kept=100))
    model.train()
    views, of_view = make_batch()
    total(model.loss(views, of_view)).backward()  # counters of steps have been read, once in a run
    model.to('meta')
    views = {name: view.to('meta') for name, view in views.items()}
    of_view = {name: [sample.to('meta') for sample in one] for name, one in of_view.items()}
    loss = total(model.loss(views, of_view))
    loss.backward()
    with pytest.raises((RuntimeError, NotImplementedError)):
        loss.item()
    assert all(
        torch.is_floating_point(p.grad) for p in model.backbone.parameters() if p.requires_grad
    )
