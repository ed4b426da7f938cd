# SPDX-License-Identifier: Apache-2.0
"""Several networks label together; checked against NumPy in float64."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine import ConfigDict
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from tests.conftest import tiny_model

SIZE = (40, 28)


def model_cfg(label_space='multiclass', **changes) -> dict:
    channels = dict(multiclass=dict(num_classes=4), binary=dict(num_classes=2, out_channels=1,
                    threshold=0.5), multilabel=dict(num_classes=3))[label_space]  # fmt: skip
    cfg = dict(tiny_model(**channels), label_space=label_space, **changes)
    cfg.pop('semi')
    cfg['data_preprocessor']['test_cfg'] = dict(size_divisor=16)
    cfg['data_preprocessor'].pop('size')
    return cfg


@pytest.fixture
def make_member(tmp_path):
    """Writes a checkpoint with random weights of its own."""

    def make(seed: int, cfg: dict | None = None, **keys) -> dict:
        cfg = cfg or model_cfg()
        torch.manual_seed(0)
        network = MODELS.build(dict(copy.deepcopy(cfg), channels_last=False))
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
        torch.manual_seed(seed)  # alike, so that they disagree in part
        for parameter in network.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        path = tmp_path / f'{seed}.pth'
        torch.save(dict(state_dict=network.state_dict()), path)
        return dict(checkpoint=str(path), config=cfg, **keys)

    return make


def images(sizes=(SIZE, SIZE), ori=None) -> dict:
    rng = torch.Generator().manual_seed(0)
    inputs = [torch.randint(256, (3, *s), generator=rng, dtype=torch.uint8) for s in sizes]
    samples = [
        SegDataSample(metainfo=dict(ori_shape=ori or s, img_shape=s, img_path=f'{i}.png'))
        for i, s in enumerate(sizes)
    ]
    return dict(inputs=inputs, data_samples=samples)


@torch.no_grad()
def single(member: dict, data: dict) -> list[np.ndarray]:
    """Probabilities (C, H, W) float64 of one network, by mmseg's own prediction."""
    network = MODELS.build(copy.deepcopy(member['config'])).eval()
    network.load_state_dict(torch.load(member['checkpoint'])['state_dict'])
    out = []
    for image, sample in zip(data['inputs'], data['data_samples'], strict=True):
        one = dict(inputs=[image], data_samples=[SegDataSample(metainfo=sample.metainfo)])
        logits = network.test_step(one)[0].seg_logits.data.double()
        if len(logits) == 1:
            out.append(logits.numpy())  # mmseg calls these logits, but they are probabilities
        elif member['config']['label_space'] == 'multilabel':
            out.append(logits.sigmoid().numpy())
        else:
            out.append(logits.softmax(dim=0).numpy())
    return out


def discretise(probs: np.ndarray, label_space: str) -> np.ndarray:
    return probs.argmax(0)[None] if label_space == 'multiclass' else (probs > 0.5).astype(int)


@pytest.mark.parametrize('label_space', ['multiclass', 'binary', 'multilabel'])
@pytest.mark.parametrize('ori', [None, (61, 47)], ids=['same size', 'other size'])
def test_equals_a_vote_in_numpy(make_member, label_space, ori):
    cfg = model_cfg(label_space)
    members = [make_member(i, cfg) for i in range(3)]
    data = images(ori=ori)
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members))
    found = ensemble.test_step(copy.deepcopy(data))
    probs = np.array([single(m, data) for m in members])  # (K, N, C, H, W)
    for i, sample in enumerate(found):
        hard = np.stack([discretise(p, label_space) for p in probs[:, i]])
        differs = (hard != hard[0]).any(axis=0)
        mean = discretise(probs[:, i].mean(axis=0), label_space)
        np.testing.assert_array_equal(sample.inconsistent.data.numpy(), differs)
        np.testing.assert_array_equal(
            sample.pred_sem_seg.data.numpy(), np.where(differs, mean, hard[0])
        )
        assert differs.any() and not differs.all()
        classes = dict(multiclass=4, binary=2, multilabel=3)[label_space]
        if label_space == 'multilabel':
            pixels = (hard == 1).sum(axis=(0, 2, 3))
        else:
            pixels = np.bincount(hard.ravel(), minlength=classes)
        np.testing.assert_array_equal(sample.voter_pixels.numpy(), pixels)
        sets = [set(np.unique(h)) if label_space != 'multilabel' else
                {c for c in range(3) if h[c].any()} for h in hard]  # fmt: skip
        assert sample.same_classes == all(s == sets[0] for s in sets)
        assert sample.num_voters == 3 and sample.finite


