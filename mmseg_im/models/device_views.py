# SPDX-License-Identifier: Apache-2.0
"""Strong views made on the device of the batch, for when the data loader cannot keep up."""

import torch
from mmseg.registry import MODELS
from torch import Tensor

from ..errors import UserError


@MODELS.register_module()
class DeviceStrongViews:
    """Colour jitter, grayscale and blur with kornia; the operations of ``weak_strong_views.py``.

    Which operations are applied, in which order and how strongly, is drawn for each image of each
    view, on every device from torch's CPU generator, which :class:`~mmseg_im.engine.SeedHook`
    seeds: nothing waits for the device, and an operation that is not drawn costs nothing. For the
    same reason this is no ``nn.Module``: moving the model would move kornia's random numbers.

    Args:
        views (dict[str, list[str]]): View of the loader to the names of the views that are made
            of it, such as ``dict(weak=['strong1', 'strong2'])``.
        brightness, contrast, saturation (float): Factors are drawn from [max(0, 1 - v), 1 + v].
        hue (float): Share of the colour circle, in [0, 0.5].
        jitter_prob, gray_prob, blur_prob (float): Probability of each operation, of each image.
        sigma (tuple[float, float]): Range of the blur's standard deviation in pixels.

    Raises:
        UserError: If kornia is not installed, or an argument is out of range.
    """

    def __init__(
        self,
        views: dict,
        brightness: float = 0.5,
        contrast: float = 0.5,
        saturation: float = 0.5,
        hue: float = 0.25,
        jitter_prob: float = 0.8,
        gray_prob: float = 0.2,
        blur_prob: float = 0.5,
        sigma: tuple[float, float] = (0.1, 2.0),
    ):
        self.sources = _sources(views)
        """dict[str, str]: Name of each view that is made to the view that it is made of."""
        if min(brightness, contrast, saturation) < 0 or not 0 <= hue <= 0.5:
            raise UserError(
                f'{OPTION}: brightness, contrast and saturation must be 0 or more and hue in '
                f'[0, 0.5], but they are {brightness}, {contrast}, {saturation}, {hue}.'
            )
        probs = (jitter_prob, gray_prob, blur_prob)
        if not 0 <= min(probs) <= max(probs) <= 1:
            raise UserError(
                f'{OPTION}: jitter_prob, gray_prob, blur_prob={probs} are not in [0, 1].'
            )
        if not 0 < sigma[0] <= sigma[1]:
            raise UserError(f'{OPTION}.sigma={sigma} must be a range of positive pixels.')
        kornia = _kornia()
        side = 2 * max(round(3 * sigma[1]), 1) + 1  # OpenCV's kernel of an 8-bit image
        self.operations = [
            (jitter_prob, kornia.ColorJitter(brightness, contrast, saturation, hue, p=1.0)),
            (gray_prob, kornia.RandomGrayscale(p=1.0)),
            (blur_prob, kornia.RandomGaussianBlur(side, tuple(sigma), p=1.0)),
        ]

    def __call__(self, inputs: dict) -> dict:
        """Makes the views of a batch, image by image, so that sizes may differ.

        Args:
            inputs (dict[str, list[Tensor]]): Name to images (3, H, W) uint8, BGR, neither
                normalised nor padded, on any device.

        Returns:
            dict[str, list[Tensor]]: The new views: (3, H, W) float32 in [0, 255], BGR.
        """
        for name, source in self.sources.items():
            if source not in inputs or name in inputs:
                raise UserError(
                    f'{OPTION} makes {name!r} of {source!r}, and the loader gives '
                    f'{", ".join(inputs)}: MultiView of '
                    f'train_dataloader.dataset.unlabeled.pipeline must make {source!r} and must '
                    f'not make {name!r}.'
                )
        return {
            name: [self._strong(image) for image in inputs[source]]
            for name, source in self.sources.items()
        }

    @torch.no_grad()
    def _strong(self, image: Tensor) -> Tensor:
        if image.dtype != torch.uint8 or len(image) != 3:
            raise UserError(
                f'{OPTION} needs colour images (3, H, W) of uint8, and the loader gives '
                f'{tuple(image.shape)} of {image.dtype}.'
            )
        with torch.autocast(image.device.type, enabled=False):  # half precision loses grey levels
            rgb = image.flip(0).unsqueeze(0).float() / 255
            for prob, operation in self.operations:
                if torch.rand(()).item() < prob:
                    rgb = operation(rgb)
            return rgb.squeeze(0).flip(0) * 255


OPTION = 'model.data_preprocessor.device_views'


def _sources(views: dict) -> dict[str, str]:
    """Returns, for each new view, the view of which it is made."""
    if not views or any(isinstance(names, str) or not names for names in views.values()):
        raise UserError(
            f'{OPTION}.views={views!r} must give a list of new views for each view of the loader, '
            "such as dict(weak=['strong1', 'strong2'])."
        )
    pairs = [(name, source) for source, names in views.items() for name in names]
    sources = dict(pairs)
    if len(sources) < len(pairs) or sources.keys() & {'sup', *views}:
        raise UserError(
            f"{OPTION}.views={views!r}: every new view needs a name of its own, and not 'sup'."
        )
    return sources


def _kornia():
    """Imports and returns ``kornia.augmentation``, an optional dependency."""
    try:
        import kornia.augmentation
    except ImportError as error:
        raise UserError(f'{OPTION}: DeviceStrongViews needs kornia: pip install kornia.') from error
    return kornia.augmentation
