# SPDX-License-Identifier: Apache-2.0
"""Logs how much the mask takes out of the pseudo-labels, and how often these are right."""

import logging
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce_dict
from mmengine.hooks import Hook, LoggerHook
from mmengine.logging import print_log
from mmseg.registry import HOOKS
from prettytable import PrettyTable
from torch import Tensor

from ...errors import UserError
from ...labels.spaces import IGNORE_INDEX, LabelSpace
from ...methods.pseudo_label_loss import PseudoLabel
from ..runner_parts import classes_of, method_of, student_of
from .use_warnings import PREDICTED, UseWarnings


def mask_counts(
    space: LabelSpace, pseudo: PseudoLabel, hidden: Tensor | None = None
) -> dict[str, Tensor]:
    """Counts masked, used and right pixels of one batch, without waiting for the device.

    The class of a masked pixel is that of the mean probability, because it has no agreed label.
    With M label maps a pixel counts M times.

    Args:
        space (LabelSpace): The task.
        pseudo (PseudoLabel): Of the weak view.
        hidden (Tensor, optional): (N, M, H, W) true labels of the unlabeled images, 255 = unknown.

    Returns:
        dict[str, Tensor]: float64 sums: ``valid``, ``masked``, ``used`` (pixels that carry a loss),
        ``class`` and ``class_masked`` (C,), ``inside``, ``inside_right``, ``outside``,
        ``outside_right`` (known pixels; 0 without ``hidden``).
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
    if hidden is None:
        hidden = torch.full_like(mean_label, IGNORE_INDEX)
    elif hidden.shape != mean_label.shape:
        raise UserError(
            f'Hidden annotations have the shape {tuple(hidden.shape)} and pseudo-labels '
            f'{tuple(mean_label.shape)}: LoadHiddenAnnotations is for a single label map.'
        )
    known = valid & (hidden != IGNORE_INDEX)
    voted = torch.where(masked | (pseudo.label == IGNORE_INDEX), mean_label, pseudo.label)
    right = voted == hidden
    counts['inside'] = (known & masked).sum().double()
    counts['inside_right'] = (known & masked & right).sum().double()
    counts['outside'] = (known & ~masked).sum().double()
    counts['outside_right'] = (known & ~masked & right).sum().double()
    return counts


def hidden_labels(samples: Sequence, size: Sequence[int]) -> Tensor | None:
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

    def shares(self, classes: Sequence[str]) -> tuple[dict[str, float], ...]:
        """Reads the sums of all processes and starts anew.

        Returns:
            tuple[dict, dict, dict]: Overall shares in [0, 1], the masked share of each class, and
                the share of the pixels that each class has in the labels.
        """
        sums, self.sums = {key: value.clone() for key, value in self.sums.items()}, {}
        all_reduce_dict(sums)
        valid = sums['valid'].clamp(min=1)
        shares = dict(masked=sums['masked'] / valid, used=sums['used'] / valid)
        for side in ('inside', 'outside'):
            if sums[side] > 0:
                shares[f'accuracy_{side}'] = sums[f'{side}_right'] / sums[side]
        of_class = (sums['class_masked'] / sums['class'].clamp(min=1), sums['class'] / valid)
        masked, predicted = (dict(zip(classes, x.tolist(), strict=True)) for x in of_class)
        return {key: float(value) for key, value in shares.items()}, masked, predicted


@HOOKS.register_module()
class InconsistencyHook(Hook):
    """Logs shares of masked, used and right unlabeled pixels, each log interval and epoch.

    ``im/masked``: share of the pixels under the mask. ``im/used``: share that carries a loss.
    ``im/masked_of/CLASS``: share of the pixels of a class that are masked (for TensorBoard and
    the like; printed as a table once an epoch). If ``LoadHiddenAnnotations`` is in the unlabeled
    pipeline, also ``im/accuracy_inside`` and ``im/accuracy_outside``: how often the vote is right
    under the mask and elsewhere.

    Says when unlabeled images begin to count. Also warns, once for each image, of teachers that
    returned NaN, of epochs in which (almost) no unlabeled pixel carried a loss, or nearly all teach
    one class, see :class:`~.use_warnings.UseWarnings`; and stops a run
    whose head or frozen teachers have other classes than the data.

    Args:
        view (str): The view that is labeled.
    """

    def __init__(self, view: str = 'weak'):
        self.view = view
        self._warned: set[str] = set()

    def before_train(self, runner) -> None:
        """Compares the classes of the head and of frozen teachers with those of the data.

        Raises:
            UserError: If they differ.
        """
        self._step, self._epoch, self._use = _Sums(), _Sums(), UseWarnings()
        named, predicted = len(classes_of(runner)), student_of(runner).num_classes
        if named != predicted:
            raise UserError(
                f'model.decode_head.num_classes is {predicted}, and the training data names '
                f'{named} classes ({", ".join(classes_of(runner))}); they must be the same.'
            )
        for i, teacher in enumerate(getattr(method_of(runner), 'teachers', [])):
            classes = classes_of(runner)
            theirs = getattr(teacher, 'classes', None)
            if theirs is not None and tuple(theirs) != tuple(classes):
                raise UserError(
                    f'model.semi.teachers[{i}].checkpoint was trained on the classes '
                    f'{", ".join(theirs)}, and the data has {", ".join(classes)}. A teacher needs '
                    'the same classes in the same order.'
                )
        if method_of(runner) is not None:
            _say_labeled_first(student_of(runner).sup_only_iters, runner.max_iters)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Counts a batch, and logs at the interval."""
        method = method_of(runner)
        if method is None or method.last_pseudo is None:
            return
        pseudo = method.last_pseudo
        samples = data_batch['data_samples'][self.view]
        space = student_of(runner).label_space
        hidden = hidden_labels(samples, pseudo.label.shape[2:])
        counts = mask_counts(
            space, pseudo, None if hidden is None else hidden.to(pseudo.label.device)
        )
        self._step.add(counts)
        self._epoch.add(counts)
        # mmengine has read every output of this iteration from the device already.
        if float(outputs.get('unsup.nan_images', 0)) > 0:
            self._warn(pseudo, samples)
        if self._is_logged(runner, batch_idx):
            shares, of_class, _ = self._step.shares(classes_of(runner))
            for key, value in shares.items():
                runner.message_hub.update_scalar(f'train/im/{key}', value)
            runner.visualizer.add_scalars(
                {f'im/masked_of/{name}': value for name, value in of_class.items()},
                step=runner.iter + 1,
            )

    def _is_logged(self, runner, batch_idx: int) -> bool:
        """Returns whether LoggerHook writes a line after this iteration."""
        logger = next((hook for hook in runner.hooks if isinstance(hook, LoggerHook)), None)
        if logger is None:
            return False
        loader = runner.train_dataloader
        at_end = self.end_of_epoch(loader, batch_idx)
        short = not logger.ignore_last or len(loader) <= logger.interval
        return self.every_n_inner_iters(batch_idx, logger.interval) or (at_end and short)

    def after_train_epoch(self, runner) -> None:
        """Logs the shares of the whole epoch, and warns of what they teach."""
        if not self._epoch.sums:
            return
        shares, of_class, predicted = self._epoch.shares(classes_of(runner))
        table = PrettyTable(['Predicted class', 'Masked'])
        for name, value in of_class.items():
            table.add_row([name, f'{value:.1%}'])
        text = ', '.join(f'{key} {value:.1%}' for key, value in shares.items())
        print_log(
            f'Unlabeled pixels in epoch {runner.epoch + 1}: {text}\n{table}', logger='current'
        )
        runner.visualizer.add_scalars(
            {f'im/epoch/{key}': value for key, value in shares.items()}
            | {f'{PREDICTED}{name}': value for name, value in predicted.items()},
            step=runner.iter,
        )
        self._use.after_epoch(shares['used'], predicted)

    def after_train(self, runner) -> None:
        """Says it again if no pixel carried a loss until the end."""
        self._use.at_end()

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


def _say_labeled_first(count: int, of: int) -> None:
    """Logs when unlabeled images begin to count; a warning if they never do."""
    if count >= of:
        print_log(
            f'All {of} updates of this run learn from the labeled images alone, because '
            f'model.sup_only_iters is {count}: set it to fewer, or train longer.',
            logger='current',
            level=logging.WARNING,
        )
    elif count:
        print_log(
            f'The first {count} of {of} updates learn from the labeled images alone '
            '(model.sup_only_iters); im/masked and im/used are logged after them.',
            logger='current',
        )
