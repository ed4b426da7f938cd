# SPDX-License-Identifier: Apache-2.0
"""Several trained networks that label images together."""

from collections import deque
from collections.abc import Iterator, Sequence

import torch
from mmengine.model import BaseDataPreprocessor, BaseModel
from mmengine.structures import PixelData
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ...errors import UserError
from ...inconsistency.voting import Aggregate, Votes, check_min_agreement
from ...labels.spaces import LabelSpace, build_label_space
from ...teachers.networks import build_network, load_network, task_of
from ...teachers.views import parse_view

VOTERS = ('agreement', 'mean')


@MODELS.register_module()
class EnsembleSegmentor(BaseModel):
    """K checkpoints that predict one after another; for inference only.

    Each member prepares and predicts a batch as its own config says (normalisation, padding,
    whole image or sliding window). Its logits go to the original image size and are discretised
    there. One image after another holds full-size probabilities, and what is kept for a batch is
    a mean and a vote, so that memory does not grow with the number of members.

    Every view of every member is one voter.

    Args:
        members (Sequence[dict]): ``dict(checkpoint, config, views=('identity',), size_divisor=1)``;
            ``config`` is a config file or a ``model`` dict. Architectures may differ, the classes
            must be the same.
        voter (str): ``'agreement'``: the label that ``min_agreement`` of the voters share; where
            there is none, the pixel is inconsistent and takes the label of the mean probability.
            ``'mean'``: the label of the mean probability everywhere, and no mask.
        min_agreement (float): Share of the voters, in (0, 1].
        classes (Sequence[str], optional): Class names of the data, compared with those that the
            checkpoints carry.

    Raises:
        MissingFileError: If a checkpoint or a config is missing.
        UserError: If members differ in their task or classes, or one voter is to agree with
            itself.
    """

    def __init__(
        self,
        members: Sequence[dict],
        voter: str = 'agreement',
        min_agreement: float = 1.0,
        classes: Sequence[str] | None = None,
    ):
        super().__init__(BaseDataPreprocessor())
        if not members:
            raise UserError('model.members is empty: name one checkpoint or more.')
        if voter not in VOTERS:
            raise UserError(f"model.voter={voter!r} must be 'agreement' or 'mean'.")
        self.voter = voter
        self.min_agreement = check_min_agreement(min_agreement)
        self.networks = nn.ModuleList()
        self.views = []
        known = {} if classes is None else {'the data': tuple(classes)}
        for i, member in enumerate(members):
            where = f'model.members[{i}]'
            unknown = member.keys() - {'checkpoint', 'config', 'views', 'size_divisor'}
            if unknown or not {'checkpoint', 'config'} <= member.keys():
                raise UserError(
                    f'{where} needs checkpoint and config, and may have views and size_divisor; '
                    f'it has {", ".join(member)}.'
                )
            network = build_network(member['config'], where)
            names = load_network(network, member['checkpoint'], where)
            _check_same(self.networks[0] if i else network, network, where)
            if names is not None:
                known[where] = names
            self.networks.append(network)
            divisor = member.get('size_divisor', 1)
            views = member.get('views', ('identity',))
            self.views.append([parse_view(view, divisor) for view in views])
        _check_classes(known)
        if voter == 'agreement' and sum(map(len, self.views)) < 2:
            raise UserError(
                'model.members: a single voter agrees with itself, so the mask would be empty. '
                "Name two members or views, or set voter='mean'."
            )
        # parameters keep their gradient flag: DDP refuses a model without one
        self.eval()

    @property
    def label_space(self) -> LabelSpace:
        """LabelSpace: The task of the members."""
        return space_of(self.networks[0])

    def forward(self, inputs, data_samples=None, mode: str = 'predict') -> list[SegDataSample]:
        """Labels a batch.

        Args:
            inputs (list[Tensor]): One (3, h, w) uint8 image for each sample, as packed.
            data_samples (list[SegDataSample]): Their ``ori_shape`` says in which size to label.
            mode (str): Only ``'predict'``.

        Returns:
            list[SegDataSample]: The samples with ``pred_sem_seg`` (M, H, W) int64,
            ``inconsistent`` (M, H, W) bool, ``voter_pixels`` (C,), how many pixels of each class
            the voters found, added up, ``num_voters``, ``same_classes`` (bool, whether all found
            the same set of classes) and ``finite`` (bool, False if a member returned NaN).
        """
        if mode != 'predict':
            raise UserError('EnsembleSegmentor only predicts: use tools/test.py, not train.py.')
        groups: dict[tuple, list[int]] = {}
        for i, (image, sample) in enumerate(zip(inputs, data_samples, strict=True)):
            groups.setdefault((tuple(image.shape), sample.ori_shape), []).append(i)
        for indices in groups.values():  # a batch of a network has one size
            self._label([inputs[i] for i in indices], [data_samples[i] for i in indices])
        return data_samples

    def logits(self, images: list[Tensor], samples: list[SegDataSample]) -> Iterator[Tensor]:
        """Predicts images of one size, voter by voter.

        Args:
            images (list[Tensor]): (3, h, w) uint8 each.
            samples (list[SegDataSample]): Their samples.

        Yields:
            Tensor: (1, C, H, W) float32 logits at the original size: all images for the first
            voter, then all for the second, and so on.
        """
        network: BaseSegmentor
        for network, views in zip(self.networks, self.views, strict=True):
            copies = [SegDataSample(metainfo=sample.metainfo) for sample in samples]
            batch = network.data_preprocessor(dict(inputs=images, data_samples=copies), False)
            for view in views:
                # mmseg's sliding window writes into these, too
                metas = [dict(sample.metainfo) for sample in batch['data_samples']]
                # not as a decorator, which would keep what a generator yielded last
                with torch.no_grad():
                    logits = network.inference(view.apply(batch['inputs']), metas)
                logits = view.undo(logits.float(), batch['inputs'].shape[2:])
                # not `copies`: the preprocessor writes into samples of its own
                align = network.align_corners
                for one, sample in zip(logits.split(1), batch['data_samples'], strict=True):
                    yield _at_original_size(one, sample.metainfo, align)
                del logits, one  # as in _label

    @torch.no_grad()
    def _label(self, images: list[Tensor], samples: list[SegDataSample]) -> None:
        space = self.label_space
        # before the first network runs: one large block, so that the peak of memory is the same for
        # one network and for many
        total = images[0].new_zeros(
            (len(images), space.out_channels, *samples[0].ori_shape), dtype=torch.float32
        )
        images_votes = [Votes(self.min_agreement, space.num_labels, True) for _ in images]
        images_voters = deque(
            Aggregate(space, votes, one)
            for votes, one in zip(images_votes, total.split(1), strict=True)
        )
        pixels: deque[Tensor | int] = deque(0 for _ in images)
        everywhere = torch.ones((), dtype=torch.bool, device=total.device)
        # not enumerate, which keeps its last item: a view of the whole batch's logits, which would
        # live on beside the next voter's
        for logits in self.logits(images, samples):
            hard = images_voters[0].add(logits.contiguous())  # see labels.logits.at_size
            pixels[0] = pixels[0] + space.count(hard, everywhere)
            images_voters.rotate(-1)
            pixels.rotate(-1)
            del logits
        for voters, votes, found, sample in zip(
            images_voters, images_votes, pixels, samples, strict=True
        ):
            label, inconsistent = self.decide(voters, votes)
            sample.set_data(
                dict(
                    pred_sem_seg=PixelData(data=label[0].long()),
                    inconsistent=PixelData(data=inconsistent[0]),
                )
            )
            sample.set_field(found, 'voter_pixels')
            sample.set_field(voters.num_voters, 'num_voters')
            sample.set_field(bool(votes.same_classes), 'same_classes')
            sample.set_field(bool(voters.finite), 'finite')

    def decide(self, voters: Aggregate, votes: Votes) -> tuple[Tensor, Tensor]:
        """Label (1, M, H, W) uint8 and inconsistent pixels (1, M, H, W) bool of one image."""
        mean_label = self.label_space.hard(voters.mean())
        agreed, inconsistent = votes.result()
        if self.voter == 'mean':
            return mean_label, torch.zeros_like(inconsistent)
        return torch.where(inconsistent, mean_label, agreed), inconsistent


