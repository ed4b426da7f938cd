# SPDX-License-Identifier: Apache-2.0
"""Reports what the inconsistency mask does to the pseudo-labels."""

import logging
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce_dict
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS
from prettytable import PrettyTable
from torch import Tensor

from ...label_space import IGNORE_INDEX, LabelSpace
from ...models.ssl.base import PseudoLabel


def mask_counts(
    space: LabelSpace, pseudo: PseudoLabel, hidden: Tensor | None = None
) -> dict[str, Tensor]:
    """Counts pixels of one batch; nothing here waits for the device.

    The class of a masked pixel is that of the mean probability, because it has no agreed label.
    With M label maps a pixel counts M times.

    Args:
        space (LabelSpace): The task.
        pseudo (PseudoLabel): Of the weak view.
        hidden (Tensor, optional): (N, M, H, W) true labels of the unlabeled images, 255 = unknown.

    Returns:
        dict[str, Tensor]: float64 sums: ``valid``, ``masked``, ``used`` (pixels that carry a loss),
        ``class`` and ``class_masked`` (C,), and with ``hidden`` ``inside``, ``inside_right``,
        ``outside``, ``outside_right``.
    """
    mean_label = space.hard(pseudo.prob)
    valid = pseudo.valid.expand_as(mean_label)
    masked = pseudo.inconsistent & valid
    counts = dict(
        valid=valid.sum().double(),
        masked=masked.sum().double(),
        used=pseudo.carries_loss().sum().double(),
        **{
            'class': space.count(mean_label, valid),
            'class_masked': space.count(mean_label, masked),
        },
    )
    if hidden is not None:
        known = valid & (hidden != IGNORE_INDEX)
        voted = torch.where(masked | (pseudo.label == IGNORE_INDEX), mean_label, pseudo.label)
        right = voted == hidden
        counts['inside'] = (known & masked).sum().double()
        counts['inside_right'] = (known & masked & right).sum().double()
        counts['outside'] = (known & ~masked).sum().double()
        counts['outside_right'] = (known & ~masked & right).sum().double()
    return counts


def hidden_labels(samples: Sequence, size: tuple[int, int]) -> Tensor | None:
    """Stacks the hidden annotations of a batch, (N, M, H, W); None if there are none.

    Args:
        samples (Sequence[SegDataSample]): Unlabeled samples; ``LoadHiddenAnnotations`` and
            ``PackSemiInputs`` put ``hidden_sem_seg`` there.
        size (tuple[int, int]): Height and width of the padded batch.
    """
    if not all('hidden_sem_seg' in sample for sample in samples):
        return None
    maps = [sample.hidden_sem_seg.data for sample in samples]
    return torch.stack([
        F.pad(m, (0, size[1] - m.shape[2], 0, size[0] - m.shape[1]), value=IGNORE_INDEX)
        for m in maps
    ])  # fmt: skip


