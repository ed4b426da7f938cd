# FixMatch + IM on Cityscapes: two networks of FixMatch label the unlabeled images, and
# new ones learn from what these agree on, with FixMatch in every training.
# Checkpoints that are there already go into generations.initial_teachers.
_base_ = '../../fixmatch/fixmatch_deeplabv3plus-r50_sgd-240e_cityscapes-801x801.py'
lists = 'splits/unimatch/1_16'
labeled = dict(_base_.train_dataloader.dataset.labeled, ann_file=f'{lists}/labeled.txt')
unlabeled = dict(_base_.train_dataloader.dataset.unlabeled, ann_file=f'{lists}/unlabeled.txt')
pseudo_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='LoadInconsistencyMask'),
    *_base_.geometry,
    dict(type='FilterInconsistentPixels'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    dataset=dict(
        split=None,
        labeled=dict(
            _delete_=True,
            type='PseudoLabeledDataset',
            labeled=labeled,
            unlabeled=dict(unlabeled, pipeline=pseudo_pipeline),
        ),
        unlabeled=dict(ann_file=f'{lists}/unlabeled.txt'),
    )
)
unlabeled_dataloader = dict(
    _base_.val_dataloader,
    dataset=dict(
        unlabeled,
        pipeline=[dict(type='LoadImageFromFile'), dict(type='PackSegInputs')],
        test_mode=True,
    ),
)
runner_type = 'GenerationalRunner'
generations = dict(
    num_generations=1,
    students_per_generation=2,
    num_teachers=2,
    metric='mIoU',
    im=dict(type='InconsistencyMask'),
)
