# Which images to label next: as many again by disagreement, by confidence, at random.
title = 'Which images to label next'
caption = (
    'A pretrained EfficientNet-Lite0 with a feature pyramid learns from a few labeled images '
    '(`start`: CamVid at 160x120, 1200 updates, its 1/16 split of 23 images; white blood cells, '
    '500 updates, 5 images drawn anew for each seed). Then as many images again get their labels, '
    'chosen from all others, and the pretrained network learns from both together, as long as '
    'before. `inconsistency` is `tools/suggest_labels.py`; `confidence` takes the images with the '
    'lowest mean confidence; both ask three views of the network of `start`. `random` is drawn '
    'five times.'
)
metric = 'mIoU'
seeds = [0, 1, 2]
_data = {
    'CamVid, 23 + 23 images': dict(config='projects/im_study/configs/lite0_camvid-1_16-160x120.py'),
    'WBC, 5 + 5 images': dict(config='projects/im_study/configs/lite0_wbc-96x96.py', labeled=5),
}
_rules = {
    'inconsistency': dict(rule='inconsistency'),
    'confidence': dict(rule='confidence'),
    **{f'random {draw}': dict(rule='random', draw=draw) for draw in range(1, 6)},
}
rows = []
for _group, _start in _data.items():
    rows.append(dict(name='start', group=_group, **_start))
    for _name, _adds in _rules.items():
        rows.append(
            dict(name=_name, group=_group, config=_start['config'], start='start', adds=_adds)
        )
