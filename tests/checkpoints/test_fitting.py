# SPDX-License-Identifier: Apache-2.0
"""What a network takes from a file, what it says of the rest, and what it refuses."""

import copy
import logging

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mmseg_im.checkpoints import fitting as weight_rules
from mmseg_im.checkpoints.comparing import (
    by_module,
    compare,
    not_finite,
    part_of,
    prefixes,
    tensors_of,
)
from mmseg_im.checkpoints.fitting import INIT, PREDICT, RESUME, START, check, fitted
from mmseg_im.errors import UserError
from tests.checkpoints.wrong_weights import WRONG, network, wrong_weights
from tests.conftest import tiny_model

SEMI = dict(
    type='FixMatch',
    teachers=[dict(type='EMATeacher'), dict(type='SelfTeacher')],
)
CLASSES = ('five classes', 'one channel')


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """The sentences that were logged, with their level in front."""
    sentences: list[str] = []
    monkeypatch.setattr(
        weight_rules,
        'print_log',
        lambda text, logger, level: sentences.append(f'{logging.getLevelName(level)}: {text}'),
    )
    return sentences


@pytest.fixture(scope='module')
def wrong():
    return wrong_weights()


def test_compare_counts_everything_but_counters():
    own = dict(a=torch.ones(2), b=torch.ones(2), c=torch.ones(2))
    own['bn.num_batches_tracked'] = torch.zeros(())
    report = compare(dict(a=torch.zeros(2), b=torch.ones(3), d=torch.ones(1)), own)
    assert report == (['a'], ['c'], [], ['b'], ['d'])
    assert report.of_network == ['a', 'c', 'b']
    assert report.share(foreign_modules=True) == 1 / 3  # one fits, one has another shape
    assert compare({}, own).share(True) == 0
    assert by_module(['a.b', 'a.c', 'd']) == dict(a=2, d=1)


def test_modules_that_the_network_lacks_count_where_they_matter():
    own = {f'a.{i}': torch.ones(1) for i in range(4)}
    weights = dict(own, **{f'fc.{i}': torch.ones(1) for i in range(4)})
    assert compare(weights, own).share(foreign_modules=False) == 1
    assert compare(weights, own).share(foreign_modules=True) == 0.5


def test_prefixes_and_parts_are_found(wrong):
    own = network().state_dict()
    assert prefixes(wrong['student and teacher'], own) == ['student.', 'teacher.']
    assert prefixes(own, own) == []
    assert part_of(wrong['backbone alone'], network()) == 'backbone'
    assert part_of(own, network()) is None
    # DDP's prefix is mmengine's own business
    parallel = {f'module.{key}': value for key, value in own.items()}
    assert tensors_of(dict(state_dict=parallel)).keys() == own.keys()


def test_infinite_masks_are_no_failure():
    module = nn.Linear(2, 2)
    module.register_buffer('mask', torch.full((2,), -torch.inf))
    weights = {key: value.clone() for key, value in module.state_dict().items()}
    assert not_finite(weights, module) == []
    weights['bias'][0] = torch.inf
    assert not_finite(weights, module) == ['bias']


def test_values_that_become_infinite_in_the_network_are_named():
    module = nn.Linear(2, 2)
    weights = {key: value.double() for key, value in module.state_dict().items()}
    assert not_finite(weights, module) == []
    weights['weight'][0, 0] = 1e300
    assert not_finite(weights, module) == ['weight']


@pytest.mark.parametrize('name', WRONG)
def test_no_network_predicts_with_wrong_weights(wrong, name):
    weights = tensors_of(wrong[name])
    with pytest.raises(UserError) as error:
        check(weights, network(), 'x.pth', PREDICT)
    assert str(error.value).startswith('x.pth ') and WRONG[name] in str(error.value)
    remedies = r'^x.pth .*(in load_from, without|prefix|alone|finite|no weights)'
    with pytest.raises(UserError, match=remedies):
        check(weights, network(), 'x.pth', RESUME)


@pytest.mark.parametrize('name', [name for name in WRONG if name not in (*CLASSES, 'no head')])
def test_no_training_starts_with_wrong_weights(wrong, name):
    for use in (START, INIT):
        with pytest.raises(UserError) as error:
            check(tensors_of(wrong[name]), network(), 'x.pth', use)
        assert str(error.value).startswith('x.pth ')


def test_both_networks_are_named(wrong):
    with pytest.raises(UserError) as error:
        check(wrong['wider'], network(), 'x.pth', PREDICT)
    assert str(error.value) == (
        'x.pth is of another architecture than the network of the config, SemiSegmentor (UNet, '
        'FCNHead, 4 classes): 6 of its 27 weights fit (decode_head 6 of 7, backbone 0 of 20); '
        'backbone.encoder.0.0.convs.0.conv.weight is (8, 3, 3, 3) in the file and (4, 3, 3, 3) in '
        'the network. Name the config that the file was trained with.'
    )


def test_a_file_of_more_layers_fits_no_smaller_network(wrong):
    """All keys of the network are there, and yet it is another one."""
    with pytest.raises(UserError, match='27 of its 27 weights fit .*the file has 30 others, such'):
        check(wrong['deeper'], network(), 'x.pth', PREDICT)
    with pytest.raises(UserError, match='27 of its 57 weights fit'):
        check(network().state_dict(), network(convs=3), 'x.pth', PREDICT)