class _Sums:
    """Adds up counts on the device until they are read."""

    def __init__(self):
        self.sums: dict[str, Tensor] = {}

    def add(self, counts: dict[str, Tensor]) -> None:
        for key, value in counts.items():
            self.sums[key] = self.sums[key] + value if key in self.sums else value

    def shares(self, classes: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
        """Reads the sums of all processes and starts anew.

        Returns:
            tuple[dict, dict]: Overall shares in [0, 1], and the masked share of each class.
        """
        sums, self.sums = {key: value.clone() for key, value in self.sums.items()}, {}
        all_reduce_dict(sums)
        valid = sums['valid'].clamp(min=1)
        shares = dict(masked=sums['masked'] / valid, used=sums['used'] / valid)
        for side in ('inside', 'outside'):
            if side in sums and sums[side] > 0:
                shares[f'accuracy_{side}'] = sums[f'{side}_right'] / sums[side]
        of_class = (sums['class_masked'] / sums['class'].clamp(min=1)).tolist()
        named = dict(zip(classes, of_class, strict=True))
        return {key: float(value) for key, value in shares.items()}, named


@HOOKS.register_module()
class InconsistencyHook(Hook):
    """Logs, at every log interval and for every epoch, what happened to the unlabeled pixels.

    ``im/masked``: share of the pixels under the mask. ``im/used``: share that carries a loss.
    ``im/masked_of/CLASS``: share of the pixels of a class that are masked (for TensorBoard and
    the like; printed as a table once an epoch). If ``LoadHiddenAnnotations`` is in the unlabeled
    pipeline, also ``im/accuracy_inside`` and ``im/accuracy_outside``: how often the vote is right
    under the mask and elsewhere.

    Also warns, once for each image, of teachers that returned NaN, and stops a run whose frozen
    teachers were trained on other classes.

    Args:
        interval (int): Log interval in iterations; keep it equal to that of ``LoggerHook``.
        view (str): The view that is labeled.
    """

    def __init__(self, interval: int = 50, view: str = 'weak'):
        self.interval = interval
        self.view = view
        self._warned: set[str] = set()

    def before_train(self, runner) -> None:
        """Compares the classes of frozen teachers with those of the data.

        Raises:
            ValueError: If they differ.
        """
        self._step, self._epoch = _Sums(), _Sums()
        for i, teacher in enumerate(getattr(_method(runner), 'teachers', [])):
            classes = _classes(runner)
            theirs = getattr(teacher, 'classes', None)
            if theirs is not None and tuple(theirs) != tuple(classes):
                raise ValueError(
                    f'model.semi.teachers[{i}].checkpoint was trained on the classes '
                    f'{", ".join(theirs)}, and the data has {", ".join(classes)}. A teacher needs '
                    'the same classes in the same order.'
                )

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Counts a batch, and logs at the interval."""
        method = _method(runner)
        if method is None or method.last_pseudo is None:
            return
        pseudo = method.last_pseudo
        samples = data_batch['data_samples'][self.view]
        space = _student(runner).label_space
        hidden = hidden_labels(samples, tuple(pseudo.label.shape[2:]))
        counts = mask_counts(
            space, pseudo, None if hidden is None else hidden.to(pseudo.label.device)
        )
        self._step.add(counts)
        self._epoch.add(counts)
        # mmengine has read every output of this iteration from the device already.
        if float(outputs.get('unsup.nan_images', 0)) > 0:
            self._warn(pseudo, samples)
        if self.every_n_inner_iters(batch_idx, self.interval) or self.is_last_train_iter(runner):
            shares, of_class = self._step.shares(_classes(runner))
            for key, value in shares.items():
                runner.message_hub.update_scalar(f'train/im/{key}', value)
            runner.visualizer.add_scalars(
                {f'im/masked_of/{name}': value for name, value in of_class.items()},
                step=runner.iter + 1,
            )

    def after_train_epoch(self, runner) -> None:
        """Prints the shares of the whole epoch."""
        if not self._epoch.sums:
            return
        shares, of_class = self._epoch.shares(_classes(runner))
        table = PrettyTable(['Class', 'Masked'])
        for name, value in of_class.items():
            table.add_row([name, f'{value:.1%}'])
        text = ', '.join(f'{key} {value:.1%}' for key, value in shares.items())
        print_log(
            f'Unlabeled pixels in epoch {runner.epoch + 1}: {text}\n{table}', logger='current'
        )
        runner.visualizer.add_scalars(
            {f'im/epoch/{key}': value for key, value in shares.items()}, step=runner.iter + 1
        )

    def _warn(self, pseudo: PseudoLabel, samples: Sequence) -> None:
        for finite, sample in zip(pseudo.finite.flatten().tolist(), samples, strict=True):
            path = sample.metainfo.get('img_path', 'an image')
            if not finite and path not in self._warned:
                self._warned.add(path)
                print_log(
                    f'A teacher returned NaN for {path}: the image gets weight 0 in this step.',
                    logger='current',
                    level=logging.WARNING,
                )


def _student(runner):
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _method(runner):
    return getattr(_student(runner), 'semi', None)


def _classes(runner) -> Sequence[str]:
    return runner.train_dataloader.dataset.metainfo['classes']
