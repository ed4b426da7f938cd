# The views of an unlabeled image: the strong one with the constants of UniMatch (CVPR 2023).
views = dict(
    weak=[dict(type='PackSemiInputs')],
    strong=[
        dict(type='RandomApply', prob=0.8, transforms=[dict(type='ColorJitter')]),
        dict(type='RandomGrayscale', prob=0.2, keep_channels=True),
        dict(type='RandomApply', prob=0.5, transforms=[dict(type='GaussianBlur')]),
        dict(type='PackSemiInputs'),
    ],
)
