# Lets checkpoints label images, without any training: python tools/test.py THIS_FILE
# Edit the members; each has a config file of its own and may be of any architecture.
_base_ = ['../_base_/datasets/generational_camvid_160x120.py', '../_base_/default_runtime.py']
run = 'work_dirs/labeled-only/generation_0'
model = dict(
    type='EnsembleSegmentor',
    members=[
        dict(checkpoint=f'{run}/student_{i}/best.pth', config=f'{run}/student_{i}/config.py')
        for i in (0, 1)
    ],
)
test_dataloader = _base_.unlabeled_dataloader
test_evaluator = [
    dict(
        type='PseudoLabelWriter',
        out_dir='work_dirs/pseudo_labels',
        img_dir=f'{_base_.data_root}/images/train',
    ),
    dict(type='PseudoLabelQuality'),  # where hidden annotations tell
]
test_cfg = dict(type='TestLoop')
train_dataloader = None
val_dataloader = None
val_evaluator = None