def _at_original_size(logits: Tensor, meta: dict, align_corners: bool) -> Tensor:
    """Cuts the padding off and resizes to ``ori_shape``, as mmseg's ``postprocess_result`` does.

    Not by calling it, because for one channel that returns probabilities under the name logits.
    """
    left, right, top, bottom = meta.get('img_padding_size', meta.get('padding_size', (0,) * 4))
    height, width = logits.shape[2:]
    logits = logits[:, :, top : height - bottom, left : width - right]
    if tuple(logits.shape[2:]) == tuple(meta['ori_shape']):
        return logits
    return resize(logits, meta['ori_shape'], mode='bilinear', align_corners=align_corners)


def space_of(network: BaseSegmentor) -> LabelSpace:
    """Label space of a segmentor; a stock one with a single channel has its head's threshold."""
    space = getattr(network, 'label_space', None)
    if space is not None:
        return space
    cfg = dict(type=task_of(network).lower())
    if cfg['type'] == 'binary':
        cfg['threshold'] = network.decode_head.threshold
    return build_label_space(cfg, network.num_classes, network.out_channels)


def _check_same(first: BaseSegmentor, network: BaseSegmentor, where: str) -> None:
    ours, theirs = (
        (task_of(n), n.num_classes, getattr(space_of(n), 'threshold', 0.5))
        for n in (first, network)
    )
    if ours != theirs:
        raise UserError(
            f'{where}: it predicts {theirs[1]} classes of a {theirs[0]} task (threshold '
            f'{theirs[2]}), and model.members[0] {ours[1]} of a {ours[0]} task (threshold '
            f'{ours[2]}); they must be the same.'
        )


def _check_classes(classes: dict[str, tuple[str, ...]]) -> None:
    """Compares the class lists of the data and of the checkpoints."""
    for where, names in classes.items():
        first = next(iter(classes))
        if names != classes[first]:
            raise UserError(
                f'{where} was trained on the classes {", ".join(names)}, and {first} has '
                f'{", ".join(classes[first])}; they must be the same in the same order.'
            )
