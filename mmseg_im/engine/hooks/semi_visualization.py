# SPDX-License-Identifier: Apache-2.0
"""Draws views, pseudo-label, mask and prediction during training."""

import logging
from collections.abc import Sequence

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from ...errors import UserError
from ...methods.base import SSLMethod
from ...methods.pseudo_label_loss import PseudoLabel
from ...report.pictures import (
    IGNORED_COLOUR,
    Tile,
    check_bands,
    draw_panel,
    hatch,
    label_picture,
    to_rgb,
)
from ...teachers.networks import predict
from ..runner_parts import classes_of, method_of, student_of


@HOOKS.register_module()
class SemiVisualizationHook(Hook):
    """Draws a panel with one row for each sample: views, pseudo-label, mask, prediction.

    The panel goes through mmengine's visualizer as ``semi_panel``, so every backend that the
    config names (local files, TensorBoard, WandB) gets it. A panel that cannot be drawn or written
    is a warning, once: it is no reason to end a training.

    Args:
        interval (int): Iterations between panels.
        num_samples (int): Rows of a panel.
        view (str): The view that is labeled.
        bands (Sequence[int], optional): Bands of the images to draw as red, green and blue, or one
            to draw in gray; None: the first three, see :func:`~mmseg_im.report.pictures.to_rgb`.
    """

    priority = 'LOW'

    def __init__(
        self,
        interval: int = 500,
        num_samples: int = 2,
        view: str = 'weak',
        bands: Sequence[int] | None = None,
    ):
        if interval < 1 or num_samples < 1:
            raise UserError(
                'SemiVisualizationHook: interval and num_samples must be 1 or more, but they are '
                f'{interval} and {num_samples}.'
            )
        check_bands(bands, 'SemiVisualizationHook')
        self.interval = interval
        self.num_samples = num_samples
        self.view = view
        self.bands = bands
        self._has_warned = False

    @master_only
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Draws at every ``interval``-th iteration."""
        method = method_of(runner)
        if not self.every_n_train_iters(runner, self.interval) or method is None:
            return
        try:
            self._draw(runner, method, data_batch)
        except Exception as error:  # of images of any kind, of any backend
            if not self._has_warned:
                print_log(
                    f'SemiVisualizationHook: the panel of iteration {runner.iter + 1} is missing '
                    f'({type(error).__name__}: {error}). Training goes on; the hook says so once.',
                    logger='current',
                    level=logging.WARNING,
                )
            self._has_warned = True

    def _draw(self, runner, method: SSLMethod, data_batch: dict) -> None:
        model, pseudo = student_of(runner), method.last_pseudo
        if pseudo is None:  # the method labels nothing
            return
        meta = runner.train_dataloader.dataset.metainfo
        prediction = self._predict(model, data_batch)
        rows = [
            self._row(data_batch['inputs'], i, pseudo, prediction, meta['palette'])
            for i in range(min(self.num_samples, len(pseudo.label)))
        ]
        panel = draw_panel(
            rows, classes_of(runner), meta['palette'], with_mask=method.im is not None
        )
        runner.visualizer.add_image('semi_panel', panel, step=runner.iter + 1)

    @torch.no_grad()
    def _predict(self, model, data_batch: dict) -> torch.Tensor:
        """Returns the student's labels (n, M, H, W) uint8 of the weak view, in eval mode."""
        # the whole batch, because its largest image decides how all are padded
        batch = {key: value[self.view] for key, value in data_batch.items()}
        image = model.data_preprocessor(batch, True)['inputs'][: self.num_samples]
        return model.label_space.hard(model.label_space.probs(predict(model, image)))

    def _row(
        self,
        inputs: dict,
        i: int,
        pseudo: PseudoLabel,
        prediction: torch.Tensor,
        palette: Sequence,
    ) -> list[Tile]:
        size = pseudo.label.shape[2:]
        tiles = [
            Tile(f'{name} view', to_rgb(images[i], size, self.bands))
            for name, images in inputs.items()
            if name != 'sup'
        ]
        valid = pseudo.valid[i, 0].cpu().numpy()
        mask = pseudo.inconsistent[i].any(dim=0).cpu().numpy() & valid
        weak = to_rgb(inputs[self.view][i], size, self.bands)
        share = mask.sum() / max(valid.sum(), 1)
        labels = [label_picture(pseudo.label[i], palette), label_picture(prediction[i], palette)]
        for picture in labels:
            picture[~valid] = IGNORED_COLOUR
        return [
            *tiles,
            Tile('pseudo-label', hatch(labels[0], mask)),
            Tile(f'mask, {share:.1%} of the pixels', hatch(weak, mask)),
            Tile("student's prediction", labels[1]),
        ]
