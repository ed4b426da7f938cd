# SPDX-License-Identifier: Apache-2.0
"""Test-time augmentation for every label space."""

import torch
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


@MODELS.register_module()
class LabelSpaceTTAModel(SegTTAModel):
    """Averages the probabilities of all views, whichever the task.

    mmseg's ``SegTTAModel`` applies a sigmoid to what already is a probability in binary tasks, so
    that an empty map is never below one half, and a softmax to classes that overlap.

    Args:
        module (dict or nn.Module): A segmentor; its ``label_space`` decides, mmseg's own are
            multi-class.
    """

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Merges the predictions of the views of each image.

        Returns:
            list[SegDataSample]: ``seg_logits`` hold the mean probability (C, H, W),
            ``pred_sem_seg`` its hard label.
        """
        space = getattr(self.module, 'label_space', None)
        if space is None:
            return super().merge_preds(data_samples_list)
        merged = []
        for views in data_samples_list:
            logits = torch.stack([view.seg_logits.data for view in views])
            # mmseg hands on the probability of a single channel, and logits of several
            probs = logits if logits.shape[1] == 1 else space.probs(logits)
            mean = probs.mean(dim=0, keepdim=True)
            sample = views[0]
            sample.set_data(
                dict(
                    seg_logits=PixelData(data=mean[0]),
                    pred_sem_seg=PixelData(data=space.hard(mean)[0]),
                )
            )
            merged.append(sample)
        return merged
