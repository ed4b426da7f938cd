# SPDX-License-Identifier: Apache-2.0
"""Options of the quality network: ``generations.evalnet=dict(...)`` of a config."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..datasets.annotation_steps import without_annotations
from ..errors import UserError
from ..labels.spaces import space_name


@dataclass
class EvalNetSettings:
    """Options of the quality network.

    Attributes:
        pipeline (Sequence[dict]): Of its training: loads image, annotation and ``LoadCandidate``,
            brings them to one size, ends in ``PackCandidate``.
        test_pipeline (Sequence[dict]): Likewise without augmentation; images may keep their size.
        num_folds (int): Parts of the labeled images in the cross-validation, each of which is
            labeled by networks trained on the others.
        channels (int): Width of the network.
        max_epochs (int): Of its training.
        times (int): How often the labeled images are repeated in an epoch.
        batch_size (int): Of its training.
        lr (float): Learning rate of AdamW.
        quantiles (tuple[float, float]): Of the qualities predicted for validation labels: up to
            the lower one an image is drawn once, above the upper one five times.
        drop_quantile (float): Images below this quantile are left out; 0 keeps all.
        min_class_iou (float): Classes that are predicted to be present with a lower IoU lose their
            label in an image.
        skip_classes (Sequence[str]): Classes that do not count in an image's quality, such as
            background.
    """

    pipeline: Sequence[dict]
    test_pipeline: Sequence[dict]
    num_folds: int = 3
    channels: int = 16
    max_epochs: int = 20
    times: int = 10
    batch_size: int = 8
    lr: float = 0.003
    quantiles: tuple[float, float] = (0.25, 0.75)
    drop_quantile: float = 0.0
    min_class_iou: float = 0.0
    skip_classes: Sequence[str] = field(default_factory=list)

    def __post_init__(self):
        where = 'generations.evalnet'
        if self.num_folds < 2:
            raise UserError(
                f'{where}.num_folds={self.num_folds} must be 2 or more: a fold is labeled by '
                'networks that were trained on the others.'
            )
        low, high = self.quantiles
        if not 0 <= low <= high <= 1:
            raise UserError(f'{where}.quantiles={self.quantiles} must rise within [0, 1].')
        if not 0 <= self.drop_quantile < 1 or not 0 <= self.min_class_iou <= 1:
            raise UserError(
                f'{where}: drop_quantile={self.drop_quantile} must lie in [0, 1) and '
                f'min_class_iou={self.min_class_iou} in [0, 1].'
            )


def labeling_pipeline(cfg: dict) -> list[dict]:
    """Returns the pipeline with which networks label images that have annotations of their own.

    Args:
        cfg (dict): The generational config, with ``unlabeled_dataloader``.
    """
    steps = cfg['unlabeled_dataloader']['dataset']['pipeline']
    return [step for step in steps if step['type'] != 'LoadHiddenAnnotations']


def judging_pipeline(options: EvalNetSettings) -> list[dict]:
    """Returns the pipeline with which the quality network judges images without annotations."""
    return without_annotations(options.test_pipeline)


def quality_network(model: dict, channels: int) -> dict:
    """Returns the config of the quality network for the images and labels of a segmentor.

    Args:
        model (dict): Config of the segmentor.
        channels (int): See :class:`~mmseg_im.models.evalnet.EvalNet`.
    """
    constants = model['data_preprocessor']
    kept = {key: constants[key] for key in ('mean', 'std', 'bgr_to_rgb') if key in constants}
    return dict(
        type='EvalNet',
        num_classes=model['decode_head']['num_classes'],
        label_space=space_name(model),
        channels=channels,
        in_channels=model['backbone'].get('in_channels') or 3,
        data_preprocessor=dict(type='BandsDataPreProcessor', **kept),
    )