def test_a_last_layer_of_another_width_is_no_matter_of_classes():
    """Both heads have four classes."""
    cfg = tiny_model()
    cfg['decode_head']['channels'] = 8
    with pytest.raises(
        UserError, match=r'conv_seg.weight is \(4, 4, 1, 1\) in the file and \(4, 8'
    ):
        check(network().state_dict(), MODELS.build(cfg), 'x.pth', START)


@pytest.mark.parametrize('name', CLASSES)
def test_training_starts_with_other_classes(wrong, said, name):
    own = network()
    taken = fitted(wrong[name], own, 'x.pth', START)
    theirs, mine = wrong[name], own.state_dict()
    for key in mine:
        expected = mine if 'conv_seg' in key else theirs
        assert torch.equal(taken[key], expected[key])
    number = '5 classes' if name == 'five classes' else '1 channels'
    assert said == [
        f'WARNING: x.pth has {number} and the network 4: the layers of the classes begin anew '
        '(decode_head.conv_seg), all else is taken from the file.'
    ]


def test_some_missing_weights_are_counted_by_module(said):
    own = network()
    weights = own.state_dict()
    for key in ('backbone.encoder.0.0.convs.0.conv.weight', 'decode_head.convs.0.bn.bias'):
        del weights[key]
    weights['decode_head.extra'] = torch.ones(1)
    weights = {key: value + 1 for key, value in weights.items() if 'num_batches' not in key}
    taken = fitted(weights, own, 'x.pth', PREDICT)
    assert taken.keys() == own.state_dict().keys()
    assert all(torch.equal(taken[key], weights[key]) for key in taken if key in weights)
    assert said == [
        'WARNING: x.pth lacks 2 of the 27 weights of the network, which keep random values: '
        'backbone 1 of 20, decode_head 1 of 7.',
        'WARNING: x.pth holds 1 weight that the network does not have, passed over: decode_head 1.',
    ]


def test_a_head_may_begin_anew(wrong, said):
    taken = fitted(wrong['no head'], network(), 'x.pth', START._replace(min_share=0.7))
    assert taken.keys() == network().state_dict().keys()
    assert 'which begin anew: backbone 0 of 20, decode_head 7 of 7' in said[0]


def test_an_auxiliary_head_is_not_needed_to_predict(said):
    cfg = tiny_model()
    aux = MODELS.build(dict(cfg, auxiliary_head=copy.deepcopy(cfg['decode_head'])))
    for file, model in ((network(), aux), (aux, network())):
        taken = fitted(file.state_dict(), model, 'x.pth', PREDICT)
        assert taken.keys() == model.state_dict().keys()
    assert said == []


def test_the_classifier_of_a_backbone_is_passed_over(said):
    resnet = MODELS.build(dict(type='ResNet', depth=18, base_channels=4, stem_channels=4))
    weights = dict(resnet.state_dict(), **{'fc.weight': torch.ones(2), 'fc.bias': torch.ones(2)})
    fitted(weights, resnet, 'x.pth', INIT)
    assert said == [
        'INFO: x.pth holds 2 weights that the network does not have, passed over: fc 2.'
    ]


@pytest.fixture
def semi():
    """A network in semi-supervised training whose teacher has made five steps."""
    model = MODELS.build(tiny_model(SEMI))
    model.semi.teachers[0].steps.fill_(5)
    return model


def test_files_with_and_without_a_method(semi, said):
    plain, fresh = network(), MODELS.build(tiny_model(SEMI))
    assert fitted(semi.state_dict(), plain, 'x.pth', START).keys() == plain.state_dict().keys()
    assert fitted(plain.state_dict(), fresh, 'x.pth', START)['semi.teachers.0.steps'] == 0
    assert fitted(semi.state_dict(), fresh, 'x.pth', START)['semi.teachers.0.steps'] == 5
    assert fitted(semi.state_dict(), fresh, 'x.pth', RESUME)['semi.teachers.0.steps'] == 5
    assert said == []


def test_teachers_of_other_classes_begin_anew(semi, said):
    five = MODELS.build(tiny_model(SEMI, num_classes=5))
    taken = fitted(semi.state_dict(), five, 'x.pth', START)
    assert taken['semi.teachers.0.steps'] == 0
    five.load_state_dict(taken, strict=True)
    five.semi.update_teachers(five)
    student, teacher = five.state_dict(), five.semi.teachers[0].module.state_dict()
    assert all(torch.equal(teacher[key], student[key]) for key in teacher)
    assert torch.equal(
        teacher['backbone.encoder.0.0.convs.0.conv.weight'],
        semi.state_dict()['backbone.encoder.0.0.convs.0.conv.weight'],
    )
    assert said[1:] == [
        'WARNING: x.pth: the method in it does not fit model.semi and begins anew, its EMA '
        'teachers as copies of the student.'
    ]


def test_a_run_is_resumed_only_with_all_its_weights(semi):
    with pytest.raises(UserError, match='weights fit .*semi .*name the file in load_from'):
        check(network().state_dict(), semi, 'x.pth', RESUME)
    with pytest.raises(UserError, match='the file has .*semi.teachers.0'):
        check(semi.state_dict(), network(), 'x.pth', RESUME)
    with pytest.raises(UserError, match='has 4 classes and the network 5.*in load_from'):
        check(network().state_dict(), network(num_classes=5), 'x.pth', RESUME)
