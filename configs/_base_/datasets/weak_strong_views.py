# The views of an unlabeled image: the strong one with the constants of UniMatch (CVPR 2023).
weak = [dict(type='PackSemiInputs')]
strong = [
    dict(type='RandomApply', prob=0.8, transforms=[dict(type='ColorJitter')]),
    dict(
        type='RandomGrayscale',
        prob=0.2,
        keep_channels=True,
        channel_weights=(0.114, 0.587, 0.299),  # blue, green, red, as PIL
    ),
    dict(type='RandomApply', prob=0.5, transforms=[dict(type='GaussianBlur')]),
    dict(type='PackSemiInputs'),
]
views = dict(weak=weak, strong=strong)
two_views = dict(weak=weak, strong1=strong, strong2=strong)
# of another crop of the image, which UniMatch's published code pastes into the first
mixed_views = dict(mix_weak=weak, mix_strong1=strong, mix_strong2=strong)
# iMAS and AugSeg (both CVPR 2023) draw operations instead.
imas_views = dict(weak=weak, strong=[dict(type='RandomOperations'), *weak])
augseg_views = dict(
    weak=weak,
    strong=[
        dict(type='RandomOperations', num=(1, 3), factors=(0.05, 0.95), exclude=['invert']),
        *weak,
    ],
)
load = [dict(type='LoadImageFromFile'), dict(type='LoadEmptyAnnotations')]
load_labeled = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
pack_labeled = dict(type='PackSemiInputs')  # which tells padding from annotated void
load_pseudo_label = [*load_labeled, dict(type='LoadInconsistencyMask')]
pack_pseudo_label = [dict(type='FilterInconsistentPixels'), pack_labeled]
