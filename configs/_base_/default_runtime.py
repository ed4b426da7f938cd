custom_imports = dict(imports=['mmseg_im'], allow_failed_imports=False)
default_scope = 'mmseg'
runner_type = 'ResumableRunner'
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
# TensorBoard: visualizer.vis_backends, see docs/inconsistency_masks.md ("What the log says").
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='LabelSpaceVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
tta_model = dict(type='LabelSpaceTTAModel')

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # mmengine removes an old checkpoint before it writes the new one: with two, a run that is
    # killed in between still has one to resume from.
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2),
    best=dict(type='KeepBestHook', metric='mIoU'),  # best.pth
    unfound=dict(type='UnfoundClassesHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    report=dict(type='ReportHook'),  # report.html
)
custom_hooks = [
    dict(type='SeedHook'),
    dict(type='InconsistencyHook'),
    dict(type='SemiVisualizationHook', interval=500),
    dict(type='FiniteHook'),
]
