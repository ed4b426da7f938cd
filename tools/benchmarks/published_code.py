# SPDX-License-Identifier: Apache-2.0
"""Steps of UniMatch and UniMatch V2 as their published code takes them, to compare speed.

Written from the description of the code, not from it: float32, attention as two matrix products and
a softmax, a sort in OHEM, one operation for each parameter of the EMA, torch's default optimiser,
pasting by boolean index, and a wait for the device in every loss. The computation is that of the
classes :class:`~mmseg_im.methods.UniMatch` and :class:`~mmseg_im.methods.UniMatchV2`.
"""

import argparse
import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from mmengine import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor, nn

from benchmarks.step import random_batch
from mmseg_im.errors import UserError
from mmseg_im.labels.spaces import IGNORE_INDEX, space_name
from mmseg_im.methods.mixing import sample_boxes
from mmseg_im.models.backbones.dinov2 import Attention

STEPS = ('UniMatch', 'UniMatchV2')


class PlainAttention(Attention):
    """Attention that keeps the matrix of all pairs of tokens in memory."""

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, dim = x.shape
        q, k, v = self.qkv(x).view(n, tokens, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        weights = ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(n, tokens, dim))


def published_step(path: str, args: argparse.Namespace) -> tuple[nn.Module, Callable[[], Tensor]]:
    """Builds the network of a config, and its step as published.

    Args:
        path (str): Its ``model.semi`` is UniMatch or UniMatch V2.
        args (Namespace): ``batch_size``, ``size``.

    Returns:
        tuple: The student, and a function that makes one step and returns the loss.

    Raises:
        UserError: If the method is another one, or the config has what the published step has not.
    """
    init_default_scope('mmseg')
    cfg = Config.fromfile(path)
    semi = cfg.model.get('semi') or {}
    if semi.get('type') not in STEPS:
        raise UserError(f'{path}: model.semi is {semi.get("type")}, none of {", ".join(STEPS)}.')
    more = [key for key in ('neck', 'auxiliary_head') if cfg.model.get(key)]
    more += ['semi.im'] if semi.get('im') else []
    if space_name(cfg.model) != 'multiclass':
        more.append('label_space')
    if more:
        raise UserError(f'{path}: the published step has no model.{more[0]}; take a plain config.')
    torch.manual_seed(0)
    method = MODELS.build(cfg.model)
    batch = method.data_preprocessor.cast_data(
        random_batch(method, args.batch_size, tuple(args.size))
    )
    torch.manual_seed(0)
    student = revert_sync_batchnorm(MODELS.build({**cfg.model, 'semi': None}))
    student = student.to(memory_format=torch.contiguous_format).train()
    for module in student.modules():
        if isinstance(module, Attention):
            module.__class__ = PlainAttention
    if torch.cuda.is_available():
        student.cuda()
        batch = dict(
            inputs={name: view.cuda() for name, view in batch['inputs'].items()},
            data_samples={n: [s.cuda() for s in one] for n, one in batch['data_samples'].items()},
        )
    optimiser = _optimiser(student, cfg.optim_wrapper)
    teacher = copy.deepcopy(student).eval().requires_grad_(False)
    views, samples = batch['inputs'], batch['data_samples']
    label = torch.stack([sample.gt_sem_seg.data[0] for sample in samples['sup']])
    ignored = {
        name: torch.stack([sample.gt_sem_seg.data[0] for sample in samples[name]])
        for name in views
        if name != 'sup'
    }
    of_method = unimatch_loss if semi['type'] == 'UniMatch' else unimatch_v2_loss
    count = 0

    def step() -> Tensor:
        nonlocal count
        loss = of_method(student, teacher, views, label, ignored, method.semi)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if semi['type'] == 'UniMatchV2':
            keep = min(1 - 1 / (count + 1), 1 - method.semi.teachers[0].momentum)
            for mean, new in zip(teacher.parameters(), student.parameters(), strict=True):
                mean.copy_(mean * keep + new.detach() * (1 - keep))
            for mean, new in zip(teacher.buffers(), student.buffers(), strict=True):
                mean.copy_(new)
        count += 1
        return loss.detach()

    return student, step


def _optimiser(student: nn.Module, wrapper: dict) -> torch.optim.Optimizer:
    options = dict(wrapper['optimizer'])
    kind = getattr(torch.optim, options.pop('type'))
    options.pop('fused', None)  # as published: what torch takes by itself
    multipliers = wrapper.get('paramwise_cfg', {}).get('custom_keys', {})
    faster = multipliers.get('decode_head', {}).get('lr_mult', 1.0)
    groups = [
        dict(params=list(student.backbone.parameters())),
        dict(params=list(student.decode_head.parameters()), lr=options['lr'] * faster),
    ]
    return kind(groups, **options)


def _full(student: nn.Module, features: tuple[Tensor, ...], size: tuple[int, int]) -> Tensor:
    raw = student.decode_head.forward(features)
    return F.interpolate(raw, size, mode='bilinear', align_corners=student.align_corners)


