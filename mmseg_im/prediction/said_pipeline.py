# SPDX-License-Identifier: Apache-2.0
"""A pipeline of which an image that cannot be loaded ends nothing: it becomes a sentence."""

from mmengine.dataset import Compose

from ..datasets.first_samples import failed_step
from ..datasets.narrow_images import smallest_scales, vanishes
from ..datasets.nested_datasets import transforms_of


class SaidPipeline(Compose):
    """The transforms of a test; what they cannot load is said in place of a sample.

    Args:
        pipeline (Compose): The transforms.
    """

    def __init__(self, pipeline: Compose):
        super().__init__(pipeline.transforms)
        self.scales = smallest_scales(transforms_of(pipeline))

    def __call__(self, data: dict) -> dict:
        """Returns the packed sample; else ``inputs`` None and ``data_samples`` why, a str."""
        data = dict(data)  # transforms add to it
        try:
            sample = super().__call__(data)
        except Exception as error:  # what an image raises depends on its kind and the transform
            return dict(inputs=None, data_samples=self._reason(data, error))
        if sample is None:
            return dict(inputs=None, data_samples='is left out by the pipeline of the test.')
        return sample

    def _reason(self, data: dict, error: Exception) -> str:
        height, width = data.get('ori_shape') or (1, 1)
        if any(vanishes((height, width), scale) for scale in self.scales):
            return (
                f'is so narrow ({width}x{height} pixels) that the pipeline of the test leaves no '
                'pixel of one side. Cut it into parts, or predict with --no-resize.'
            )
        reason = ' '.join(str(error).split()).rstrip('.')
        return (
            f'cannot be loaded: {failed_step(error)} of the pipeline of the test fails '
            f'({type(error).__name__}: {reason}). Replace the file, or correct the pipeline.'
        )