def test_mean_without_a_mask(make_member):
    members = [make_member(i) for i in range(2)]
    data = images()
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members, voter='mean'))
    found = ensemble.test_step(copy.deepcopy(data))
    mean = np.mean([single(m, data) for m in members], axis=0)
    for i, sample in enumerate(found):
        np.testing.assert_array_equal(sample.pred_sem_seg.data[0].numpy(), mean[i].argmax(0))
        assert not sample.inconsistent.data.any()


def test_a_batch_of_different_sizes_equals_single_images(make_member):
    sizes = [SIZE, (33, 17), SIZE, (1, 1)]
    ensemble = MODELS.build(
        dict(type='EnsembleSegmentor', members=[make_member(i) for i in range(2)])
    )
    data = images(sizes)
    together = ensemble.test_step(copy.deepcopy(data))
    for i, sample in enumerate(together):
        one = {key: [copy.deepcopy(value[i])] for key, value in data.items()}
        alone = ensemble.test_step(one)[0]
        assert tuple(sample.pred_sem_seg.data.shape[1:]) == sizes[i]
        assert torch.equal(sample.pred_sem_seg.data, alone.pred_sem_seg.data)
        assert torch.equal(sample.inconsistent.data, alone.inconsistent.data)


def test_views_vote_and_are_undone(make_member):
    """One network with a flipped view: its vote is that of the flipped image, flipped back."""
    member = make_member(0)
    data = images()
    views = ['identity', 'hflip']
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=[dict(member, views=views)]))
    # a width that needs padding on the right would move a flipped image: none is needed here
    data = images([(32, 48)] * 2)
    found = ensemble.test_step(copy.deepcopy(data))
    flipped = dict(data, inputs=[image.flip(2) for image in data['inputs']])
    for i, sample in enumerate(found):
        first = single(member, data)[i].argmax(0)
        second = single(member, flipped)[i].argmax(0)[:, ::-1]
        np.testing.assert_array_equal(sample.inconsistent.data[0].numpy(), first != second)


def test_members_predict_as_their_own_config_says(make_member):
    """A sliding window, another normalisation and another width beside a plain member."""
    wide = model_cfg()
    wide['backbone'] = dict(wide['backbone'], base_channels=8)
    wide['decode_head'] = dict(wide['decode_head'], in_channels=8)
    wide['data_preprocessor'] = dict(wide['data_preprocessor'], mean=[0.0] * 3, std=[255.0] * 3)
    wide['test_cfg'] = ConfigDict(mode='slide', crop_size=(16, 16), stride=(8, 8))
    members = [make_member(0), make_member(1, wide)]
    data = images([(48, 64)] * 2)
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members))
    found = ensemble.test_step(copy.deepcopy(data))
    hard = [[p.argmax(0) for p in single(m, data)] for m in members]
    for i, sample in enumerate(found):
        np.testing.assert_array_equal(sample.inconsistent.data[0].numpy(), hard[0][i] != hard[1][i])


