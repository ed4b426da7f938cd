# UniMatch V2 + IM on Cityscapes: two networks of UniMatch V2 label the unlabeled images, and
# new ones learn from what these agree on, with UniMatch V2 in every training.
# Checkpoints that are there already go into generations.initial_teachers.
_base_ = '../../unimatch_v2/unimatch-v2_dinov2-s_adamw-180e_cityscapes-798x798.py'
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