def _supervised(student: nn.Module, logits: Tensor, label: Tensor) -> Tensor:
    """OHEM by sorting all probabilities, or the mean over labeled pixels."""
    loss = student.decode_head.loss_decode
    if not hasattr(loss, 'min_kept'):
        return loss(logits, label, ignore_index=IGNORE_INDEX)
    known = (label != IGNORE_INDEX).flatten()
    safe = label.clone()
    safe[label == IGNORE_INDEX] = 0
    prob = logits.softmax(dim=1).detach().gather(1, safe.unsqueeze(1)).flatten()
    prob[~known] = 1
    count = loss.min_kept
    if loss.pixels is not None:
        count = max(1, round(count * label.numel() / loss.pixels))
    limit = max(loss.thresh, prob[prob.argsort()[min(count, len(prob)) - 1]].item())
    target = label.flatten().clone()
    target[prob > limit] = IGNORE_INDEX
    return F.cross_entropy(logits, target.view_as(label), ignore_index=IGNORE_INDEX)


def _label(logits: Tensor) -> tuple[Tensor, Tensor]:
    return logits.softmax(dim=1).max(dim=1)


def _boxes(image: Tensor, prob: float) -> Tensor:
    """(N, H, W) bool; the published code draws it in the loader, image by image."""
    inside = torch.zeros(len(image), *image.shape[2:], dtype=torch.bool)
    boxes = sample_boxes(len(image), tuple(image.shape[2:]), prob)
    for i, (top, left, bottom, right) in enumerate(boxes.tolist()):
        inside[i, top:bottom, left:right] = True
    return inside.to(image.device)


def _paste(values: Tensor, others: Tensor, inside: Tensor) -> Tensor:
    values = values.clone()  # the benchmark uses its batch again
    if values.ndim == 4:
        inside = inside.unsqueeze(1).expand_as(values)
    values[inside] = others[inside]
    return values


def _mean_of_sure(
    logits: Tensor, label: Tensor, confidence: Tensor, ignored: Tensor, threshold: float
) -> Tensor:
    loss = F.cross_entropy(logits, label, reduction='none')
    loss = loss * ((confidence >= threshold) & (ignored != IGNORE_INDEX))
    return loss.sum() / (ignored != IGNORE_INDEX).sum().item()


def unimatch_v2_loss(student, teacher, views, label, ignored, method) -> Tensor:
    """One loss of UniMatch V2 (arXiv 2410.10777): teacher, labeled images, two strong views."""
    size = tuple(views['weak'].shape[2:])
    with torch.no_grad():
        confidence, pseudo = _label(_full(teacher, teacher.extract_feat(views['weak']), size))
    images, targets = [], []
    for name in ('strong1', 'strong2'):
        inside = _boxes(views[name], method.cutmix_prob)
        images.append(_paste(views[name], views[name].flip(0), inside))
        target = (pseudo, confidence, ignored['weak'])
        targets.append([_paste(x, x.flip(0), inside) for x in target])
    plain = _full(student, student.extract_feat(views['sup']), size)
    supervised = _supervised(student, plain, label)
    features = student.extract_feat(torch.cat(images))
    half = len(images[0])
    keep = torch.randperm(half, device=label.device)[: int(half * method.keep)]
    dropped, masks = [], {}
    for x in features:
        if x.shape[1] not in masks:  # the maps of a vision transformer share one
            mask = 2.0 * torch.randint(2, (half, x.shape[1]), device=label.device)
            mask[keep] = 1
            masks[x.shape[1]] = torch.cat([mask, 2 - mask])[..., None, None]
        dropped.append(x * masks[x.shape[1]])
    parts = _full(student, tuple(dropped), size).chunk(2)
    first, second = (
        _mean_of_sure(part, *target, method.threshold)
        for part, target in zip(parts, targets, strict=True)
    )
    return (supervised + (first + second) / 2) / 2


def unimatch_loss(student, teacher, views, label, ignored, method) -> Tensor:
    """One loss of UniMatch (CVPR 2023): eval pass of what is pasted, joint pass, strong views."""
    size = tuple(views['weak'].shape[2:])
    mix = 'mix_' if method.partner == 'image' else ''
    other = None
    if mix:
        student.eval()
        with torch.no_grad():
            confidence, pseudo = _label(
                _full(student, student.extract_feat(views['mix_weak']), size)
            )
        other = [pseudo, confidence, ignored['mix_weak']]
        student.train()
    features = student.extract_feat(torch.cat([views['sup'], views['weak']]))
    both = tuple(torch.cat([x, F.dropout2d(x, method.dropout)]) for x in features)
    plain, perturbed = _full(student, both, size).chunk(2)
    count = len(label)
    confidence, pseudo = _label(plain[count:].detach())
    target = [pseudo, confidence, ignored['weak']]
    images, targets = [], []
    for name in ('strong1', 'strong2'):
        inside = _boxes(views[name], method.cutmix_prob)
        partner = views[f'{mix}{name}'] if mix else views[name].roll(1, 0)
        pasted = other if mix else [x.roll(1, 0) for x in target]
        images.append(_paste(views[name], partner, inside))
        targets.append([_paste(x, y, inside) for x, y in zip(target, pasted, strict=True)])
    parts = _full(student, student.extract_feat(torch.cat(images)), size).chunk(2)
    first, second = (
        _mean_of_sure(part, *one, method.threshold)
        for part, one in zip(parts, targets, strict=True)
    )
    dropped = _mean_of_sure(perturbed[count:], *target, method.threshold)
    supervised = _supervised(student, plain[:count], label)
    return (supervised + first / 4 + second / 4 + dropped / 2) / 2
