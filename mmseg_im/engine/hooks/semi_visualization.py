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
from ...labels.spaces import IGNORE_INDEX
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
from .mask_statistics import hidden_labels


@HOOKS.register_module()
class SemiVisualizationHook(Hook):
    """Draws a panel with one row for each sample: views, pseudo-label, mask, prediction.

    With ``LoadHiddenAnnotations`` in the unlabeled pipeline the true label is beside these.

    There is one of the first step with pseudo-labels, one of the last step before each
    validation, and one at every ``interval``-th iteration: a short run has some, too.

    The panel goes through mmengine's visualizer as ``semi_panel``, so every backend that the
    config names (local files, TensorBoard, WandB) gets it. A panel that cannot be drawn or written
    is a warning, once: it is no reason to end a training.

    Args:
        interval (int): Iterations between panels, beside those at validations.
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
        self._batch: dict | None = None  # of the last step
        self._drawn: int | None = None  # the last step of which there is a panel
        self._has_warned = False

    @master_only
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Draws the first step that labels, and every ``interval``-th iteration."""
        self._batch = data_batch
        if self._drawn is None or self.every_n_train_iters(runner, self.interval):
            self._try_to_draw(runner, runner.iter + 1)

    @master_only
    def before_val(self, runner) -> None:
        """Draws the last step."""
        self._try_to_draw(runner, runner.iter)

    def _try_to_draw(self, runner, step: int) -> None:
        try:
            self._draw(runner, step)
        except Exception as error:  # of images of any kind, of any backend
            if not self._has_warned:
                print_log(
                    f'SemiVisualizationHook: the panel of iteration {step} is missing '
                    f'({type(error).__name__}: {error}). Training goes on; the hook says so once.',
                    logger='current',
                    level=logging.WARNING,
                )
            self._has_warned = True

    def _draw(self, runner, step: int) -> None:
        model, method, data_batch = student_of(runner), method_of(runner), self._batch
        if method is None or data_batch is None or self._drawn == step:
            return  # supervised, no step was made since a resume, or there is this panel
        pseudo = method.last_pseudo
        if pseudo is None:  # the method labels nothing
            return
        self._drawn = step
        meta = runner.train_dataloader.dataset.metainfo
        prediction = self._predict(model, data_batch)
        hidden = hidden_labels(data_batch['data_samples'][self.view], pseudo.label.shape[2:])
        rows = [
            self._row(data_batch['inputs'], i, pseudo, prediction, meta['palette'], hidden)
            for i in range(min(self.num_samples, len(pseudo.label)))
        ]
        drawn = pseudo.label[: len(rows)], pseudo.valid[: len(rows)]
        panel = draw_panel(
            rows,
            classes_of(runner),
            meta['palette'],
            with_mask=method.im is not None,
            with_ignored=bool((drawn[0] == IGNORE_INDEX).any() or not drawn[1].all()),
        )
        runner.visualizer.add_image('semi_panel', panel, step=step)

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
        hidden: torch.Tensor | None,
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
        known = [] if hidden is None else [hidden[i]]
        labels = [label_picture(each, palette) for each in (pseudo.label[i], prediction[i], *known)]
        for picture in labels:
            picture[~valid] = IGNORED_COLOUR
        return [
            *tiles,
            *(Tile('true label, hidden', picture) for picture in labels[2:]),
            Tile('pseudo-label', hatch(labels[0], mask)),
            Tile(f'mask, {share:.1%} of the pixels', hatch(weak, mask)),
            Tile("student's prediction", labels[1]),
        ]