def test_a_share_of_the_votes(make_member):
    members = [make_member(i) for i in range(3)]
    data = images()
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members, min_agreement=0.6))
    found = ensemble.test_step(copy.deepcopy(data))
    hard = np.array([[p.argmax(0) for p in single(m, data)] for m in members])
    most = np.stack([(hard == c).sum(axis=0) for c in range(4)]).max(axis=0)
    for i, sample in enumerate(found):
        np.testing.assert_array_equal(sample.inconsistent.data[0].numpy(), most[i] < 2)


def test_nan_is_told(make_member):
    members = [make_member(0), make_member(1)]
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members))
    ensemble.networks[0].decode_head.conv_seg.bias.data[0] = float('nan')
    assert [sample.finite for sample in ensemble.test_step(images())] == [False, False]


def test_memory_of_kept_probabilities_does_not_grow(make_member, monkeypatch):
    """However many members, no more than two volumes of logits are alive when one is made."""
    import weakref

    from mmseg.models.segmentors import EncoderDecoder

    alive: list[weakref.ref] = []
    most = []
    original = EncoderDecoder.inference

    def inference(self, *args):
        most.append(sum(ref() is not None for ref in alive))
        logits = original(self, *args)
        alive.append(weakref.ref(logits))
        return logits

    monkeypatch.setattr(EncoderDecoder, 'inference', inference)
    members = [make_member(i) for i in range(5)]
    MODELS.build(dict(type='EnsembleSegmentor', members=members)).test_step(images())
    assert len(most) == 5 and max(most) <= 1


@pytest.mark.parametrize(
    ('members', 'options', 'match'),
    [
        ([], {}, 'model.members is empty'),
        ([0], {}, 'a single voter agrees with itself'),
        ([0, 1], dict(voter='majority'), "voter='majority' must be"),
        ([0, 1], dict(min_agreement=0), 'min_agreement=0 must lie in'),
    ],
)
def test_options_are_checked(make_member, members, options, match):
    with pytest.raises(ValueError, match=match):
        MODELS.build(
            dict(type='EnsembleSegmentor', members=[make_member(i) for i in members], **options)
        )


def test_misspelt_member(make_member):
    member = make_member(0)
    member['view'] = ['hflip']
    with pytest.raises(ValueError, match=r'model.members\[1\] needs checkpoint and config'):
        MODELS.build(dict(type='EnsembleSegmentor', members=[make_member(1), member]))


def test_other_classes(make_member):
    other = model_cfg()
    other['decode_head'] = dict(other['decode_head'], num_classes=5)
    with pytest.raises(ValueError, match=r'model.members\[1\]: it predicts 5 classes'):
        MODELS.build(
            dict(type='EnsembleSegmentor', members=[make_member(0), make_member(1, other)])
        )


def test_other_class_names(make_member):
    members = [make_member(0), make_member(1)]
    for member, names in zip(members, (('a', 'b', 'c', 'd'), ('a', 'b', 'd', 'c')), strict=True):
        content = torch.load(member['checkpoint'])
        content['meta'] = dict(dataset_meta=dict(classes=names))
        torch.save(content, member['checkpoint'])
    with pytest.raises(ValueError, match=r'model.members\[1\] was trained on the classes a, b, d'):
        MODELS.build(dict(type='EnsembleSegmentor', members=members))


def test_missing_checkpoint(make_member):
    member = dict(make_member(0), checkpoint='nowhere.pth')
    with pytest.raises(FileNotFoundError, match=r'model.members\[0\].checkpoint: nowhere.pth'):
        MODELS.build(dict(type='EnsembleSegmentor', members=[member, member]))


def test_it_does_not_train(make_member):
    ensemble = MODELS.build(
        dict(type='EnsembleSegmentor', members=[make_member(i) for i in range(2)])
    )
    assert not ensemble.test_step(images())[0].pred_sem_seg.data.requires_grad
    assert not any(logits.requires_grad for logits in ensemble.logits(*images().values()))
    with pytest.raises(ValueError, match='only predicts'):
        ensemble(F.one_hot(torch.zeros(1).long()), [], mode='loss')
