# SPDX-License-Identifier: Apache-2.0
"""Draws what the student and its teachers see during training."""

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS

from ...label_space import LabelSpace
from ...models.ssl.base import PseudoLabel
from ...visualization import Tile, colourise, draw_panel, hatch


def to_rgb(image: torch.Tensor, size: tuple[int, int]) -> np.ndarray:
    """Turns a loaded image (3, h, w) uint8 BGR into (H, W, 3) RGB, padded with black."""
    picture = np.zeros((*size, 3), np.uint8)
    array = image.cpu().numpy().transpose(1, 2, 0)[: size[0], : size[1], ::-1]
    picture[: array.shape[0], : array.shape[1]] = array
    return picture


def label_picture(
    space: LabelSpace, label: torch.Tensor, palette: Sequence[Sequence[int]]
) -> np.ndarray:
    """Colours one label map (M, H, W) of a label space as (H, W, 3) RGB."""
    array = label.cpu().numpy()
    return colourise(array if space.num_maps > 1 else array[0], palette)


@HOOKS.register_module()
class SemiVisualizationHook(Hook):
    """Draws a panel with one row for each sample: views, pseudo-label, mask, prediction.

    The panel goes through mmengine's visualizer as ``semi_panel``, so every backend that the
    config names (local files, TensorBoard, WandB) gets it.

    Args:
        interval (int): Iterations between panels.
        num_samples (int): Rows of a panel.
        view (str): The view that is labeled.
    """

    priority = 'LOW'

    def __init__(self, interval: int = 500, num_samples: int = 2, view: str = 'weak'):
        if interval < 1 or num_samples < 1:
            raise ValueError(
                'SemiVisualizationHook: interval and num_samples must be 1 or more, but they are '
                f'{interval} and {num_samples}.'
            )
        self.interval = interval
        self.num_samples = num_samples
        self.view = view

    @master_only
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Draws at every ``interval``-th iteration."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        method = getattr(model, 'semi', None)
        if not self.every_n_train_iters(runner, self.interval) or method is None:
            return
        pseudo = method.last_pseudo
        meta = runner.train_dataloader.dataset.metainfo
        prediction = self._predict(model, data_batch)
        rows = [
            self._row(
                model.label_space, data_batch['inputs'], i, pseudo, prediction, meta['palette']
            )
            for i in range(min(self.num_samples, len(pseudo.label)))
        ]
        panel = draw_panel(rows, meta['classes'], meta['palette'], with_mask=method.im is not None)
        runner.visualizer.add_image('semi_panel', panel, step=runner.iter + 1)

    @torch.no_grad()
    def _predict(self, model, data_batch: dict) -> torch.Tensor:
        """The student's labels (n, M, H, W) of the weak view, in eval mode."""
        batch = dict(
            inputs=data_batch['inputs'][self.view][: self.num_samples],
            data_samples=data_batch['data_samples'][self.view][: self.num_samples],
        )
        image = model.data_preprocessor(batch, True)['inputs']
        training = model.training
        model.eval()
        prediction = model.label_space.hard(model.label_space.probs(model.logits(image)))
        model.train(training)
        return prediction

    def _row(
        self,
        space: LabelSpace,
        inputs: dict,
        i: int,
        pseudo: PseudoLabel,
        prediction: torch.Tensor,
        palette: Sequence,
    ) -> list[Tile]:
        size = tuple(pseudo.label.shape[2:])
        tiles = [
            Tile(f'{name} view', to_rgb(images[i], size))
            for name, images in inputs.items()
            if name != 'sup'
        ]
        mask = pseudo.inconsistent[i].any(dim=0).cpu().numpy()
        valid = pseudo.valid[i, 0].cpu().numpy()
        mean_label = label_picture(space, space.hard(pseudo.prob[i : i + 1])[0], palette)
        mean_label[~valid] = 0
        label = label_picture(space, pseudo.label[i], palette)
        share = mask[valid].mean() if valid.any() else 0.0
        return [
            *tiles,
            Tile("teachers' mean", mean_label),
            Tile(f'pseudo-label, {share:.0%} masked', hatch(label, mask & valid)),
            Tile("student's prediction", label_picture(space, prediction[i], palette)),
        ]
