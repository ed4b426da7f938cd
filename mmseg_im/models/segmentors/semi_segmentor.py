# SPDX-License-Identifier: Apache-2.0
"""Segmentors that train semi-supervised and are, in every other way, mmseg's own."""

from collections.abc import Sequence

import torch
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.models import CascadeEncoderDecoder, EncoderDecoder
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor, nn

from ...build import build
from ...checkpoints.comparing import METHOD_PREFIX, tensors_of
from ...checkpoints.fitting import PREDICT, check
from ...errors import UserError
from ...labels.logits import at_size, pixel_logits
from ...labels.spaces import build_label_space
from ...methods.base import SSLMethod
from ...methods.labeled_only import labeled_losses
from ...methods.student import JointPass
from .channels import check_channels
from .heads import check_head, check_losses, check_softmax, sigmoid_loss
from .one_image import names_one_image


class SemiMixin(EncoderDecoder):
    """Adds a semi-supervised method and a label space to a segmentor of mmseg.

    The student's keys carry no prefix, so its checkpoint loads into the same config without
    ``semi``; the method and its teachers live under ``semi.*``.

    Args:
        *args: Of the segmentor.
        semi (dict, optional): Config of an :class:`SSLMethod`. None is the supervised baseline:
            of a batch with views only ``sup`` is used.
        label_space (str or dict): ``'multiclass'``, ``'binary'`` or ``'multilabel'``, see
            :func:`~mmseg_im.labels.spaces.build_label_space`.
        sup_only_iters (int): Iterations at first in which labeled images alone are learned, by the
            student and by networks beside it (``sup_only_epoch`` of U2PL, CVPR 2022). Teachers
            that have learned nothing yet teach nothing.
        channels_last (bool): Weights lie in memory as (N, H, W, C), and so do the maps that
            convolutions return: the same results, and faster where convolutions take the time.
        **kwargs: Of the segmentor.
    """

    def __init__(
        self,
        *args,
        semi: dict | None = None,
        label_space: str | dict = 'multiclass',
        sup_only_iters: int = 0,
        channels_last: bool = True,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.label_space = build_label_space(label_space, self.num_classes, self.out_channels)
        check_losses(self)
        check_channels(self, kwargs.get('backbone'))
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self._in_torchs_loading = False
        self.sup_only_iters = sup_only_iters
        self.semi: SSLMethod | None = None  # an EMA teacher copies the student without its method
        if semi is not None:
            check_head(self.decode_head)
            check_softmax(self)
            method = build(MODELS, semi, 'model.semi')
            method.bind(self)
            self.semi = method
        self.to(memory_format=self.memory_format)
        self._register_load_state_dict_pre_hook(self._reconcile_method)

    def logits(self, image: Tensor) -> Tensor:
        """Logits (N, C, H, W) at the input size, see :func:`~mmseg_im.labels.logits`."""
        return pixel_logits(self, image)

    def decode(self, features: tuple[Tensor, ...], size: Sequence[int]) -> Tensor:
        """Logits (N, C, H, W) at a size from the maps of ``extract_feat``."""
        return at_size(self, self.decode_head.forward(features), size)

    def loss(self, inputs, data_samples) -> dict[str, Tensor]:
        """Supervised losses, and those of the method.

        Everything that happens once per iteration happens here: mmengine's DDP wrapper never
        calls a model's ``train_step``.

        Args:
            inputs (Tensor or dict[str, Tensor]): (N, 3, H, W), or one such batch for each view,
                ``sup`` for the labeled images.
            data_samples (list or dict[str, list]): The samples, likewise.
        """
        if not isinstance(inputs, dict):
            if self.semi is not None:
                raise UserError(
                    f'model.semi={type(self.semi).__name__} needs a batch with views: use '
                    'SemiDataset in train_dataloader and MultiViewDataPreProcessor in the model.'
                )
            return self.supervised(inputs, data_samples)
        if self.semi is None:
            return self.supervised(inputs['sup'], data_samples['sup'])
        missing = {'sup', *self.semi.views} - inputs.keys()
        if missing:
            raise UserError(
                f'{type(self.semi).__name__} needs the views {", ".join(sorted(missing))}, and the '
                f'batch has {", ".join(inputs)}: name them so in MultiView of '
                'train_dataloader.dataset.unlabeled.pipeline.'
            )
        self.semi.update_teachers(self)
        if MessageHub.get_current_instance().get_info('iter', 0) < self.sup_only_iters:
            return labeled_losses(self.semi, self, inputs['sup'], data_samples['sup'])
        return self.semi.loss(self, inputs, data_samples)

    def supervised(self, image: Tensor, samples: list) -> dict[str, Tensor]:
        """The supervised losses of decode head and auxiliary heads, as ever."""
        with names_one_image(len(image)):
            return super().loss(image, samples)

    def joint(self, image: Tensor, samples: list, others: Tensor, perturb=None) -> JointPass:
        """One pass over labeled and unlabeled images, so that batch norm sees them together.

        Batches of different sizes (without a fixed ``size`` in the data preprocessor) are passed
        one after the other; ``features`` and ``raw`` are then of the unlabeled images alone.

        Args:
            image (Tensor): (N, 3, H, W), labeled.
            samples (list[SegDataSample]): Their samples.
            others (Tensor): (M, 3, H, W) unlabeled views.
            perturb (Callable, optional): Changes the tuple of feature maps (N + M, c, h, w). The
                decoder then sees a batch of the plain and the changed maps.
        """
        together = image.shape[2:] == others.shape[2:]
        count = len(image) if together else 0
        features = self.extract_feat(torch.cat([image, others]) if together else others)
        decoded = features
        if perturb is not None:
            pairs = zip(features, perturb(features), strict=True)
            decoded = tuple(torch.cat(pair) for pair in pairs)
        raw = self.decode_head.forward(decoded)
        logits = at_size(self, raw, others.shape[2:])
        total = count + len(others)
        if together:
            own_features, own_raw = tuple(x[:count] for x in features), raw[:count]
            own_logits, seen = logits[:count], features
        else:
            own_features = seen = self.extract_feat(image)
            own_raw = self.decode_head.forward(own_features)
            own_logits = at_size(self, own_raw, image.shape[2:])
        losses = add_prefix(self._head_loss(self.decode_head, own_raw, samples), 'decode')
        for prefix, head in self._named_auxiliary_heads():
            # batch norm sees all images together here, too
            found = self._head_loss(head, head.forward(seen)[: len(image)], samples)
            losses.update(add_prefix(found, prefix))
        return JointPass(
            losses,
            logits=logits[count:total],
            perturbed=logits[total + count :],
            features=features,
            raw=raw[:total],
            labeled_logits=own_logits,
            labeled_features=own_features,
        )

    def _head_loss(self, head: BaseDecodeHead, raw: Tensor, samples: list) -> dict[str, Tensor]:
        if self.label_space.head_knows_loss:
            # in float32 under autocast, and in the memory order of logits, see at_size
            return head.loss_by_feat(raw.float().contiguous(), samples)
        return sigmoid_loss(self.label_space, head, raw, samples)

    def _decode_head_forward_train(self, inputs, data_samples) -> dict[str, Tensor]:
        head = self.decode_head
        own_loss = getattr(type(head), 'loss', None) is not BaseDecodeHead.loss
        if self.label_space.head_knows_loss and own_loss:
            return super()._decode_head_forward_train(inputs, data_samples)
        return add_prefix(self._head_loss(head, head.forward(inputs), data_samples), 'decode')

    def _auxiliary_head_forward_train(self, inputs, data_samples) -> dict[str, Tensor]:
        if self.label_space.head_knows_loss:
            return super()._auxiliary_head_forward_train(inputs, data_samples)
        losses = {}
        for prefix, head in self._named_auxiliary_heads():
            found = sigmoid_loss(self.label_space, head, head.forward(inputs), data_samples)
            losses.update(add_prefix(found, prefix))
        return losses

    def _named_auxiliary_heads(self) -> list[tuple[str, BaseDecodeHead]]:
        """The auxiliary heads with the prefixes that mmseg gives their losses."""
        if not self.with_auxiliary_head:
            return []
        if isinstance(self.auxiliary_head, nn.ModuleList):
            return [(f'aux_{i}', head) for i, head in enumerate(self.auxiliary_head)]
        return [('aux', self.auxiliary_head)]

    def postprocess_result(self, seg_logits: Tensor, data_samples=None) -> list:
        """As mmseg does it; for several label maps, ``pred_sem_seg`` is (K, H, W) of 0 and 1."""
        results = super().postprocess_result(seg_logits, data_samples)
        if self.label_space.num_maps > 1:
            for sample in results:
                probs = self.label_space.probs(sample.seg_logits.data.unsqueeze(0))
                hard = self.label_space.hard(probs).squeeze(0).long()
                sample.set_data(dict(pred_sem_seg=PixelData(data=hard)))
        return results

    def init_weights(self) -> None:
        """Initialises the student; ``init_cfg`` of the segmentor must not reach teachers.

        Random numbers fill memory in its order: a seed gives the weights that mmseg draws.
        """
        method, self.semi = self.semi, None
        self.to(memory_format=torch.contiguous_format)
        super().init_weights()
        self.to(memory_format=self.memory_format)
        self.semi = method
        if method is not None:
            method.init_weights()

    def load_state_dict(self, *args, **kwargs):
        """As torch loads: with ``strict=False`` a part is enough."""
        self._in_torchs_loading = True
        try:
            return super().load_state_dict(*args, **kwargs)
        finally:
            self._in_torchs_loading = False

    def _reconcile_method(self, state_dict: dict, prefix: str, *args) -> None:
        """Spares the user hundreds of "missing" and "unexpected" keys of teachers.

        Without a method, the method of the checkpoint is passed over; with one, a checkpoint
        without a method (``load_from`` a supervised network) leaves it as it is. mmengine's own
        loading (``init_model``) is never strict: what does not fit the student is refused here.
        """
        if not prefix and not self._in_torchs_loading:
            check(tensors_of(state_dict), self, 'The checkpoint', PREDICT)
        method_keys = [key for key in state_dict if key.startswith(prefix + METHOD_PREFIX)]
        if self.semi is None:
            for key in method_keys:
                del state_dict[key]
        elif not method_keys:
            for key, value in self.semi.state_dict().items():
                state_dict[prefix + METHOD_PREFIX + key] = value


@MODELS.register_module()
class SemiSegmentor(SemiMixin):
    """An ``EncoderDecoder`` with ``semi=dict(...)``, see :class:`SemiMixin`."""


@MODELS.register_module()
class SemiCascadeSegmentor(SemiMixin, CascadeEncoderDecoder):
    """A ``CascadeEncoderDecoder`` (OCRNet ...) with ``semi=dict(...)``, multi-class only."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.label_space.head_knows_loss:
            raise UserError("SemiCascadeSegmentor supports model.label_space='multiclass' only.")

    def joint(self, image: Tensor, samples: list, others: Tensor, perturb=None) -> JointPass:
        """In two passes, because the loss of a stage needs the logits of the one before.

        Methods that change features refuse a cascade.
        """
        losses = self.supervised(image, samples)
        logits = self.logits(others)
        return JointPass(losses, logits, logits[:0], (), logits, logits[:0], ())
