# Generations on your own images: copy this file beside itself and edit the lines up to the mark.
# Layout: data_root/images/NAME.jpg, data_root/annotations/NAME.png (class ids, 255 = unknown), and
# the lists labeled.txt, unlabeled.txt and val.txt with one NAME a line, without suffix; val.txt
# ranks the students. With a test.txt, of images that are in no other list, remove the last line,
# which takes the test out.
_base_ = [
    '../_base_/models/unet_half.py',
    '../_base_/schedules/adamw_5e.py',
    '../_base_/default_runtime.py',
]
data_root = 'data/mine'
img_suffix = '.jpg'
classes = ('background', 'object')
palette = [[40, 40, 40], [230, 120, 50]]
scale = (240, 180)  # width, height to which images are brought
crop_size = (176, 240)  # height, width; multiples of 8 for this network
num_samples = 4800  # images in each of five epochs, half of them labeled: 6000 updates a network
# ---------------------------------------------------------------------------------------- the mark
common = dict(
    type='BaseSegDataset',
    data_root=data_root,
    metainfo=dict(classes=classes, palette=palette),
    img_suffix=img_suffix,
    seg_map_suffix='.png',
)
geometry = [
    dict(type='RandomResize', scale=scale, ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs'),
]
annotated = dict(img_path='images', seg_map_path='annotations')
unlabeled = dict(**common, ann_file='unlabeled.txt', data_prefix=dict(img_path='images'))
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='PseudoLabeledDataset',
        labeled_ratio=0.5,
        num_samples=num_samples,
        labeled=dict(
            **common,
            ann_file='labeled.txt',
            data_prefix=annotated,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                *geometry,
                dict(type='PackSegInputs'),
            ],
        ),
        unlabeled=dict(
            **unlabeled,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='LoadInconsistencyMask'),
                *geometry,
                dict(type='FilterInconsistentPixels'),
                dict(type='PackSegInputs'),
            ],
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **common, ann_file='val.txt', data_prefix=annotated, pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **common, ann_file='test.txt', data_prefix=annotated, pipeline=test_pipeline, test_mode=True
    ),
)
unlabeled_dataloader = dict(
    batch_size=1,  # images may differ in size
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **unlabeled,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=scale, keep_ratio=True),
            dict(type='PackSegInputs'),
        ],
        test_mode=True,
    ),
)
val_evaluator = dict(type='ClassIoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
model = dict(data_preprocessor=dict(size=crop_size), decode_head=dict(num_classes=len(classes)))
runner_type = 'GenerationalRunner'
generations = dict(
    num_generations=2,
    students_per_generation=2,
    num_teachers=2,
    metric='mIoU',
    im=dict(type='InconsistencyMask'),
)
test_dataloader = test_cfg = test_evaluator = None
