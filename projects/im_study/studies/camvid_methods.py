# Every method with and without the mask: CamVid 1/8 at 160x120, the same small network from
# scratch, 2000 updates of four labeled and four unlabeled images.
title = 'CamVid 1/8, methods'
metric = 'mIoU'
seeds = [0, 1]
_end = 'unet-half_1xb4-25e_camvid-1_8-160x120.py'
_files = {
    'Mean Teacher': 'mean_teacher/mean-teacher',
    'FixMatch': 'fixmatch/fixmatch',
    'UniMatch': 'unimatch/unimatch',
    'UniMatch V2': 'unimatch_v2/unimatch-v2',
    'U2PL': 'u2pl/u2pl',
    'iMAS': 'imas/imas',
    'AugSeg': 'augseg/augseg',
    'SegKC': 'segkc/segkc',
}
rows = [dict(name='supervised', config=f'configs/supervised/supervised_{_end}')]
for _name, _file in _files.items():
    rows.append(dict(name=_name, config=f'configs/{_file}_{_end}'))
    rows.append(dict(name=f'{_name} + IM', config=f'configs/{_file}-im_{_end}'))
