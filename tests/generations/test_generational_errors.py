# SPDX-License-Identifier: Apache-2.0
"""Mistakes end before the first teacher is trained, in a sentence that names the key."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.registry import RUNNERS

from mmseg_im.engine.work_dir import Lock
from mmseg_im.generations.plan_checks import _check_loop
from tests.generations.conftest import make_generations_cfg

NEVER_BEGUN = 'generation_0'


def refuse(cfg, match: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=match):
        RUNNERS.build(cfg).train()
    assert not (Path(cfg.work_dir) / NEVER_BEGUN).exists()


@pytest.mark.parametrize(
    ('changes', 'match'),
    [
        (dict(num_teacher=2), "generations.num_teacher: .* Did you mean 'num_teachers'"),
        (dict(num_generations=-1), 'generations.num_generations=-1 must be a whole number, 0'),
        (dict(num_teachers=1), 'num_teachers=1 with one view .* one voter always agrees'),
        (dict(num_teachers=3), 'num_teachers=3 is more than students_per_generation=2'),
        (dict(voter='mean'), "voter='mean': voters that agree make a mask"),
        (dict(im=None, voter='agreement'), "voter='agreement'"),
        (dict(im=dict(dilat=3)), "generations.im.dilat: .* Did you mean 'dilate'"),
        (dict(im=dict(min_agreement=1.5)), 'min_agreement=1.5 must lie in'),
        (dict(num_generations=2, per_generation=[{}]), 'per_generation has 1 entries'),
        (dict(warm_start=True, per_generation=[{'model.backbone.base_channels': 8}]),
         'starts a student of generation 1 from the last generation, whose model differs'),
        (dict(student=dict(optim_wraper=dict(type='OptimWrapper'))),
         "student.optim_wraper: the config has no key .* Did you mean 'optim_wrapper'"),
        (dict(student=dict(val_dataloader=None)), 'val_dataloader is missing: validation ranks'),
        (dict(student=dict(test_dataloader=None)), 'of generation 1 are missing or hold other'),
        (dict(initial_teachers=[dict(checkpoint='a', config='b')]), 'names 1 checkpoints'),
        (dict(views=['hflp']), "views: 'hflp' is no view"),
        (dict(size_divisor=0), 'generations.size_divisor=0 must be'),
        (dict(im=dict(min_foreground=True)), 'min_foreground=True is for binary tasks'),
        (dict(evalnet=dict(pipeline=[], test_pipeline=[], skip_classes=['nope'])),
         "skip_classes: the data has no class 'nope'"),
        (dict(first='missing.py'), 'generations.first: missing.py does not exist'),
        (dict(evalnet=dict(pipeline=[], test_pipeline=[], num_folds=1)), 'num_folds=1 must be 2'),
        (dict(evalnet=dict(pipeline=[])), 'generations.evalnet.test_pipeline is missing'),
        (dict(evalnet=dict(pipeline=[], test_pipeline=[])), 'pipeline has no LoadCandidate'),
    ],
)  # fmt: skip
def test_options(generations_cfg, changes, match):
    for key, value in changes.items():
        generations_cfg.generations[key] = value
    refuse(generations_cfg, match)


def test_no_generations(generations_cfg):
    generations_cfg.pop('generations')
    refuse(generations_cfg, r'needs generations=dict\(num_generations=')


def test_no_unlabeled_dataloader(generations_cfg):
    generations_cfg.pop('unlabeled_dataloader')
    refuse(generations_cfg, 'unlabeled_dataloader is missing')


def test_no_seed(generations_cfg):
    generations_cfg.randomness = dict()
    refuse(generations_cfg, 'randomness.seed is missing')


@pytest.mark.parametrize('split', ['val', 'test'])
def test_unlabeled_images_of_validation_or_test(generations_cfg, split):
    for name in ('unlabeled_dataloader', f'{split}_dataloader'):
        dataset = generations_cfg[name].dataset
        dataset.data_prefix = dict(generations_cfg[f'{split}_dataloader'].dataset.data_prefix)
    generations_cfg.unlabeled_dataloader.dataset.data_prefix.pop('seg_map_path')
    generations_cfg.unlabeled_dataloader.dataset.pop('ann_file')
    refuse(
        generations_cfg,
        rf'unlabeled_dataloader.dataset holds 2 images of {split}_dataloader, such as .*0000.png',
    )


def test_a_student_without_a_place_for_labels(generations_cfg):
    labeled = generations_cfg.train_dataloader.dataset.labeled
    generations_cfg.train_dataloader.dataset = dict(type='SeededDataset', dataset=labeled)
    refuse(generations_cfg, 'holds 0 PseudoLabeledDataset')


@pytest.mark.parametrize('name', ['LoadInconsistencyMask', 'FilterInconsistentPixels'])
def test_a_pipeline_that_would_not_use_the_mask(generations_cfg, name):
    unlabeled = generations_cfg.train_dataloader.dataset.unlabeled
    unlabeled.pipeline = [t for t in unlabeled.pipeline if t['type'] != name]
    refuse(generations_cfg, f'has no {name}, so the mask would do nothing')


def test_draws_by_quality_without_a_quality_network(generations_cfg):
    generations_cfg.train_dataloader.dataset.draws = 'quality'
    refuse(generations_cfg, "draws='quality' needs a quality network")


def test_more_folds_than_labeled_images(mini_shapes, tmp_path):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work', 'im-plus-plus')
    cfg.generations.evalnet.num_folds = 5
    refuse(cfg, 'num_folds=5 is more than the 4 labeled images')


def test_a_judge_of_labels_without_the_true_ones(generations_cfg):
    dataset = generations_cfg.unlabeled_dataloader.dataset
    dataset.pipeline = [t for t in dataset.pipeline if t['type'] != 'LoadHiddenAnnotations']
    refuse(generations_cfg, 'has no LoadHiddenAnnotations. Add it if')


def test_a_quality_network_that_nobody_asks(mini_shapes, tmp_path):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work', 'im-plus-plus')
    cfg.train_dataloader.dataset.draws = 'once'
    refuse(cfg, 'generations.evalnet is set, and nothing uses what it says')


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        ({'train_dataloader.dataset.labeled.indices': [0, 1]}, 'the folds .* are made with it'),
        (
            {'generations.evalnet.min_class_iou': 0.3},
            'min_class_iou needs FilterInconsistentPixels',
        ),
    ],
)
def test_a_quality_network_that_could_not_work(mini_shapes, tmp_path, options, match):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work', 'im-plus-plus')
    cfg.generations.evalnet.num_folds = 2
    cfg.merge_from_dict(options)
    if 'min_class_iou' in match:
        cfg.generations.im = None
        cfg.generations.per_generation = []
        unlabeled = cfg.train_dataloader.dataset.unlabeled
        unlabeled.pipeline = [
            t for t in unlabeled.pipeline if t['type'] != 'FilterInconsistentPixels'
        ]
    refuse(cfg, match)


def test_a_quality_network_without_a_batch(mini_shapes, tmp_path):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work', 'im-plus-plus')
    cfg.generations.evalnet.update(num_folds=2, times=1, batch_size=8)
    refuse(cfg, 'evalnet.batch_size=8 is more than the 4 samples of an epoch')


def test_a_fold_without_a_batch(mini_shapes, tmp_path):
    """Its networks learn from fewer images than the first teachers."""
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work', 'im-plus-plus')
    cfg.generations.evalnet.num_folds = 2
    cfg.train_dataloader.update(batch_size=3, drop_last=True)
    cfg.train_dataloader.dataset.pop('num_samples')
    refuse(cfg, 'num_folds=2: train_dataloader.batch_size=3 is more than the 2 samples')


REDUCE = dict(type='LoadAnnotations', reduce_zero_label=True)
CROP = dict(type='RandomCrop', crop_size=(0, 8))


@pytest.mark.filterwarnings('ignore:.*reduce_zero_label.*')
@pytest.mark.parametrize(
    ('key', 'step', 'match'),
    [
        ('train_dataloader.dataset.unlabeled.pipeline.1', REDUCE,
         'train_dataloader.dataset.unlabeled.pipeline: LoadAnnotations fails .*reduce_zero_label'),
        ('unlabeled_dataloader.dataset.pipeline.0', dict(type='PackSegInputs'),
         'unlabeled_dataloader.dataset.pipeline: .* fails on the first image'),
        ('test_dataloader.dataset.pipeline.1', REDUCE,
         'test_dataloader.dataset.pipeline: LoadAnnotations fails on the first image, .*0000.png'),
        ('generations.student', {'val_dataloader.dataset.pipeline.1.reduce_zero_label': True},
         'val_dataloader.dataset.pipeline: LoadAnnotations fails'),
        ('generations.per_generation',
         [{'train_dataloader.dataset.unlabeled.pipeline.1.reduce_zero_label': True}],
         'train_dataloader.dataset.unlabeled.pipeline: LoadAnnotations fails'),
    ],
)  # fmt: skip
def test_pipelines_of_later_stages_are_tried_first(generations_cfg, key, step, match):
    generations_cfg.merge_from_dict({key: step})
    refuse(generations_cfg, match)


@pytest.mark.parametrize('key', ['pipeline', 'test_pipeline'])
def test_pipelines_of_the_quality_network_are_tried_first(mini_shapes, tmp_path, key):
    cfg = make_generations_cfg(mini_shapes, tmp_path / 'work', 'im-plus-plus')
    cfg.generations.evalnet.num_folds = 2
    cfg.generations.evalnet[key][-1:-1] = [dict(type='Resize', scale=(16, 0))]
    refuse(cfg, f'generations.evalnet.{key}: Resize fails on the first image')


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        ({'train_dataloader.dataset.labelled_ratio': 0.5},
         "dataset.labelled_ratio: .* Did you mean 'labeled_ratio'"),
        ({'train_cfg.type': 'EpochLoop'}, "train_cfg.type='EpochLoop' is not registered"),
        ({'train_cfg.max_epoch': 1}, "train_cfg.max_epoch: .* Did you mean 'max_epochs'"),
        ({'model.decode_head.num_classes': 3}, 'num_classes=3, and the data has 4 classes'),
        ({'generation.num_generations': 3}, "generation: no such key. Did you mean 'generations'"),
        ({'train_dataloader.batch_size': 64, 'train_dataloader.drop_last': True},
         'batch_size=64 is more than the 8 samples of an epoch'),
        ({'unlabeled_dataloader.dataset.ann_file': 'splits/labeled.txt'},
         'holds 8 images that unlabeled_dataloader.dataset does not'),
        ({'unlabeled_dataloader.dataset.pipeline.1.seg_map_dir': 'nowhere'}, 'nowhere'),
    ],
)  # fmt: skip
def test_the_rest_of_the_config(generations_cfg, options, match):
    generations_cfg.merge_from_dict(options)
    refuse(generations_cfg, match)


@pytest.mark.parametrize(
    'train_cfg',
    [dict(by_epoch=False, max_iters=5), dict(by_epoch=True, max_epochs=5), dict(max_epochs=5)],
)
def test_a_loop_without_a_type_is_mmengines_choice(train_cfg):
    _check_loop(dict(train_cfg, val_interval=1))


def test_students_that_learn_sigmoids_do_not_teach_by_softmax(generations_cfg):
    generations_cfg.model.decode_head.loss_decode = dict(type='CrossEntropyLoss', use_sigmoid=True)
    refuse(generations_cfg, "learns a sigmoid for each class, and model.label_space='multiclass'")


def test_students_that_are_validated_on_other_images(generations_cfg):
    dataset = copy.deepcopy(generations_cfg.test_dataloader.dataset)
    generations_cfg.generations.student = dict(val_dataloader=dict(dataset=dataset))
    refuse(generations_cfg, 'generation 1 are missing or hold other images')


def test_a_mistake_in_a_late_generation_is_found_first(generations_cfg):
    generations_cfg.generations.num_generations = 3
    generations_cfg.generations.per_generation = [
        {}, {}, dict(train_dataloader=dict(dataset=dict(labeled_ratio=2.0)))
    ]  # fmt: skip
    refuse(generations_cfg, 'labeled_ratio=2.0 must lie between 0 and 1')


def test_unknown_metric(generations_cfg):
    generations_cfg.generations.metric = 'mDice'
    with pytest.raises(ValueError, match="no metric 'mDice'; it has .*mIoU.* generations.metric"):
        RUNNERS.build(generations_cfg).train()


def test_two_runs_in_one_folder(generations_cfg, tmp_path):
    """The other run is another process, as it would be; when it is gone, so is its lock."""
    work = generations_cfg.work_dir
    code = (
        'import sys, time; from mmseg_im.engine.work_dir import Lock; '
        'lock = Lock(sys.argv[1]); print("locked", flush=True); time.sleep(60)'
    )
    other = subprocess.Popen([sys.executable, '-c', code, work], stdout=subprocess.PIPE, text=True)
    try:
        assert any(line.strip() == 'locked' for line in other.stdout)  # a stack greets before
        refuse(generations_cfg, 'Another run is at work in')
    finally:
        other.kill()
        other.wait()
    Lock(work).release()


def test_a_corrected_mistake_is_no_other_config(generations_cfg):
    """What ended before the first stage leaves nothing to go on with."""
    wrong = copy.deepcopy(generations_cfg)
    wrong.generations.im = dict(type='InconsistencyMask', min_foreground=True)
    refuse(wrong, 'min_foreground')
    generations_cfg.generations.num_generations = 0
    generations_cfg.generations.im = None
    RUNNERS.build(generations_cfg).train()


def test_a_damaged_state_file(generations_cfg):
    path = Path(generations_cfg.work_dir) / 'state.json'
    path.parent.mkdir()
    path.write_text('{"config": ')
    generations_cfg.resume = True
    refuse(generations_cfg, 'state.json is damaged')


def test_all_images_are_rejected(generations_cfg):
    """The filters act when the students' data is built: the run ends, and says why."""
    generations_cfg.generations.im = dict(type='InconsistencyMask', max_ratio=1e-9)
    generations_cfg.optim_wrapper.optimizer.lr = 0.0  # networks that begin apart stay apart
    generations_cfg.train_cfg.max_epochs = 1
    with pytest.raises(ValueError, match='none of the 8 pseudo-labeled images in .* is left'):
        RUNNERS.build(generations_cfg).train()
    state = json.loads((Path(generations_cfg.work_dir) / 'state.json').read_text())
    assert 'generation_0/labels' in state['stages']
